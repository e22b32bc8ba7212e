"""Regions of a galaxy: pixels above a threshold that are connected (also diagonally) with a given pixel."""

import numpy as np
from scipy import ndimage
from scipy.optimize import brentq

from galforge.compiled import compiled
from galforge.measure.morphology.filters import gaussian_filter

ETA = 0.2  # brightness at the edge of the MID region over the mean inside it
NEAREST = np.ones((3, 3), dtype=np.uint8)


@compiled()
def region_above(image, threshold, y, x):
    """Pixels (bool, ny, nx) of at least `threshold` connected to (y, x), which is included whatever its value."""
    ny, nx = image.shape
    region = np.zeros((ny, nx), dtype=np.bool_)
    # Seeds of runs along the rows. A run of n pixels touches at most (n + 3) / 2 runs in each neighbouring row.
    stack = np.empty((2 * nx + 1) * ny + 1, dtype=np.int64)
    stack[0] = y * nx + x
    left = 1
    while left:
        left -= 1
        y, x = divmod(stack[left], nx)
        if region[y, x]:
            continue
        start, stop = x, x + 1
        while start > 0 and image[y, start - 1] >= threshold:
            start -= 1
        while stop < nx and image[y, stop] >= threshold:
            stop += 1
        region[y, start:stop] = True
        for row in (y - 1, y + 1):
            if row < 0 or row >= ny:
                continue
            joined = False
            for column in range(max(start - 1, 0), min(stop + 1, nx)):
                inside = image[row, column] >= threshold and not region[row, column]
                if inside and not joined:
                    stack[left] = row * nx + column
                    left += 1
                joined = inside
    return region


def brightest(image: np.ndarray) -> tuple[int, int]:
    """Row and column of the first pixel, row by row, with the largest value."""
    return divmod(int(np.argmax(image)), image.shape[1])


def _clump(image: np.ndarray, threshold: float, y: int, x: int) -> tuple[np.ndarray, float]:
    """The region above `threshold` about the brightest pixel of an image without negative pixels, and its mean."""
    region = region_above(image, threshold, y, x) if threshold > 0 else np.ones(image.shape, dtype=bool)
    values = image[region]
    # Summed one after the other: in another order the last digit, and with it the root found, may differ.
    return region, np.cumsum(values)[-1] / values.size


def mid_region(image: np.ndarray, values: np.ndarray, y: int, x: int) -> tuple[np.ndarray, bool, bool]:
    """Region of the MID statistics (Freeman et al. 2013, MNRAS 434, 282, section 4.3, as in statmorph).

    Args:
        image: (ny, nx) without negative pixels, zero outside the segment.
        values: its pixels in the segment, sorted.
        y, x: its brightest pixel.

    Returns:
        The region (all False where even the faintest pixel is above the level), whether there is one, and whether
        smoothing removed the brightest pixel from it.
    """

    def clump(share: float) -> tuple[float, np.ndarray, float]:
        level = values[int(share * (values.size - 1))]
        return level, *_clump(image, level, y, x)

    def excess(share: float) -> float:
        level, _, mean = clump(share)
        return level / mean - ETA

    if excess(0.0) > 0:
        return np.zeros(image.shape, dtype=bool), False, False
    _, region, _ = clump(brentq(excess, 0.0, 1.0, xtol=1.0 / values.size))
    smooth = ndimage.convolve(region.astype(np.uint8), NEAREST, mode="nearest") > 4
    return region_above(smooth.astype(float), 1.0, y, x), True, not smooth[y, x]


def has_peak(image: np.ndarray, region: np.ndarray) -> bool:
    """Whether the image in a region, smoothed by a Gaussian of 1 px, has a local maximum away from the stamp's edge."""
    smooth = gaussian_filter(np.where(region, image, 0.0), 1.0, True)
    peaks = (smooth == ndimage.maximum_filter(smooth, 3)) & (smooth > smooth.min())
    return bool(peaks[1:-1, 1:-1].any())
