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

    To the last bit that of scipy.ndimage.uniform_filter: where an image is flat, rounding decides what lies
    above its threshold. As there, a size below 2 changes nothing.
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
    """`image` (ny, nx) convolved with a Gaussian of `sigma` px; beyond the edges it is mirrored, or else zero.

    scipy.ndimage.gaussian_filter, modes reflect and constant.
    """
    reach = int(TRUNCATE * sigma + 0.5)
    kernel = np.exp(-0.5 / (sigma * sigma) * np.arange(-reach, reach + 1) ** 2)
    return _convolve(image, kernel / kernel.sum(), mirror)


@compiled()
def outliers(image, limit):
    """Pixels (bool) that lie more than `limit` sd of their eight neighbours from those neighbours' mean.

    The outer pixels' neighbours beyond the edge are the edge's own; NaN counts as zero among neighbours (Lotz
    et al. 2004, AJ 128, 163, section 3.1). The order of the sums is astropy's, because in a flat
    image the variance is rounding.
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
            # A variance that rounding made negative has no root, and flags nothing.
            result[y, x] = variance >= 0 and abs(image[y, x] - mean) > limit * math.sqrt(variance)
    return result
