"""Networks of the adversarial latent autoencoder: style-based encoder, and a discriminator of styles."""

import math
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from galforge.models.alae.settings import ModelSettings
from galforge.models.conditions import beside
from galforge.models.style_layers import BOTTOM, SLOPE, Conv, Linear, leaky, widths
from galforge.models.style_networks import StyleNetworks


class Networks(StyleNetworks):
    """All that is learned: F (``mapping``), G (``synthesis``), E (``encoder``) and D (``discriminator``)."""

    def __init__(self, settings: ModelSettings, shape: tuple[int, int, int]):
        levels = widths(settings.width, settings.max_width, shape[1] // settings.patch)
        super().__init__(settings, shape, levels)
        self.encoder = Encoder(shape[0] * settings.patch**2, levels, settings.latent)
        self.discriminator = Discriminator(settings.latent, settings.discriminator_layers, self.features)


def _unhalved(device: torch.device) -> AbstractContextManager[None]:
    """Single precision whatever runs around it; where nothing is computed (torch's meta device) there is no other."""
    return nullcontext() if device.type == "meta" else torch.autocast(device.type, enabled=False)


class TakeStyle(nn.Module):
    """A leaky ReLU and an instance normalisation that hands on what it removes.

    The mirror image of a styled convolution: means and standard deviations of the maps, mapped linearly, are this
    layer's share of the style.
    """

    def __init__(self, width: int, latent: int):
        super().__init__()
        self.linear = Linear(2 * width, latent)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Maps (n, width, h, w) to normalised maps and a share of the style (n, latent) in float32."""
        # Without the gain of other leaky ReLUs: what follows divides it out.
        features = functional.leaky_relu(features, SLOPE)
        mean = features.float().mean((2, 3), keepdim=True)
        centred = features - mean.to(features.dtype)
        deviation = torch.sqrt(centred.float().square().mean((2, 3), keepdim=True) + 1e-8)
        # In single precision: a style is what reciprocity compares, and small differences of it are brightness.
        with _unhalved(features.device):
            style = self.linear(torch.cat([mean, deviation], 1).flatten(1))
        return centred * (1 / deviation).to(features.dtype), style


class EncoderBlock(nn.Module):
    """Two convolutions, a halving between them, and the style taken behind each."""

    def __init__(self, inputs: int, outputs: int, latent: int):
        super().__init__()
        self.first, self.second = Conv(inputs, inputs, 3), Conv(inputs, outputs, 3)
        self.take_first, self.take_second = TakeStyle(inputs, latent), TakeStyle(outputs, latent)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Maps (n, inputs, h, w) to (n, outputs, h / 2, w / 2) and this block's share of the style (n, latent)."""
        features, first = self.take_first(self.first(features))
        features, second = self.take_second(self.second(functional.avg_pool2d(features, 2)))
        return features, first + second


class Encoder(nn.Module):
    """Coefficients of images' patches (n, inputs, h, w) to styles w (n, latent).

    A style is the sum of what each block takes (section 4 of the paper).
    """

    def __init__(self, inputs: int, widths: list[int], latent: int):
        super().__init__()
        finest_first = widths[::-1]
        self.stem = Conv(inputs, finest_first[0], 1)
        self.blocks = nn.ModuleList([EncoderBlock(now, coarser, latent) for now, coarser in pairwise(finest_first)])
        self.last = Conv(widths[0], widths[0], 3)
        self.take_last = TakeStyle(widths[0], latent)
        self.hidden = Linear(widths[0] * BOTTOM**2, widths[0])
        self.take_hidden = Linear(widths[0], latent)
        # So that a style has about the variance that each share has.
        self.scale = 1 / math.sqrt(2 * len(self.blocks) + 2)

    def forward(self, coefficients: Tensor) -> Tensor:
        features = leaky(self.stem(coefficients))
        style = torch.zeros((), device=coefficients.device)
        for block in self.blocks:
            features, share = block(features)
            style = style + share
        features, share = self.take_last(self.last(features))
        hidden = leaky(self.hidden(features.flatten(1)))
        return (style + share + self.take_hidden(hidden).float()) * self.scale


class Discriminator(nn.Module):
    """Styles w (n, latent), with the numbers (n, features) of conditions, to logits (n,) that say: of a real image."""

    def __init__(self, latent: int, layers: int, features: int):
        super().__init__()
        inputs = [latent + features, *[latent] * (layers - 1)]
        self.layers = nn.ModuleList([Linear(each, latent) for each in inputs[:-1]])
        self.logit = Linear(inputs[-1], 1)

    def forward(self, styles: Tensor, numbers: Tensor | None = None) -> Tensor:
        hidden = beside(styles, numbers)
        for layer in self.layers:
            hidden = leaky(layer(hidden))
        return self.logit(hidden).flatten()
