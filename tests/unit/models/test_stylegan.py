"""StyleGAN: its losses on judges and generators that can be worked out by hand, and what adapts while it trains."""

import hashlib
import math

import pytest
import torch
from torch import nn

from galforge.models.normalisation import Normalisation
from galforge.models.stylegan.augmentation import adapted, augment
from galforge.models.stylegan.family import Family
from galforge.models.stylegan.networks import Networks
from galforge.models.stylegan.settings import ModelSettings
from toys.steps import Quadratic, Updates, draws, step_of

SMALL = {"latent": 4, "mapping_layers": 2, "width": 4, "max_width": 8, "group": 2, "style_mixing": 0.0}
NORMALISATION = Normalisation("linear", (1.0,), (0.0,), (1.0,))
SHAPE = (1, 32, 32)


def family_of(**settings) -> Family:
    torch.manual_seed(0)
    return Family(ModelSettings(**SMALL | settings), SHAPE, NORMALISATION)


def test_each_update_changes_its_own_networks_and_no_others():
    family = family_of()
    updates = Updates(family)
    family.step(torch.randn(4, *SHAPE), None, step_of(family, before=updates.before))
    updates.close()
    assert updates.changed == {"discriminator": {"discriminator"}, "generator": {"mapping", "synthesis"}}
    assert all(weight.requires_grad for weight in family.networks.parameters())


def test_without_conditions_networks_and_draws_are_those_of_before_there_were_any():
    """The expected numbers are those of the version before conditions existed."""
    family = family_of(style_mixing=0.9, path_length=2.0, path_length_interval=1, grain=False)
    assert not {"conditions", "condition_offset", "condition_scale", "grain"} & set(family.settings.spec())
    weights = family.networks.state_dict()
    names = "\n".join(f"{name} {tuple(value.shape)}" for name, value in weights.items())
    assert hashlib.sha256(names.encode()).hexdigest()[:16] == "d843c59db7176009"
    assert weights["discriminator.hidden.weight"].double().sum().item() == pytest.approx(-61.8290028902702, rel=1e-6)
    assert weights["discriminator.logit.weight"][0, :2].tolist() == pytest.approx([0.00455240672, 0.67592436], rel=1e-5)
    images = family.sample(draws(3, 2), None)
    assert torch.equal(images, family.generate(draws(3, 2).normal(4), DrawsBehind(3, 2)))
    losses = family.step(draws(1, 4).normal(*SHAPE), None, step_of(family))
    expected = {"loss": 1.333898, "generator": 0.756835, "real": 0.019272, "fake": -0.087828, "r1": 0.00479}
    for name, value in expected.items():
        assert losses[name].item() == pytest.approx(value, abs=2e-5)
    assert family.networks.path_mean.item() == pytest.approx(0.013367721, rel=1e-3)


class DrawsBehind:
    """The draws of a seed without the first one."""

    def __init__(self, seed: int, batch: int):
        self._draws = draws(seed, batch)
        self._draws.normal(4)
        self.normal = self._draws.normal


def test_penalty_is_the_squared_gradient_on_real_images_and_is_taken_lazily():
    """logit = a |x|^2 / 2 has the gradient a x."""
    family = family_of(r1=3.0, r1_interval=4, discriminator_rate=1e-12)
    family.networks.discriminator = Quadratic(0.02)
    images = torch.randn(4, *SHAPE)
    penalty = (0.02**2 * images.square().sum((1, 2, 3))).mean().item()
    for index in range(9):
        updates = Updates(family)
        losses = family.step(images, None, step_of(family, index, before=updates.before))
        added = updates.losses["discriminator"] - losses["loss"].item()
        if index % 4:
            assert losses["r1"] == 0
            assert added == pytest.approx(0, abs=1e-6)
        else:
            # Four times as strong, because it is taken in every fourth step, and the history averages over steps.
            assert losses["r1"].item() == pytest.approx(4 * penalty, rel=1e-4)
            assert added == pytest.approx(0.5 * 3.0 * 4 * penalty, rel=1e-4)


def test_losses_are_the_non_saturating_logistic_ones():
    family = family_of(r1=0.0)
    family.networks.discriminator = Quadratic(0.01)
    images = torch.randn(4, *SHAPE)
    losses = family.step(images, None, step_of(family))
    real = 0.01 * images.square().sum((1, 2, 3)) / 2
    assert losses["real"].item() == pytest.approx(real.mean().item(), rel=1e-5)
    assert losses["r1"] == 0
    # The mean logit of generated images bounds their mean loss from below (Jensen), and nothing else is added.
    bound = torch.log1p(torch.exp(-real)).mean() + torch.log1p(torch.exp(losses["fake"]))
    assert bound.item() <= losses["loss"].item() < bound.item() + 1


def test_some_images_take_a_second_style_from_a_random_layer_on():
    family = family_of(style_mixing=0.75)
    layers = family.networks.synthesis.layers
    count = 4000
    family._styles = lambda step, given: torch.ones(count, 4)
    mixed = family._mixed(torch.zeros(count, 4), step_of(family, batch=count), None)
    assert mixed.shape == (count, layers, 4)
    taken = mixed[:, :, 0]
    assert (mixed == taken[:, :, None]).all()
    assert (taken[:, 0] == 0).all()
    assert (taken.diff(dim=1) >= 0).all(), "an image goes back to its first style"
    assert taken[:, -1].mean().item() == pytest.approx(0.75, abs=0.03)
    first = taken.sum(1)[taken[:, -1] == 1]
    for length in range(1, layers):
        assert (first == length).float().mean().item() == pytest.approx(1 / (layers - 1), abs=0.03)


def test_sampled_styles_are_truncated_as_the_settings_say():
    families = [family_of(truncation=value, noise=False) for value in (1.0, 0.5)]
    latents = torch.randn(3, 4)
    mean = torch.randn(4)
    for family in families:
        family.networks.mapping.mean.copy_(mean)
    whole, half = families
    styles = whole.networks.mapping(latents)
    expected = whole.networks.synthesis((styles + mean) / 2, [])
    assert torch.allclose(half.generate(latents, draws(0, 3)), expected, atol=1e-5)
    assert torch.equal(whole.generate(latents, draws(0, 3)), whole.networks.synthesis(styles, []))


def test_mean_style_follows_the_styles():
    family = family_of(generator_rate=1e-12)
    step = step_of(family, batch=64)
    for _ in range(8):
        family._improve_generator(step, None)
    expected = family.networks.mapping(torch.randn(2000, 4)).mean(0) * (1 - 0.995**8)
    assert torch.allclose(family.networks.mapping.mean, expected, atol=6e-3)


class LinearSynthesis(nn.Module):
    """Images that are a matrix times the sum of all layers' styles."""

    layers = 3

    def __init__(self, latent: int):
        super().__init__()
        self.matrix = nn.Parameter(torch.randn(latent, math.prod(SHAPE)))

    def noise_shapes(self):
        return []

    def forward(self, styles, noises):
        return (styles.sum(1) @ self.matrix).reshape(-1, *SHAPE)


def penalty_of(family: Family, seed: int = 0) -> torch.Tensor:
    """The path-length penalty of a step without its weight."""
    step, settings = step_of(family, seed=seed), family.settings
    return family._path_term(step)(step.micro_batches[0])[0] / (settings.path_length * settings.path_length_interval)


def test_path_length_of_a_linear_generator_is_that_of_its_transposed_matrix():
    """Karras et al. 2020a, equation 4: J is the matrix, once for each layer that takes the style."""
    family = family_of(path_length=2.0)
    family.networks.synthesis = LinearSynthesis(4)
    family.networks.path_mean.fill_(5.0)
    numbers = draws(7, 4)
    numbers.normal(4)
    directions = numbers.normal(*SHAPE).flatten(1) / math.sqrt(SHAPE[1] * SHAPE[2])
    lengths = (3 * directions @ family.networks.synthesis.matrix.T).norm(dim=1)
    mean = 0.99 * 5.0 + 0.01 * lengths.mean().item()
    penalty = penalty_of(family, seed=7)
    assert penalty.item() == pytest.approx((lengths - mean).square().mean().item(), rel=1e-4)
    assert family.networks.path_mean.item() == pytest.approx(mean, rel=1e-5)
    penalty.backward()
    assert family.networks.synthesis.matrix.grad.norm() > 0


def test_path_length_penalty_reaches_the_whole_generator_and_is_taken_lazily():
    family = family_of(path_length=2.0, path_length_interval=2)
    penalty_of(family).backward()
    for name, weight in family.networks.named_parameters():
        if name.startswith(("mapping.layers.0.weight", "synthesis.convs.3.conv")):
            assert torch.isfinite(weight.grad).all(), name
            assert weight.grad.norm() > 0, name
    added = []
    for index in range(4):
        updates = Updates(family)
        losses = family.step(torch.randn(4, *SHAPE), None, step_of(family, index, before=updates.before))
        added.append(updates.losses["generator"] - losses["generator"].item())
    assert min(added[0], added[2]) > 1e-4
    assert added[1] == pytest.approx(0, abs=1e-6)
    assert added[3] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("gain", "start", "expected"), [(1.0, 0.5, 0.5 + 4 / 100), (-1.0, 0.5, 0.5 - 4 / 100),
                                                         (1.0, 0.99, 1.0), (-1.0, 0.01, 0.0)])  # fmt: skip
def test_augmentation_rises_where_reals_are_told_apart_and_falls_where_not(gain, start, expected):
    """A judge that takes all real images for real, or none, by the sign of its gain."""
    family = family_of(ada_target=0.6, ada_images=100, discriminator_rate=1e-12)
    family.networks.discriminator = Quadratic(gain)
    family.networks.augmentation.fill_(start)
    losses = family.step(torch.randn(4, *SHAPE), None, step_of(family))
    assert losses["augmentation"].item() == pytest.approx(expected, abs=1e-6)


def test_without_a_target_nothing_is_augmented():
    family = family_of()
    family.networks.augmentation.fill_(1.0)
    images = torch.randn(4, *SHAPE)
    assert family._augmented(images, step_of(family)) is images
    family.step(images, None, step_of(family))
    assert family.networks.augmentation == 1.0


@pytest.mark.parametrize(("signs", "moved"), [(0.7, 0.01), (0.5, -0.01), (0.6, 0.0)])
def test_probability_moves_by_the_rise_towards_its_target(signs, moved):
    found = adapted(torch.tensor(0.5), torch.tensor(signs), torch.tensor(0.6).item(), 0.01)
    assert found.item() == pytest.approx(0.5 + moved, abs=1e-6)


def test_images_are_left_to_the_bit_or_changed_as_often_as_the_probability_says():
    images = torch.randn(2000, 1, 8, 8)
    for probability, expected in ((0.0, 0.0), (0.3, 1 - 0.7**2), (1.0, 1.0)):
        changed = augment(images, torch.tensor(probability), draws(1, 2000))
        share = (changed != images).flatten(1).any(1).float().mean().item()
        assert share == pytest.approx(expected, abs=0.03 if 0 < probability < 1 else 0)


def test_augmentation_keeps_the_power_of_white_noise_at_every_frequency():
    """Bilinear interpolation, for one, leaves half of it in the finest modes of every third image."""
    noise = torch.randn(1000, 1, 32, 32, generator=torch.Generator().manual_seed(4))
    power = [torch.fft.fft2(images).abs().square().mean((0, 1)) for images in (noise, changed_of(noise, 1.0, 6))]
    radius = torch.fft.fftfreq(32)[:, None].square() + torch.fft.fftfreq(32)[None].square()
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 0.45), (0.45, 0.55)):
        ring = (radius.sqrt() > low) & (radius.sqrt() <= high)
        assert (power[1][ring].mean() / power[0][ring].mean()).item() == pytest.approx(1, abs=0.02)


def changed_of(images: torch.Tensor, probability: float, seed: int) -> torch.Tensor:
    return augment(images, torch.tensor(probability), draws(seed, len(images)))


def blobs(count: int, side: int = 64) -> torch.Tensor:
    """Equal Gaussian blobs (count, 1, side, side) in the centre, twice as long as wide, peak 1, across the rows."""
    y, x = torch.meshgrid(*[torch.arange(side) - (side - 1) / 2] * 2, indexing="ij")
    return torch.exp(-(x**2 / 6.0**2 + y**2 / 3.0**2) / 2).expand(count, 1, side, side)


def test_augmentation_turns_and_moves_and_keeps_light_and_shape():
    """The moments of the images are those of a blob that was turned and moved as drawn."""
    changed = changed_of(blobs(300), 1.0, 2)[:, 0].double()
    place = torch.arange(64) - 31.5
    light = changed.sum((1, 2))
    assert torch.allclose(light, blobs(1).double().sum().expand(300), rtol=1e-5)
    columns, rows = (changed.sum(1) @ place.double()) / light, (changed.sum(2) @ place.double()) / light
    for moved in (rows, columns):
        assert torch.allclose(moved, moved.round(), atol=0.02)
        assert 0.8 * 8 < moved.abs().quantile(0.95) <= 8.02
    y, x = place[None, :, None] - rows[:, None, None], place[None, None] - columns[:, None, None]
    xx, yy, xy = ((changed * each).sum((1, 2)) / light for each in (x * x, y * y, x * y))
    angles = 0.5 * torch.atan2(2 * xy, xx - yy)
    spread = torch.sqrt(((xx - yy) / 2).square() + xy.square())
    assert torch.allclose((xx + yy) / 2, torch.tensor((36 + 9) / 2).double(), rtol=0.02)
    assert torch.allclose(spread, torch.tensor((36 - 9) / 2).double(), rtol=0.03)
    assert angles.abs().max() < math.pi / 4 + 0.01
    # Even between the two ends.
    assert angles.std().item() == pytest.approx(math.pi / 2 / math.sqrt(12), rel=0.1)


def test_a_shift_alone_moves_whole_pixels():
    images = torch.randn(400, 1, 16, 16, generator=torch.Generator().manual_seed(5))
    changed = changed_of(images, 0.5, 3)
    shifted = {}
    for index in range(400):
        for rows in range(-2, 3):
            for columns in range(-2, 3):
                if torch.allclose(changed[index], images[index].roll((rows, columns), (1, 2)), atol=1e-5):
                    shifted[index] = (rows, columns)
    # Half of them are not turned.
    assert len(shifted) == pytest.approx(200, abs=40)
    for moved in zip(*shifted.values(), strict=True):
        assert set(moved) == {-2, -1, 0, 1, 2}


def test_a_conditional_one_shows_its_condition_and_the_discriminator_sees_it():
    settings = ModelSettings(latent=16, mapping_layers=2, width=8, max_width=16, conditions=["redshift"])
    torch.manual_seed(0)
    networks = Networks(settings, (1, 32, 32))
    torch.manual_seed(0)
    plain = Networks(settings.model_copy(update={"conditions": []}), (1, 32, 32))
    shared = {name for name in plain.state_dict() if not name.startswith("discriminator.stem")}
    assert {
        name for name in networks.state_dict() if not name.startswith(("told", "conditioning", "discriminator.stem"))
    } == shared
    latents, (near, far) = (
        torch.randn(3, 16),
        (networks.conditioning({"redshift": torch.full((3,), z)}) for z in (0.1, 3.0)),
    )
    styles = [networks.mapping(networks.latents(latents, numbers)) for numbers in (near, far, None)]
    assert not torch.allclose(styles[0], styles[1])
    assert torch.equal(styles[2], networks.mapping(latents))
    pixels = torch.randn(4, 1, 32, 32)
    near, far = (networks.conditioning({"redshift": torch.full((4,), z)}) for z in (0.1, 3.0))
    assert not torch.allclose(networks.judged(pixels, near), networks.judged(pixels, far))
