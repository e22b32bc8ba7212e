"""The end-to-end GAN of sparse images: what it learns from reduced images, and how it enlarges its own."""

import numpy as np
import pytest
import scipy.ndimage
import torch
from torch import nn

from galforge.errors import GalforgeError
from galforge.models.full_image_gan.family import Family
from galforge.models.full_image_gan.settings import ModelSettings, check_normalisation, check_shape
from galforge.models.levels import to_network
from galforge.models.normalisation import Normalisation
from galforge.sampling.sample import BlockNoise
from toys.sparse import learn, rows
from toys.steps import Updates, step_of

CPU = torch.device("cpu")
SHAPE = (1, 64, 64)
NORMALISATION = Normalisation("linear", (1.0,), (0.0,), (1.0,))
SMALL = {"size": 100, "latent": 8, "width": 8, "generator_rate": 1e-3, "discriminator_rate": 1e-3}


def family_of(**settings) -> Family:
    torch.manual_seed(0)
    return Family(ModelSettings(**SMALL | settings), SHAPE, NORMALISATION)


def noise(*indices: int) -> BlockNoise:
    return BlockNoise(0, range(*indices), CPU)


class Fixed(nn.Module):
    """A generator that always makes the same images."""

    def __init__(self, images: torch.Tensor):
        super().__init__()
        self.images = images

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        return self.images[: len(latents)]


def test_other_shapes_and_normalisations_are_refused_with_the_remedy():
    check_shape(ModelSettings(), SHAPE)
    check_normalisation(ModelSettings(), "linear", 1.0)
    for shape in ((3, 32, 32), (1, 1000, 1000)):
        with pytest.raises(GalforgeError, match="full_image_gan is trained on reduced"):
            Family(ModelSettings(), shape, NORMALISATION)
    for kind, scale in (("linear", None), ("linear", 255.0), ("asinh", 1.0)):
        with pytest.raises(GalforgeError, match=r"scale: 1\.0"):
            check_normalisation(ModelSettings(), kind, scale)


@pytest.mark.parametrize("side", [64, 100, 1000])
@pytest.mark.parametrize("stretch", ["root", "linear"])
def test_images_are_levels_that_depend_on_their_row_alone(side, stretch):
    family = family_of(size=side, stretch=stretch)
    with torch.no_grad():
        whole, some = family.compose(noise(5)), family.compose(noise(2, 4))
    assert whole.shape == (5, 1, side, side)
    assert whole.dtype == some.dtype == torch.uint8
    assert len({image.numpy().tobytes() for image in whole}) == 5
    # The last digits depend on the size of a block, so that a level may be rounded to the next one.
    assert (whole[2:4].int() - some.int()).abs().max() <= 1


@pytest.mark.parametrize("stretch", ["root", "linear"])
def test_levels_are_enlarged_linearly_between_the_middles_of_pixels(stretch):
    family = family_of(stretch=stretch)
    levels = torch.from_numpy(np.random.default_rng(3).uniform(0, 255, (2, *SHAPE))).float()
    family.networks["generator"] = Fixed(to_network(levels, stretch == "root"))
    found = family.compose(noise(2)).numpy()
    at = (np.arange(100) + 0.5) * 0.64 - 0.5
    where = np.stack(np.meshgrid(at, at, indexing="ij"))
    for image in range(2):
        wanted = scipy.ndimage.map_coordinates(levels[image, 0].double().numpy(), where, order=1, mode="nearest")
        assert np.abs(found[image, 0] - wanted).max() < 0.51


def test_quiet_levels_become_background():
    levels = torch.arange(64.0).repeat(1, 1, 64, 1)
    images = {}
    for quiet in (0, 20):
        family = family_of(size=64, quiet=quiet)
        family.networks["generator"] = Fixed(to_network(levels, True))
        images[quiet] = family.compose(noise(1))
    assert torch.equal(images[0], levels.to(torch.uint8))
    assert torch.equal(images[20], torch.where(levels > 20, levels, 0).to(torch.uint8))


@pytest.mark.parametrize("width", [4, 12, 36, 44])
def test_every_allowed_width_makes_networks(width):
    family = family_of(width=width)
    losses = family.step(rows("thumbnails", 2), None, step_of(family, batch=2))
    assert all(loss.isfinite() for loss in losses.values())


def test_each_optimiser_changes_its_network_and_no_other():
    family = family_of()
    updates = Updates(family)
    losses = family.step(rows("thumbnails", 4), None, step_of(family, before=updates.before))
    updates.close()
    assert updates.changed == {"discriminator": {"discriminator"}, "generator": {"generator"}}
    assert {name: loss.item() for name, loss in losses.items()} == pytest.approx(updates.losses)
    assert not any(loss.requires_grad for loss in losses.values())


def test_training_brings_images_closer_to_the_data():
    family = family_of(size=64)
    images = rows("thumbnails", 100)
    misfits = []
    for steps in (0, 100):
        learn(family, images, steps, batch=8)
        with torch.no_grad():
            mean = family.compose(noise(64)).float().mean(0)
        misfits.append((mean - images.mean(0)).square().mean().sqrt().item())
    assert misfits[1] < 0.5 * misfits[0]
    # Black images would be closer than the first ones, too.
    assert np.corrcoef(mean.flatten(), images.mean(0).flatten())[0, 1] > 0.6
