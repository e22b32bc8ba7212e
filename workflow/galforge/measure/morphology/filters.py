"""The Gaussian filter of images with scipy.ndimage's numbers, and pixels that stand out from their neighbours."""

import numpy as np

from galforge.compiled import compiled

TRUNCATE = 4.0  # sigma at which a Gaussian kernel ends


@compiled()
def _mirrored(i, size):
    """Index of pixel `i` where the axis is mirrored beyond its edges, edge pixels twice."""
    i %= 2 * size
    return i if i < size else 2 * size - 1 - i


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


def outliers(image: np.ndarray, limit: float) -> np.ndarray:
    """Pixels (bool) that differ from the mean of their eight neighbours by more than `limit` times the neighbours' sd.

    Neighbours beyond the edge are the nearest pixels at the edge; NaN counts as zero among neighbours (Lotz et al.
    2004, AJ 128, 163, section 3.1). Sums are in astropy's order, because in a flat image the variance is a rounding
    error.
    """
    (ny, nx), known = image.shape, np.pad(np.where(np.isnan(image), 0.0, image), 1, mode="edge")
    around = [known[i : i + ny, j : j + nx] for i in range(3) for j in range(3) if (i, j) != (1, 1)]
    mean, mean2 = sum(value * 0.125 for value in around), sum(value * value * 0.125 for value in around)
    variance = mean2 - mean * mean
    # A variance that is negative by rounding has no root, and the pixel is no outlier.
    with np.errstate(invalid="ignore"):
        return (variance >= 0) & (np.abs(image - mean) > limit * np.sqrt(variance))
