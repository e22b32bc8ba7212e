"""Prints steps of diffusers' schedulers, which the tests of family ddpm compare with.

In an environment of its own: ``pip install diffusers==0.35.1 torch``; then
``python tests/reference/diffusers_schedules.py > tests/reference/diffusers_schedules.json``.
"""

import json

import diffusers
import torch
from diffusers import DDIMScheduler, DDPMScheduler

NOISY = torch.tensor([[[[0.3, -1.2], [2.0, 0.7]]]])
SAID = torch.tensor([[[[-0.4, 0.9], [0.1, -1.5]]]])
LEVELS = {"beta_start": 1e-4, "beta_end": 0.02, "beta_schedule": "linear", "clip_sample": False}

found: dict = {"diffusers": diffusers.__version__, "noisy": NOISY.tolist(), "said": SAID.tolist()}
ancestral = DDPMScheduler(1000, variance_type="fixed_large", **LEVELS)
found["remaining"] = ancestral.alphas_cumprod.tolist()
found["ancestral"] = {}
for level in (999, 500, 1, 0):
    new = torch.randn(NOISY.shape, generator=torch.Generator().manual_seed(level))
    out = ancestral.step(SAID, level, NOISY, generator=torch.Generator().manual_seed(level)).prev_sample
    found["ancestral"][level] = {"new": new.tolist(), "out": out.tolist()}
found["ddim"] = {}
for kind in ("epsilon", "v_prediction"):
    ddim = DDIMScheduler(1000, set_alpha_to_one=True, timestep_spacing="trailing", prediction_type=kind, **LEVELS)
    ddim.set_timesteps(50)
    found["levels"] = ddim.timesteps.tolist()
    steps = {level: ddim.step(SAID, level, NOISY, eta=0.0).prev_sample.tolist() for level in (999, 499, 19)}
    image = NOISY.clone()
    for level in ddim.timesteps:
        image = ddim.step(0.5 * image + 0.1 * SAID, level, image, eta=0.0).prev_sample
    found["ddim"][kind] = {"steps": steps, "whole": image.tolist()}
print(json.dumps(found, indent=1))
