"""Exact sums over circles and ellipses on a pixel grid.

Pixel (row y, column x) covers the unit square about (x, y) and counts with the area that it shares with the aperture,
as in photutils' method "exact". Pixels wholly inside come from running sums along the rows, so that the time of a sum
goes with the length of the aperture's edge, not with its area.
"""

import math
from typing import NamedTuple

import numpy as np

from galforge.compiled import compiled

# Series of asin at 0 (odd powers from the third), in double precision up to _ARC.
_ASIN = (1 / 6, 3 / 40, 15 / 336, 105 / 3456, 945 / 42240, 10395 / 599040)
_ARC = 0.1
CIRCLE = math.nan  # the angle of an ellipse that is a circle


class Plane(NamedTuple):
    """An image with its mask, prepared for apertures.

    Attributes:
        image: (ny, nx) float64, zero where masked.
        sums: (ny, nx + 1) running sums of `image` along the rows.
        mask: (ny, nx) bool, True where a pixel does not count.
        masked: (ny, nx + 1) running counts of `mask`.
    """

    image: np.ndarray
    sums: np.ndarray
    mask: np.ndarray
    masked: np.ndarray


def plane(image: np.ndarray, mask: np.ndarray) -> Plane:
    """Prepare an image (ny, nx) float64 that is zero where `mask` (ny, nx) is True."""
    sums, masked = (np.pad(np.cumsum(each, axis=1), ((0, 0), (1, 0))) for each in (image, mask))
    return Plane(image, sums, mask, masked)


@compiled()
def _in_quadrant(x0, x1, y0, y1, square):
    """Area of [x0, x1] x [y0, y1], all of them >= 0, inside the circle about 0 with radius^2 = `square`."""
    xx0, xx1, yy0, yy1 = x0 * x0, x1 * x1, y0 * y0, y1 * y1
    if xx0 + yy0 >= square:
        return 0.0
    if xx1 + yy1 <= square:
        return (x1 - x0) * (y1 - y0)
    # Up to `low` the circle is above the rectangle, from `high` on below it.
    if xx0 + yy1 < square:
        low, at_low = math.sqrt(square - yy1), y1
    else:
        low, at_low = x0, math.sqrt(square - xx0)
    if xx1 + yy0 < square:
        high, at_high = x1, math.sqrt(square - xx1)
    else:
        high, at_high = math.sqrt(square - yy0), y0
    sine = (high * at_low - low * at_high) / square
    if sine < _ARC:
        s = sine * sine
        series = _ASIN[2] + s * (_ASIN[3] + s * (_ASIN[4] + s * _ASIN[5]))
        angle = sine * (1 + s * (_ASIN[0] + s * (_ASIN[1] + s * series)))
    else:
        angle = math.atan2(high * at_low - low * at_high, at_low * at_high + high * low)
    under = 0.5 * (high * at_high - low * at_low + square * angle)
    return (low - x0) * (y1 - y0) + under - y0 * (high - low)


@compiled()
def pixel_in_circle(x, y, r):
    """Area that a circle of radius `r` shares with the pixel at (x, y) from its centre."""
    x, y = abs(x), abs(y)
    square = r * r
    area = _in_quadrant(max(x - 0.5, 0.0), x + 0.5, max(y - 0.5, 0.0), y + 0.5, square)
    # A pixel on an axis is cut, and its parts beyond the axis are mirrored into the quadrant.
    if x < 0.5:
        area += _in_quadrant(0.0, 0.5 - x, max(y - 0.5, 0.0), y + 0.5, square)
    if y < 0.5:
        area += _in_quadrant(max(x - 0.5, 0.0), x + 0.5, 0.0, 0.5 - y, square)
        if x < 0.5:
            area += _in_quadrant(0.0, 0.5 - x, 0.0, 0.5 - y, square)
    return area


@compiled()
def circle_rows(yc, r, ny):
    """First row and the row after the last that a circle reaches on a grid of `ny` rows."""
    return max(0, math.floor(yc - r + 0.5)), min(ny, math.floor(yc + r + 0.5) + 1)


@compiled()
def circle_row(y, xc, yc, r, nx):
    """Columns of row `y` that the circle reaches, [a, d), and those wholly inside, [b, c) (empty: b = c = a)."""
    distance = abs(y - yc)
    near = max(distance - 0.5, 0.0)
    far = distance + 0.5
    if near >= r:
        return 0, 0, 0, 0
    reach = math.sqrt(r * r - near * near)
    a = max(0, math.floor(xc - reach + 0.5))
    d = min(nx, math.floor(xc + reach + 0.5) + 1)
    if d <= a:
        return 0, 0, 0, 0
    if far < r:
        reach = math.sqrt(r * r - far * far)
        b = min(max(a, math.ceil(xc - reach + 0.5)), d)
        c = min(math.floor(xc + reach - 0.5) + 1, d)
        if b < c:
            return a, b, c, d
    return a, a, a, d


@compiled()
def _angle(ux, uy, vx, vy):
    """Angle from u to v about 0 [rad]."""
    cross, dot = ux * vy - uy * vx, ux * vx + uy * vy
    if abs(cross) > _ARC * dot:
        return math.atan2(cross, dot)
    tangent = cross / dot
    s = tangent * tangent
    series = 1 / 7 - s * (1 / 9 - s * (1 / 11 - s * (1 / 13 - s / 15)))
    return tangent * (1 - s * (1 / 3 - s * (1 / 5 - s * series)))


@compiled()
def _edge(ux, uy, vx, vy):
    """Signed area that the triangle (0, u, v) shares with the unit circle."""
    cross = ux * vy - uy * vx
    inside_u = ux * ux + uy * uy <= 1
    inside_v = vx * vx + vy * vy <= 1
    if inside_u and inside_v:
        return 0.5 * cross
    dx, dy = vx - ux, vy - uy
    square = dx * dx + dy * dy
    along = ux * dx + uy * dy
    discriminant = along * along - square * (ux * ux + uy * uy - 1)
    if discriminant <= 0 or square == 0:
        return 0.5 * _angle(ux, uy, vx, vy)
    root = math.sqrt(discriminant)
    enter, leave = (-along - root) / square, (-along + root) / square
    if enter >= 1 or leave <= 0:
        return 0.5 * _angle(ux, uy, vx, vy)
    area = 0.0
    px, py, qx, qy = ux, uy, vx, vy
    if not inside_u and enter > 0:
        px, py = ux + enter * dx, uy + enter * dy
        area += _angle(ux, uy, px, py)
    if not inside_v and leave < 1:
        qx, qy = ux + leave * dx, uy + leave * dy
        area += _angle(qx, qy, vx, vy)
    return 0.5 * (area + px * qy - py * qx)


@compiled()
def _pixel_in_ellipse(x, y, a, b, cosine, sine):
    """Area that an ellipse shares with the pixel at (x, y) from its centre."""
    # Scaled so that the ellipse is the unit circle, the pixel is a parallelogram.
    u, v = (x * cosine + y * sine) / a, (y * cosine - x * sine) / b
    ex, ey = 0.5 * cosine / a, -0.5 * sine / b
    fx, fy = 0.5 * sine / a, 0.5 * cosine / b
    area = _edge(u - ex - fx, v - ey - fy, u + ex - fx, v + ey - fy)
    area += _edge(u + ex - fx, v + ey - fy, u + ex + fx, v + ey + fy)
    area += _edge(u + ex + fx, v + ey + fy, u - ex + fx, v - ey + fy)
    area += _edge(u - ex + fx, v - ey + fy, u - ex - fx, v - ey - fy)
    return area * a * b


@compiled()
def _ellipse_row(y, xc, yc, a, b, cosine, sine, nx):
    """As `circle_row`, for an ellipse of semi-axes `a` and `b`, the first of which points to (cosine, sine)."""
    # Its points have p x^2 + 2 q x y + s y^2 = 1. The middle of the chord at height y is at -q y / p.
    p = (cosine / a) ** 2 + (sine / b) ** 2
    q = cosine * sine * (1 / a**2 - 1 / b**2)
    reach_x, reach_y = math.sqrt((a * cosine) ** 2 + (b * sine) ** 2), math.sqrt((a * sine) ** 2 + (b * cosine) ** 2)
    low, high = y - 0.5 - yc, y + 0.5 - yc
    if low >= reach_y or high <= -reach_y:
        return 0, 0, 0, 0
    # Height of the rightmost point; the leftmost one is opposite.
    at_right = cosine * sine * (a * a - b * b) / reach_x
    left, right = math.inf, -math.inf
    inner_left, inner_right = -math.inf, math.inf
    for height in (low, high):
        if abs(height) < reach_y:
            half = math.sqrt((1 - (height / reach_y) ** 2) / p)
            middle = -q * height / p
            left, right = min(left, middle - half), max(right, middle + half)
            inner_left, inner_right = max(inner_left, middle - half), min(inner_right, middle + half)
        else:
            inner_left, inner_right = math.inf, -math.inf
            # The row contains the highest or lowest point of the ellipse.
            end = math.copysign(1.0, height) * at_right * reach_x / reach_y
            left, right = min(left, end), max(right, end)
    if low <= at_right <= high:
        right = reach_x
    if low <= -at_right <= high:
        left = -reach_x
    start = max(0, math.floor(xc + left + 0.5))
    stop = min(nx, math.floor(xc + right + 0.5) + 1)
    if stop <= start:
        return 0, 0, 0, 0
    if inner_left < inner_right:
        b0 = min(max(start, math.ceil(xc + inner_left + 0.5)), stop)
        c0 = min(math.floor(xc + inner_right - 0.5) + 1, stop)
        if b0 < c0:
            return start, b0, c0, stop
    return start, start, start, stop


@compiled()
def inside(plane, xc, yc, a, elongation, theta):
    """Sum of the image inside an ellipse, and the area inside it that is on the grid and not masked.

    The semi-major axis `a` [px] is turned by `theta` [rad] from the x axis; a circle has elongation 1 and theta CIRCLE.
    """
    ny, nx = plane.image.shape
    is_circle = math.isnan(theta)
    b = a / elongation
    cosine, sine = (1.0, 0.0) if is_circle else (math.cos(theta), math.sin(theta))
    total, area = 0.0, 0.0
    first, last = circle_rows(yc, math.sqrt((a * sine) ** 2 + (b * cosine) ** 2), ny)
    for y in range(first, last):
        if is_circle:
            start, whole, edge, stop = circle_row(y, xc, yc, a, nx)
        else:
            start, whole, edge, stop = _ellipse_row(y, xc, yc, a, b, cosine, sine, nx)
        total += plane.sums[y, edge] - plane.sums[y, whole]
        area += edge - whole - (plane.masked[y, edge] - plane.masked[y, whole])
        x = start
        while x < stop:
            if x == whole:
                x = edge
                if x == stop:
                    break
            if not plane.mask[y, x]:
                if is_circle:
                    weight = pixel_in_circle(x - xc, y - yc, a)
                else:
                    weight = _pixel_in_ellipse(x - xc, y - yc, a, b, cosine, sine)
                total += weight * plane.image[y, x]
                area += weight
            x += 1
    return total, area


@compiled()
def ellipse_weights(ny, nx, xc, yc, a, b, theta):
    """Area (ny, nx) that each pixel shares with an ellipse of semi-axes `a` and `b`, turned by `theta`."""
    weights = np.zeros((ny, nx))
    cosine, sine = math.cos(theta), math.sin(theta)
    first, last = circle_rows(yc, math.sqrt((a * sine) ** 2 + (b * cosine) ** 2), ny)
    for y in range(first, last):
        start, b0, c0, stop = _ellipse_row(y, xc, yc, a, b, cosine, sine, nx)
        for x in range(start, stop):
            whole = b0 <= x < c0
            weights[y, x] = 1.0 if whole else _pixel_in_ellipse(x - xc, y - yc, a, b, cosine, sine)
    return weights
