"""Catalogue values that a model is conditioned on: as numbers for its networks, and their range in training."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.models.protocol import Part, Shape, Step
from galforge.models.settings import ConditionedSettings, GuidedSettings

WAVES = 4
"""Frequencies of the sines and cosines that are given beside an encoded value; the lowest has a period of 8."""
_BINS = 2**14
_LARGEST = 12.0
"""Ranges are kept in bins of the symmetric logarithm from -12 to 12, 0.15 % wide for large values, 0.0015 near zero."""


class Conditioning(nn.Module):
    """Conditions (n,) per name as numbers (n, ``features``), and the range of each in training.

    Values are encoded as u = (sign(x) log(1 + |x|) - offset) / scale and the sines and cosines of u at WAVES
    frequencies, so that networks resolve small differences. Raw ones are the values themselves, as in Li et al. (2024).

    Where images may have no conditions (``optional``), one more number is 1 for those that have them. All numbers of
    an image without conditions are 0.

    The range is kept as numbers of bins, for two reasons: the EMA of the weights copies integers and averages floats,
    and the mean over processes of which bins were seen tells what any of them saw.

    Args:
        names: catalogue columns, at least one.
        raw: pass values on unchanged, and allow values outside of the training range.
        offset, scale: of encoded values.
        optional: whether images may have no conditions.

    Attributes:
        features: numbers per image.
    """

    def __init__(self, names: Sequence[str], raw: bool, offset: float, scale: float, optional: bool = False):
        super().__init__()
        self.optional = optional
        self.names, self.raw, self.offset, self.scale = tuple(names), raw, offset, scale
        self.features = len(self.names) * (1 if raw else 1 + 2 * WAVES) + optional
        self.register_buffer("lowest", torch.full((len(self.names),), _BINS, dtype=torch.int64))
        self.register_buffer("highest", torch.full((len(self.names),), -1, dtype=torch.int64))

    def forward(self, conditions: Mapping[str, Tensor]) -> Tensor:
        """Numbers (n, features) float32 of order one, or the raw values."""
        numbers = self._encoded(self._stacked(conditions))
        return torch.cat([numbers, torch.ones_like(numbers[:, :1])], 1) if self.optional else numbers

    def nothing(self, count: int) -> Tensor:
        """Numbers (count, features) of images without conditions.

        Raises:
            GalforgeError: networks never saw such images.
        """
        if not self.optional:
            raise GalforgeError(
                f"the model was never trained without {', '.join(self.names)}; say network: condition_dropout: 0.1, or "
                "give conditions"
            )
        return self.lowest.new_zeros((count, self.features), dtype=torch.float32)

    def _encoded(self, values: Tensor) -> Tensor:
        if self.raw:
            return values
        encoded = (_logarithm(values) - self.offset) / self.scale
        waves = [encoded * (math.pi / 4 * 2**wave) for wave in range(WAVES)]
        return torch.cat([encoded, *map(torch.sin, waves), *map(torch.cos, waves)], 1)

    def follow(self, conditions: Mapping[str, Tensor], step: Step) -> None:
        """Widen the ranges to the conditions (n,) of a training step, of all processes."""
        bins = ((_logarithm(self._stacked(conditions)) / _LARGEST + 1) * (_BINS / 2)).long().clamp(0, _BINS - 1)
        numbers = torch.arange(_BINS, device=bins.device)
        # Marks the bins of both ends of this process's range.
        ends = torch.stack([bins.amin(0), bins.amax(0)], 1)
        seen = step.mean((ends[:, :, None] == numbers).any(1).float()) > 0
        self.lowest.copy_(torch.minimum(self.lowest, torch.where(seen, numbers, _BINS).amin(1)))
        self.highest.copy_(torch.maximum(self.highest, torch.where(seen, numbers, -1).amax(1)))

    def ranges(self) -> dict[str, tuple[float, float]]:
        """The smallest and largest value of each condition in training, up to the outer edges of their bins."""
        edges = zip(self.lowest.tolist(), self.highest.tolist(), strict=True)
        # A little wider, because a value at an edge may have been rounded into the next bin.
        return {
            name: (_value(low - 0.01), _value(high + 1.01)) for name, (low, high) in zip(self.names, edges, strict=True)
        }

    def outside(self, given: Mapping[str, np.ndarray]) -> np.ndarray:
        """Whether each of n rows has a condition outside of its range: (n,) bool."""
        ranges = self.ranges()
        return np.any(
            [(given[name] < ranges[name][0]) | (given[name] > ranges[name][1]) for name in self.names], axis=0
        )

    def check(self, where: str, given: Mapping[str, np.ndarray]) -> None:
        """Check the conditions of images to draw; raw ones outside of the training range only get a warning.

        Args:
            where: named in messages, such as the file of the weights.
            given: values (n,) per name.

        Raises:
            GalforgeError: a value is not finite, or an encoded one is outside of the training range.
        """
        for name in self.names:
            values, (low, high) = np.asarray(given[name]), self.ranges()[name]
            wrong = ~np.isfinite(values)
            if wrong.any():
                raise GalforgeError(f"{where}: image {int(np.argmax(wrong))} is asked for without a finite {name}")
            wrong = (values < low) | (values > high)
            if not wrong.any():
                continue
            row = int(np.argmax(wrong))
            says = (
                f"{where}: {name} {values[row]:.6g} of image {row} is outside of the range of the training, {low:.6g} "
                f"to {high:.6g}"
            )
            if not self.raw:
                raise GalforgeError(f"{says}; ask for values within it, or train on stamps that have such values")
            log.warning("%s, like %d of %d images; the model extrapolates there", says, wrong.sum(), len(values))

    def _stacked(self, conditions: Mapping[str, Tensor]) -> Tensor:
        return torch.stack([conditions[name].float() for name in self.names], 1)


def conditioning_of(settings: ConditionedSettings, raw: bool = False) -> Conditioning | None:
    """The conditioning that settings describe; None without conditions."""
    if not settings.conditions:
        return None
    optional = isinstance(settings, GuidedSettings) and settings.condition_dropout > 0
    return Conditioning(settings.conditions, raw, settings.condition_offset, settings.condition_scale, optional)


class Conditioned:
    """Base of families that can be conditioned (``galforge.models.protocol.Family``).

    Args:
        settings: of the family.
        shape: (C, H, W) of the images [px].
        networks: all that is learned, with a ``conditioning``.
    """

    def __init__(self, settings: ConditionedSettings, shape: Shape, networks: nn.Module):
        self.settings, self.shape, self.networks = settings, shape, networks
        self.conditions = tuple(settings.conditions)

    @property
    def conditioning(self) -> Conditioning | None:
        """How conditions are encoded, and their range in training; None without conditions."""
        return self.networks.conditioning


def features_of(conditioning: Conditioning | None) -> int:
    """Numbers per image that encode its conditions; 0 without conditions."""
    return 0 if conditioning is None else conditioning.features


def numbers_of(conditioning: Conditioning | None, conditions: Mapping[str, Tensor] | None) -> Tensor | None:
    """Conditions encoded as numbers (n, features) float32; None without conditions."""
    return None if conditioning is None else conditioning(conditions)


def followed(conditioning: Conditioning | None, conditions: Mapping[str, Tensor] | None, step: Step) -> Tensor | None:
    """``numbers_of`` for a training step, whose conditions widen the ranges."""
    if conditioning is not None:
        conditioning.follow(conditions, step)
    return numbers_of(conditioning, conditions)


def kept(numbers: Tensor | None, dropout: float, part: Part) -> Tensor | None:
    """Numbers (n, features) of a micro-batch, with a share ``dropout`` of the images without conditions."""
    if numbers is None or not dropout:
        return numbers
    return numbers * (part.draws.uniform() >= dropout)[:, None]


def guided(
    predict: Callable[[Tensor | None], Tensor], conditioning: Conditioning | None, given: Tensor | None, guidance: float
) -> Tensor:
    """What a network predicts of n images given the numbers (n, features) of their conditions, exaggerated by
    ``guidance`` (Ho & Salimans 2022): 1 is the prediction itself, and 0 that without conditions.

    Raises:
        GalforgeError: the network was never trained without conditions.
    """
    predicted = predict(given)
    if given is None or guidance == 1:
        return predicted
    without = predict(conditioning.nothing(len(given)))
    return without + guidance * (predicted - without)


def with_maps(images: Tensor, numbers: Tensor | None) -> Tensor:
    """Images (n, c, h, w) with a map for each of the conditions' numbers (n, features) as further channels."""
    if numbers is None:
        return images
    maps = numbers[:, :, None, None].expand(-1, -1, *images.shape[2:])
    return torch.cat([images, maps.to(images.dtype)], 1)


def beside(vectors: Tensor, numbers: Tensor | None) -> Tensor:
    """Vectors (n, d) with the conditions' numbers (n, features) appended."""
    return vectors if numbers is None else torch.cat([vectors, numbers], 1)


def _logarithm(values: Tensor) -> Tensor:
    """The symmetric logarithm sign(x) log(1 + |x|)."""
    return torch.sign(values) * torch.log1p(values.abs())


def _value(edge: float) -> float:
    """The value at the lower edge of a bin: the inverse of the symmetric logarithm."""
    logarithm = (2 * edge / _BINS - 1) * _LARGEST
    return math.copysign(math.expm1(abs(logarithm)), logarithm)
