"""Light of mock images: clusters with a Gaussian core and an exponential skirt, faint pixels, and corruptions."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

THRESHOLD = 5.0
"""Pixels above it make up the size of a cluster [8-bit level]."""
SKIRT_SHARE, SKIRT_SCALE = 0.35, 1.0
"""Share of the skirt in the peak, and its scale length [standard deviations of the core]. Fits to the four clusters of
40 to 80 px in an image of the release give 0.27 to 0.39 and 0.98 to 1.12."""
SMALLEST_PEAK = 8.0
"""A cluster is at least this bright, so that it has pixels above the threshold [8-bit level]."""
RAMP_LEVELS = 4.0
"""By how many levels a ramp across the whole image rises."""
_FAINTEST = 0.25  # below, no pixel is raised by a level [8-bit level]


@dataclass(frozen=True)
class Clusters:
    """Clusters as they are rendered; arrays (k,).

    Attributes:
        row, column: centres [px], pixel 0 reaching from 0 to 1.
        size: area above THRESHOLD [px].
        peak: [8-bit level].
        axis_ratio: minor over major axis.
        angle: of the major axis, from rows to columns [rad].
        diamond: share of their light that is replaced by that of a cone with diamond-shaped contours.
    """

    row: np.ndarray
    column: np.ndarray
    size: np.ndarray
    peak: np.ndarray
    axis_ratio: np.ndarray
    angle: np.ndarray
    diamond: float = 0.0

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True)
class Specks:
    """Single pixels (k,) and their levels above the background."""

    row: np.ndarray
    column: np.ndarray
    level: np.ndarray


@dataclass(frozen=True)
class Ramp:
    """A ramp of the background.

    Attributes:
        angle: direction in which it rises [rad].
        share: of the way across the image, at its end, on which it rises; 0 for none.
    """

    angle: float
    share: float


def render(side: int, background: int, clusters: Clusters, specks: list[Specks], ramp: Ramp) -> np.ndarray:
    """An image (side, side) uint8: background and clusters with ramp and specks, rounded and clipped to 255.

    A speck raises a darker pixel to its level, and leaves a brighter one as it is.
    """
    canvas = np.zeros((side, side))
    widths = clusters.size**0.5 / np.sqrt(np.pi) / _radius(clusters.peak)
    for index in range(len(clusters)):
        _add(canvas, clusters, index, widths[index])
    for some in specks:
        np.maximum.at(canvas, (some.row, some.column), some.level)
    if ramp.share > 0:
        canvas += _ramp(side, ramp)
    canvas += background + 0.5
    return np.minimum(canvas, 255.0, out=canvas).astype(np.uint8)


def _profile(radius: np.ndarray) -> np.ndarray:
    """Light at a radius in standard deviations of the core, 1 in the centre."""
    return (1 - SKIRT_SHARE) * np.exp(-(radius**2) / 2) + SKIRT_SHARE * np.exp(-radius / SKIRT_SCALE)


def _radius(peak: np.ndarray, level: float = THRESHOLD) -> np.ndarray:
    """Where the profile of a cluster falls to a level [standard deviations of the core]."""
    radius, light = _table()
    # The profile falls; np.interp wants what rises.
    return np.interp(-level / np.maximum(peak, SMALLEST_PEAK), -light, radius)


@lru_cache(maxsize=1)
def _table() -> tuple[np.ndarray, np.ndarray]:
    radius = np.linspace(0.0, 12.0, 4801)
    return radius, _profile(radius)


def _add(canvas: np.ndarray, clusters: Clusters, index: int, width: float) -> None:
    peak, ratio = max(clusters.peak[index], SMALLEST_PEAK), clusters.axis_ratio[index]
    # The major axis is longer than the circularised radius by the root of the axis ratio.
    reach = int(np.ceil(width * _radius(peak, _FAINTEST) / np.sqrt(ratio))) + 1
    row, column = clusters.row[index], clusters.column[index]
    rows = np.arange(max(int(row) - reach, 0), min(int(row) + reach + 1, len(canvas)))
    columns = np.arange(max(int(column) - reach, 0), min(int(column) + reach + 1, len(canvas)))
    if not len(rows) or not len(columns):
        return
    down, right = rows[:, None] + 0.5 - row, columns[None] + 0.5 - column
    cos, sin = np.cos(clusters.angle[index]), np.sin(clusters.angle[index])
    along, across = down * cos + right * sin, right * cos - down * sin
    radius = np.sqrt(along**2 * ratio + across**2 / ratio) / width
    light = _profile(radius)
    if clusters.diamond:
        cone = np.maximum(1 - _diamond(down, right, clusters.size[index], peak), 0)
        light = (1 - clusters.diamond) * light + clusters.diamond * cone
    canvas[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] += peak * light


def _diamond(down: np.ndarray, right: np.ndarray, size: float, peak: float) -> np.ndarray:
    """Distance along rows and columns, in units of where the cone ends: its area above THRESHOLD is the size."""
    half = np.sqrt(size / 2) / (1 - THRESHOLD / peak)
    return (np.abs(down) + np.abs(right)) / half


def _ramp(side: int, ramp: Ramp) -> np.ndarray:
    place = (np.arange(side) + 0.5) / side - 0.5
    down, right = np.cos(ramp.angle), np.sin(ramp.angle)
    across = (place[:, None] * down + place[None] * right) / (abs(down) + abs(right)) + 0.5
    # Whole levels, so that the ramp begins with a visible step.
    return np.ceil(RAMP_LEVELS * np.clip(across - (1 - ramp.share), 0, None))
