"""EDM: preconditioning and samplers against diffusers and formulas, guidance, the way back, and the network's size."""

import json
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from galforge.errors import GalforgeError
from galforge.models.conditions import conditioning_of, kept
from galforge.models.edm.family import Family
from galforge.models.edm.networks import Networks
from galforge.models.edm.preconditioning import Flow, White
from galforge.models.edm.samplers import dpm, heun, levels
from galforge.models.edm.settings import ModelSettings, check_shape
from galforge.models.edm.steps import Steps
from galforge.models.protocol import Step
from galforge.training.draws import Draws
from toys.edm import ONES, PLAIN, TINY, knowing
from toys.steps import Drawn

DIFFUSERS = json.loads((Path(__file__).parents[2] / "reference/diffusers_edm.json").read_text())
NOISY = torch.tensor(DIFFUSERS["noisy"])
COUNTS = [
    (PLAIN, (1, 64, 64), 557_269),
    (PLAIN | {"conditions": ["redshift"]}, (5, 32, 32), 575_145),
    (PLAIN | {"dim": 64, "multipliers": [1, 2, 4, 4], "heads": 4, "head_dim": 32}, (3, 256, 256), 17_139_279),
]
"""Settings, shapes and numbers of weights."""


class Told:
    """Networks whose U-Net is the formula of tests/reference/diffusers_edm.py."""

    known = White(1.0)

    def __call__(self, noisy, level):
        sigma = noisy.new_full((1, 1, 1, 1), level)
        expected = self.known.expected(noisy, sigma, None)
        return expected + self.known.error(sigma, None) * self.said(self.known.seen(noisy, expected, sigma), sigma)

    def said(self, seen, sigma):
        return torch.sin(2 * seen) + 0.1 * 0.25 * sigma.log()


@pytest.mark.parametrize("sigma", DIFFUSERS["preconditioning"])
def test_preconditioning_is_that_of_diffusers(sigma):
    given, level = DIFFUSERS["preconditioning"][sigma], torch.full((1, 1, 1, 1), float(sigma))
    seen = Told.known.seen(NOISY, None, level)
    assert seen.numpy() == pytest.approx(np.array(given["seen"]), rel=1e-6)
    assert Told()(NOISY, float(sigma)).numpy() == pytest.approx(np.array(given["denoised"]), rel=1e-5, abs=1e-6)


def test_noise_levels_are_those_of_diffusers():
    assert levels(DIFFUSERS["steps"], 0.002, 80.0) == pytest.approx(DIFFUSERS["levels"], rel=1e-5)
    found = levels(DIFFUSERS["steps"], 0.002, 80.0, "exponential")
    assert found == pytest.approx(DIFFUSERS["exponential levels"], rel=1e-5)


def test_dpm_solver_is_that_of_diffusers():
    found = dpm(Told(), Steps(), NOISY, DIFFUSERS["levels"])
    assert found.numpy() == pytest.approx(np.array(DIFFUSERS["dpm"]), rel=1e-4)


def test_heuns_method_is_that_of_diffusers():
    given = DIFFUSERS["heun"]
    found = heun(Told(), Steps(), torch.tensor(given["noisy"]), given["levels"])
    assert found.numpy() == pytest.approx(np.array(given["image"]), rel=1e-4)


def test_samplers_are_the_algorithms_of_the_papers():
    """Loops over pixels in double precision, from Karras et al. 2022 (algorithm 1) and Lu et al. 2022 (algorithm 2)."""
    path = levels(18, 0.002, 80.0)
    start = np.array([24.0, -96.0, 160.0, 56.0])

    def denoised(x, sigma):
        scale = math.sqrt(sigma**2 + 1)
        return x / scale**2 + sigma / scale * (math.sin(2 * x / scale) + 0.025 * math.log(sigma))

    expected = {"heun": [], "dpm": []}
    for pixel in start:
        x = pixel
        for now, then in pairwise(path):
            slope = (x - denoised(x, now)) / now
            ahead = x + (then - now) * slope
            if then:
                ahead = x + (then - now) * (slope / 2 + (ahead - denoised(ahead, then)) / (2 * then))
            x = ahead
        expected["heun"].append(x)
        x, known = pixel, []
        for step, (now, then) in enumerate(pairwise(path)):
            known.append(denoised(x, now))
            if not then:
                x = known[-1]
                continue
            h = -math.log(then) + math.log(now)
            combined = known[-1]
            if step:
                r = (-math.log(now) + math.log(path[step - 1])) / h
                combined = (1 + 1 / (2 * r)) * known[-1] - known[-2] / (2 * r)
            x = then / now * x - math.expm1(-h) * combined
        expected["dpm"].append(x)
    noisy = torch.tensor(start).reshape(1, 1, 2, 2)
    for name, sampler in (("heun", heun), ("dpm", dpm)):
        found = sampler(Told(), Steps(), noisy, path).flatten()
        assert found.tolist() == pytest.approx(expected[name], rel=1e-9)


def test_flow_matching_is_a_straight_path_and_its_network_predicts_the_velocity():
    image, noise = torch.randn(2, 5, 1, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    time = torch.linspace(0.05, 0.95, 5, dtype=torch.float64).reshape(-1, 1, 1, 1)
    sigma, flow = time / (1 - time), Flow()
    noisy = image + sigma * noise
    expected = flow.expected(noisy, sigma, None)
    assert torch.allclose(flow.seen(noisy, expected, sigma), (1 - time) * image + time * noise)
    assert torch.allclose((image - expected) / flow.error(sigma, None), image - noise)


def test_loss_is_the_weighted_error_of_denoised_images():
    """Weight (sigma^2 + sd^2) / (sigma sd)^2 of Karras et al. 2022, table 1, for a network that says nothing."""
    family = Family(ModelSettings(**TINY, **PLAIN, log_sigma_mean=0.7, log_sigma_sd=1e-6), (1, 8 * 2, 16), ONES)
    image = torch.randn(400, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    sigma = math.exp(0.7)
    lost = []

    class Draws:
        stream = torch.Generator().manual_seed(1)

        def normal(self, *shape):
            return torch.randn(400, *shape, generator=self.stream)

    def update(name, loss):
        lost.append(loss.item())

    family.step(image, None, Step(0, 400, Draws(), torch.no_grad, update, torch.clone))
    draws = Draws()
    draws.stream = torch.Generator().manual_seed(1)
    draws.normal()
    noisy = image + sigma * draws.normal(1, 16, 16)
    weight = (sigma**2 + 1) / sigma**2
    assert lost == pytest.approx([weight * (noisy / (1 + sigma**2) - image).square().mean().item()], rel=1e-4)


@pytest.mark.parametrize("sampler", ["dpm_solver", "heun"])
def test_a_perfect_network_draws_the_distribution(sampler):
    settings = ModelSettings(**TINY, **PLAIN, sampler=sampler, steps=40)
    family = knowing(Family(settings, (1, 16, 16), ONES), 1.5, 0.5)
    drawn = family.sample(Drawn(range(100)), None)
    assert drawn.mean().item() == pytest.approx(1.5, abs=0.02)
    assert drawn.std().item() == pytest.approx(0.5, rel=0.05)


@pytest.mark.parametrize(
    ("changes", "low", "high"),
    [
        ({"steps": 28}, 1, 1.01),
        ({"steps": 18}, 1.015, 1.025),
        ({"steps": 18, "spacing": "karras"}, 1.03, 1.09),
        ({"steps": 18, "spacing": "karras", "sampler": "heun"}, 1.03, 1.12),
        ({"steps": 64, "spacing": "karras", "sampler": "heun"}, 1, 1.01),
    ],
)
@pytest.mark.parametrize("sd", [0.05, 0.1, 0.3, 1.0, 3.0])
def test_plain_steps_keep_any_spread_if_they_are_enough(changes, low, high, sd):
    """A perfect denoiser, without a Gaussian that steps could be exact for."""
    family = Family(ModelSettings(**TINY, **PLAIN, **changes), (1, 16, 16), ONES)
    drawn = knowing(family, 0.0, sd).generate(torch.ones(1, 256), None) / sd
    assert low < drawn.mean().item() < high


@pytest.mark.parametrize("sampler", ["dpm_solver", "heun"])
def test_the_way_back_leads_to_the_noise_that_images_are_drawn_from(sampler):
    settings = ModelSettings(**TINY, **PLAIN, sampler=sampler, steps=40)
    family = knowing(Family(settings, (1, 16, 16), ONES), 0.5, 0.8)
    images = family.sample(Drawn(range(3)), None)
    again = family.reconstruct(images, None, None)
    assert (again - images).square().mean().sqrt() < 0.05 * images.std()


def test_guidance_exaggerates_what_conditions_change():
    changes = {"conditions": ["redshift"], "condition_dropout": 0.1}
    images = {}
    for guidance in (0.0, 1.0, 3.0):
        family = Family(ModelSettings(**TINY, **PLAIN, **changes, guidance=guidance), (1, 16, 16), ONES)
        # Denoised images are the number of the condition, which is 0 without conditions.
        family.networks.forward = lambda noisy, sigma, given: 0 * noisy + given[:, :1, None, None]
        images[guidance] = family.sample(Drawn(range(2)), {"redshift": torch.tensor([0.2, 3.0])})[:, 0, 0, 0]
    numbers = family.conditioning({"redshift": torch.tensor([0.2, 3.0])})[:, 0]
    for guidance, found in images.items():
        assert found.tolist() == pytest.approx((guidance * numbers).tolist(), abs=1e-5)
    assert family.evaluations == 2 * family.settings.steps


def test_network_has_the_size_that_is_said():
    for changes, shape, count in COUNTS:
        with torch.device("meta"):
            networks = Networks(ModelSettings(**changes), shape)
        assert sum(weight.numel() for weight in networks.unet.parameters()) == count


def test_impossible_settings_and_shapes_are_refused():
    for changes, says in (
        ({"guidance": 2.0}, "condition_dropout: 0.1"),
        ({"condition_dropout": 0.1}, "no conditions"),
        ({"sigma_min": 90.0}, "below sigma_max"),
        ({"multipliers": [1, 0]}, "multipliers"),
    ):
        with pytest.raises(ValueError, match=says):
            ModelSettings(**changes)
    for shape, says in (((6, 64, 64), "1 to 5"), ((1, 512, 512), "16 to 256"), ((1, 20, 20), "multiple of 8")):
        with pytest.raises(GalforgeError, match=says):
            check_shape(ModelSettings(), shape)
    for shape in ((1, 16, 16), (5, 64, 64), (5, 256, 256)):
        check_shape(ModelSettings(), shape)
    fine = {"multipliers": [1], "patch": 1}
    check_shape(ModelSettings(**fine, **PLAIN), (1, 33, 33))
    with pytest.raises(GalforgeError, match="multiple of 2"):
        check_shape(ModelSettings(**fine), (1, 33, 33))
    family = Family(ModelSettings(**TINY, **PLAIN, conditions=["redshift"]), (1, 16, 16), ONES)
    with pytest.raises(GalforgeError, match="never trained without redshift"):
        family.generate(torch.zeros(1, 256), None)


def test_conditions_that_are_kept_from_the_network_are_zeros_and_the_others_are_marked():
    settings = ModelSettings(**TINY, **PLAIN, conditions=["redshift"], condition_dropout=0.3)
    conditioning = conditioning_of(settings)
    numbers = conditioning({"redshift": torch.linspace(0.1, 3, 1000)})
    assert numbers.shape == (1000, conditioning.features)
    assert (numbers[:, -1] == 1).all()

    class Step:
        draws = Draws(0, 1000, slice(0, 1000), torch.device("cpu"))

    left = kept(numbers, 0.3, Step)
    without = left[:, -1] == 0
    assert without.float().mean().item() == pytest.approx(0.3, abs=0.04)
    assert torch.equal(left[without], conditioning.nothing(int(without.sum())))
    assert torch.equal(left[~without], numbers[~without])
