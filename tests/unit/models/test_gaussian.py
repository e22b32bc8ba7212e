"""The family ``gaussian``: when it is fitted, its likelihood and its reconstructions."""

from contextlib import nullcontext

import numpy as np
import pytest
import torch

from galforge.errors import GalforgeError
from galforge.models import normalisation as normalisations
from galforge.models.gaussian.family import Family
from galforge.models.gaussian.settings import ModelSettings, check_shape
from galforge.models.normalisation import Normalisation
from galforge.models.protocol import Step
from galforge.models.settings import NormalisationSettings
from galforge.sampling.sample import BlockNoise
from galforge.stamps.file import Stamps
from galforge.training.data import TrainingImages
from galforge.training.loop import Training
from galforge.training.settings import StepSettings
from toys.galaxies import write_stamps

CPU = torch.device("cpu")
SETTINGS = ModelSettings(components=8, images=20)


def begin(source: Stamps, settings: ModelSettings = SETTINGS, **changes) -> Training:
    chosen = normalisations.measure(NormalisationSettings(), source, source.split("train"))
    steps = StepSettings(batch=4, history_images=8, device="cpu", precision="float32", **changes)
    return Training("gaussian", settings, source.shape, chosen, steps, 0, CPU)


@pytest.fixture
def source(tmp_path):
    with Stamps(write_stamps(tmp_path / "toy.h5", channels=2, side=16)) as stamps:
        yield stamps


@pytest.mark.parametrize("held", [True, False])
def test_it_is_fitted_once_to_the_first_images_of_the_training(source, held):
    run, limit = begin(source), 2**30 if held else 0
    with TrainingImages(source, CPU, (), 0, limit) as images:
        first, _ = images.first(20)
        assert torch.equal(first, images.batch(0, 20)[0])
        # All there are, each once.
        assert len(images.first(1000)[0]) == len(source.split("train"))
        run.step(images)
        fitted = {name: value.clone() for name, value in run.family.networks.state_dict().items()}
        run.step(images)
    oracle = begin(source).family
    oracle.fit(run.normalisation.normalise(first), None, turned=True)
    for name, value in oracle.networks.state_dict().items():
        assert torch.equal(value, fitted[name])
        assert torch.equal(value, run.family.networks.state_dict()[name])
        assert torch.equal(value, run.average.state_dict()[name])


def test_orientations_count_only_where_training_images_are_turned(source):
    means = []
    for augmentation in (True, False):
        run = begin(source, augmentation=augmentation)
        with TrainingImages(source, CPU, (), 0) as images:
            run.step(images)
        means.append(run.family.gaussian.mean())
    assert torch.allclose(means[0], means[0].mT, atol=1e-6)
    assert torch.allclose(means[0], means[0].flip(-1), atol=1e-6)
    assert not torch.allclose(means[1], means[1].flip(-1), atol=1e-3)


@pytest.mark.parametrize("channels", [1, 3])
def test_loss_is_the_exact_likelihood(channels):
    shape, draw = (channels, 16, 16), torch.Generator().manual_seed(0)
    family = Family(SETTINGS, shape, Normalisation("linear", *([(1.0,) * channels] * 3)))
    low = torch.randn(300, 5, generator=draw) @ torch.randn(5, shape[0] * 256, generator=draw)
    images = low.unflatten(1, shape) + 0.3 * torch.randn(300, *shape, generator=draw)
    family.fit(images, None, turned=False)
    step = Step(0, 300, None, nullcontext, None, lambda value: value)
    losses = family.step(images, None, step)
    gaussian = family.gaussian
    directions = gaussian.directions.flatten(1).double().numpy()
    full = directions.T * gaussian.variances().double().numpy() @ directions
    full += np.diag(np.repeat(gaussian.rest.double().numpy(), 256))
    residuals = (images - gaussian.mean()).flatten(1).double().numpy()
    distances = (np.linalg.solve(full, residuals.T).T * residuals).sum(1).mean()
    expected = 0.5 * (distances + np.linalg.slogdet(full)[1]) / len(full)
    assert losses["loss"].item() == pytest.approx(expected, rel=1e-4)
    # Reconstructions are the expected images: the residuals are white, with what the fit calls the rest.
    left = (family.reconstruct(images, None, None) - images).square().mean((0, 2, 3))
    assert left.numpy() == pytest.approx(gaussian.rest.numpy(), rel=0.05)
    assert losses["divergence"].item() > 0


def test_latents_are_the_coefficients_of_components(source):
    run = begin(source)
    with TrainingImages(source, CPU, (), 0) as images:
        run.step(images)
    family, noise = run.family, BlockNoise(0, range(6), CPU)
    latents = noise.normal(family.latent)
    # Their images without white noise are reconstructed as themselves, if little is left to the white noise.
    clean = family.gaussian.expected(latents)
    assert torch.allclose(family.reconstruct(clean, None, noise), clean, atol=0.05)


def test_impossible_shapes_are_refused():
    for shape in [(1, 16, 16), (5, 256, 256), (3, 50, 50)]:
        check_shape(SETTINGS, shape)
    for shape in [(1, 33, 33), (1, 14, 14), (1, 258, 258), (6, 32, 32), (1, 32, 16)]:
        with pytest.raises(GalforgeError, match=r"must be|must have"):
            check_shape(SETTINGS, shape)
