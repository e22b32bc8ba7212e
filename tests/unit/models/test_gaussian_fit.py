"""Gaussian fit: against numpy's exact posterior, scikit-learn's components, moments of samples, and new images."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from galforge.models.gaussian_fit import Gaussian
from galforge.models.principal import principal
from galforge.models.turns import blocks

SHAPE = (2, 6, 6)


def oriented(images: torch.Tensor) -> torch.Tensor:
    """Images with all their eight orientations (8 n, C, H, H)."""
    out = [images.rot90(turns, (-2, -1)) for turns in range(4)]
    return torch.cat([*out, *(each.flip(-1) for each in out)])


def smooth(count: int, shape: tuple[int, int, int], seed: int = 0, noise: float = 0.05) -> torch.Tensor:
    """Images whose channels share a few blurred patterns, with another level of white noise in each."""
    draw = np.random.default_rng(seed)
    along = np.arange(shape[1]) + 0.5
    waves = np.stack([np.cos(np.pi * order * along / shape[1]) for order in range(3)])
    # Turned patterns are among the patterns.
    patterns = np.einsum("iy,jx->ijyx", waves, waves).reshape(9, -1)
    strength = 2 / (1 + np.add.outer(np.arange(3), np.arange(3)).reshape(9))
    mixed = (draw.standard_normal((count, 9)) * strength) @ patterns
    images = 1 + mixed.reshape(count, 1, *shape[1:]) * np.linspace(1, 0.5, shape[0])[:, None, None]
    levels = noise * np.arange(1, shape[0] + 1)[:, None, None]
    return torch.from_numpy((images + levels * draw.standard_normal((count, *shape))).astype(np.float32))


def fitted(shape=SHAPE, components=20, **changes) -> Gaussian:
    out = Gaussian(shape, components)
    out.fit(smooth(300, shape), **changes)
    return out


def covariance(gaussian: Gaussian) -> np.ndarray:
    """The full one (D, D) float64, from the parts."""
    directions = gaussian.directions.flatten(1).double().numpy()
    rest = np.repeat(gaussian.rest.double().numpy(), gaussian.shape[1] * gaussian.shape[2])
    return directions.T * gaussian.variances().double().numpy() @ directions + np.diag(rest)


@pytest.mark.parametrize("side", [4, 10])
def test_parts_under_turns_add_up_to_the_image_and_keep_norms(side):
    images = torch.randn(3, 2, side, side, generator=torch.Generator().manual_seed(0))
    total = torch.zeros_like(images)
    for block in blocks(images):
        if block.pairs:
            one, other = block.samples.chunk(2)
            total += block.unfold(one) + block.unfold(other).mT
        else:
            total += block.unfold(block.samples)
            assert block.unfold(block.samples).square().sum().item() == pytest.approx(
                block.samples.square().sum().item(), rel=1e-5
            )
    assert torch.allclose(total, images, atol=1e-5)


@pytest.mark.parametrize("turned", [True, False])
@pytest.mark.parametrize(("count", "shape"), [(30, (2, 8, 8)), (300, (1, 6, 6))])
def test_components_are_those_of_scikit_learn_for_all_orientations(turned, count, shape):
    """With fewer images than pixels, and with more."""
    images = smooth(count, shape)
    every = oriented(images) if turned else images
    oracle = PCA(10).fit(every.flatten(1).double().numpy())
    found = principal(images - every.mean(0), 10, turned)
    scale = (len(every) - 1) / len(every) * (1 if turned else len(every) / (len(every) - 1))
    # The first part alone has a mean to pay for, so variances agree to one over the number of images.
    assert found.variances.numpy() == pytest.approx(oracle.explained_variance_ * scale, rel=1.1 / count)
    # Directions of equal variance may be mixed: the space that the first ones span is compared.
    directions = found.directions.flatten(1).double().numpy()
    assert directions @ directions.T == pytest.approx(np.eye(10), abs=1e-5)
    if not turned:
        assert np.abs(np.diag(directions @ oracle.components_.T)) == pytest.approx(np.ones(10), abs=1e-3)
    explained = np.square((every - every.mean(0)).flatten(1).double().numpy() @ directions.T).mean(0)
    assert explained == pytest.approx(found.variances.numpy(), rel=1.1 / count)


@pytest.mark.parametrize("shape", [SHAPE, (1, 6, 6)])
@pytest.mark.parametrize("sigma", [0.01, 0.3, 5.0, 80.0])
def test_denoiser_and_its_variance_are_the_exact_posterior(shape, sigma):
    gaussian = fitted(shape)
    full, mean = covariance(gaussian), gaussian.mean().flatten().double().numpy()
    noisy = smooth(5, shape, seed=1) + sigma * torch.randn(5, *shape, generator=torch.Generator().manual_seed(0))
    gain = np.linalg.solve(full + sigma**2 * np.eye(len(full)), full).T
    expected = mean + (noisy.flatten(1).double().numpy() - mean) @ gain.T
    found = gaussian.denoise(noisy, torch.tensor(sigma))
    assert found.flatten(1).numpy() == pytest.approx(expected, rel=1e-3, abs=1e-3)
    variance = np.trace(sigma**2 * gain) / len(full)
    assert gaussian.posterior_variance(torch.tensor(sigma)).item() == pytest.approx(variance, rel=1e-3)
    # A level of its own for each image.
    levels = torch.tensor([sigma, 1.0, 2.0, 3.0, sigma])
    many = gaussian.denoise(noisy, levels)
    assert torch.allclose(many[[0, 4]], found[[0, 4]], atol=1e-4)
    assert not torch.allclose(many[1], found[1], atol=1e-3)
    assert torch.allclose(gaussian.posterior_variance(levels)[[0, 4]], gaussian.posterior_variance(levels[:1]))


def test_mean_squared_error_of_denoising_samples_is_the_posterior_variance():
    gaussian, noise = fitted(), torch.Generator().manual_seed(0)
    images = gaussian.draw(torch.randn(4000, 20, generator=noise), torch.randn(4000, *SHAPE, generator=noise))
    for sigma in (0.1, 1.0):
        noisy = images + sigma * torch.randn(images.shape, generator=noise)
        error = (gaussian.denoise(noisy, torch.tensor(sigma)) - images).square().mean().item()
        assert error == pytest.approx(gaussian.posterior_variance(torch.tensor(sigma)).item(), rel=0.02)


def test_samples_have_the_mean_and_covariance_of_the_images():
    images = smooth(2000, SHAPE)
    gaussian, noise = Gaussian(SHAPE, 20), torch.Generator().manual_seed(0)
    gaussian.fit(images)
    made = gaussian.draw(torch.randn(20000, 20, generator=noise), torch.randn(20000, *SHAPE, generator=noise))
    every = oriented(images).flatten(1).numpy()
    assert made.mean(0).flatten().numpy() == pytest.approx(every.mean(0), abs=0.06)
    found, expected = np.cov(made.flatten(1).numpy().T), np.cov(every.T)
    assert np.linalg.norm(found - expected) < 0.03 * np.linalg.norm(expected)
    assert np.diag(found) == pytest.approx(np.diag(expected), rel=0.05)


@pytest.mark.parametrize("components", [9, 24, 60])
def test_few_images_give_the_rest_and_the_likelihood_of_new_ones(components):
    """White noise beyond the nine patterns is 0.05 and 0.1; without the corrections it comes out too small."""
    shape = (2, 16, 16)
    gaussian = Gaussian(shape, components)
    gaussian.fit(smooth(40, shape))
    assert gaussian.rest.sqrt().numpy() == pytest.approx([0.05, 0.1], rel=0.04)
    new = smooth(500, shape, seed=1)
    # Squared distances of new images in units of the model are one per pixel.
    full, residuals = covariance(gaussian), (new - gaussian.mean()).flatten(1).double().numpy()
    distance = (np.linalg.solve(full, residuals.T).T * residuals).mean()
    assert distance == pytest.approx(1, abs=0.15)


def test_given_conditions_mean_and_variances_follow_them():
    draw = np.random.default_rng(0)
    shape, count = (1, 8, 8), 3000
    numbers = torch.from_numpy(draw.uniform(-1, 1, (count, 1)).astype(np.float32))
    pattern = torch.outer(torch.hann_window(8, False), torch.hann_window(8, False))
    images = numbers[:, :, None, None] ** 2 * pattern
    strength = torch.exp(0.5 + 0.8 * numbers - 0.4 * numbers**2)
    scatter, noise = (
        torch.from_numpy(draw.standard_normal((count, *each)).astype(np.float32)) for each in ((1,), shape)
    )
    images = images + (strength * scatter)[..., None, None] * pattern + 0.01 * noise
    gaussian = Gaussian(shape, 4, conditions=1)
    gaussian.fit(images, numbers)
    asked = torch.tensor([[-0.8], [0.0], [0.8]])
    norm = pattern.square().sum()
    expected = norm * torch.exp(2 * (0.5 + 0.8 * asked - 0.4 * asked**2))
    assert gaussian.variances(asked)[:, 0].numpy() == pytest.approx(expected[:, 0].numpy(), rel=0.12)
    found = (gaussian.mean(asked) * pattern).sum((1, 2, 3)) / norm
    assert found.numpy() == pytest.approx((asked[:, 0] ** 2).numpy(), abs=0.12)
    # The denoiser shrinks an image more where less variance is expected.
    noisy = gaussian.mean(asked) + pattern
    kept = ((gaussian.denoise(noisy, torch.tensor(2.0), asked) - gaussian.mean(asked)) * pattern).sum((1, 2, 3)) / norm
    assert kept.numpy() == pytest.approx((expected / (expected + 4))[:, 0].numpy(), rel=0.1)


def test_state_is_plain_tensors_and_restores_everything():
    gaussian, again = fitted(), Gaussian(SHAPE, 20)
    assert not list(gaussian.parameters())
    again.load_state_dict(gaussian.state_dict())
    noisy = smooth(3, SHAPE, seed=2)
    assert torch.equal(again.denoise(noisy, torch.tensor(0.5)), gaussian.denoise(noisy, torch.tensor(0.5)))


@pytest.mark.parametrize("shape", [SHAPE, (1, 6, 6)])
def test_coloured_noise_has_the_covariance_of_noisy_images_and_can_be_whitened(shape):
    gaussian, sigma = fitted(shape), 0.2
    pixels = int(np.prod(shape))
    full = covariance(gaussian) + sigma**2 * np.eye(pixels)
    unit = torch.eye(pixels).unflatten(1, shape)
    root = (gaussian.coloured(unit, sigma) - gaussian.mean()).flatten(1).double().numpy()
    assert root.T @ root == pytest.approx(full, abs=1e-4)
    assert torch.allclose(gaussian.whitened(gaussian.coloured(unit, sigma), sigma), unit, atol=1e-4)
