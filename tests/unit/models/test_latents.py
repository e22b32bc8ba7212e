"""Latent vectors are drawn where the encodings of training galaxies lie, given their conditions."""

import dataclasses
import math

import pytest
import torch

from galforge.models.cvae.family import Family as ConditionalFamily
from galforge.models.cvae.settings import ModelSettings as ConditionalSettings
from galforge.models.normalisation import Normalisation
from galforge.models.vae.family import Family
from galforge.models.vae.latents import Latents
from galforge.models.vae.settings import ModelSettings
from toys.steps import draws, step_of

NORMALISATION = Normalisation("linear", (1.0,), (0.0,), (1.0,))
REDSHIFT = {"conditions": ["redshift"], "learning_rate": 1e-12}
BATCH, STEPS, TESTED = 64, 60, 3000


def families():
    """Autoencoders that stay as they are, so that all encodings are of one encoder."""
    yield "vae", Family(ModelSettings(latent=3, width=4, max_width=8, learning_rate=1e-12), (1, 32, 32), NORMALISATION)
    settings = ModelSettings(latent=3, width=4, max_width=8, **REDSHIFT)
    yield "vae conditional", Family(settings, (1, 32, 32), NORMALISATION)
    settings = ConditionalSettings(latent=3, width=4, hidden=16, **REDSHIFT)
    yield "cvae", ConditionalFamily(settings, (1, 16, 16), NORMALISATION)


def galaxies(count: int, side: int, seed: int, redshifts: torch.Tensor) -> torch.Tensor:
    """Blobs of random brightness that are fainter, and farther off centre, at high redshift."""
    draw = torch.Generator().manual_seed(seed)
    y, x = torch.meshgrid(torch.arange(side) - side / 2, torch.arange(side) - side / 2, indexing="ij")
    brightness = (3 + torch.randn(count, generator=draw)) / (1 + redshifts) ** 2
    places = (redshifts * side / 8)[:, None, None] + torch.randn(count, 1, 1, generator=draw)
    return (brightness[:, None, None] * torch.exp(-((x - places) ** 2 + y**2) / side))[:, None]


def encoded(family, images: torch.Tensor, given: torch.Tensor | None, seed: int) -> torch.Tensor:
    """Latent vectors (n, latent) as a training step draws them from the encoder, for such images."""
    noise = torch.randn(len(images), 3, generator=torch.Generator().manual_seed(seed))
    mean, scatter = family.networks.encoder(images, given)
    if scatter.dim() == 2:
        return mean + torch.exp(0.5 * scatter) * noise
    return torch.distributions.MultivariateNormal(mean, scale_tril=scatter).mean + (scatter @ noise[:, :, None])[..., 0]


def drawn(family, count: int, conditions: dict[str, torch.Tensor] | None) -> torch.Tensor:
    """Latent vectors that samples are decoded from."""
    kept = []
    hook = family.networks.decoder.register_forward_pre_hook(lambda _module, given: kept.append(given[0]))
    family.sample(draws(7, count), conditions)
    hook.remove()
    return kept[0]


@pytest.fixture(params=["vae", "vae conditional", "cvae"])
def trained(request):
    torch.manual_seed(3)
    family = dict(families())[request.param]
    with torch.no_grad():
        # An encoder whose vectors are far from standard normal, and not independent.
        encoder = family.networks.encoder
        last = encoder.head if hasattr(encoder, "head") else encoder.dense[-1]
        last.weight[:3] *= 15
        last.bias[:3] += torch.tensor([2.0, -1.0, 0.5])
    for index in range(STEPS):
        redshifts = 2 * torch.rand(BATCH, generator=torch.Generator().manual_seed(index))
        images = galaxies(BATCH, family.shape[1], index, redshifts)
        family.step(images, {"redshift": redshifts} if family.conditions else None, step_of(family, index, BATCH))
    family.networks.requires_grad_(False)
    return family


def test_latents_are_drawn_with_mean_and_covariance_of_the_encodings(trained):
    redshifts = 2 * torch.rand(TESTED, generator=torch.Generator().manual_seed(-1))
    conditions = {"redshift": redshifts} if trained.conditions else None
    given = trained.conditioning({"redshift": redshifts}) if trained.conditions else None
    real = encoded(trained, galaxies(TESTED, trained.shape[1], -2, redshifts), given, 5)
    made = drawn(trained, TESTED, conditions)
    sd = real.std(0)
    # Nothing is shown by encodings that are standard normal anyway.
    assert (real.mean(0).abs() > 0.4).any()
    assert (sd - 1).abs().max() > 0.2
    assert ((made.mean(0) - real.mean(0)).abs() < 0.15 * sd).all()
    assert torch.allclose(made.T.cov() / torch.outer(sd, sd), real.T.cov() / torch.outer(sd, sd), atol=0.2)


@pytest.mark.parametrize("trained", ["vae conditional", "cvae"], indirect=True)
def test_latents_of_one_condition_lie_where_its_galaxies_do(trained):
    """Nearer than the mean of all galaxies does, by far."""
    everywhere = 2 * torch.rand(TESTED, generator=torch.Generator().manual_seed(-1))
    of_all = drawn(trained, TESTED, {"redshift": everywhere})
    for redshift in (0.2, 1.8):
        redshifts = torch.full((TESTED,), redshift)
        given = trained.conditioning({"redshift": redshifts})
        real = encoded(trained, galaxies(TESTED, trained.shape[1], -2, redshifts), given, 5).mean(0)
        made = drawn(trained, TESTED, {"redshift": redshifts}).mean(0)
        error, error_of_all = (((each - real) / of_all.std(0)).norm() for each in (made, of_all.mean(0)))
        assert error_of_all > 0.6
        assert error < 0.5 * error_of_all


def test_moments_are_those_of_the_last_fifth_of_the_images_and_see_the_mean_move():
    """Against weights of all batches, worked out one by one; the encodings move far more than they scatter."""
    module, batch, steps = Latents(2, 1), 10, 40
    draw, seen = torch.Generator().manual_seed(3), []
    step = step_of(Family(ModelSettings(latent=3, width=4, max_width=8), (1, 32, 32), NORMALISATION), 0, batch)
    for index in range(steps):
        numbers = torch.randn(batch, 1, generator=draw)
        means = torch.randn(batch, 2, generator=draw) + torch.tensor([0.5 * index, -0.2 * index])
        spread = torch.diag(torch.tensor([0.3, 0.1]))
        moments = module.moments(numbers, means, spread)
        module.follow(*moments, dataclasses.replace(step, images_seen=index * batch))
        seen.append(torch.cat([numbers, means], 1).double())
    weights = [min(1.0, 5 / (index + 1)) for index in range(steps)]
    left = [math.prod(1 - weight for weight in weights[index + 1 :]) for index in range(steps)]
    shares = [weight * rest for weight, rest in zip(weights, left, strict=True)]
    assert sum(shares) == pytest.approx(1)
    mean = sum(share * each.mean(0) for share, each in zip(shares, seen, strict=True))
    offsets = [each - mean for each in seen]
    covariance = sum(share * each.T @ each / batch for share, each in zip(shares, offsets, strict=True))
    covariance[1:, 1:] += spread
    assert torch.allclose(module.mean.double(), mean, rtol=1e-4, atol=1e-5)
    assert torch.allclose(module.covariance.double(), covariance, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("features", [0, 3])
def test_latents_are_not_rounded_where_networks_are(features):
    """Nearly collinear encodings, whose rounded covariance is none."""
    module = Latents(8, features)
    loadings = torch.randn(2, features + 8, generator=torch.Generator().manual_seed(2))
    module.covariance.copy_(loadings.T @ loadings + 1e-4 * torch.eye(features + 8))
    noise, numbers = torch.randn(5, 8), torch.randn(5, features) if features else None
    expected = module(noise, numbers)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = module(noise, numbers)
    assert found.dtype == torch.float32
    assert torch.equal(found, expected)


@pytest.mark.parametrize("features", [0, 3])
def test_latents_that_are_collinear_but_for_rounding_are_drawn(features):
    module = Latents(40, features)
    loadings = 10 * torch.randn(2, features + 40, generator=torch.Generator().manual_seed(2))
    module.covariance.copy_(loadings.T @ loadings)
    made = module(torch.randn(4000, 40), torch.zeros(4000, features) if features else None)
    assert torch.isfinite(made).all()
    if not features:
        expected = module.covariance.diagonal().sqrt()
        assert torch.allclose(made.std(0), expected, rtol=0.06)


@pytest.mark.parametrize("conditions", [[], ["redshift"]])
def test_a_model_of_before_is_drawn_from_the_standard_normal_and_has_no_moments(conditions):
    spec = ModelSettings(latent=3, width=4, max_width=8, conditions=conditions).spec()
    assert spec.pop("prior") == "fitted"
    family = Family(ModelSettings.from_spec(spec), (1, 32, 32), NORMALISATION)
    assert not any(name.startswith("latents") for name in family.networks.state_dict())
    given = {"redshift": torch.ones(5)} if conditions else None
    noise = draws(7, 5).normal(3)
    assert torch.equal(drawn(family, 5, given)[:, :3], noise)


def test_the_published_variant_is_drawn_from_the_standard_normal():
    settings = ConditionalSettings(latent=3, width=4, hidden=16, variant="published")
    assert "prior" not in settings.spec()
    family = ConditionalFamily(settings, (1, 16, 16), NORMALISATION)
    assert family.networks.latents is None
    assert torch.equal(drawn(family, 5, {"redshift": torch.ones(5)}), draws(7, 5).normal(3))
