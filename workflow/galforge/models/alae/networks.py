"""Networks of the adversarial latent autoencoder: a style-based encoder and a discriminator of styles."""

import math
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from galforge.models.alae.settings import ModelSettings
from galforge.models.conditions import beside
from galforge.models.device import full_precision
from galforge.models.style_layers import BOTTOM, GAIN, Conv, Linear, leaky
from galforge.models.style_networks import StyleNetworks

_LEAST = 1e-8
"""Added to variances, so that maps without any are not divided by zero."""


class Networks(StyleNetworks):
    """All that is learned: F (``mapping``), G (``synthesis``), E (``encoder``) and D (``discriminator``)."""

    def __init__(self, settings: ModelSettings, shape: tuple[int, int, int]):
        super().__init__(settings, shape, settings.mapping_rate)
        self.encoder = Encoder(self.pixels, self.levels, settings.latent)
        linear = settings.discriminator == "linear"
        self.discriminator = Discriminator(settings.latent, settings.discriminator_layers, self.features, linear)


class TakeStyle(nn.Module):
    """A leaky ReLU and an instance normalisation that returns what it removes (section 4 of the paper).

    The counterpart of a styled convolution: means and standard deviations of the maps, mapped linearly, are this
    layer's contribution to the style.
    """

    def __init__(self, width: int, latent: int):
        super().__init__()
        self.linear = Linear(2 * width, latent)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Maps (n, width, h, w), overwritten, to normalised maps and a share of the style (n, latent) float32."""
        with full_precision(features.device):
            # Without the gain of other leaky ReLUs, which the normalisation would divide out.
            normalised, mean, deviation = Normalise.apply(leaky(features))
            # In single precision: reciprocity compares styles, and their small differences mean brightness.
            return normalised, self.linear(torch.cat([mean, deviation], 1).flatten(1))


class Normalise(torch.autograd.Function):
    """Instance normalisation of maps (n, c, h, w), with the means and standard deviations (n, c, 1, 1) that it removes.

    By hand, because autograd would go through each map twice as often. The backward pass is made of operations that
    can be differentiated again, as the R1 penalty does. Maps keep their precision, moments are float32.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mean = features.mean((2, 3), keepdim=True, dtype=torch.float32)
        # Squares about the mean: differences of squares would lose the digits of faint maps.
        centred = features - mean.to(features.dtype)
        norm = torch.linalg.vector_norm(centred, dim=(2, 3), keepdim=True, dtype=torch.float32)
        deviation = torch.sqrt(norm.square() / features[0, 0].numel() + _LEAST)
        normalised = centred.mul_((1 / deviation).to(features.dtype))
        ctx.save_for_backward(normalised, deviation)
        return normalised, mean, deviation

    @staticmethod
    def backward(ctx: Any, given: Tensor, of_mean: Tensor, of_deviation: Tensor) -> Tensor:
        normalised, deviation = ctx.saved_tensors
        pixels, dtype, inverse = normalised[0, 0].numel(), normalised.dtype, 1 / deviation
        level = given.sum((2, 3), keepdim=True, dtype=torch.float32)
        along = (given * normalised).sum((2, 3), keepdim=True, dtype=torch.float32)
        shift, share = (of_mean - level * inverse) / pixels, (of_deviation - along * inverse) / pixels
        return torch.addcmul(torch.addcmul(shift.to(dtype), normalised, share.to(dtype)), given, inverse.to(dtype))


class EncoderBlock(nn.Module):
    """Two convolutions with a halving between them; style is taken after each."""

    def __init__(self, inputs: int, outputs: int, latent: int):
        super().__init__()
        self.first, self.second = Conv(inputs, inputs, 3), Conv(inputs, outputs, 3)
        self.take_first, self.take_second = TakeStyle(inputs, latent), TakeStyle(outputs, latent)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Maps (n, inputs, h, w) to (n, outputs, h / 2, w / 2) and a contribution to the style (n, latent)."""
        features, first = self.take_first(self.first(features))
        features, second = self.take_second(self.second(functional.avg_pool2d(features, 2)))
        return features, first + second


class Encoder(nn.Module):
    """Coefficients of images' patches (n, inputs, h, w) to styles w (n, latent).

    A style is the sum of the contributions of all blocks (section 4 of the paper).
    """

    def __init__(self, inputs: int, widths: list[int], latent: int):
        super().__init__()
        finest_first = widths[::-1]
        self.stem = Conv(inputs, finest_first[0], 1, gain=GAIN)
        self.blocks = nn.ModuleList([EncoderBlock(now, coarser, latent) for now, coarser in pairwise(finest_first)])
        self.last = Conv(widths[0], widths[0], 3)
        self.take_last = TakeStyle(widths[0], latent)
        self.hidden = Linear(widths[0] * BOTTOM**2, widths[0], gain=GAIN)
        self.take_hidden = Linear(widths[0], latent)
        # Gives a style about the variance of each contribution.
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
    """Styles w (n, latent), with the numbers (n, features) of conditions, to logits (n,) of being a real image's.

    Args:
        latent: length of a style.
        layers: number of layers.
        features: numbers per image that encode its conditions; 0 without conditions.
        linear: all layers are linear, with a tenth of the learning rate; otherwise leaky ReLUs are between them.
    """

    def __init__(self, latent: int, layers: int, features: int, linear: bool = False):
        super().__init__()
        inputs, rate = [latent + features, *[latent] * (layers - 1)], 0.1 if linear else 1.0
        gain = 1.0 if linear else GAIN
        self.linear = linear
        self.layers = nn.ModuleList([Linear(each, latent, rate=rate, gain=gain) for each in inputs[:-1]])
        self.logit = Linear(inputs[-1], 1, rate=rate)

    def forward(self, styles: Tensor, numbers: Tensor | None = None) -> Tensor:
        hidden = beside(styles, numbers)
        for layer in self.layers:
            hidden = layer(hidden) if self.linear else leaky(layer(hidden))
        return self.logit(hidden).flatten()
