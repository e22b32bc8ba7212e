"""EDM: preconditioning and samplers against diffusers and formulas, guidance, the way back, and the network's size."""

import json
import math
from contextlib import nullcontext
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
from galforge.models.normalisation import Normalisation
from galforge.models.patches import split
from galforge.training.draws import Draws

DIFFUSERS = json.loads((Path(__file__).parents[2] / "reference/diffusers_edm.json").read_text())
NOISY = torch.tensor(DIFFUSERS["noisy"])
TINY = {"dim": 8, "multipliers": [1], "heads": 1, "head_dim": 4}
PLAIN = {"known": "white"}
ONES = Normalisation("linear", (1.0,), (0.0,), (1.0,))
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

    class Step:
        draws = Draws()

        def autocast(self):
            return torch.no_grad()

        def update(self, name, loss):
            lost.append(loss.item())

    family.step(image, None, Step())
    draws = Draws()
    draws.stream = torch.Generator().manual_seed(1)
    draws.normal()
    noisy = image + sigma * draws.normal(1, 16, 16)
    weight = (sigma**2 + 1) / sigma**2
    assert lost == pytest.approx([weight * (noisy / (1 + sigma**2) - image).square().mean().item()], rel=1e-4)


class Stepped:
    """A step of a training with one optimiser."""

    images_seen = 0

    def __init__(self, indices, optimiser):
        self.draws, self.optimiser = Drawn(indices), optimiser

    def autocast(self):
        return nullcontext()

    def update(self, name, loss):
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()


class Drawn:
    """Noise of a block of images, each with a seed of its own."""

    def __init__(self, indices):
        self.streams = [torch.Generator().manual_seed(index) for index in indices]

    def normal(self, *shape):
        return torch.stack([torch.randn(shape, generator=stream) for stream in self.streams])


def knowing(family, mean, sd):
    """A perfect denoiser of normal pixels in place of the networks."""

    def denoised(noisy, sigma, given):
        return mean + sd**2 / (sd**2 + sigma**2) * (noisy - mean)

    family.networks.forward = denoised
    return family


@pytest.mark.parametrize("sampler", ["dpm_solver", "heun"])
def test_a_perfect_network_draws_the_distribution(sampler):
    settings = ModelSettings(**TINY, **PLAIN, sampler=sampler, steps=40)
    family = knowing(Family(settings, (1, 16, 16), ONES), 1.5, 0.5)
    drawn = family.sample(Drawn(range(100)), None)
    assert drawn.mean().item() == pytest.approx(1.5, abs=0.02)
    assert drawn.std().item() == pytest.approx(0.5, rel=0.05)


def fitted(shape, spreads, **changes):
    """A family whose network is silent and whose Gaussian is fitted: the perfect denoiser of that Gaussian's images.

    Images have a mean, one component and white noise with an sd for each channel.
    """
    family = Family(ModelSettings(**TINY, components=3, **changes), shape, ONES)
    draws = torch.Generator().manual_seed(0)
    profile = torch.hypot(*torch.meshgrid(*2 * [torch.linspace(-2, 2, shape[1])], indexing="ij")).neg().exp()
    noise = torch.randn(600, *shape, generator=draws) * torch.tensor(spreads)[:, None, None]
    brightness = 1.5 + torch.randn(600, 1, 1, 1, generator=draws)
    family.fit(brightness * profile + noise, None, True)
    return family


@pytest.mark.parametrize("sampler", ["dpm_solver", "heun"])
def test_a_channel_that_codes_the_size_stays_one_number_for_each_galaxy(sampler):
    draws = torch.Generator().manual_seed(0)
    family = Family(ModelSettings(**TINY, components=4, sampler=sampler), (2, 16, 16), ONES)
    codes = torch.randn(500, 1, 1, 1, generator=draws)
    pixels = 0.5 * codes + 0.1 * torch.randn(500, 1, 16, 16, generator=draws)
    family.fit(torch.cat([pixels, codes.expand(-1, -1, 16, 16)], 1), None, True)
    with torch.no_grad():
        drawn = family.generate(torch.randn(1000, family.latent, generator=draws), None)
    found = drawn[:, 1].mean((1, 2))
    assert drawn[:, 1].std((1, 2)).max() < 0.005
    assert found.std().item() == pytest.approx(codes.std().item(), rel=0.08)
    assert np.corrcoef(found, drawn[:, 0].mean((1, 2)))[0, 1] > 0.99


def smooth(count, seed):
    """Images (count, 2, 16, 16) whose channels differ in spread, with much larger sums of patches than differences."""
    coarse = torch.randn(count, 2, 4, 4, generator=torch.Generator().manual_seed(seed)).exp()
    wide = torch.nn.functional.interpolate(coarse, scale_factor=4, mode="bicubic")
    return wide * torch.tensor([1.0, 0.1])[:, None, None]


@pytest.mark.parametrize("sigma", [0.004, 0.03, 0.5, 20.0])
@pytest.mark.parametrize("turned", [True, False])
def test_errors_are_balanced_between_sums_and_differences_and_channels(sigma, turned):
    """Of images that were not fitted to, at levels between those of the fit."""
    networks = Networks(ModelSettings(**TINY, components=5, detail=1.0), (2, 16, 16))
    networks.known.fit(smooth(400, 0), None, turned)
    images, level = smooth(2000, 1), torch.full((1, 1, 1, 1), sigma)
    noisy = images + sigma * torch.randn(images.shape, generator=torch.Generator().manual_seed(2))
    wrong = split(images - networks.known.expected(noisy, level, None), 2)
    pixels, balanced = wrong.square().mean((0, 2, 3)), networks.known.error(level, None)
    # At low levels, what is wrong is white noise.
    assert (pixels.max() > 30 * pixels.min()) == (sigma > 0.1)
    found = (wrong / balanced).square().mean((0, 2, 3))
    assert found.numpy() == pytest.approx(np.ones(8), rel=0.25)


def test_weights_learn_what_the_network_leaves_and_the_history_has_plain_losses():
    """A network whose errors have mean squares that follow the level and differ between coefficients."""
    family = Family(ModelSettings(**TINY, components=1, weighting="learned"), (1, 16, 16), ONES)
    draws, unequal = torch.Generator().manual_seed(0), torch.tensor([1.0, 0.1, 0.01, 0.001])[:, None, None]
    plain, optimiser = [], torch.optim.Adam(family.networks.left.parameters(), lr=0.05)
    family.fit(torch.randn(100, 1, 16, 16, generator=draws), None, True)

    def wrong(noisy, expected, sigma, given):
        """Errors of F, which are those of the target: the Gaussian's are subtracted again."""
        target = split(images - expected, 2) / family.networks.known.error(sigma, None)
        spread = (unequal / (1 + sigma**2)).sqrt()
        return target + spread * torch.randn(len(noisy), 4, 8, 8, generator=draws)

    class Step:
        draws = Drawn(range(64))
        images_seen = 0

        def autocast(self):
            return nullcontext()

        def update(self, name, loss):
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    family.networks.error = wrong
    for _ in range(400):
        images = torch.randn(64, 1, 16, 16, generator=draws)
        plain.append(family.step(images, None, Step())["loss"].item())
    sigma = torch.tensor([0.1, 1.0, 3.0]).reshape(-1, 1, 1, 1)
    expected = (unequal / (1 + sigma**2)).log().flatten(1)
    assert (family.networks.left(sigma) - expected).abs().max().item() < 0.5
    assert 0.05 < np.mean(plain[-100:]) < 0.3


def test_errors_of_pixels_count_alike_without_balance():
    networks = Networks(ModelSettings(**TINY, components=5, detail=0.0), (2, 16, 16))
    networks.known.fit(smooth(400, 0), None, True)
    error = networks.known.error(torch.full((3, 1, 1, 1), 0.5), None)
    assert error.shape == (3, 8, 1, 1)
    assert error.numpy() == pytest.approx(error[0, 0].item())


@pytest.mark.parametrize(("sampler", "off"), [("dpm_solver", 0.01), ("heun", 0.01)])
@pytest.mark.parametrize("sd", [0.05, 0.3, 1.0])
def test_spread_is_kept_although_the_gaussian_is_not_that_of_the_images(sampler, off, sd):
    """A perfect denoiser of pixels with twice the variance of the Gaussian's, at the default number of steps."""
    settings = ModelSettings(**TINY, components=1, sampler=sampler)
    family = Family(settings, (1, 16, 16), ONES)
    family.fit(sd * torch.randn(400, 1, 16, 16, generator=torch.Generator().manual_seed(0)), None, False)
    wider = 2**0.5 * family.networks.known.gaussian.rest.sqrt().item()
    latents = torch.eye(256)[:4]
    drawn = knowing(family, 0.0, wider).generate(latents, None)
    # Images are drawn from the Gaussian with noise, as good as the noise itself.
    assert (drawn[latents.bool().unflatten(1, (1, 16, 16))] / wider).tolist() == pytest.approx([1] * 4, abs=off)


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


def covariance(gaussian):
    """Of the fitted Gaussian, (pixels, pixels) float64."""
    flat = gaussian.directions.flatten(1).double()
    rest = gaussian.rest.double().repeat_interleave(flat.shape[1] // len(gaussian.rest))
    return flat.T @ (gaussian.variances()[0].double()[:, None] * flat) + torch.diag(rest)


@pytest.mark.parametrize("sampler", ["dpm_solver", "heun"])
@pytest.mark.parametrize("spreads", [(0.02,), (0.3,), (1.0,), (0.1, 0.2), (0.1, 0.15, 0.2)])
def test_a_silent_network_draws_the_gaussian_whatever_the_level_of_its_noise(sampler, spreads):
    """The spread of each pixel is kept within 1 % at the default number of steps, and so are correlations."""
    family = fitted((len(spreads), 16, 16), spreads, sampler=sampler)
    gaussian, pixels = family.networks.known.gaussian, family.latent
    # As a silent network does, but in no time.
    with torch.no_grad():
        mean = family.generate(torch.zeros(1, pixels), None)
        root = (family.generate(torch.eye(pixels), None) - mean).flatten(1).double()
    assert torch.allclose(mean, gaussian.mean(), atol=1e-3)
    expected = covariance(gaussian)
    found = root.T @ root
    spread = expected.diagonal().sqrt()
    assert (found.diagonal().sqrt() / spread).numpy() == pytest.approx(1, rel=0.01)
    assert ((found - expected) / (spread[:, None] * spread)).abs().max() < 0.01


@pytest.mark.parametrize("sampler", ["dpm_solver", "heun"])
def test_the_way_back_leads_to_the_noise_that_images_are_drawn_from(sampler):
    settings = ModelSettings(**TINY, **PLAIN, sampler=sampler, steps=40)
    family = knowing(Family(settings, (1, 16, 16), ONES), 0.5, 0.8)
    images = family.sample(Drawn(range(3)), None)
    again = family.reconstruct(images, None, None)
    assert (again - images).square().mean().sqrt() < 0.05 * images.std()


@pytest.mark.parametrize("sampler", ["dpm_solver", "heun"])
def test_the_way_back_leads_to_the_noise_of_the_gaussian_too(sampler):
    """With a perfect denoiser of images that are 1.4 times as noisy as the Gaussian's, at the default steps."""
    family = fitted((1, 16, 16), (0.3,), sampler=sampler)
    latents = torch.randn(5, 256, generator=torch.Generator().manual_seed(3))
    knowing(family, 0.5, 0.42)
    with torch.no_grad():
        images = family.generate(latents, None)
        again = family.reconstruct(images, None, None)
    assert (again - images).square().mean().sqrt() < 0.01 * images.std()


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


def test_what_is_known_is_not_rounded_while_the_network_is():
    family = fitted((1, 16, 16), (0.1,))
    latents = torch.randn(2, 256, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = family.generate(latents, None)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert torch.equal(family.generate(latents, None), expected)
        for weight in family.networks.unet.parameters():
            weight.add_(0.1)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rounded = family.generate(latents, None)
        assert not torch.equal(rounded, family.generate(latents, None))


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


def test_images_without_conditions_have_the_gaussian_of_all():
    """Half of the galaxies are faint, half are bright; told nothing, the prediction lies between them."""
    settings = ModelSettings(**TINY, conditions=["brightness"], condition_dropout=0.1, components=2)
    family = Family(settings, (1, 16, 16), ONES)
    brightness = torch.tensor([0.5, 3.0]).repeat(100)
    noise = 0.1 * torch.randn(200, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    family.fit(brightness[:, None, None, None] + noise, {"brightness": brightness}, True)
    given = family.conditioning({"brightness": torch.tensor([0.5, 3.0])})
    numbers = torch.cat([given, family.conditioning.nothing(1)])
    found = family.networks.known.expected(torch.zeros(3, 1, 16, 16), torch.full((1, 1, 1, 1), 1e3), numbers)
    assert found.mean((1, 2, 3)).tolist() == pytest.approx([0.5, 3.0, 1.75], abs=0.03)


def test_only_what_the_gaussian_leaves_goes_straight_through_the_network():
    """The predicted image is part of the output already."""
    unet = Networks(ModelSettings(**TINY), (1, 16, 16)).unet
    seen = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    unet.straight.bias.data.fill_(0.7)
    with torch.no_grad():
        assert torch.allclose(unet(seen, torch.zeros(1), None), 0.7 * seen[:, 1:2])


@pytest.mark.parametrize("level", [0.05, 0.5, 5.0])
def test_pixels_keep_the_share_of_their_own_noise(level):
    """Wiener's filter of independent pixels whose variances the network says, for a Gaussian without components."""
    networks = Networks(ModelSettings(**TINY, local_noise=True), (2, 16, 16))
    networks.known.gaussian.rest.copy_(torch.tensor([0.09, 4.0]))
    draws = torch.Generator().manual_seed(1)
    logarithms = 2 * torch.randn(3, 2, 16, 16, generator=draws)
    networks.unet.forward = lambda seen, levels, given: torch.cat([torch.zeros_like(logarithms), logarithms], 1)
    noisy, sigma = torch.randn(3, 2, 16, 16, generator=draws), torch.full((1, 1, 1, 1), level)
    variances = torch.tensor([0.09, 4.0])[:, None, None] * logarithms.clamp(-6, 4).exp()
    with torch.no_grad():
        assert torch.allclose(networks(noisy, sigma, None), variances / (variances + level**2) * noisy, atol=2e-4)


def test_a_network_that_says_nothing_of_noise_leaves_the_gaussian():
    family = fitted((2, 16, 16), (0.3, 0.6), local_noise=True)
    noisy, sigma = torch.randn(4, 2, 16, 16), torch.full((1, 1, 1, 1), 0.4)
    with torch.no_grad():
        expected = family.networks.known.expected(noisy, sigma, None)
        assert torch.equal(family.networks(noisy, sigma, None), expected)


def test_noise_that_is_less_in_the_middle_is_learned():
    """The middle has a twentieth of the noise of the rest, of which the Gaussian alone leaves 0.7."""
    torch.manual_seed(0)
    draws = torch.Generator().manual_seed(0)
    spread = torch.ones(16, 16)
    spread[4:12, 4:12] = 0.05
    family = Family(ModelSettings(**TINY, components=1, local_noise=True, steps=12), (1, 16, 16), ONES)
    family.fit(spread * torch.randn(400, 1, 16, 16, generator=draws), None, True)
    optimiser = torch.optim.Adam(family.networks.parameters(), lr=1e-2)
    for first in range(0, 1600, 16):
        family.step(
            spread * torch.randn(16, 1, 16, 16, generator=draws), None, Stepped(range(first, first + 16), optimiser)
        )
    with torch.no_grad():
        drawn = family.sample(Drawn(range(50)), None)
    assert drawn[..., :3, :].std().item() == pytest.approx(1, abs=0.1)
    assert drawn[..., 5:11, 5:11].std().item() < 0.3


def test_errors_of_colours_count_as_much_as_those_of_brightness():
    """Two bands that differ by a twentieth of what they share: their difference is balanced, too."""
    draws = torch.Generator().manual_seed(0)
    shared, apart = (torch.randn(400, 1, 16, 16, generator=draws) for _ in range(2))
    images = torch.cat([shared + 0.05 * apart, shared - 0.05 * apart], 1)
    settings = {**TINY, "components": 1, "detail": 1.0, "patch": 1}
    family = Family(ModelSettings(**settings, colours=True), (2, 16, 16), ONES)
    family.fit(images, None, True)
    networks, sigma = family.networks, torch.full((1, 1, 1, 1), 2.0)
    assert networks.known.bands.abs().numpy() == pytest.approx(np.sqrt(0.5), abs=0.01)
    noisy = images + 2.0 * torch.randn(images.shape, generator=draws)
    left = networks.split(images - networks.known.expected(noisy, sigma, None)) / networks.known.error(sigma, None)
    assert left.square().mean((0, 2, 3)).numpy() == pytest.approx(1, rel=0.1)
    assert torch.allclose(networks.known.turned(networks.known.turned(images), back=True), images, atol=1e-6)
    with torch.no_grad():
        assert torch.equal(networks(noisy, sigma, None), networks.known.expected(noisy, sigma, None))
