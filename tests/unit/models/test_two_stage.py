"""The two-stage GAN of sparse images: what each of its parts learns, and how images are composed of them."""

import copy
import dataclasses
import math

import numpy as np
import pytest
import scipy.stats
import torch
from pydantic import ValidationError
from torch import nn

from galforge.errors import GalforgeError
from galforge.models.levels import to_network
from galforge.models.normalisation import Normalisation
from galforge.models.two_stage.family import Family
from galforge.models.two_stage.placing import room
from galforge.models.two_stage.settings import ModelSettings, check_normalisation, check_shape
from galforge.sampling.sample import BlockNoise
from toys.sparse import THRESHOLD, galaxy, learn, rows
from toys.steps import Updates, draws, step_of

CPU = torch.device("cpu")
SHAPE = (3, 32, 32)
NORMALISATION = Normalisation("linear", (1.0,) * 3, (0.0,) * 3, (1.0,) * 3)
SMALL = {"size": 100, "latent": 8, "width": 8, "position_latent": 8, "position_width": 8}
SMALL |= {"position_generator_rate": 1e-3, "position_discriminator_rate": 1e-3}
SMALL |= {"generator_rate": 1e-3, "discriminator_rate": 1e-3}
KINDS = {
    "conv": {},
    "conditional": {"conditional": True},
    "began": {"galaxy": "began"},
    "shares": {"discrete": False, "stretch": "linear", "translate": 0.2, "placing": "centre"},
}


def family_of(**settings) -> Family:
    torch.manual_seed(0)
    return Family(ModelSettings(**SMALL | settings), SHAPE, NORMALISATION)


def noise(*indices: int, seed: int = 0) -> BlockNoise:
    return BlockNoise(seed, range(*indices), CPU)


def test_other_shapes_and_normalisations_are_refused_with_the_remedy():
    check_shape(ModelSettings(), SHAPE)
    check_normalisation(ModelSettings(), "linear", 1.0)
    for shape in ((1, 32, 32), (3, 64, 64), (1, 64, 64)):
        with pytest.raises(GalforgeError, match="two_stage is trained on parts"):
            check_shape(ModelSettings(), shape)
        with pytest.raises(GalforgeError, match="two_stage is trained on parts"):
            Family(ModelSettings(), shape, NORMALISATION)
    for kind, scale in (("linear", None), ("linear", 255.0), ("asinh", 1.0)):
        with pytest.raises(GalforgeError, match=r"scale: 1\.0"):
            check_normalisation(ModelSettings(), kind, scale)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"conditional": True, "galaxy": "began"}, "no size classes"),
        ({"thresholds": [90, 50]}, "rising"),
        ({"thresholds": [50, 50]}, "rising"),
        ({"thresholds": [0, 50]}, "at least 1"),
        ({"width": 6}, "multiple of 4"),
        ({"size": 1025}, "1024"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings, message):
    with pytest.raises(ValidationError, match=message):
        ModelSettings(**settings)


@pytest.mark.parametrize("kind", KINDS)
def test_images_are_levels_that_depend_on_their_row_alone(kind):
    family = family_of(**KINDS[kind])
    with torch.no_grad():
        whole, some = family.compose(noise(7)), family.compose(noise(3, 5))
    assert whole.shape == (7, 1, 100, 100)
    assert whole.dtype == some.dtype == torch.uint8
    assert len({image.numpy().tobytes() for image in whole}) == 7
    # The last digits depend on the size of a block, so that a level may be rounded to the next one.
    assert (whole[3:5].int() - some.int()).abs().max() <= 1


@pytest.mark.parametrize("width", [4, 12, 36, 44])
@pytest.mark.parametrize("galaxy", ["conv", "began"])
def test_every_allowed_width_makes_networks(width, galaxy):
    family = family_of(size=64, width=width, position_width=width, galaxy=galaxy)
    losses = family.step(rows("parts", 2), None, step_of(family, batch=2))
    assert all(loss.isfinite() for loss in losses.values())
    with torch.no_grad():
        assert family.compose(noise(1)).shape == (1, 1, 64, 64)


@pytest.mark.parametrize("kind", KINDS)
def test_each_optimiser_changes_its_network_and_no_other(kind):
    family = family_of(**KINDS[kind])
    updates = Updates(family)
    losses = family.step(rows("parts", 4), None, step_of(family, before=updates.before))
    updates.close()
    names = {"position_generator", "position_discriminator", "galaxy_generator", "galaxy_discriminator"}
    assert updates.changed == {name: {name} for name in names}
    assert set(losses) == names | ({"convergence"} if kind == "began" else set())
    for name in names:
        assert losses[name].item() == pytest.approx(updates.losses[name])
        assert not losses[name].requires_grad


def galaxies_and_positions(family: Family) -> tuple[torch.Tensor, torch.Tensor]:
    """64 patches of each class (64, classes, 32, 32), and 64 grids."""
    with torch.no_grad():
        classes = torch.arange(1, family.classes + 1).repeat(64, 1)
        return family.draw_galaxies(noise(64, seed=1), classes).float(), family.draw_positions(noise(64, seed=2))


@pytest.mark.parametrize("kind", ["conv", "began", "conditional"])
def test_training_brings_galaxies_and_positions_closer_to_the_data(kind):
    family = family_of(**KINDS[kind] | {"size": 1024, "lambda_k": 0.01})
    images = rows("parts", 200)
    if kind == "began":
        # Larger galaxies, because in so few steps the errors of the background hide those of small ones.
        images[::2, 1], images[1::2, 1] = (torch.from_numpy(galaxy(size)).float() for size in (300, 450))
    real = images[:, 1].mean(0)
    misfits = []
    for steps in (0, 150):
        losses = learn(family, images, steps, batch=16)
        galaxies, positions = galaxies_and_positions(family)
        patch = galaxies.mean((0, 1))
        # By column, because there are more galaxies to the right.
        occupancy = (positions > 0).float().mean((0, 1)) - (images[:, 0] > 0).float().mean((0, 1))
        misfits.append([each.square().mean().sqrt().item() for each in (patch - real, occupancy)])
    before, after = misfits
    assert after[0] < 0.4 * before[0]
    # Black patches would be closer than the first ones, too.
    assert np.corrcoef(patch.flatten(), real.flatten())[0, 1] > 0.6
    assert after[1] < 0.5 * before[1]
    assert all(loss.isfinite() for step in losses for loss in step.values())
    assert 0 <= family.networks.balance <= 1
    if kind == "began":
        assert losses[-1]["convergence"] < 0.5 * losses[0]["convergence"]
    if kind == "conditional":
        sizes = (galaxies > THRESHOLD).float().sum((2, 3)).mean(0)
        assert (sizes.diff() > 10).all(), sizes
        shares = torch.bincount(positions.flatten(), minlength=4) / positions.numel()
        assert (shares[1:] > 0.02).all(), shares


# Positions.


class Recorder(nn.Module):
    """A judge that keeps what it is shown."""

    def __init__(self):
        super().__init__()
        self.gain, self.seen = nn.Parameter(torch.tensor(0.1)), []

    def forward(self, images: torch.Tensor, classes: torch.Tensor | None = None) -> torch.Tensor:
        self.seen.append(images.detach().clone())
        return self.gain * images.flatten(1).mean(1)


def with_known_chances(family: Family, chances: list[float]) -> Family:
    """Makes the generator of positions give the same chances to every cell, whatever the latent vector."""
    last = family.networks["position_generator"].layers[-1]
    with torch.no_grad():
        last.weight.zero_()
        last.bias.copy_(torch.tensor(chances).log())
    return family


def test_sizes_are_classed_by_the_thresholds():
    sizes = torch.tensor([[0.0, 1, 50, 51, 90, 91, 1024]])
    assert family_of(conditional=True)._kind(sizes).tolist() == [[0, 1, 1, 2, 2, 3, 3]]
    assert family_of(conditional=True, thresholds=[1, 90, 100])._kind(sizes).tolist() == [[0, 1, 2, 2, 2, 3, 4]]
    assert family_of()._kind(sizes).tolist() == [[0, 1, 1, 1, 1, 1, 1]]


@pytest.mark.parametrize("discrete", [True, False])
def test_discriminator_of_positions_sees_classes_of_the_data_and_made_cells_or_shares(discrete):
    chances = [0.7, 0.15, 0.1, 0.05]
    family = with_known_chances(family_of(conditional=True, discrete=discrete), chances)
    family.networks["position_discriminator"] = judge = Recorder()
    images = rows("parts", 16)
    family.step(images, None, step_of(family, batch=16))
    real, made, again = judge.seen
    cells = images[:, 0]
    bounds = ((-1, 0), (0, 50), (50, 90), (90, 9999))
    expected = torch.stack([(cells > low) & (cells <= high) for low, high in bounds], 1)
    assert torch.equal(real, expected.float())
    assert torch.allclose(made.sum(1), torch.ones(16, 32, 32), atol=1e-5)
    assert torch.equal(made, again)
    if discrete:
        assert torch.allclose(made, made.round(), atol=1e-6)
        assert len({grid.numpy().tobytes() for grid in made.round()}) == 16
        # With 16384 cells, a share has an error of 0.004.
        assert torch.allclose(made.mean((0, 2, 3)), torch.tensor(chances), atol=0.016)
    else:
        assert torch.allclose(made, torch.tensor(chances)[:, None, None].expand_as(made), atol=1e-5)


def test_drawn_positions_have_the_chances_that_the_generator_says():
    chances = [0.3, 0.4, 0.2, 0.1]
    family = with_known_chances(family_of(size=1024, conditional=True), chances)
    with torch.no_grad():
        positions = family.draw_positions(noise(16))
    assert (positions.shape, positions.dtype) == ((16, 32, 32), torch.int64)
    shares = torch.bincount(positions.flatten(), minlength=4) / positions.numel()
    assert torch.allclose(shares, torch.tensor(chances), atol=0.016)


def test_without_drawing_a_position_is_its_largest_share():
    family = family_of(size=1024, conditional=True, discrete=False)
    with torch.no_grad():
        logits = family.networks["position_generator"](noise(5).normal(8))
        assert torch.equal(family.draw_positions(noise(5)), logits.argmax(1))


def test_cells_beyond_the_image_are_empty():
    # 100 pixels reach into the fourth cell.
    family = with_known_chances(family_of(size=100), [1e-6, 1.0])
    with torch.no_grad():
        positions = family.draw_positions(noise(3))
    assert (positions[:, :4, :4] == 1).all()
    assert positions.sum() == 3 * 16


@pytest.mark.parametrize("side", [100, 500, 1000, 1024])
def test_centres_of_galaxies_lie_inside_the_image(side):
    family = family_of(size=side)
    with torch.no_grad():
        offsets = family.draw_offsets(noise(40))
    start = 32 * torch.arange(32)
    there = start < side
    for axis, at in ((0, start[:, None]), (1, start[None])):
        places = (offsets[:, axis] + at)[:, there][:, :, there]
        assert places.min() >= 0
        assert places.max() < side
        # Uniform, also over the part of the last cell that is inside the image.
        last = min(side - int(start[there][-1]), 32)
        edge = offsets[:, axis].movedim(axis + 1, 1)[:, int(there.sum()) - 1][:, there]
        assert set(edge.unique().tolist()) == set(range(last))
    assert family_of(size=side, placing="centre").draw_offsets(noise(2)) is None


def test_room_is_what_the_image_has_of_each_cell():
    assert room(100, False)[:5].tolist() == [32, 32, 32, 4, 0]
    assert room(100, True)[:5].tolist() == [1, 1, 1, 0, 0]
    assert room(112, True)[:5].tolist() == [1, 1, 1, 1, 0]


# Galaxies.


def test_galaxy_depends_on_its_class_and_its_place_in_the_row():
    family = family_of(conditional=True, quiet=0)
    classes = torch.tensor([[1, 2, 3], [3, 0, 1], [0, 0, 0]])
    with torch.no_grad():
        galaxies = family.draw_galaxies(noise(3), classes)
        longer = family.draw_galaxies(noise(3), torch.cat([classes, classes], 1))
        other = family.draw_galaxies(noise(3), torch.tensor([[1, 3, 3], [3, 0, 1], [0, 0, 0]]))
    assert galaxies.shape == (3, 3, 32, 32)
    assert galaxies.dtype == torch.uint8
    assert (galaxies.int() - longer[:, :3].int()).abs().max() <= 1
    changed = (galaxies.int() - other.int()).abs().amax((2, 3)) > 1
    assert changed.nonzero().tolist() == [[0, 1]]
    empty = galaxies.amax((2, 3)) == 0
    assert empty.tolist() == (classes == 0).tolist()


def test_more_galaxies_than_go_through_at_once_are_those_of_smaller_blocks():
    family = family_of(width=4)
    with torch.no_grad():
        many = family.draw_galaxies(noise(3), torch.ones(3, 900, dtype=torch.int64))
        few = family.draw_galaxies(noise(2, 3), torch.ones(1, 900, dtype=torch.int64))
    assert (many[2:].int() - few.int()).abs().max() <= 1
    assert family.draw_galaxies(noise(3), torch.zeros(3, 0, dtype=torch.int64)).shape == (3, 0, 32, 32)
    assert not family.draw_galaxies(noise(3), torch.zeros(3, 2, dtype=torch.int64)).any()


def test_training_patches_are_moved_by_whole_pixels_up_to_the_share():
    family = family_of(translate=0.2)
    patches = torch.zeros(400, 1, 32, 32)
    patches[:, 0, 15, 15], patches[:, 0, 15, 16] = 200, 100
    step = step_of(family, batch=400)
    moved = family._moved(patches, step)
    first, second = (moved == 200).nonzero(), (moved == 100).nonzero()
    assert moved.count_nonzero() == 800
    assert torch.equal(second - first, torch.tensor([0, 0, 0, 1]).expand(400, 4))
    # A share of 0.2 of 32 pixels is 6.4.
    for axis in (2, 3):
        assert set((first[:, axis] - 15).tolist()) == set(range(-6, 7))
    assert abs(np.corrcoef(first[:, 2], first[:, 3])[0, 1]) < 0.2
    edge = torch.full((400, 1, 32, 32), 9.0)
    assert set(family._moved(edge, step).unique().tolist()) == {0, 9}
    still = family_of(translate=0)
    assert still._moved(patches, step) is patches


@pytest.mark.parametrize(("error", "power"), [("absolute", 1), ("squared", 2)])
def test_boundary_equilibrium_follows_berthelot_et_al(error, power):
    """Equations 5 and 6 of the paper, with the networks at the time of each loss."""
    family = family_of(galaxy="began", gamma=0.7, lambda_k=0.2, stretch="linear", error=error)
    family.networks.balance.fill_(0.3)
    coder, generator = (copy.deepcopy(family.networks[f"galaxy_{name}"]) for name in ("discriminator", "generator"))
    images = rows("parts", 4)
    updates = Updates(family)
    losses = family.step(images, None, step_of(family, before=updates.before))

    def missed(coder: nn.Module, patches: torch.Tensor) -> float:
        return (coder(patches) - patches).abs().pow(power).mean().item()

    with torch.no_grad():
        patches = to_network(images[:, 1:2], False)
        made = generator(draws(0, 4).normal(8))
        of_real, of_made = missed(coder, patches), missed(coder, made)
        fooled = missed(family.networks["galaxy_discriminator"], made)
    assert updates.losses["galaxy_discriminator"] == pytest.approx(of_real - 0.3 * of_made, rel=1e-5)
    assert updates.losses["galaxy_generator"] == pytest.approx(fooled, rel=1e-5)
    drift = 0.7 * of_real - fooled
    assert family.networks.balance.item() == pytest.approx(0.3 + 0.2 * drift, rel=1e-5)
    assert losses["convergence"].item() == pytest.approx(of_real + abs(drift), rel=1e-5)


def test_a_generator_as_good_as_the_data_keeps_its_balance_by_default_and_a_worse_one_moves_it_at_once():
    """With a gamma below 1 the balance would fall, and the autoencoder no longer be asked to tell them apart."""
    family = family_of(galaxy="began")
    family.networks.balance.fill_(0.5)
    step = dataclasses.replace(step_of(family), update=lambda name, loss: None)
    for of_made, expected in ((0.02, 0.5), (0.03, 0.49)):
        # Of real patches, of generated ones as the autoencoder sees them, and the generator.
        errors = iter(torch.tensor([0.02, of_made, of_made]))
        family._missed = lambda coder, patches, step, errors=errors: next(errors)
        family._began(torch.zeros(4, 1, 32, 32), step)
        assert family.networks.balance.item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("normalised", [False, True])
def test_brightness_passes_through_the_networks_of_a_began_and_is_lost_in_normalised_ones(normalised):
    """Without biases, what a vector three times as long makes is three times as bright."""
    family = family_of(galaxy="began", normalised=normalised)
    for network in (family.networks["galaxy_generator"], family.networks["galaxy_discriminator"].decoder):
        for name, weight in network.named_parameters():
            if name.endswith("bias"):
                weight.data.zero_()
        vectors = 0.1 * torch.randn(16, network.start.in_features)
        with torch.no_grad():
            made, brighter = (torch.atanh(network(factor * vectors)) for factor in (1, 3))
        ratio = (brighter.square().sum() / made.square().sum()).sqrt().item()
        assert ratio == pytest.approx(1.0 if normalised else 3.0, rel=0.1)


def test_a_began_of_before_is_normalised():
    settings = ModelSettings(galaxy="began").spec()
    assert settings.pop("normalised") is False
    assert ModelSettings.from_spec(settings).normalised
    assert "normalised" not in ModelSettings(galaxy="conv").spec()


@pytest.mark.parametrize(("gamma", "level", "expected"), [(0.1, 0, 0.0), (1.0, 255, 1.0)])
def test_balance_stays_between_0_and_1(gamma, level, expected):
    """Untrained autoencoders have errors of about 1 for black and white patches, and less for grey ones."""
    family = family_of(galaxy="began", lambda_k=100.0, gamma=gamma, normalised=True)
    images = rows("parts", 4)
    images[:, 1] = level
    family.networks.balance.fill_(0.5)
    family.step(images, None, step_of(family))
    assert family.networks.balance.item() == expected


def test_labels_of_real_patches_are_smoothed_and_those_of_made_ones_are_not():
    family = family_of(smoothing=0.8)
    family.networks["galaxy_discriminator"] = judge = Recorder()
    updates = Updates(family)
    family.step(rows("parts", 4), None, step_of(family, before=updates.before))

    def logits(images: torch.Tensor) -> list[float]:
        return (0.1 * images.flatten(1).mean(1)).tolist()

    def entropy(logit: float, label: float) -> float:
        chance = 1 / (1 + math.exp(-logit))
        return -label * math.log(chance) - (1 - label) * math.log(1 - chance)

    real, made, _ = judge.seen
    expected = np.mean([entropy(x, 0.8) for x in logits(real)]) + np.mean([entropy(x, 0.0) for x in logits(made)])
    assert updates.losses["galaxy_discriminator"] == pytest.approx(expected, rel=1e-5)


# Whole images.


class Dot(nn.Module):
    """A generator of patches with one white pixel in the centre."""

    def forward(self, latents: torch.Tensor, classes: torch.Tensor | None = None) -> torch.Tensor:
        out = torch.full((len(latents), 1, 32, 32), -1.0)
        out[:, :, 15, 15] = 1
        return out


@pytest.mark.parametrize("placing", ["anywhere", "centre"])
def test_composed_galaxies_are_anywhere_in_their_cells_or_on_a_lattice(placing):
    family = family_of(size=1024, placing=placing)
    family.networks["galaxy_generator"] = Dot()
    with torch.no_grad():
        images, positions = family.compose(noise(12)), family.draw_positions(noise(12))
    cells = images[:, 0].unflatten(2, (32, 32)).unflatten(1, (32, 32)).transpose(2, 3)
    assert torch.equal((cells > 0).sum((3, 4)), (positions > 0).long())
    within = cells.nonzero()[:, 3:]
    if placing == "centre":
        assert (within == 15).all()
    else:
        for axis in (0, 1):
            assert scipy.stats.chisquare(np.bincount(within[:, axis], minlength=32)).pvalue > 1e-4
        assert abs(np.corrcoef(within[:, 0], within[:, 1])[0, 1]) < 0.1
