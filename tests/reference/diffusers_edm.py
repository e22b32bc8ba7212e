"""Prints what diffusers' schedulers of EDM do, which the tests of family edm compare with.

In an environment of its own: ``pip install diffusers==0.35.1 torch``; then
``python tests/reference/diffusers_edm.py > tests/reference/diffusers_edm.json``.
"""

import json

import diffusers
import torch
from diffusers import EDMDPMSolverMultistepScheduler, HeunDiscreteScheduler

NOISY = torch.tensor([[[[24.0, -96.0], [160.0, 56.0]]]])
STEPS = 18


def network(seen, tells):
    """Stands for a network that is told the noise level as ln(sigma) / 4."""
    return torch.sin(2 * seen) + 0.1 * tells


found: dict = {"diffusers": diffusers.__version__, "noisy": NOISY.tolist(), "steps": STEPS}
edm = EDMDPMSolverMultistepScheduler(sigma_min=0.002, sigma_max=80.0, sigma_data=1.0, solver_order=2)
edm.set_timesteps(STEPS)
found["levels"] = edm.sigmas.tolist()
exponential = EDMDPMSolverMultistepScheduler(sigma_min=0.002, sigma_max=80.0, sigma_schedule="exponential")
exponential.set_timesteps(STEPS)
found["exponential levels"] = exponential.sigmas.tolist()
found["preconditioning"] = {}
for sigma in (0.002, 0.3, 5.0, 80.0):
    seen = edm.precondition_inputs(NOISY, torch.tensor(sigma))
    told = network(seen, edm.precondition_noise(sigma))
    denoised = edm.precondition_outputs(NOISY, told, torch.tensor(sigma))
    found["preconditioning"][sigma] = {"seen": seen.tolist(), "denoised": denoised.tolist()}
image = NOISY.clone()
for tells in edm.timesteps:
    image = edm.step(network(edm.scale_model_input(image, tells), tells), tells, image).prev_sample
found["dpm"] = image.tolist()

# Levels are those between the first and the last of the diffusion, which this scheduler cannot be told.
heun = HeunDiscreteScheduler(use_karras_sigmas=True, prediction_type="sample")
heun.set_timesteps(STEPS)
image = NOISY / 80 * heun.sigmas[0]
found["heun"] = {"noisy": image.tolist(), "levels": [*heun.sigmas[:-1:2].tolist(), 0.0]}
for place, tells in enumerate(heun.timesteps):
    # Sigmas are listed twice, once for each evaluation.
    sigma = heun.sigmas[place + 1 if place % 2 else place]
    told = network(edm.precondition_inputs(image, sigma), edm.precondition_noise(sigma))
    image = heun.step(edm.precondition_outputs(image, told, sigma), tells, image).prev_sample
found["heun"]["image"] = image.tolist()
print(json.dumps(found, indent=1))
