"""Moments of a galaxy's light, its Gini coefficient and M20, and the extent of its outline."""

import math

import numpy as np

PIXEL = 1 / 12  # px^2, second moment of one pixel
INVALID = math.nan


def moments(image: np.ndarray, xc: float, yc: float, order: int) -> np.ndarray:
    """Moments (order + 1, order + 1) of an image (ny, nx) about (xc, yc), by the powers of y and x.

    Columns are summed first, as in scikit-image: for one column, rounding errors decide whether its width is zero.
    """
    powers = np.arange(order + 1)
    rows, columns = (np.arange(size)[:, None] - centre for size, centre in zip(image.shape, (yc, xc), strict=True))
    return np.dot(np.dot(image.T, rows**powers).T, columns**powers)


def ellipse_of(image: np.ndarray, xc: float, yc: float) -> tuple[float, float, float, bool]:
    """Ellipticity, elongation and orientation [rad] of an image (ny, nx) of positive sum, from moments about (xc, yc).

    Thin sources are widened as in SExtractor's manual (eq. 43). Negative moments are allowed, as in statmorph.

    Returns:
        The three, and whether a second moment is not positive.
    """
    found = moments(image, xc, yc, 2)
    xx, xy, yy = (float(found[powers] / found[0, 0]) for powers in ((0, 2), (1, 1), (2, 0)))
    bad = xx <= 0 or yy <= 0
    while abs(xx * yy - xy * xy) < PIXEL**2:
        xx += PIXEL if xx >= 0 else -PIXEL
        yy += PIXEL if yy >= 0 else -PIXEL
    middle, half = (xx + yy) / 2, math.hypot((xx - yy) / 2, xy)
    small, large = sorted((abs(middle - half), abs(middle + half)))
    axis_ratio = math.sqrt(small) / math.sqrt(large)
    return 1 - axis_ratio, 1 / axis_ratio, 0.5 * math.atan2(2 * xy, xx - yy), bad


def gini(values: np.ndarray) -> float:
    """Gini coefficient (Lotz et al. 2004, AJ 128, 163, eq. 6) of absolute pixel values (n,); NaN if undefined."""
    values = np.sort(np.abs(values))
    n, total = values.size, values.sum()
    if n <= 1 or total == 0:
        return INVALID
    return float((2 * np.arange(1, n + 1) - n - 1) @ values / ((n - 1) * total))


def m20(image: np.ndarray, region: np.ndarray) -> float:
    """M20 (Lotz et al. 2004, eq. 8) of an image (ny, nx) in a region (bool); NaN if undefined."""
    inside = np.where(region, image, 0.0)
    first = moments(inside, 0.0, 0.0, 1)
    total = first[0, 0]
    if total <= 0:
        return INVALID
    centre = first[0, 1] / total, first[1, 0] / total
    values = np.sort(image[region])
    brightest = np.flatnonzero(np.cumsum(values) / values.sum() >= 0.8)
    if brightest.size == 0:
        return INVALID
    bright = np.where(inside >= values[brightest[0]], inside, 0.0)
    whole, most = (found[0, 2] + found[2, 0] for found in (moments(each, *centre, 2) for each in (inside, bright)))
    if most <= 0 or whole <= 0:
        return INVALID
    return math.log10(most / whole)


def reach(region: np.ndarray, xc: float, yc: float, elongation: float, theta: float) -> float:
    """Semi-major axis [px] of the smallest ellipse about (xc, yc) that contains all pixel centres of a region."""
    y, x = np.nonzero(region)
    cosine, sine = math.cos(theta), math.sin(theta)
    along, across = (x - xc) * cosine + (y - yc) * sine, (y - yc) * cosine - (x - xc) * sine
    return math.sqrt((along * along + (across * elongation) ** 2).max(initial=0.0))
