"""Regions of a galaxy: pixels above a threshold that are connected (also diagonally) with a given pixel."""

import numpy as np
from scipy import ndimage

from galforge.compiled import compiled
from galforge.measure.morphology.filters import gaussian_filter
from galforge.measure.morphology.roots import MOST, advance, begin

ETA = 0.2  # brightness at the edge of the MID region over the mean inside it


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


@compiled()
def brightest(image):
    """Row and column of the first pixel, row by row, with the largest value."""
    at = np.argmax(image)
    return at // image.shape[1], at % image.shape[1]


@compiled()
def _clump(image, threshold, y, x):
    """The region above `threshold` about the brightest pixel of an image without negative pixels, and its mean."""
    if threshold <= 0:
        return np.ones(image.shape, dtype=np.bool_), image.mean()
    region = region_above(image, threshold, y, x)
    total, count = 0.0, 0
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            if region[i, j]:
                total += image[i, j]
                count += 1
    return region, total / count


@compiled()
def mid_region(image, values, y, x):
    """Region of the MID statistics (Freeman et al. 2013, MNRAS 434, 282, section 4.3, as in statmorph).

    Args:
        image: (ny, nx) without negative pixels, zero outside the segment.
        values: its pixels in the segment, sorted.
        y, x: its brightest pixel.

    Returns:
        The region (all False where even the faintest pixel is above the level), whether there is one, and whether
        smoothing removed the brightest pixel from it.
    """
    last = values.size - 1
    at_zero = values[0] / _clump(image, values[0], y, x)[1] - ETA
    if at_zero > 0:
        return np.zeros(image.shape, dtype=np.bool_), False, False
    state = begin(0.0, at_zero, 1.0, values[last] / _clump(image, values[last], y, x)[1] - ETA)
    for _ in range(MOST):
        if advance(state, 1.0 / values.size):
            break
        level = values[int(state[1] * last)]
        state[4] = level / _clump(image, level, y, x)[1] - ETA
    clump = _clump(image, values[int(state[1] * last)], y, x)[0]
    ny, nx = image.shape
    smooth = np.zeros((ny, nx))
    for i in range(ny):
        for j in range(nx):
            count = 0
            for k in range(i - 1, i + 2):
                for m in range(j - 1, j + 2):
                    count += clump[min(max(k, 0), ny - 1), min(max(m, 0), nx - 1)]
            smooth[i, j] = count > 4
    lost = smooth[y, x] == 0
    return region_above(smooth, 1.0, y, x), True, lost


def has_peak(image: np.ndarray, region: np.ndarray) -> bool:
    """Whether the image in a region, smoothed by a Gaussian of 1 px, has a local maximum away from the stamp's edge."""
    smooth = gaussian_filter(np.where(region, image, 0.0), 1.0, True)
    peaks = (smooth == ndimage.maximum_filter(smooth, 3)) & (smooth > smooth.min())
    return bool(peaks[1:-1, 1:-1].any())
