"""The denoiser of EDM: a known prediction, and a U-Net that says what it is wrong by."""

import torch
from torch import Tensor, nn

from galforge.models.conditions import conditioning_of, features_of
from galforge.models.edm.preconditioning import Flow, Known, White
from galforge.models.edm.settings import ModelSettings
from galforge.models.edm.wiener import Wiener
from galforge.models.patches import join, split
from galforge.models.protocol import Shape
from galforge.models.unet import UNet, Waves

_LEVELS = 4.0
"""Change of the U-Net's input for a noise level e times as high; 1/4 in Karras et al., whose sines are slower."""
_WAVES = 16
_NOISE = (-6.0, 4.0)
"""Limits of the logarithm of a pixel's noise variance over the known one; below them rounding errors would show."""


class Networks(nn.Module):
    """All that EDM learns.

    Attributes:
        conditioning: encodes conditions; None without.
        known: the part of the denoiser that is no network.
        unet: predicts its error, in units of the error that is expected at a level.
        left: learns the logarithms of the mean squares that its predictions leave, by which losses are weighed; None
            without (``weighting: levels``).
    """

    def __init__(self, settings: ModelSettings, shape: Shape):
        super().__init__()
        self.conditioning = conditioning_of(settings)
        self.known = self._known(settings, shape)
        maps = int(settings.radius)
        features, local = features_of(self.conditioning), settings.local_noise and settings.known == "gaussian"
        self.unet = UNet(settings, shape, features, images=self.known.images, maps=maps, said=1 + local)
        self.unet.silence()
        self.left = Left(shape[0] * settings.patch**2) if settings.weighting == "learned" else None
        self.register_buffer("radius", _radius(shape) if settings.radius else None, persistent=False)

    def _known(self, settings: ModelSettings, shape: Shape) -> Known:
        if settings.known == "white":
            return White(settings.pixel_sd)
        if settings.known == "flow":
            return Flow()
        optional = self.conditioning is not None and self.conditioning.optional
        return Wiener(shape, settings, len(settings.conditions), optional)

    def forward(self, noisy: Tensor, sigma: Tensor, given: Tensor | None) -> Tensor:
        """Denoised images (n, C, H, W) of noisy ones at levels (n or 1, 1, 1, 1), given conditions (n, features)."""
        expected, unit = self.known.expected(noisy, sigma, given), self.known.error(sigma, given)
        error = join(unit * self.error(noisy, expected, sigma, given, unit), self.unet.patch)
        return expected + self.known.turned(error, back=True)

    def split(self, images: Tensor) -> Tensor:
        """Coefficients (n, C * patch^2, h, w) of images, those of which errors are."""
        return split(self.known.turned(images), self.unet.patch)

    def error(self, noisy: Tensor, expected: Tensor, sigma: Tensor, given: Tensor | None, unit: Tensor) -> Tensor:
        """What ``expected`` images lack, as coefficients of patches in units of ``known.error``, given; float32."""
        seen = self.known.seen(self.known.turned(noisy), self.known.turned(expected), sigma)
        if self.radius is not None:
            seen = torch.cat([seen, self.radius.to(seen.dtype).expand(len(seen), -1, -1, -1)], 1)
        said = self.unet(seen, _LEVELS * sigma.log().flatten(), given).float()
        lacking, *noise = said.split(noisy.shape[1], 1)
        lacking = split(lacking, self.unet.patch)
        if not noise:
            return lacking
        changed = self.known.local(noisy, expected, sigma, noise[0].clamp(*_NOISE).exp())
        return lacking + self.split(changed) / unit


class Left(nn.Module):
    """Logarithms of the mean squares (n, coefficients) that predictions leave at noise levels (n, 1, 1, 1).

    A linear function of sines and cosines of the level (Karras et al. 2024, arXiv:2312.02696, section 2). At first it
    says 0, which is right for a network that predicts nothing.
    """

    def __init__(self, coefficients: int):
        super().__init__()
        self.waves, self.linear = Waves(_WAVES), nn.Linear(_WAVES, coefficients)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, sigma: Tensor) -> Tensor:
        return self.linear(self.waves(_LEVELS * sigma.log().flatten()))


def _radius(shape: Shape) -> Tensor:
    """Distance of pixels from the centre (1, 1, H, W), 1 at the middle of an edge."""
    y, x = (torch.linspace(-1, 1, side) for side in shape[1:])
    return torch.hypot(y[:, None], x[None, :])[None, None]
