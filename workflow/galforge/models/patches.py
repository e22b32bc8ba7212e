"""Images in small square patches, each given as its sum and differences between its pixels.

A network whose finest maps have pixels of 2 x 2 image pixels takes a third of the time. But neighbouring pixels of
galaxies are so similar that their differences are a twentieth of their sum or less. A discriminator would hardly see
them and a generator would get them wrong, so that galaxies would have blurred cores and a grid over their wings.
Therefore differences are scaled by their spread in real images, similar to wavelet discriminators (Gal et al. 2021,
arXiv:2102.06108).
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from galforge.models.device import full_precision

_RATE = 0.01
"""Weight of a batch in the running mean squares."""
_SMALLEST = 1e-8
"""Least mean square relative to that of the sum, so that differences that never occur are not divided by zero."""
_TINY = 1e-30
_BASES: dict[tuple[int, torch.device, torch.dtype], Tensor] = {}


class Patches(nn.Module):
    """Images (n, C, H, W) to coefficients (n, C * patch^2, H / patch, W / patch) and back.

    The basis is the orthonormal one of Walsh and Hadamard: the sum of a patch and differences between its pixels. Each
    coefficient is divided by its spread in real images relative to that of the sum, to the power ``detail``.

    Args:
        channels: C.
        patch: side of a patch [px], a power of two; 1 changes nothing.
        detail: from 0, without scaling, to 1, which makes all coefficients equally large.
    """

    def __init__(self, channels: int, patch: int, detail: float):
        super().__init__()
        self.patch, self.detail = patch, detail
        self.register_buffer("power", torch.ones(channels * patch**2))

    def forward(self, images: Tensor) -> Tensor:
        """Coefficients of images."""
        if self.patch == 1:
            return images
        return split(images, self.patch) / self._spread(images.dtype)

    def joined(self, coefficients: Tensor) -> Tensor:
        """The images that ``forward`` splits."""
        return coefficients if self.patch == 1 else join(coefficients * self._spread(coefficients.dtype), self.patch)

    def power_of(self, images: Tensor) -> Tensor:
        """Mean squares (C * patch^2,) of the unscaled coefficients of real images, for ``follow``."""
        return powers(images, self.patch)

    def follow(self, power: Tensor, first: bool) -> None:
        """Move the running mean squares towards those of a batch, or set them to those of the first batch."""
        self.power.copy_(power if first else self.power.lerp(power, _RATE))

    @property
    def scales(self) -> bool:
        """Whether coefficients are scaled, so that the running mean squares are needed."""
        return self.patch > 1 and self.detail > 0

    def _spread(self, dtype: torch.dtype) -> Tensor:
        by_channel = self.power.unflatten(0, (-1, self.patch**2))
        # A channel may be zero everywhere: that of sizes, where all galaxies have the same.
        relative = (by_channel / by_channel[:, :1].clamp_min(_TINY)).clamp_min(_SMALLEST)
        return relative.pow(0.5 * self.detail).flatten()[:, None, None].to(dtype)


def split(images: Tensor, patch: int) -> Tensor:
    """Images (n, C, H, W) as coefficients (n, C * patch^2, H / patch, W / patch) in an orthonormal basis of patches.

    The first coefficient of a channel is the sum over a patch, divided by its side. In the precision of the images,
    also under autocast, because small differences between rounded pixels would be little but rounding errors.
    """
    pixels = functional.pixel_unshuffle(images, patch).unflatten(1, (images.shape[1], -1))
    with full_precision(images.device):
        return torch.einsum("ij,ncjhw->ncihw", _basis(patch, images), pixels).flatten(1, 2)


def powers(images: Tensor, patch: int) -> Tensor:
    """Mean squares (C * patch^2,) of the coefficients of images (n, C, H, W)."""
    return split(images, patch).square().mean((0, 2, 3))


def join(coefficients: Tensor, patch: int) -> Tensor:
    """The inverse of ``split``: images (n, C, H, W)."""
    by_channel = coefficients.unflatten(1, (-1, patch**2))
    with full_precision(coefficients.device):
        pixels = torch.einsum("ij,ncihw->ncjhw", _basis(patch, coefficients), by_channel)
    return functional.pixel_shuffle(pixels.flatten(1, 2), patch)


def _basis(patch: int, like: Tensor) -> Tensor:
    """The Walsh-Hadamard basis (patch^2, patch^2), whose first row gives the sum."""
    key = (patch, like.device, like.dtype)
    if key not in _BASES:
        matrix = torch.ones(1, 1, dtype=torch.float64)
        for _ in range(2 * int(math.log2(patch))):
            matrix = torch.cat([torch.cat([matrix, matrix], 1), torch.cat([matrix, -matrix], 1)]) / math.sqrt(2)
        _BASES[key] = matrix.to(like.device, like.dtype)
    return _BASES[key]
