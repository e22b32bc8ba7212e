"""The variational autoencoder: which shapes it makes, and whether it learns the noise that it adds."""

import hashlib
import math

import pytest
import torch

from galforge.models.normalisation import Normalisation
from galforge.models.vae.family import Family
from galforge.models.vae.networks import Observation
from galforge.models.vae.settings import ModelSettings
from galforge.seeds import seed_of
from toys.steps import draws, step_of

NORMALISATION = Normalisation("asinh", (0.02,), (0.1,), (0.5,))
SMALL = {"latent": 4, "width": 4, "max_width": 8}


def test_without_conditions_networks_and_draws_are_those_of_before_there_were_any():
    """The expected numbers are those of the version before conditions existed."""
    torch.manual_seed(0)
    family = Family(ModelSettings(**SMALL, prior="normal"), (1, 32, 32), NORMALISATION)
    assert not {"conditions", "condition_offset", "condition_scale", "prior"} & set(family.settings.spec())
    names = "\n".join(f"{name} {tuple(value.shape)}" for name, value in family.networks.state_dict().items())
    assert hashlib.sha256(names.encode()).hexdigest()[:16] == "9d4c9d2411022700"
    losses = family.step(draws(1, 4).normal(1, 32, 32), None, step_of(family))
    for name, value in {"loss": 0.826027, "reconstruction": 0.825784, "divergence": 0.000243}.items():
        assert losses[name].item() == pytest.approx(value, abs=2e-5)


def test_conditions_reach_encoder_and_decoder():
    family = Family(ModelSettings(**SMALL, conditions=["redshift"]), (1, 32, 32), NORMALISATION)
    images = torch.randn(3, 1, 32, 32)
    with torch.no_grad():
        numbers = [family.conditioning({"redshift": torch.full((3,), z)}) for z in (0.1, 3.0)]
        codes = [family.networks.encoder(images, each)[0] for each in numbers]
        assert not torch.allclose(*codes)
        assert not torch.allclose(*(family.networks.decoder(codes[0], each) for each in numbers))
        for redshift, each, code in zip((0.1, 3.0), numbers, codes, strict=True):
            given = {"redshift": torch.full((3,), redshift)}
            found = family.reconstruct(images, given, draws(0, 3))
            assert torch.equal(found, family.networks.decoder(code, each))
    family.step(torch.randn(4, 1, 32, 32), {"redshift": torch.tensor([0.1, 0.5, 1.0, 3.0])}, step_of(family))
    assert family.conditioning.ranges()["redshift"] == pytest.approx((0.1, 3.0), rel=0.01)


@pytest.mark.parametrize("side", [32, 64, 128, 256])
@pytest.mark.parametrize("channels", [1, 5])
def test_every_allowed_shape_comes_out_as_it_went_in(channels, side):
    networks = Family(
        ModelSettings(**SMALL), (channels, side, side), Normalisation("linear", *([(1.0,) * channels] * 3))
    ).networks
    mean, log_variance = networks.encoder(torch.zeros(2, channels, side, side))
    assert mean.shape == log_variance.shape == (2, 4)
    assert networks.decoder(mean).shape == (2, channels, side, side)


def test_observation_learns_the_sky_apart_from_the_relative_error():
    """Maximum likelihood on pixels with known noise finds that noise."""
    sky, fraction = 0.004, 0.1
    draw = torch.Generator().manual_seed(seed_of("observation") % 2**63)
    flux = torch.cat([torch.zeros(40_000), torch.logspace(-2, 0, 10_000)])
    scatter = torch.sqrt(sky**2 + (fraction * flux) ** 2)
    observed = flux + scatter * torch.randn(flux.shape, generator=draw)
    expected, seen = (NORMALISATION.normalise(values.reshape(1, 1, 1, -1)) for values in (flux, observed))
    observation = Observation(NORMALISATION)
    optimiser = torch.optim.Adam(observation.parameters(), lr=0.02)
    for _ in range(400):
        variance = observation.variance(expected)
        loss = ((seen - expected) ** 2 / variance + torch.log(variance)).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert observation.log_sky.exp().item() == pytest.approx(sky, rel=0.06)
    assert observation.log_fraction.exp().item() == pytest.approx(fraction, rel=0.06)


def test_sky_does_not_fall_below_its_floor_and_is_not_added_there():
    observation = Observation(NORMALISATION)
    observation.log_sky.data.fill_(math.log(1e-9))
    expected = torch.full((1, 1, 2, 2), 0.3)
    dark = NORMALISATION.normalise(torch.zeros(1, 1, 1, 1))
    floor = 0.1 * 0.02 * float(NORMALISATION.slope(torch.zeros(1, 1, 1)))
    assert observation.variance(dark).sqrt().item() == pytest.approx(floor, rel=1e-5)
    assert torch.allclose(observation.observe(expected, torch.ones(1, 1, 2, 2)), expected, atol=1e-6)


@pytest.mark.parametrize("kind", ["asinh", "linear"])
@pytest.mark.parametrize("unit", [1e-30, 1e-18, 1e16, 1e25])
def test_variance_is_the_same_whatever_the_unit_of_the_pixels(kind, unit):
    def observation(unit: float) -> Observation:
        softening, divisor = (0.02 * unit, 1.5) if kind == "asinh" else (1.0, 0.03 * unit)
        return Observation(Normalisation(kind, (softening,), (0.3 * (1 if kind == "asinh" else unit),), (divisor,)))

    expected = torch.linspace(-1, 5, 16).reshape(1, 1, 4, 4)
    assert torch.allclose(observation(unit).variance(expected), observation(1.0).variance(expected), rtol=1e-4)


def test_variance_gives_the_decoder_no_gradient():
    expected = torch.zeros(1, 1, 4, 4, requires_grad=True)
    assert Observation(NORMALISATION).variance(expected).requires_grad
    (gradient,) = torch.autograd.grad(Observation(NORMALISATION).variance(expected).sum(), expected, allow_unused=True)
    assert gradient is None


class Fixed:
    """Noise that is zero for the latent vector and given for the pixels."""

    def __init__(self, pixels: torch.Tensor):
        self.pixels = pixels

    def normal(self, *shape: int) -> torch.Tensor:
        return self.pixels if len(shape) == 3 else torch.zeros(len(self.pixels), *shape)


def test_sky_noise_of_samples_is_white_and_of_the_learned_level_in_image_units():
    pixels = torch.randn((8, 1, 32, 32), generator=torch.Generator().manual_seed(1))
    images = {}
    for sky_noise in (True, False):
        torch.manual_seed(0)
        family = Family(ModelSettings(**SMALL, sky_noise=sky_noise), (1, 32, 32), NORMALISATION)
        family.networks.observation.log_sky.data.fill_(math.log(0.003))
        with torch.no_grad():
            images[sky_noise] = NORMALISATION.invert(family.sample(Fixed(pixels), None))
    assert torch.allclose(images[True] - images[False], 0.003 * pixels, atol=1e-6)


def test_weight_of_the_divergence_rises_over_the_warm_up():
    family = Family(ModelSettings(**SMALL, beta=2.0, kl_warmup_images=100), (1, 32, 32), NORMALISATION)
    assert [family._weight(seen) for seen in (0, 50, 100, 1000)] == [0.0, 1.0, 2.0, 2.0]


def test_reconstruction_decodes_the_mean_and_has_no_sky_noise():
    torch.manual_seed(0)
    family = Family(ModelSettings(**SMALL), (1, 32, 32), NORMALISATION)
    family.networks.observation.log_sky.data.fill_(math.log(0.01))
    images = torch.randn(3, 1, 32, 32)
    with torch.no_grad():
        found = family.reconstruct(images, None, Fixed(torch.ones(3, 1, 32, 32)))
        assert torch.equal(found, family.networks.decoder(family.networks.encoder(images)[0]))
        latents = torch.zeros(3, 4)
        assert not torch.equal(
            family.generate(latents, Fixed(torch.ones(3, 1, 32, 32))), family.networks.decoder(latents)
        )
