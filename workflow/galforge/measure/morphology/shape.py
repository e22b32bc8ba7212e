"""Moments of a galaxy's light, its Gini coefficient and M20, and the reach of its outline."""

import math

import numpy as np

from galforge.compiled import compiled

PIXEL = 1 / 12  # px^2, second moment of one pixel
INVALID = math.nan


@compiled(fastmath={"reassoc", "contract"})
def moments(image, xc, yc):
    """Sum of an image, its first moments (x, y), and its second ones about (xc, yc) (xx, xy, yy), not divided by it."""
    total, x1, y1, xx, xy, yy = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for y in range(image.shape[0]):
        dy = y - yc
        for x in range(image.shape[1]):
            value = image[y, x]
            dx = x - xc
            total += value
            x1 += value * x
            y1 += value * y
            xx += value * dx * dx
            xy += value * dx * dy
            yy += value * dy * dy
    return total, x1, y1, xx, xy, yy


def ellipse_of(image: np.ndarray, xc: float, yc: float) -> tuple[float, float, float, bool]:
    """Ellipticity, elongation and orientation [rad] of an image (ny, nx) of positive sum, by moments about (xc, yc).

    Thin sources are widened as in SExtractor's manual (eq. 43); negative moments are allowed, as in statmorph.

    Returns:
        The three, and whether a second moment is not positive.
    """
    total, _, _, xx, xy, yy = moments(image, xc, yc)
    xx, xy, yy = xx / total, xy / total, yy / total
    bad = xx <= 0 or yy <= 0
    while abs(xx * yy - xy * xy) < PIXEL**2:
        xx += PIXEL if xx >= 0 else -PIXEL
        yy += PIXEL if yy >= 0 else -PIXEL
    middle, half = (xx + yy) / 2, math.hypot((xx - yy) / 2, xy)
    small, large = sorted((abs(middle - half), abs(middle + half)))
    axis_ratio = math.sqrt(small) / math.sqrt(large)
    return 1 - axis_ratio, 1 / axis_ratio, 0.5 * math.atan2(2 * xy, xx - yy), bad


def gini(values: np.ndarray) -> float:
    """Gini coefficient (Lotz et al. 2004, AJ 128, 163, eq. 6) of pixels (n,), by absolute values; NaN if undefined."""
    values = np.sort(np.abs(values))
    n, total = values.size, values.sum()
    if n <= 1 or total == 0:
        return INVALID
    return float((2 * np.arange(1, n + 1) - n - 1) @ values / ((n - 1) * total))


def m20(image: np.ndarray, region: np.ndarray) -> float:
    """M20 (Lotz et al. 2004, eq. 8) of an image (ny, nx) in a region (bool); NaN if undefined."""
    inside = np.where(region, image, 0.0)
    total, x1, y1, _, _, _ = moments(inside, 0.0, 0.0)
    if total <= 0:
        return INVALID
    xc, yc = x1 / total, y1 / total
    values = np.sort(image[region])
    brightest = np.flatnonzero(np.cumsum(values) / values.sum() >= 0.8)
    if brightest.size == 0:
        return INVALID
    threshold = values[brightest[0]]
    _, _, _, xx, _, yy = moments(inside, xc, yc)
    _, _, _, xx20, _, yy20 = moments(np.where(inside >= threshold, inside, 0.0), xc, yc)
    if xx20 + yy20 <= 0 or xx + yy <= 0:
        return INVALID
    return math.log10((xx20 + yy20) / (xx + yy))


@compiled()
def reach(region, xc, yc, elongation, theta):
    """Semi-major axis [px] of the smallest ellipse about (xc, yc) that holds all pixel centres of a region."""
    cosine, sine = math.cos(theta), math.sin(theta)
    largest = 0.0
    for y in range(region.shape[0]):
        for x in range(region.shape[1]):
            if region[y, x]:
                along = (x - xc) * cosine + (y - yc) * sine
                across = (y - yc) * cosine - (x - xc) * sine
                largest = max(largest, along * along + (across * elongation) ** 2)
    return math.sqrt(largest)
