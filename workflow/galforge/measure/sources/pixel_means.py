"""Means of a Sersic model over pixels, and of its derivatives.

A pixel holds the mean over its square, found in one of three ways:

- where the profile is nearly straight, the value at the middle with its second-derivative correction,
  1 + (I_xx + I_yy) / 24 I;
- where it curves, Gauss-Legendre quadrature with 3 or 4 points a side;
- near the centre or a narrow ridge the same with 8 points in asinh of the distance from these, on intervals that begin
  there. As the points move with the centre, the mean is a smooth function of its position, also where the cusp is on
  the middle, an edge or a corner of a pixel.
"""

import math

import numpy as np

from galforge.compiled import compiled
from galforge.measure.morphology.elementary import exponential, logarithm

IMAGES = 7
"""The model, its derivative by ln n in the exponent of Q alone, and its negative derivative by Q times dx, dy, dx^2,
dy^2 and dx dy."""
_SIDES = np.array([3, 4, 8])
_MOST = 8
_SPANS = np.array([1.5, 3.0])
"""Scale lengths in a pixel up to which 3 and 4 points a side are enough."""
_CURVED = 0.35
"""Scale lengths in a pixel beyond which the second derivative is not enough (its error is (this)^4 / 1000)."""
_HALF = 2
"""Pixels on each side of the middle one that are integrated from the centre."""
_CROWD = 0.01
"""Distance from the centre or the ridge below which points no longer crowd [px]."""
_TINY = 1e-300

_NODES, _WEIGHTS = np.zeros((3, 8)), np.zeros((3, 8))
for _row, _count in enumerate(_SIDES):
    _NODES[_row, :_count], _WEIGHTS[_row, :_count] = np.polynomial.legendre.leggauss(int(_count))
# On [0, 1].
_NODES, _WEIGHTS = 0.5 * (_NODES + 1.0), 0.5 * _WEIGHTS


@compiled()
def _nodes(side, low, middle, nodes, weights):
    """Points and weights on the interval from `low` to `low` + 1; returns their number.

    `side` is the row of the tables. The points of the last one are even in asinh of their distance from `middle`.
    """
    count = _SIDES[side]
    if side < 2:
        for i in range(count):
            nodes[i], weights[i] = low + _NODES[side, i], _WEIGHTS[side, i]
        return count
    found = 0
    between = min(max(middle, low), low + 1.0)
    for part in range(2):
        first, last = (low, between) if part == 0 else (between, low + 1.0)
        if last > first:
            start = math.asinh((first - middle) / _CROWD)
            length = math.asinh((last - middle) / _CROWD) - start
            for i in range(count):
                grown = exponential(start + length * _NODES[side, i])
                nodes[found] = middle + 0.5 * _CROWD * (grown - 1.0 / grown)
                weights[found] = 0.5 * _CROWD * (grown + 1.0 / grown) * length * _WEIGHTS[side, i]
                found += 1
    return found


@compiled()
def _along(side, low, across, a, b_, c, power, b, nodes, weights):
    """Integral of the profile along an edge from `low` to `low` + 1 of the coordinate with coefficient `a`, at
    `across` of the other, both from the centre."""
    total = 0.0
    for i in range(_nodes(side, low, -c * across / a, nodes, weights)):
        q = a * nodes[i] ** 2 + b_ * across**2 + 2.0 * c * nodes[i] * across + _TINY
        total += weights[i] * exponential(b * (1.0 - exponential(power * logarithm(q))))
    return total


@compiled(fastmath={"contract", "reassoc"})
def _integrate(total, side, x, y, turned, ellipse, power, b):
    """Means over the pixel whose corner is (x, y) from the centre; `turned`: x and y are exchanged, and y is the
    coordinate nearer to the major axis.

    At every y the points of x crowd at the brightest one. Near the cusp, where derivatives by the position are not
    bounded, they are differences of integrals along the edges (Gauss's theorem).
    """
    xs, x_weights = np.empty(2 * _MOST), np.empty(2 * _MOST)
    ys, y_weights = np.empty(2 * _MOST), np.empty(2 * _MOST)
    a, b_, c = ellipse[0]
    if turned:
        a, b_ = b_, a
    total[:] = 0.0
    for j in range(_nodes(side, y, 0.0, ys, y_weights)):
        dy = ys[j]
        t0, t1, t2, t3, t4 = 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(_nodes(side, x, -c * dy / a, xs, x_weights)):
            dx = xs[i]
            q = a * dx * dx + b_ * dy * dy + 2.0 * c * dx * dy + _TINY
            log = logarithm(q)
            u = exponential(power * log)
            value = x_weights[i] * exponential(b * (1.0 - u))
            slope = power * b * u
            t0 += value
            t1 += value * slope * log
            by_q = value * slope / q
            t2 += by_q
            t3 += by_q * dx
            t4 += by_q * dx * dx
        weight = y_weights[j]
        total[0] += weight * t0
        total[1] += weight * t1
        total[2] += weight * t3
        total[3] += weight * dy * t2
        total[4] += weight * t4
        total[5] += weight * dy * dy * t2
        total[6] += weight * dy * t3
    if side > 0:
        by_x = 0.5 * (
            _along(side, y, x, b_, a, c, power, b, ys, y_weights)
            - _along(side, y, x + 1.0, b_, a, c, power, b, ys, y_weights)
        )
        by_y = 0.5 * (
            _along(side, x, y, a, b_, c, power, b, xs, x_weights)
            - _along(side, x, y + 1.0, a, b_, c, power, b, xs, x_weights)
        )
        # by_x = a total[2] + c total[3], by_y = c total[2] + b_ total[3]
        total[2] = (b_ * by_x - c * by_y) / (a * b_ - c * c)
        total[3] = (a * by_y - c * by_x) / (a * b_ - c * c)
    if turned:
        total[2], total[3] = total[3], total[2]
        total[4], total[5] = total[5], total[4]


@compiled(fastmath={"contract"})
def draw(planes, rows, columns, x, y, ellipse, index, b):
    """Draw IMAGES of exp(b (1 - Q^(1/2n))) into the first rows and columns of planes (IMAGES, ...).

    Args:
        x, y: centre [px, 0 is the middle of the first pixel].
        ellipse: in row 0 the coefficients of dx^2, dy^2 and 2 dx dy in Q [px^-2].
    """
    power = 0.5 / index
    a, b_, c = ellipse[0]
    # Q times this is the squared distance to the centre in the complex plane of either coordinate.
    trace = a + b_
    closest = 2.0 / (trace + math.hypot(a - b_, 2.0 * c))
    middle_row, middle_column = math.floor(y + 0.5), math.floor(x + 0.5)
    qs, logs, us, values = np.empty(columns), np.empty(columns), np.empty(columns), np.empty(columns)
    total = np.empty(IMAGES)
    turned = a < b_
    for row in range(rows):
        dy = row - y
        for i in range(columns):
            dx = i - x
            qs[i] = a * dx * dx + b_ * dy * dy + 2.0 * c * dx * dy + _TINY
            logs[i] = logarithm(qs[i])
        for i in range(columns):
            us[i] = exponential(power * logs[i])
        for i in range(columns):
            values[i] = exponential(b * (1.0 - us[i]))
        for i in range(columns):
            dx = i - x
            slope = power * b * us[i]
            by_q = slope / qs[i]
            gradient = (a * dx + c * dy) ** 2 + (c * dx + b_ * dy) ** 2
            laplacian = by_q * (4.0 * gradient * (slope - power + 1.0) / qs[i] - 2.0 * trace)
            mean = values[i] * max(0.0, 1.0 + laplacian / 24.0)
            by_q *= mean
            planes[0, row, i] = mean
            planes[1, row, i] = mean * slope * logs[i]
            planes[2, row, i] = by_q * dx
            planes[3, row, i] = by_q * dy
            planes[4, row, i] = by_q * dx * dx
            planes[5, row, i] = by_q * dy * dy
            planes[6, row, i] = by_q * dx * dy
        for i in range(columns):
            central = abs(row - middle_row) <= _HALF and abs(i - middle_column) <= _HALF
            span2, distance2 = (2.0 * power * b * us[i] + 1.5) ** 2, closest * qs[i]
            # The fainter the pixel, the larger an error it may have.
            if central or span2 * span2 * values[i] > (_CURVED**2 * distance2) ** 2:
                side = 2
                if not central:
                    span = math.sqrt(span2 / distance2)
                    side = 0 if span < _SPANS[0] else 1 if span < _SPANS[1] else 2
                if turned:
                    _integrate(total, side, row - 0.5 - y, i - 0.5 - x, True, ellipse, power, b)
                else:
                    _integrate(total, side, i - 0.5 - x, row - 0.5 - y, False, ellipse, power, b)
                for k in range(IMAGES):
                    planes[k, row, i] = total[k]
