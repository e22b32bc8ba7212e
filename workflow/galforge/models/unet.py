"""The U-Net of the diffusion models: ResNet blocks, linear attention, and conditions as maps or beside the noise level.

It has the layers of Li et al. (2024), who ported github.com/lucidrains/denoising-diffusion-pytorch of 2022 to
TensorFlow.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from galforge.models.device import full_precision
from galforge.models.norms import GroupNorm
from galforge.models.settings import UNetSettings

_GROUPS = 8
_MAX_PERIOD = 10_000.0


class UNet(nn.Module):
    """Noisy images to a prediction of their noise, of v, or of what is left of their image.

    Args:
        settings: see ``UNetSettings``.
        shape: (C, H, W) of the prediction [px].
        features: numbers per image that encode its conditions; 0 for none.
        images: number of images (C, H, W) that are seen, side by side as channels.
        maps: further channels that are seen, behind the images.
        first: channels of the first maps; ``dim`` if not given.
        straight: whether the last of the images also goes straight to the prediction, each channel times a number that
            depends on the noise level.
        said: number of maps (C, H, W) that are said, side by side as channels; the first is the prediction.
    """

    def __init__(
        self,
        settings: UNetSettings,
        shape: tuple[int, int, int],
        features: int,
        images: int = 1,
        maps: int = 0,
        first: int | None = None,
        straight: bool = True,
        said: int = 1,
    ):
        super().__init__()
        self.patch = settings.patch
        seen, pixels = (count * settings.patch**2 for count in (images * shape[0] + maps, shape[0]))
        dim, told = settings.dim, 4 * settings.dim
        widths = [first or dim, *(dim * multiplier for multiplier in settings.multipliers)]
        sides = [shape[1] // settings.patch // 2**level for level in range(len(settings.multipliers))]
        self.first = nn.Conv2d(seen, widths[0], 7, padding=3)
        self.noise_level = nn.Sequential(Waves(dim), nn.Linear(dim, told), nn.GELU(), nn.Linear(told, told))
        # Conditions without maps are embedded like the noise level, and added to it.
        beside = features and not settings.condition_maps
        self.beside = nn.Sequential(nn.Linear(features, told), nn.GELU(), nn.Linear(told, told)) if beside else None
        self.down, self.halve = nn.ModuleList(), nn.ModuleList()
        for (inputs, outputs), side in zip(pairwise(widths), sides, strict=True):
            self.down.append(Level(inputs, outputs, side, settings, features))
            self.halve.append(
                nn.Conv2d(outputs, outputs, 4, stride=2, padding=1) if side > sides[-1] else nn.Identity()
            )
        self.middle = Middle(widths[-1], sides[-1], settings, features)
        self.up, self.enlarge = nn.ModuleList(), nn.ModuleList()
        for (outputs, inputs), side in zip(reversed(list(pairwise(widths[1:]))), reversed(sides[1:]), strict=True):
            self.up.append(Level(2 * inputs, outputs, side, settings, features))
            self.enlarge.append(nn.ConvTranspose2d(outputs, outputs, 4, stride=2, padding=1))
        self.behind = Block(2 * widths[1], dim, told=0)
        self.last = nn.Conv2d(dim, said * pixels, 1)
        # For pixels that are little but noise, the right prediction is the pixel times a number that depends on the
        # noise level. Through the few maps it would come out blurred, and skies too noisy.
        self.straight = nn.Linear(told, shape[0]) if straight else None
        self.behind_others = (images - 1) * shape[0]

    def silence(self) -> None:
        """Make the prediction zero, from which networks that predict a small correction begin."""
        for layer in filter(None, (self.last, self.straight)):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, noisy: Tensor, levels: Tensor, conditions: Tensor | None) -> Tensor:
        """Predictions (n, C, H, W) for what is seen of n images, and the other maps behind them.

        Args:
            noisy: (n, images * C + maps, H, W).
            levels: numbers (n,) that tell the noise level.
            conditions: (n, features), if there are any.
        """
        told = self.noise_level(levels)
        if self.beside is not None:
            told = told + self.beside(conditions)
        # Convolutions are faster in this memory order, which pixel_unshuffle does not keep.
        pixels = functional.pixel_unshuffle(noisy, self.patch) if self.patch > 1 else noisy
        features = self.first(pixels.contiguous(memory_format=torch.channels_last))
        kept = []
        for level, halve in zip(self.down, self.halve, strict=True):
            features = level(features, told, conditions)
            kept.append(features)
            features = halve(features)
        features = self.middle(features, told, conditions)
        for level, enlarge in zip(self.up, self.enlarge, strict=True):
            features = enlarge(level(features, told, conditions, kept.pop()))
        out = self.last(self.behind(torch.cat([features, kept.pop()], 1), None))
        out = functional.pixel_shuffle(out, self.patch) if self.patch > 1 else out
        if self.straight is None:
            return out
        factors = self.straight(told)[:, :, None, None]
        straight = factors * noisy[:, self.behind_others : self.behind_others + factors.shape[1]]
        if straight.shape == out.shape:
            return out + straight
        prediction, others = out.tensor_split([straight.shape[1]], 1)
        return torch.cat([prediction + straight, others], 1)


class Level(nn.Module):
    """Two ResNet blocks and linear attention at one resolution."""

    def __init__(self, inputs: int, outputs: int, side: int, settings: UNetSettings, features: int):
        super().__init__()
        told, maps = 4 * settings.dim, settings.condition_maps if features else 0
        self.map = ConditionMap(features, maps, side) if maps else None
        self.first = Block(inputs + maps, outputs, told)
        self.second = Block(outputs, outputs, told)
        self.attention = LinearAttention(outputs, settings) if settings.linear_attention else None

    def forward(self, features: Tensor, told: Tensor, conditions: Tensor | None, kept: Tensor | None = None) -> Tensor:
        """Maps (n, inputs, h, w), those ``kept`` on the way down included, to (n, outputs, h, w)."""
        features = _joined(features, self.map and self.map(conditions), kept)
        features = self.second(self.first(features, told), told)
        return features if self.attention is None else features + self.attention(features)


class Middle(nn.Module):
    """Two ResNet blocks around full attention, at the coarsest resolution."""

    def __init__(self, width: int, side: int, settings: UNetSettings, features: int):
        super().__init__()
        told, maps = 4 * settings.dim, settings.condition_maps if features else 0
        self.map = ConditionMap(features, maps, side) if maps else None
        self.first = Block(width + maps, width, told)
        self.attention = Attention(width, settings)
        self.second = Block(width, width, told)

    def forward(self, features: Tensor, told: Tensor, conditions: Tensor | None) -> Tensor:
        """Maps (n, width, h, w) to the same shape."""
        features = self.first(_joined(features, self.map and self.map(conditions)), told)
        return self.second(features + self.attention(features), told)


class Block(nn.Module):
    """Two normalised convolutions beside a shortcut; the embedding ``told`` scales and shifts the first one's maps."""

    def __init__(self, inputs: int, outputs: int, told: int):
        super().__init__()
        groups = math.gcd(_GROUPS, outputs)
        self.told = nn.Linear(told, 2 * outputs) if told else None
        self.first, self.first_norm = nn.Conv2d(inputs, outputs, 3, padding=1), GroupNorm(groups, outputs)
        self.second, self.second_norm = nn.Conv2d(outputs, outputs, 3, padding=1), GroupNorm(groups, outputs)
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, features: Tensor, told: Tensor | None) -> Tensor:
        """Maps (n, inputs, h, w) to (n, outputs, h, w); ``told`` is (n, told)."""
        inner = self.first_norm(self.first(features))
        if self.told is not None:
            scale, shift = self.told(functional.silu(told))[:, :, None, None].to(inner.dtype).chunk(2, dim=1)
            inner = torch.addcmul(shift, inner, scale + 1)
        inner = self.second_norm(self.second(functional.silu(inner)))
        return functional.silu(inner) + self.shortcut(features)


class ConditionMap(nn.Module):
    """A learned map (n, channels, side, side) of the conditions (n, features)."""

    def __init__(self, features: int, channels: int, side: int):
        super().__init__()
        self.shape = (channels, side, side)
        self.linear = nn.Linear(features, math.prod(self.shape))

    def forward(self, conditions: Tensor) -> Tensor:
        return functional.silu(self.linear(conditions)).unflatten(1, self.shape)


class Waves(nn.Module):
    """Noise levels (n,) as sines and cosines (n, width) with periods from 2 pi to 2 pi times ten thousand."""

    def __init__(self, width: int):
        super().__init__()
        rates = torch.exp(torch.arange(width // 2) * (-math.log(_MAX_PERIOD) / (width // 2 - 1)))
        self.register_buffer("rates", rates, persistent=False)

    def forward(self, levels: Tensor) -> Tensor:
        angles = levels.float()[:, None] * self.rates
        return torch.cat([angles.sin(), angles.cos()], 1)


class ChannelNorm(nn.Module):
    """Maps (n, c, h, w), normalised to mean 0 and variance 1 over the channels of each pixel, scaled and shifted."""

    def __init__(self, channels: int):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels))
        self.shift = nn.Parameter(torch.zeros(channels))

    def forward(self, features: Tensor) -> Tensor:
        pixels = features.movedim(1, -1)
        scale, shift = self.scale.to(features.dtype), self.shift.to(features.dtype)
        # Moments are float32 in any case; under autocast maps would be, too.
        with full_precision(features.device):
            return functional.layer_norm(pixels, scale.shape, scale, shift).movedim(-1, 1)


class Attention(nn.Module):
    """Full attention between pixels."""

    def __init__(self, channels: int, settings: UNetSettings):
        super().__init__()
        self.heads, self.scale = settings.heads, settings.head_dim**-0.5
        inner = settings.heads * settings.head_dim
        self.norm = ChannelNorm(channels)
        self.project = nn.Conv2d(channels, 3 * inner, 1, bias=False)
        self.out = nn.Conv2d(inner, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Maps (n, channels, h, w) to the same shape."""
        by_head = self.project(self.norm(features)).flatten(2).unflatten(1, (3, self.heads, -1))
        attended = self.attend(*by_head.unbind(1))
        return self.out(attended.flatten(1, 2).unflatten(2, features.shape[2:]))

    def attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """What each pixel takes from all: (n, heads, head_dim, pixels), like query, key and value."""
        weights = ((query * self.scale).transpose(2, 3) @ key).softmax(3)
        return value @ weights.transpose(2, 3)


class LinearAttention(Attention):
    """Attention whose cost grows with the number of pixels instead of its square (Shen et al. 2021)."""

    def __init__(self, channels: int, settings: UNetSettings):
        super().__init__(channels, settings)
        self.out = nn.Sequential(self.out, ChannelNorm(channels))

    def attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """See ``Attention``."""
        query, key = query.softmax(2) * self.scale, key.softmax(3)
        return (value @ key.transpose(2, 3)) @ query


def _joined(features: Tensor, *maps: Tensor | None) -> Tensor:
    """Maps (n, c, h, w) with other maps, where there are any, as further channels."""
    # In the order of the features, or the result would be in another than theirs.
    dense = features.is_contiguous(memory_format=torch.channels_last)
    order = torch.channels_last if dense else torch.contiguous_format
    there = [each.to(features.dtype).contiguous(memory_format=order) for each in maps if each is not None]
    return torch.cat([features, *there], 1) if there else features
