"""The part of an image in which a galaxy is measured, with its mask and its sky."""

from dataclasses import dataclass

import numpy as np

from galforge.measure.morphology.filters import outliers
from galforge.measure.morphology.sky import sky_box

GOOD, SUSPECT, BAD, CATASTROPHIC = 0, 1, 2, 4  # statmorph's flags
EXTENT = 2.5  # of the segment's bounding box
SMALLEST = 48  # px
OUTLIER = 10.0  # sd of the neighbours


@dataclass(frozen=True)
class Stamp:
    """A cutout about a segment.

    Attributes:
        x, y: column and row of its first pixel in the image.
        raw: (ny, nx) float64, the pixels of the image.
        image: (ny, nx) float64, zero where masked.
        mask: (ny, nx) bool, True for outliers and pixels that are not finite.
        segment: (ny, nx) bool, the galaxy's pixels.
        galaxy: (ny, nx) float64, the image, zero outside the segment.
        sky: (n, n) float64, a square without galaxy; empty where there is none.
    """

    x: int
    y: int
    raw: np.ndarray
    image: np.ndarray
    mask: np.ndarray
    segment: np.ndarray
    galaxy: np.ndarray
    sky: np.ndarray


def cut(image: np.ndarray, segmap: np.ndarray) -> Stamp:
    """The cutout of an image (H, W) float64 about its segment (H, W) bool, which must not be empty.

    Half its side is 1.25 times the longer side of the segment's bounding box and at least 24 px; it ends at the edges
    of the image.
    """
    rows, columns = np.flatnonzero(segmap.any(axis=1)), np.flatnonzero(segmap.any(axis=0))
    height, width = int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1
    yc, xc = int(rows[0]) + height // 2, int(columns[0]) + width // 2
    half = max(int(max(height, width) * EXTENT / 2.0), SMALLEST // 2)
    y, x = max(0, yc - half), max(0, xc - half)
    place = slice(y, min(image.shape[0], yc + half)), slice(x, min(image.shape[1], xc + half))
    raw, segment = np.ascontiguousarray(image[place]), np.ascontiguousarray(segmap[place])
    mask = outliers(raw, OUTLIER) | ~np.isfinite(raw)
    kept = np.where(mask, 0.0, raw)
    top, left, size = sky_box(segment)
    sky = np.ascontiguousarray(kept[top : top + size, left : left + size])
    return Stamp(x, y, raw, kept, mask, segment, np.where(segment, kept, 0.0), sky)
