"""Normalisation of pixel values: invertible, per channel, measured on the training split, stored with the weights."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from galforge.errors import GalforgeError
from galforge.models.settings import NormalisationSettings
from galforge.stamps.file import Stamps

_STATISTICS_IMAGES = 512
_STATISTICS_PIXELS = 2**25
_SKY_TO_SOFTENING = 5.0
_PEAK_TO_SOFTENING = 0.02
_ALL_ALIKE = 1e-3
"""Divisor of a channel of sizes without any spread: what a network gets wrong in it changes no size by a pixel."""


@dataclass(frozen=True)
class Normalisation:
    """``y = (f(x) - offset) / divisor`` with ``f(x) = x`` (linear) or ``f(x) = asinh(x / softening)``, per channel.

    Attributes:
        kind: ``asinh`` or ``linear``.
        softening: where asinh turns from linear to logarithmic [image unit]; ones for linear.
        offset, divisor: mean and standard deviation of f(x) over training pixels; without offset if a scale was given.
    """

    kind: str
    softening: tuple[float, ...]
    offset: tuple[float, ...]
    divisor: tuple[float, ...]

    def normalise(self, images: Tensor) -> Tensor:
        """Image units (..., C, H, W) to numbers of order one, in the precision of ``images``."""
        values = torch.asinh(images / self._channels(self.softening, images)) if self.kind == "asinh" else images
        return (values - self._channels(self.offset, images)) / self._channels(self.divisor, images)

    def invert(self, normalised: Tensor) -> Tensor:
        """The image (..., C, H, W) in image units that ``normalise`` maps to ``normalised``."""
        divisor, offset = self._channels(self.divisor, normalised), self._channels(self.offset, normalised)
        values = normalised * divisor + offset
        return torch.sinh(values) * self._channels(self.softening, normalised) if self.kind == "asinh" else values

    def slope(self, images: Tensor) -> Tensor:
        """dy/dx at pixel values (..., C, H, W) in image units; multiply small errors of x by it to get those of y."""
        divisor = self._channels(self.divisor, images)
        if self.kind == "linear":
            return torch.ones_like(images) / divisor
        softening = self._channels(self.softening, images)
        return torch.rsqrt(1 + (images / softening) ** 2) / (softening * divisor)

    @property
    def unit(self) -> tuple[float, ...]:
        """Per channel, the pixel value [image unit] of one normalised unit at zero flux."""
        return tuple(s * d for s, d in zip(self.softening, self.divisor, strict=True))

    def spec(self) -> dict[str, Any]:
        """Plain data for states and weights."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_spec(cls, spec: dict[str, Any]) -> Self:
        """The normalisation that ``spec`` described."""
        return cls(spec["kind"], tuple(spec["softening"]), tuple(spec["offset"]), tuple(spec["divisor"]))

    def _channels(self, values: tuple[float, ...], like: Tensor) -> Tensor:
        key = (values, like.device, like.dtype)
        if key not in _CONSTANTS:
            # Cached, because a copy from the host in every step would make it wait for the device.
            _CONSTANTS[key] = torch.tensor(values, dtype=like.dtype, device=like.device).reshape(-1, 1, 1)
        return _CONSTANTS[key]


_CONSTANTS: dict[tuple[tuple[float, ...], torch.device, torch.dtype], Tensor] = {}


def measure(settings: NormalisationSettings, stamps: Stamps, indices: np.ndarray) -> Normalisation:
    """The normalisation for the stamps at ``indices`` (ascending; the training split).

    With a given scale nothing is measured. Otherwise up to 512 stamps, spread evenly over the split, are measured per
    channel. The softening of asinh is five times the rms of the sky (1.4826 times the median absolute deviation of the
    outermost pixels), so that noise stays in the linear part and keeps its distribution. It is at least a fiftieth of
    the median peak, so that the rounding errors of noiseless images are not stretched. Offset and divisor are the mean
    and standard deviation of all (stretched) pixels.

    Raises:
        GalforgeError: no training stamps, or a channel without any contrast.
    """
    channels = stamps.shape[0]
    ones, zeros = (1.0,) * channels, (0.0,) * channels
    if settings.scale is not None:
        given = (settings.scale,) * channels
        softening, divisor = (given, ones) if settings.kind == "asinh" else (ones, given)
        return Normalisation(settings.kind, softening, zeros, divisor)
    images = values = _some(stamps, indices)
    softening = ones
    if settings.kind == "asinh":
        softening = tuple(_softening(images[:, channel]) for channel in range(channels))
        if stamps.header.sides and softening[-1] == 0:
            # Most galaxies have the size that is coded as zero; codes are of order one.
            softening = (*softening[:-1], 1.0)
        _check(softening, stamps)
        values = np.arcsinh(images / np.asarray(softening)[:, None, None])
    offset = tuple(float(value) for value in values.mean(axis=(0, 2, 3)))
    # The mean of equal numbers is rounded, and then their standard deviation is not zero.
    spread = np.where(np.ptp(values, axis=(0, 2, 3)) > 0, values.std(axis=(0, 2, 3)), 0.0)
    divisor = tuple(float(value) for value in spread)
    if stamps.header.sides and divisor[-1] == 0:
        # The last channel codes the sizes of galaxies, which may all be equal; so shall those be that are generated.
        divisor = (*divisor[:-1], _ALL_ALIKE)
    _check(divisor, stamps)
    return Normalisation(settings.kind, softening, offset, divisor)


def _some(stamps: Stamps, indices: np.ndarray) -> np.ndarray:
    """Some of the stamps (n, C, H, W) float64, evenly spread, few enough to fit in memory."""
    if len(indices) == 0:
        raise GalforgeError(f"{stamps.path}: the training split is empty; give it a larger share or more stamps")
    most = max(1, min(_STATISTICS_IMAGES, _STATISTICS_PIXELS // math.prod(stamps.shape)))
    chosen = indices[np.unique(np.linspace(0, len(indices) - 1, min(most, len(indices))).astype(np.int64))]
    return np.stack([stamps.images[int(index)] for index in chosen]).astype(np.float64)


def _softening(images: np.ndarray) -> float:
    """Softening of one channel (n, H, W) [image unit]; see ``measure``."""
    border = np.concatenate([images[:, 0], images[:, -1], images[:, 1:-1, 0], images[:, 1:-1, -1]], axis=1)
    sky = 1.4826 * np.median(np.abs(border - np.median(border)))
    peak = np.median(np.abs(images).max(axis=(1, 2)))
    return float(max(_SKY_TO_SOFTENING * sky, _PEAK_TO_SOFTENING * peak))


def _check(scales: tuple[float, ...], stamps: Stamps) -> None:
    names = [f"band {band}" for band in stamps.header.bands] + ["the channel of sizes"]
    for name, scale in zip(names, scales, strict=False):
        if not scale > 0:
            raise GalforgeError(
                f"{stamps.path}: the training stamps have no contrast in {name}, so they cannot be normalised; "
                "check the images, or give the model normalisation: {scale: ...}"
            )
