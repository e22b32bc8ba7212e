"""EDM with a Gaussian of the images as its known part: balance of errors, steps, noise of pixels, colours."""

from contextlib import nullcontext

import numpy as np
import pytest
import torch

from galforge.models.edm.family import Family
from galforge.models.edm.networks import Networks
from galforge.models.edm.settings import ModelSettings
from galforge.models.patches import split
from galforge.models.protocol import Step
from toys.edm import ONES, TINY, knowing
from toys.steps import Drawn, step_of


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

    def wrong(noisy, expected, sigma, given, unit):
        """Errors of F, which are those of the target: the Gaussian's are subtracted again."""
        target = split(images - expected, 2) / unit
        spread = (unequal / (1 + sigma**2)).sqrt()
        return target + spread * torch.randn(len(noisy), 4, 8, 8, generator=draws)

    def update(name, loss):
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    family.networks.error = wrong
    step = Step(0, 64, Drawn(range(64)), nullcontext, update, torch.clone)
    for _ in range(400):
        images = torch.randn(64, 1, 16, 16, generator=draws)
        plain.append(family.step(images, None, step)["loss"].item())
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
def test_the_way_back_leads_to_the_noise_of_the_gaussian_too(sampler):
    """With a perfect denoiser of images that are 1.4 times as noisy as the Gaussian's, at the default steps."""
    family = fitted((1, 16, 16), (0.3,), sampler=sampler)
    latents = torch.randn(5, 256, generator=torch.Generator().manual_seed(3))
    knowing(family, 0.5, 0.42)
    with torch.no_grad():
        images = family.generate(latents, None)
        again = family.reconstruct(images, None, None)
    assert (again - images).square().mean().sqrt() < 0.01 * images.std()


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
    settings = ModelSettings(**TINY, components=1, local_noise=True, steps=12, learning_rate=1e-2)
    family = Family(settings, (1, 16, 16), ONES)
    family.fit(spread * torch.randn(400, 1, 16, 16, generator=draws), None, True)
    step = step_of(family, batch=16)
    for _ in range(100):
        family.step(spread * torch.randn(16, 1, 16, 16, generator=draws), None, step)
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


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_sums_and_differences_of_bands_lose_nothing_where_bands_are_alone_or_equal(channels):
    images = torch.randn(50, 1, 16, 16, generator=torch.Generator().manual_seed(0)).repeat(1, channels, 1, 1)
    family = Family(ModelSettings(**TINY, components=3, colours=True), (channels, 16, 16), ONES)
    family.fit(images, None, True)
    bands = family.networks.known.bands
    assert torch.allclose(bands @ bands.T, torch.eye(channels), atol=1e-6)


def test_images_of_one_level_leave_errors_to_divide_by():
    family = Family(ModelSettings(**TINY, components=3), (1, 16, 16), ONES)
    family.fit(torch.full((20, 1, 16, 16), 0.3), None, True)
    assert all(torch.isfinite(each).all() for each in family.networks.state_dict().values())
