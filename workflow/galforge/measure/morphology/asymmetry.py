"""Asymmetry under rotation by 180 degrees, and the centre that makes it smallest.

As defined in statmorph (Rodriguez-Gomez et al. 2019, MNRAS 483, 4140; Lotz et al. 2004, AJ 128, 163, eq. 10). The
minimum is found by the simplex of Nelder & Mead (1965) with the steps of scipy.optimize.fmin, because in a noisy image
the asymmetry has many minima, and another search would end in another one.
"""

import math
from typing import NamedTuple

import numpy as np

from galforge.compiled import compiled
from galforge.measure.morphology.apertures import circle_row, circle_rows, pixel_in_circle

OUTSIDE = 100.0  # value at centres where the asymmetry is not defined
XTOL, FTOL, MOST = 1e-6, 1e-4, 400


class Turned(NamedTuple):
    """An image prepared for rotations.

    Attributes:
        image: (ny, nx) float64, zero where masked.
        absolute: (ny, nx + 1) running sums of |image| along the rows.
        flipped: (ny + 2, nx + 2) the image turned about its middle, with a border of zeros.
        mask: (ny, nx) bool.
        rows, columns: (m,) of the masked pixels.
        lowest, highest: extreme pixel values.
        sky: asymmetry of the sky per pixel; zero where unknown.
    """

    image: np.ndarray
    absolute: np.ndarray
    flipped: np.ndarray
    mask: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    lowest: float
    highest: float
    sky: float


def turned(image: np.ndarray, mask: np.ndarray, sky: float) -> Turned:
    """Prepare an image (ny, nx) that is zero where `mask` (ny, nx) is True."""
    ny, nx = image.shape
    absolute = np.zeros((ny, nx + 1))
    np.cumsum(np.abs(image), axis=1, out=absolute[:, 1:])
    flipped = np.zeros((ny + 2, nx + 2))
    flipped[1:-1, 1:-1] = image[::-1, ::-1]
    rows, columns = np.nonzero(mask)
    return Turned(image, absolute, flipped, mask, rows, columns, image.min(), image.max(), sky)


@compiled()
def _offsets(centre, size):
    """Position of pixel 0 of a turned axis on the flipped axis with its border, and the weight of the next pixel.

    Pixel i comes from 2 centre - i, which is pixel size - 1 - (2 centre - i) of the flipped axis.
    """
    place = size - 1 - 2 * centre
    whole = math.floor(place)
    return int(whole) + 1, place - whole


@compiled()
def _range(turned, xc, yc):
    """Range of values after skimage's rotation: that of the image, and zero if a pixel comes from beyond the edge."""
    ny, nx = turned.image.shape
    if abs(ny - 1 - 2 * yc) < 1 and abs(nx - 1 - 2 * xc) < 1:
        return turned.lowest, turned.highest
    return min(turned.lowest, 0.0), max(turned.highest, 0.0)


@compiled()
def _turned_pixel(flipped, y, x, dy, dx, fy, fx, lowest, highest):
    """Value of the turned image at (y, x), bilinear, zero beyond the edge, cut to [lowest, highest]."""
    row, column = y + dy, x + dx
    if row < 0 or row + 1 >= flipped.shape[0] or column < 0 or column + 1 >= flipped.shape[1]:
        return 0.0
    low = (1 - fx) * flipped[row, column] + fx * flipped[row, column + 1]
    high = (1 - fx) * flipped[row + 1, column] + fx * flipped[row + 1, column + 1]
    return min(max((1 - fy) * low + fy * high, lowest), highest)


@compiled(fastmath={"reassoc", "contract"})
def _differences(image, flipped, y, start, stop, dy, dx, fy, fx):
    """Sum of |turned - image| over columns [start, stop) of row `y`, all of which lie on the flipped image."""
    low, high = flipped[y + dy], flipped[y + dy + 1]
    total = 0.0
    a, b, c, d = (1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx
    for x in range(start, stop):
        k = x + dx
        total += abs(a * low[k] + b * low[k + 1] + c * high[k] + d * high[k + 1] - image[y, x])
    return total


@compiled()
def asymmetry(turned, xc, yc, r):
    """Asymmetry (eq. 10) about (xc, yc) inside a circle of radius `r`, with that of the sky subtracted.

    Pixels are left out where they or their counterpart (the nearest pixel) are masked.
    """
    image, absolute, flipped = turned.image, turned.absolute, turned.flipped
    lowest, highest = _range(turned, xc, yc)
    ny, nx = image.shape
    dy, fy = _offsets(yc, ny)
    dx, fx = _offsets(xc, nx)
    # For columns [on, off) of rows [up, down) no neighbour lies on the border.
    on, off = max(0, 1 - dx), min(nx, nx - dx)
    up, down = max(0, 1 - dy), min(ny, ny - dy)
    area, flux, difference = 0.0, 0.0, 0.0
    first, last = circle_rows(yc, r, ny)
    for y in range(first, last):
        a, b, c, d = circle_row(y, xc, yc, r, nx)
        if c > b:
            area += c - b
            flux += absolute[y, c] - absolute[y, b]
            start, stop = (max(b, on), min(c, off)) if up <= y < down else (c, c)
            if start < stop:
                difference += _differences(image, flipped, y, start, stop, dy, dx, fy, fx)
            else:
                start = stop = c
            for x in range(b, start):
                difference += abs(_turned_pixel(flipped, y, x, dy, dx, fy, fx, lowest, highest) - image[y, x])
            for x in range(stop, c):
                difference += abs(_turned_pixel(flipped, y, x, dy, dx, fy, fx, lowest, highest) - image[y, x])
        x = a
        while x < d:
            if x == b:
                x = c
                if x == d:
                    break
            weight = pixel_in_circle(x - xc, y - yc, r)
            area += weight
            flux += weight * abs(image[y, x])
            difference += weight * abs(_turned_pixel(flipped, y, x, dy, dx, fy, fx, lowest, highest) - image[y, x])
            x += 1
    # The masked pixels are few, so their contributions are subtracted again. Their own value is zero.
    for i in range(turned.rows.size):
        y, x = turned.rows[i], turned.columns[i]
        weight = pixel_in_circle(x - xc, y - yc, r)
        if weight > 0:
            area -= weight
            difference -= weight * abs(_turned_pixel(flipped, y, x, dy, dx, fy, fx, lowest, highest))
        # The counterpart is the pixel whose turned centre is nearest.
        y, x = math.floor(2 * yc + 0.5) - y, math.floor(2 * xc + 0.5) - x
        if y < 0 or y >= ny or x < 0 or x >= nx or turned.mask[y, x]:
            continue
        weight = pixel_in_circle(x - xc, y - yc, r)
        if weight > 0:
            area -= weight
            flux -= weight * abs(image[y, x])
            difference -= weight * abs(_turned_pixel(flipped, y, x, dy, dx, fy, fx, lowest, highest) - image[y, x])
    whole = 0.0
    for y in range(first, last):
        whole += absolute[y, nx]
    # Where all contributions were subtracted again, only rounding errors are left.
    if flux <= 1e-14 * whole:
        return OUTSIDE
    return (difference - area * turned.sky) / flux


@compiled()
def _value(turned, xc, yc, r):
    """`asymmetry`, or OUTSIDE beyond the edge."""
    ny, nx = turned.image.shape
    if xc < 0 or xc >= nx or yc < 0 or yc >= ny:
        return OUTSIDE
    return asymmetry(turned, xc, yc, r)


@compiled()
def _sort(simplex, values):
    """Order the three corners by value; equal ones keep their order."""
    for i in range(1, 3):
        for j in range(i, 0, -1):
            if values[j] < values[j - 1]:
                values[j], values[j - 1] = values[j - 1], values[j]
                for k in range(2):
                    simplex[j, k], simplex[j - 1, k] = simplex[j - 1, k], simplex[j, k]


@compiled()
def minimise(turned, xc, yc, r):
    """Centre of least asymmetry, found by a simplex that starts at (xc, yc).

    Returns:
        x, y, and whether the search left the image or met a circle without flux.
    """
    simplex = np.empty((3, 2))
    values = np.empty(3)
    lost = False
    for i in range(3):
        simplex[i, 0], simplex[i, 1] = xc, yc
        if i > 0:
            start = simplex[i, i - 1]
            simplex[i, i - 1] = 1.05 * start if start != 0 else 0.00025
        values[i] = _value(turned, simplex[i, 0], simplex[i, 1], r)
        lost |= values[i] == OUTSIDE
    _sort(simplex, values)
    calls, steps = 3, 1
    while calls < MOST and steps < MOST:
        spread = max(abs(values[0] - values[1]), abs(values[0] - values[2]))
        size = 0.0
        for j in range(1, 3):
            for k in range(2):
                size = max(size, abs(simplex[j, k] - simplex[0, k]))
        if size <= XTOL and spread <= FTOL:
            break
        middle_x, middle_y = (simplex[0, 0] + simplex[1, 0]) / 2, (simplex[0, 1] + simplex[1, 1]) / 2
        worst_x, worst_y = simplex[2, 0], simplex[2, 1]
        x, y = 2 * middle_x - worst_x, 2 * middle_y - worst_y
        value = _value(turned, x, y, r)
        calls += 1
        steps += 1
        lost |= value == OUTSIDE
        accepted = value < values[1]
        if not values[0] <= value < values[1]:
            if calls >= MOST:
                break
            # Go further out if the mirrored corner is the best of all, else inwards.
            if accepted:
                reach = 2.0
            elif value < values[2]:
                reach = 0.5
            else:
                reach = -0.5
            further_x = (1 + reach) * middle_x - reach * worst_x
            further_y = (1 + reach) * middle_y - reach * worst_y
            further = _value(turned, further_x, further_y, r)
            calls += 1
            lost |= further == OUTSIDE
            if accepted:
                better = further < value
            elif value < values[2]:
                better = further <= value
            else:
                better = further < values[2]
            if better:
                accepted, x, y, value = True, further_x, further_y, further
        if accepted:
            simplex[2, 0], simplex[2, 1], values[2] = x, y, value
        else:
            for j in range(1, 3):
                for k in range(2):
                    simplex[j, k] = simplex[0, k] + 0.5 * (simplex[j, k] - simplex[0, k])
                if calls >= MOST:
                    break
                values[j] = _value(turned, simplex[j, 0], simplex[j, 1], r)
                calls += 1
                lost |= values[j] == OUTSIDE
        _sort(simplex, values)
    return simplex[0, 0], simplex[0, 1], lost


@compiled()
def symmetric_sums(turned, xc, yc, weights):
    """Weighted sums over pixels that are not masked and whose counterpart about (xc, yc) is not masked.

    Returns:
        The sums of the weights, of |image|, |turned - image|, image^2 and (turned - image)^2.
    """
    image, flipped, mask = turned.image, turned.flipped, turned.mask
    lowest, highest = _range(turned, xc, yc)
    ny, nx = image.shape
    dy, fy = _offsets(yc, ny)
    dx, fx = _offsets(xc, nx)
    area, flux, difference, flux2, difference2 = 0.0, 0.0, 0.0, 0.0, 0.0
    for y in range(ny):
        row = math.floor(2 * yc - y + 0.5)
        for x in range(nx):
            weight = weights[y, x]
            if weight == 0 or mask[y, x]:
                continue
            column = math.floor(2 * xc - x + 0.5)
            if 0 <= row < ny and 0 <= column < nx and mask[row, column]:
                continue
            value = image[y, x]
            change = _turned_pixel(flipped, y, x, dy, dx, fy, fx, lowest, highest) - value
            area += weight
            flux += weight * abs(value)
            difference += weight * abs(change)
            flux2 += weight * value * value
            difference2 += weight * change * change
    return area, flux, difference, flux2, difference2
