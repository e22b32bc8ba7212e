"""Layers of style-based networks, each against a slower implementation."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from galforge.models import style_layers
from galforge.models.patches import Patches
from galforge.models.style_layers import (
    Conv,
    Discriminator,
    Linear,
    Mapping,
    StyledConv,
    Synthesis,
    ToImage,
    enlarge,
    group_spread,
    widths,
)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def test_modulated_convolution_equals_one_with_weights_of_its_own_for_each_image():
    """Karras et al. 2020a, equations 1 to 3, image by image."""
    layer = StyledConv(6, 5, latent=3, noise=False)
    layer.bias.data.normal_()
    features, styles = torch.randn(4, 6, 8, 8), torch.randn(4, 3)
    found = layer(features, styles, None)
    for index in range(4):
        scales = layer.affine(styles[index : index + 1])[0]
        weight = layer.conv.weight * layer.conv.scale * scales[None, :, None, None]
        weight = weight / weight.square().sum((1, 2, 3), keepdim=True).sqrt()
        image = functional.conv2d(features[index : index + 1], weight, layer.bias, padding=1)
        expected = functional.leaky_relu(image, 0.2) * math.sqrt(2)
        assert torch.allclose(found[index], expected[0], rtol=1e-4, atol=1e-5)


class Large(TorchDispatchMode):
    """Notes the types of numbers that operations make maps of: tensors of so many numbers or more."""

    def __init__(self, least: int):
        super().__init__()
        self.least, self.seen = least, {}

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if torch.is_tensor(tensor) and tensor.numel() >= self.least:
                self.seen.setdefault(tensor.dtype, set()).add(str(function))
        return out


@pytest.mark.parametrize("up", [False, True], ids=["as large", "enlarged"])
def test_all_maps_of_a_styled_convolution_are_in_the_chosen_precision(up):
    """Forward and backward; on a GPU, maps in single precision would take twice the time."""
    layer = StyledConv(6, 5, latent=3, noise=True)
    features = torch.randn(4, 6, 16, 16).bfloat16().requires_grad_(True)
    noise, side = torch.randn(4, 1, 32 if up else 16, 32 if up else 16), 32 if up else 16
    with Large(4 * 5 * 16 * 16) as maps:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = layer(features, torch.randn(4, 3), noise, up)
        found.sum().backward()
    assert found.shape == (4, 5, side, side)
    assert set(maps.seen) == {torch.bfloat16}
    assert all(torch.isfinite(weight.grad).all() for weight in layer.parameters())


def test_output_of_a_styled_convolution_does_not_grow_with_the_style():
    layer = StyledConv(6, 5, latent=3, noise=False)
    features, styles = torch.randn(4, 6, 8, 8), torch.randn(4, 3)
    layer.affine.bias.data.zero_()
    assert torch.allclose(layer(features, styles, None), layer(features, 100 * styles, None), rtol=1e-3, atol=1e-4)


def test_noise_is_added_with_the_learned_strength_before_the_leaky_relu():
    layer = StyledConv(6, 5, latent=3, noise=True)
    features, styles, noise = torch.randn(4, 6, 8, 8), torch.randn(4, 3), torch.randn(4, 1, 16, 16)
    without = layer(features, styles, None, up=True)
    assert torch.equal(layer(features, styles, noise, up=True), without), "strength is not zero at the start"
    layer.strength.data.fill_(0.3)
    before = torch.where(without > 0, without, without / 0.2) / math.sqrt(2)
    expected = functional.leaky_relu(before + 0.3 * noise, 0.2) * math.sqrt(2)
    assert torch.allclose(layer(features, styles, noise, up=True), expected, rtol=1e-4, atol=1e-5)


def test_enlarging_is_zero_insertion_behind_the_published_low_pass_filter():
    """Tested inside the border, where bilinear interpolation repeats pixels and the filter sees zeros."""
    features = torch.randn(2, 3, 8, 8)
    tap = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 4
    kernel = torch.outer(tap, tap).expand(3, 1, 4, 4)
    expected = functional.conv_transpose2d(features, kernel, stride=2, padding=1, groups=3)
    assert torch.allclose(enlarge(features)[..., 1:-1, 1:-1], expected[..., 1:-1, 1:-1], atol=1e-6)


def test_pixels_are_a_modulated_convolution_without_demodulation():
    layer = ToImage(6, outputs=8, latent=3)
    features, styles = torch.randn(4, 6, 8, 8), torch.randn(4, 3)
    scales = layer.affine(styles)
    expected = torch.einsum("oi,nihw->nohw", (layer.conv.weight * layer.conv.scale)[:, :, 0, 0],
                            features * scales[:, :, None, None])  # fmt: skip
    assert torch.allclose(layer(features, styles), expected, atol=1e-5)


@pytest.mark.parametrize("layer", [Linear(64, 512), Linear(64, 512, rate=0.01)], ids=["as fast", "slow"])
def test_fully_connected_layers_keep_the_variance_whatever_their_rate(layer):
    torch.manual_seed(1)
    layer.weight.data = torch.randn_like(layer.weight) / layer.rate
    assert layer(torch.randn(64, 64)).std().item() == pytest.approx(1, rel=0.1)


def test_a_hundredth_of_the_rate_learns_a_hundredth_as_fast():
    """A step of Adam moves each number by the step size, whatever its gradient."""
    outputs = []
    for rate in (1.0, 0.01):
        torch.manual_seed(0)
        layer = Linear(16, 16, rate=rate)
        vectors = torch.randn(8, 16)
        before = layer(vectors)
        optimiser = torch.optim.Adam(layer.parameters(), 1e-3)
        before.sum().backward()
        optimiser.step()
        outputs.append((layer(vectors) - before).norm().item())
    assert outputs[1] == pytest.approx(outputs[0] / 100, rel=1e-2)


def test_a_convolution_keeps_the_variance_at_the_start():
    torch.manual_seed(1)
    assert Conv(64, 64, 3)(torch.randn(2, 64, 32, 32))[..., 1:-1, 1:-1].std().item() == pytest.approx(1, rel=0.1)


def test_group_spread_is_the_mean_standard_deviation_within_groups_of_neighbours():
    features = torch.randn(8, 3, 4, 4)
    found = group_spread(features, 4)
    assert found.shape == (8, 1, 4, 4)
    for first in (0, 4):
        expected = features[first : first + 4].numpy().std(axis=0).mean()
        assert np.allclose(found[first : first + 4].numpy(), expected, rtol=1e-5)
    whole = group_spread(features[:6], 4)
    assert np.allclose(whole.numpy(), features[:6].numpy().std(axis=0).mean(), rtol=1e-5)


def test_groups_that_are_not_cut_are_judged_as_in_the_whole_batch():
    judge = Discriminator(1, [8, 8, 4, 4], group=2)
    images = torch.randn(8, 1, 32, 32)
    assert torch.allclose(judge(images), torch.cat([judge(images[:4]), judge(images[4:])]), atol=1e-5)
    assert not torch.allclose(judge(images)[:2], judge(images[[0, 2]]), atol=1e-4), "the group makes no difference"


def test_truncated_styles_lie_between_the_mean_and_themselves():
    mapping = Mapping(latent=8, layers=2)
    mapping.mean.normal_()
    latents = torch.randn(5, 8)
    styles = mapping(latents)
    assert torch.equal(mapping.truncated(latents, 1.0), styles)
    assert torch.allclose(mapping.truncated(latents, 0.3), 0.3 * styles + 0.7 * mapping.mean, atol=1e-6)


def test_styles_do_not_depend_on_the_length_of_the_latent_vector():
    mapping = Mapping(latent=8, layers=2)
    latents = torch.randn(5, 8)
    assert torch.allclose(mapping(latents), mapping(7 * latents), atol=1e-5)


def test_widths_double_from_the_finest_to_the_coarsest_level_up_to_the_most():
    assert widths(16, 512, 64) == [256, 128, 64, 32, 16]
    assert widths(16, 64, 64) == [64, 64, 64, 32, 16]


@pytest.mark.parametrize("residual", [False, True], ids=["skip", "residual"])
def test_a_style_of_one_layer_changes_nothing_coarser(residual):
    """In a synthesis without styles that reach back, coarse structure is decided by the early layers."""
    synthesis = Synthesis(Patches(1, 1, 0.0), 1, [8, 8, 8, 8], 4, noise=False, residual=residual)
    styles = torch.randn(1, 1, 4).repeat(1, synthesis.layers, 1)
    coarse = []

    def keep(_module, _inputs, output):
        coarse.append(output)

    handle = synthesis.convs[2].register_forward_hook(keep)
    other = styles.clone()
    other[:, 3:] = torch.randn(4)
    images = [synthesis(given, []) for given in (styles, other)]
    handle.remove()
    assert torch.equal(coarse[0], coarse[1])
    assert not torch.allclose(images[0], images[1], atol=1e-3)


def test_one_style_for_all_layers_is_the_same_style_for_each():
    synthesis = Synthesis(Patches(2, 1, 0.0), 2, [8, 8, 8, 8], 4, noise=True, residual=False)
    styles = torch.randn(3, 4)
    noises = [torch.randn(3, *shape) for shape in synthesis.noise_shapes()]
    assert synthesis.noise_shapes() == [(1, side, side) for side in (4, 8, 8, 16, 16, 32, 32)]
    assert torch.equal(synthesis(styles, noises), synthesis(styles[:, None].expand(-1, synthesis.layers, -1), noises))


@pytest.mark.parametrize("residual", [False, True], ids=["skip", "residual"])
@pytest.mark.parametrize("patch", [1, 2])
def test_images_are_summed_in_single_precision_whatever_that_of_the_maps(residual, patch):
    """Images of levels that are numbers of seven digits, of which bfloat16 has three."""
    synthesis = Synthesis(Patches(1, patch, 0.0), 1, [8, 8, 8], 4, noise=False, residual=residual)
    for level, image in enumerate(synthesis.images):
        image.conv.weight.data.zero_()
        image.conv.bias.data.fill_(1 + 0.001234567 * 10**-level)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = synthesis(torch.randn(2, 4), [])
    assert found.dtype == torch.float32
    expected = synthesis(torch.randn(2, 4), [])
    assert torch.allclose(found, expected, rtol=1e-6, atol=0)
    if patch == 1:
        # Each level is one number everywhere, which enlarging does not change.
        total = sum(image.conv.bias.item() for image in synthesis.images)
        assert torch.allclose(found, torch.tensor(total), rtol=1e-6, atol=0)


def test_several_layers_shown_together_are_what_each_shows():
    layers = [ToImage(6, outputs, latent=3) for outputs in (2, 4)]
    features, styles = torch.randn(4, 6, 8, 8).to(memory_format=torch.channels_last), torch.randn(4, 3)
    for layer in layers:
        layer.conv.bias.data.normal_()
    for found, layer in zip(style_layers.shown(features, styles, *layers), layers, strict=True):
        weight = (layer.conv.weight * layer.conv.scale)[:, :, 0, 0]
        expected = torch.einsum("oi,nihw->nohw", weight, features * layer.affine(styles)[:, :, None, None])
        assert torch.allclose(found, expected + layer.conv.bias[:, None, None], atol=1e-5)


def test_gradients_of_pixels_lie_in_memory_like_the_maps():
    """Mixed orders would be copied before the next convolution."""
    features = torch.randn(4, 6, 8, 8).to(memory_format=torch.channels_last).requires_grad_(True)
    (gradient,) = torch.autograd.grad(ToImage(6, 2, latent=3)(features, torch.randn(4, 3)).square().sum(), features)
    assert gradient.is_contiguous(memory_format=torch.channels_last)


def test_pixels_of_halved_maps_are_sums_in_single_precision():
    layer = ToImage(8, 1, 4)
    features, style = torch.randn(2, 8, 4, 4).bfloat16(), torch.randn(2, 4)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = layer(features, style)
    scales = style.double() @ layer.affine.weight.double().T * layer.affine.scale + layer.affine.bias.double()
    weight = layer.conv.weight.double()[0, :, 0, 0] * layer.conv.scale
    expected = torch.einsum("nchw,nc,c->nhw", features.double(), scales, weight)
    assert torch.allclose(found[:, 0].double(), expected, rtol=1e-5, atol=1e-6)


def skies(grain: bool) -> torch.Tensor:
    """What noise of the finest level alone adds to images (64, 3, 32, 32) of one style, in patches of 2 x 2 pixels."""
    synthesis = Synthesis(Patches(3, 2, 0.5), 3, [16, 16, 16], 4, noise=True, residual=False, grain=grain)
    for conv in synthesis.convs[-2:]:
        if conv.strength is not None:
            conv.strength.data.fill_(0.3)
    if grain:
        synthesis.grain.conv.bias.data.fill_(0.3)
    styles = torch.randn(1, 4).expand(64, -1)
    with torch.no_grad():
        images = synthesis(styles, [torch.randn(64, *shape) for shape in synthesis.noise_shapes()])
    return images - images.mean(0)


def correlations(skies: torch.Tensor) -> tuple[float, float]:
    """The largest of pixels of two channels, and of neighbours within a patch."""
    by_channel = skies.transpose(0, 1).flatten(1).corrcoef()
    pixels = skies[:, 0].unfold(1, 2, 2).unfold(2, 2, 2).flatten(3).flatten(0, 2).T.corrcoef()
    return tuple((each - torch.eye(len(each))).abs().max().item() for each in (by_channel, pixels))


def test_skies_of_channels_and_pixels_are_uncorrelated_with_grain_and_only_with_it():
    assert max(correlations(skies(grain=True))) < 0.02
    assert min(correlations(skies(grain=False))) > 0.15


def test_strength_of_the_grain_depends_on_the_place_and_starts_from_none():
    synthesis = Synthesis(Patches(2, 1, 0.0), 2, [8, 8, 8], 4, noise=True, residual=False, grain=True)
    shapes = synthesis.noise_shapes()
    assert shapes == [(1, 4, 4), (1, 8, 8), (1, 8, 8), (2, 16, 16)]
    noises, style = [torch.randn(1, *shape) for shape in shapes], torch.randn(1, 4)
    plain = synthesis(style, [])
    assert torch.equal(synthesis(style, noises), plain)
    synthesis.grain.conv.weight.data.normal_()
    strength = (synthesis(style, noises) - plain) / noises[-1]
    assert (strength.std() / strength.abs().mean()).item() > 0.3
    assert torch.equal(synthesis(style, [*noises[:-1], 0 * noises[-1]]), plain)


def test_pixel_norm_gives_unit_mean_square():
    vectors = style_layers.pixel_norm(5 * torch.randn(6, 32))
    assert torch.allclose(vectors.square().mean(1), torch.ones(6), atol=1e-5)
