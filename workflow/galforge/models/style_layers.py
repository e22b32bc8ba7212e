"""Layers of style-based generators and their discriminators.

They follow Karras et al. 2019 (arXiv:1812.04948), 2020a (arXiv:1912.04958) and, for equalised learning rates, 2018
(arXiv:1710.10196). Two things differ, which give the same outcome faster and without compiled kernels. A convolution is
modulated by scaling its input and demodulated by scaling its output, so that no weights per image are needed. Maps are
convolved before they are enlarged bilinearly, which is the low-pass filter (1, 3, 3, 1) of these papers.

On a GPU half of a step is moving maps, so maps stay in the precision that convolutions compute in, and factors go into
weights and vectors wherever that gives the same: a leaky ReLU of g x is g times that of x, for g > 0.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from galforge.models.device import full_precision
from galforge.models.enlarging import enlarge
from galforge.models.patches import Patches

SLOPE = 0.2
GAIN = math.sqrt(2)
"""Factor on a leaky ReLU that gives its output about the variance of its input."""
BOTTOM = 4
"""Side of the coarsest maps [px]."""


def widths(width: int, max_width: int, side: int) -> list[int]:
    """Channels per level, from the coarsest (4 px) to the finest (``side`` px), which has ``width``."""
    levels = int(math.log2(side // BOTTOM))
    return [min(width * 2**level, max_width) for level in range(levels, -1, -1)]


def leaky(features: Tensor) -> Tensor:
    """Leaky ReLU, in place. To keep the variance, the layer before it has the gain GAIN."""
    return functional.leaky_relu(features, SLOPE, inplace=True)


def pixel_norm(vectors: Tensor) -> Tensor:
    """Vectors (n, d) scaled to a mean square of one."""
    return vectors * torch.rsqrt(vectors.square().mean(1, keepdim=True) + 1e-8)


class Linear(nn.Module):
    """Fully connected layer with equalised learning rate, which ``rate`` scales; its output is ``gain`` times that."""

    def __init__(self, inputs: int, outputs: int, bias: float = 0.0, rate: float = 1.0, gain: float = 1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), bias / rate))
        self.scale, self.rate, self.gain = rate / math.sqrt(inputs), rate, gain

    def forward(self, vectors: Tensor) -> Tensor:
        return functional.linear(vectors, self.weight * (self.scale * self.gain), self.bias * (self.rate * self.gain))


class Conv(nn.Module):
    """Convolution (side 1 or 3, zero padding) with equalised learning rate; its output is ``gain`` times that."""

    def __init__(self, inputs: int, outputs: int, side: int, bias: bool = True, gain: float = 1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, side, side))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.scale, self.padding, self.gain = 1 / math.sqrt(inputs * side**2), side // 2, gain

    def forward(self, features: Tensor) -> Tensor:
        bias = None if self.bias is None else self.bias * self.gain
        return functional.conv2d(features, self.weight * (self.scale * self.gain), bias, padding=self.padding)


class Mapping(nn.Module):
    """Latent vectors z (n, latent) to styles w (n, latent), with the running mean of w for truncation."""

    def __init__(self, latent: int, layers: int, rate: float = 0.01):
        super().__init__()
        self.layers = nn.ModuleList([Linear(latent, latent, rate=rate, gain=GAIN) for _ in range(layers)])
        self.register_buffer("mean", torch.zeros(latent))

    def forward(self, latents: Tensor) -> Tensor:
        styles = pixel_norm(latents)
        for layer in self.layers:
            styles = leaky(layer(styles))
        return styles

    def truncated(self, latents: Tensor, truncation: float) -> Tensor:
        """Styles drawn towards their mean; a truncation of 1 leaves them as they are, 0 gives the mean."""
        styles = self(latents)
        return styles if truncation == 1 else self.mean + truncation * (styles - self.mean)


class StyledConv(nn.Module):
    """A modulated and demodulated convolution, noise, a bias and a leaky ReLU (Karras et al. 2020a, figure 2c).

    Its output is ``gain`` times that; GAIN keeps the variance.
    """

    def __init__(self, inputs: int, outputs: int, latent: int, noise: bool, gain: float = GAIN):
        super().__init__()
        self.affine = Linear(latent, inputs, bias=1.0)
        self.conv = Conv(inputs, outputs, 3, bias=False)
        self.strength = nn.Parameter(torch.zeros(())) if noise else None
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.gain = gain

    def forward(self, features: Tensor, style: Tensor, noise: Tensor | None, up: bool = False) -> Tensor:
        """Maps (n, inputs, h, w) to (n, outputs, h, w), or of twice the side with ``up``; ``noise`` has that side."""
        scales = self.affine(style)
        squares = (self.conv.weight * self.conv.scale).square().sum((2, 3))
        inverse = self.gain * torch.rsqrt(functional.linear(scales.square(), squares) + 1e-8)
        features = self.conv(features * scales[:, :, None, None].to(features.dtype))
        dtype = features.dtype
        # The bias comes before enlarging, which does not change it.
        bias = (self.bias * self.gain).to(dtype)
        features = torch.addcmul(bias[:, None, None], features, inverse[:, :, None, None].to(dtype))
        if up:
            features = enlarge(features)
        if noise is not None and self.strength is not None:
            features = features + (noise * (self.strength * self.gain)).to(dtype)
        return leaky(features)


class ToImage(nn.Module):
    """A modulated 1 x 1 convolution, without demodulation, to pixels or to coefficients of patches.

    It computes in single precision (TF32 nowhere): halved, numbers have too few digits for the faint parts of galaxies.
    """

    def __init__(self, inputs: int, outputs: int, latent: int):
        super().__init__()
        self.affine = Linear(latent, inputs, bias=1.0)
        self.conv = Conv(inputs, outputs, 1)

    def forward(self, features: Tensor, style: Tensor) -> Tensor:
        """Maps (n, inputs, h, w) to (n, outputs, h, w) float32."""
        return shown(features, style, self)[0]

    def modulated(self, style: Tensor) -> Tensor:
        """The weights (n, outputs, inputs) float32 of each image."""
        return (self.conv.weight[:, :, 0, 0] * self.conv.scale) * self.affine(style.float())[:, None, :]


def shown(features: Tensor, style: Tensor, *layers: ToImage) -> tuple[Tensor, ...]:
    """What several layers make of the same maps and style, each (n, outputs, h, w) float32, reading the maps once."""
    with full_precision(features.device):
        weights = torch.cat([layer.modulated(style) for layer in layers], 1)
        bias = torch.cat([layer.conv.bias for layer in layers])
        # Pixels before channels, the order in memory of maps and of their gradients. A weight for each image is
        # smaller than maps that are multiplied by its style.
        pixels = features.movedim(1, -1).flatten(1, 2).float()
        made = torch.baddbmm(bias, pixels, weights.mT).unflatten(1, features.shape[2:]).movedim(-1, 1)
        return made.split([len(layer.conv.bias) for layer in layers], 1)


class Synthesis(nn.Module):
    """Styles to normalised images: a learned constant, then two styled convolutions per level.

    Args:
        patches: how image pixels are exchanged; one pixel of the finest maps makes one patch.
        channels: of the images.
        widths: channels of the maps, coarsest first (see ``widths``).
        latent: length of a style.
        noise: add noise of learned strength after each convolution.
        residual: add the maps of each level to the enlarged coarser ones, and make the image of the finest maps;
            otherwise (skip) each level adds to the enlarged image of the level before.
        grain: with noise, none after the convolutions of the finest level: each pixel of each channel has its own, of a
            strength that the finest maps say. A map that all channels share makes their skies correlated, and with
            patches also those of neighbouring pixels.
    """

    def __init__(
        self,
        patches: Patches,
        channels: int,
        widths: list[int],
        latent: int,
        noise: bool,
        residual: bool,
        grain: bool = False,
    ):
        super().__init__()
        self.patches, self.residual, self.channels = patches, residual, channels
        grain = grain and noise
        pixels = channels * patches.patch**2
        self.constant = nn.Parameter(torch.randn(1, widths[0], BOTTOM, BOTTOM))
        self.convs = nn.ModuleList([StyledConv(widths[0], widths[0], latent, noise)])
        self.shortcuts = nn.ModuleList()
        images = [] if residual else [ToImage(widths[0], pixels, latent)]
        for level, (before, now) in enumerate(pairwise(widths), 2):
            noisy = noise and not (grain and level == len(widths))
            # The sum of maps and shortcut is divided by GAIN, which both have in their weights.
            gain = 1.0 if residual else GAIN
            self.convs += [StyledConv(before, now, latent, noisy), StyledConv(now, now, latent, noisy, gain)]
            if residual:
                self.shortcuts.append(Conv(before, now, 1, bias=False, gain=1 / GAIN))
            else:
                images.append(ToImage(now, pixels, latent))
        self.images = nn.ModuleList(images or [ToImage(widths[-1], pixels, latent)])
        self.grain = ToImage(widths[-1], pixels, latent) if grain else None
        if self.grain is not None:
            # Like the strengths of the other noise, from none on.
            nn.init.zeros_(self.grain.conv.weight)

    @property
    def layers(self) -> int:
        """Number of styled convolutions; each has a style of its own when styles are mixed."""
        return len(self.convs)

    def noise_shapes(self) -> list[tuple[int, int, int]]:
        """Shapes (channels, h, w) of the noise that ``forward`` takes [px]; empty without noise."""
        sides = [BOTTOM * 2 ** ((layer + 1) // 2) for layer in range(self.layers)]
        shapes = [(1, side, side) for conv, side in zip(self.convs, sides, strict=True) if conv.strength is not None]
        side = sides[-1] * self.patches.patch
        return [*shapes, (self.channels, side, side)] if self.grain is not None else shapes

    def forward(self, styles: Tensor, noises: list[Tensor]) -> Tensor:
        """Normalised images (n, channels, H, W), in single precision whatever that of the maps.

        Args:
            styles: (n, latent), or (n, layers, latent) for one per layer.
            noises: standard normal maps (n, *shape) for ``noise_shapes()``; without any, none is added.
        """
        per_layer = styles.unbind(1) if styles.dim() == 3 else [styles] * self.layers
        noise = iter(noises)

        def convolved(layer: int, features: Tensor, up: bool = False) -> Tensor:
            conv = self.convs[layer]
            return conv(features, per_layer[layer], None if conv.strength is None else next(noise, None), up)

        features, image = convolved(0, self.constant.repeat(len(styles), 1, 1, 1)), None
        for level in range((self.layers - 1) // 2):
            if self.residual:
                shortcut = enlarge(self.shortcuts[level](features))
            else:
                made = self.patches.joined(self.images[level](features, per_layer[2 * level]))
                image = made if image is None else enlarge(image) + made
            features = convolved(2 * level + 1, features, up=True)
            features = convolved(2 * level + 2, features)
            if self.residual:
                features = features + shortcut
        drawn = None if self.grain is None else next(noise, None)
        made, *strength = shown(features, per_layer[-1], self.images[-1], *([] if drawn is None else [self.grain]))
        made = self.patches.joined(made)
        image = made if image is None else enlarge(image) + made
        return image + functional.pixel_shuffle(strength[0], self.patches.patch) * drawn if strength else image


class DiscriminatorBlock(nn.Module):
    """Two convolutions with a halving between them, beside a shortcut (Karras et al. 2020a, figure 7)."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.first = Conv(inputs, inputs, 3, gain=GAIN)
        # The sum of maps and shortcut is divided by GAIN, which both have in their weights.
        self.second = Conv(inputs, outputs, 3)
        self.shortcut = Conv(inputs, outputs, 1, bias=False, gain=1 / GAIN)

    def forward(self, features: Tensor) -> Tensor:
        """Maps (n, inputs, h, w) to (n, outputs, h / 2, w / 2)."""
        shortcut = self.shortcut(functional.avg_pool2d(features, 2))
        features = functional.avg_pool2d(leaky(self.first(features)), 2)
        return leaky(self.second(features)) + shortcut


class Discriminator(nn.Module):
    """Coefficients of images' patches (n, inputs, h, w) to logits (n,) of being real.

    It sees the spread within small groups of images. A group consists of neighbours in the batch, so processes that
    share a batch in whole groups compute what one process does.
    """

    def __init__(self, inputs: int, widths: list[int], group: int):
        super().__init__()
        self.group = group
        finest_first = widths[::-1]
        self.stem = Conv(inputs, finest_first[0], 1, gain=GAIN)
        self.blocks = nn.ModuleList([DiscriminatorBlock(now, coarser) for now, coarser in pairwise(finest_first)])
        self.last = Conv(widths[0] + (group > 1), widths[0], 3, gain=GAIN)
        self.hidden = Linear(widths[0] * BOTTOM**2, widths[0], gain=GAIN)
        self.logit = Linear(widths[0], 1)

    def forward(self, coefficients: Tensor) -> Tensor:
        features = leaky(self.stem(coefficients))
        for block in self.blocks:
            features = block(features)
        if self.group > 1:
            features = torch.cat([features, group_spread(features, self.group)], dim=1)
        features = leaky(self.last(features))
        return self.logit(leaky(self.hidden(features.flatten(1)))).flatten()


def group_spread(features: Tensor, group: int) -> Tensor:
    """Mean standard deviation of maps (n, c, h, w) within groups of neighbouring images, as a map (n, 1, h, w).

    Karras et al. 2018, section 3. Images that cannot be divided into such groups form a single one.
    """
    count, _, height, width = features.shape
    size = group if count % group == 0 else count
    grouped = features.float().unflatten(0, (-1, size))
    spread = torch.sqrt(grouped.var(1, unbiased=False) + 1e-8).mean((1, 2, 3))
    return spread.repeat_interleave(size).reshape(-1, 1, 1, 1).expand(-1, 1, height, width).to(features.dtype)
