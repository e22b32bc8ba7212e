"""Filters of images, with scipy.ndimage's numbers."""

import math

import numpy as np

from galforge.compiled import compiled

TRUNCATE = 4.0  # sigma at which a Gaussian kernel ends


@compiled()
def _mirrored(i, size):
    """Index of pixel `i` where the axis is mirrored beyond its edges, edge pixels twice."""
    i %= 2 * size
    return i if i < size else 2 * size - 1 - i


@compiled()
def uniform_filter(image, size):
    """Mean of the `size` x `size` pixels about each pixel of `image` (ny, nx), mirrored beyond the edges.

    The result equals scipy.ndimage.uniform_filter's to the last bit, because in flat images rounding errors decide
    which pixels lie above a threshold. As in scipy, a size below 2 changes nothing.
    """
    if size < 2:
        return image.copy()
    ny, nx = image.shape
    before = size // 2
    down = np.empty((ny, nx))
    sums = np.zeros(nx)
    for y in range(-before, size - before):
        for x in range(nx):
            sums[x] += image[_mirrored(y, ny), x]
    for y in range(ny):
        old, new = _mirrored(y - 1 - before, ny), _mirrored(y - 1 - before + size, ny)
        for x in range(nx):
            if y > 0:
                sums[x] += image[new, x] - image[old, x]
            down[y, x] = sums[x] / size
    result = np.empty((ny, nx))
    line = np.empty(nx + size - 1)
    for y in range(ny):
        for i in range(line.size):
            line[i] = down[y, _mirrored(i - before, nx)]
        total = 0.0
        for i in range(size):
            total += line[i]
        result[y, 0] = total / size
        for x in range(1, nx):
            total += line[x + size - 1] - line[x - 1]
            result[y, x] = total / size
    return result


@compiled(fastmath={"reassoc", "contract"})
def _convolve(image, kernel, mirror):
    ny, nx = image.shape
    reach = kernel.size // 2
    down = np.zeros((ny, nx))
    result = np.zeros((ny, nx))
    line = np.zeros(nx + 2 * reach)
    for y in range(ny):
        for k in range(kernel.size):
            row = y + k - reach
            if mirror:
                row = _mirrored(row, ny)
            elif row < 0 or row >= ny:
                continue
            for x in range(nx):
                down[y, x] += kernel[k] * image[row, x]
        for x in range(-reach, nx + reach):
            if mirror or 0 <= x < nx:
                line[x + reach] = down[y, _mirrored(x, nx)]
        for k in range(kernel.size):
            for x in range(nx):
                result[y, x] += kernel[k] * line[x + k]
    return result


def gaussian_filter(image: np.ndarray, sigma: float, mirror: bool) -> np.ndarray:
    """`image` (ny, nx) convolved with a Gaussian of `sigma` px; beyond the edges it is mirrored, or zero.

    As scipy.ndimage.gaussian_filter with the modes reflect and constant.
    """
    reach = int(TRUNCATE * sigma + 0.5)
    kernel = np.exp(-0.5 / (sigma * sigma) * np.arange(-reach, reach + 1) ** 2)
    return _convolve(image, kernel / kernel.sum(), mirror)


@compiled()
def outliers(image, limit):
    """Pixels (bool) that differ from the mean of their eight neighbours by more than `limit` times the neighbours' sd.

    Neighbours beyond the edge are the nearest pixels at the edge; NaN counts as zero among neighbours (Lotz et al.
    2004, AJ 128, 163, section 3.1). Sums are in astropy's order, because in a flat image the variance is a rounding
    error.
    """
    ny, nx = image.shape
    result = np.empty((ny, nx), dtype=np.bool_)
    for y in range(ny):
        for x in range(nx):
            mean, mean2 = 0.0, 0.0
            for i in range(y - 1, y + 2):
                for j in range(x - 1, x + 2):
                    value = image[min(max(i, 0), ny - 1), min(max(j, 0), nx - 1)]
                    if not (i == y and j == x) and not math.isnan(value):
                        mean += value * 0.125
                        mean2 += value * value * 0.125
            variance = mean2 - mean * mean
            # A variance that is negative by rounding has no root, and the pixel is no outlier.
            result[y, x] = variance >= 0 and abs(image[y, x] - mean) > limit * math.sqrt(variance)
    return result
