"""A Sersic model averaged over pixels and convolved with a point spread function: residuals and derivatives.

The model is I(x, y) = A exp(b_n (1 - Q^(1/2n))), half of whose light is within the ellipse Q = 1, with

    Q = (cosh h (dx^2 + dy^2) - (sinh h / h) (h_1 (dx^2 - dy^2) + 2 h_2 dx dy)) / r^2,    h^2 = h_1^2 + h_2^2,

where r^2 = a b and h = ln(a/b) of the half-light ellipse, and (h_1, h_2) = h (cos 2t, sin 2t). So every value of the
parameters is a galaxy, round ones are not a special case, and all derivatives are sums of six images, in which the
derivative by Q is multiplied by 1, dx, dy, dx^2, dy^2 and dx dy.

A pixel holds the mean over its square, found in one of three ways:

- where the profile is nearly straight, the value at the middle with its second-derivative correction, 1 + (I_xx + I_yy)
  / 24 I;
- where it curves, Gauss-Legendre quadrature with 3, 4 or 6 points a side;
- around the centre, quadrature on intervals that begin at the centre itself and whose points crowd there. They move
  with the centre, so that the mean is a smooth function of its position, also where the cusp is on a pixel's middle.
"""

import math

import numpy as np
import scipy.fft

from galforge.compiled import compiled
from galforge.measure.morphology.elementary import exponential, logarithm

PARAMETERS = 7
"""Amplitude (brightness at the half-light ellipse) [image unit], ln r [px], ln n, x, y [px], h_1, h_2."""
INDICES = (0.02, 40.0)
"""Sersic indices that a trial step may reach; far outside of what is believed."""
_PLANES = 7
_SIDES = np.array([3, 4, 8])
_SPANS = np.array([1.5, 3.0])
"""Scale lengths in a pixel up to which 3 and 4 points a side are enough."""
_CURVED = 0.6
"""Scale lengths in a pixel beyond which the second derivative is not enough (its error is (this)^4 / 1000)."""
_MOST = 8
_HALF = 2
"""Pixels on each side of the middle one that are integrated from the centre."""
_CROWD = 3
"""Exponent by which points crowd at the centre."""
_TINY = 1e-300

_NODES, _WEIGHTS = np.zeros((3, 8)), np.zeros((3, 8))
for _row, _count in enumerate(_SIDES):
    _NODES[_row, :_count], _WEIGHTS[_row, :_count] = np.polynomial.legendre.leggauss(int(_count))
# On [0, 1].
_NODES, _WEIGHTS = 0.5 * (_NODES + 1.0), 0.5 * _WEIGHTS


@compiled()
def _ellipse(radius, h1, h2):
    """Coefficients of dx^2, dy^2 and 2 dx dy in Q (row 0), and their derivatives by h_1 and h_2 (rows 1 and 2)."""
    h = math.hypot(h1, h2)
    cosine = math.cosh(h)
    sine = math.sinh(h) / h if h > 1e-4 else 1.0 + h * h / 6.0
    slope = (cosine - sine) / (h * h) if h > 1e-2 else 1.0 / 3.0 + h * h / 30.0
    found = np.empty((3, 3))
    found[0] = cosine - sine * h1, cosine + sine * h1, -sine * h2
    found[1] = h1 * sine - sine - slope * h1 * h1, h1 * sine + sine + slope * h1 * h1, -slope * h1 * h2
    found[2] = h2 * sine - slope * h1 * h2, h2 * sine + slope * h1 * h2, -sine - slope * h2 * h2
    return found / radius**2


@compiled()
def _derivatives(amplitude, slope, index, ellipse):
    """The derivatives by the parameters (columns) as sums of the images of _draw (rows)."""
    a, b, c = ellipse[0]
    found = np.zeros((_PLANES, PARAMETERS))
    found[0, 0] = 1.0
    # slope n (1 - Q^(1/2n)), as the last three images have Q
    found[0, 1], found[0, 2] = amplitude * slope * index, amplitude * slope * index
    for plane, part in ((4, a), (5, b), (6, 2.0 * c)):
        found[plane, 1], found[plane, 2] = -2.0 * amplitude * index * part, -2.0 * amplitude * index * part
    found[1, 2] = amplitude
    found[2, 3], found[3, 3] = 2.0 * amplitude * a, 2.0 * amplitude * c
    found[2, 4], found[3, 4] = 2.0 * amplitude * c, 2.0 * amplitude * b
    for i in (1, 2):
        found[4, 4 + i] = -amplitude * ellipse[i, 0]
        found[5, 4 + i] = -amplitude * ellipse[i, 1]
        found[6, 4 + i] = -2.0 * amplitude * ellipse[i, 2]
    return found


@compiled()
def _nodes(side, low, middle, nodes, weights):
    """Points and weights on the interval from `low` to `low` + 1; returns their number.

    `side` is the row of the tables. Where `middle` is in the interval or less than 1 away, points crowd there.
    """
    count = _SIDES[side]
    if not low - 1.0 <= middle <= low + 2.0:
        for i in range(count):
            nodes[i], weights[i] = low + _NODES[side, i], _WEIGHTS[side, i]
        return count
    found = 0
    begin = min(max(middle, low), low + 1.0)
    for end in (low, low + 1.0):
        length = end - begin
        if length != 0.0:
            for i in range(count):
                near = _NODES[side, i] ** (_CROWD - 1)
                nodes[found] = begin + length * near * _NODES[side, i]
                weights[found] = abs(length) * _CROWD * near * _WEIGHTS[side, i]
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

    At every y the points of x crowd at the ridge of the profile. Derivatives by the position are differences of the
    integrals along edges (Gauss's theorem): inside of the pixel they are not bounded.
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
        total[4] += weight * t4
        total[5] += weight * dy * dy * t2
        total[6] += weight * dy * t3
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
def _draw(planes, rows, columns, x, y, ellipse, index, b):
    """Draw the images (7, >= rows, >= columns): the model of unit amplitude, its derivative by ln n, and its negative
    derivative by Q times dx, dy, dx^2, dy^2 and dx dy.

    Args:
        x, y: centre [px of the images].
        b_slope: the derivative of b by ln n.
    """
    power = 0.5 / index
    a, b_, c = ellipse[0]
    # Q times this is the squared distance to the centre in the complex plane of either coordinate.
    trace = a + b_
    closest = 2.0 / (trace + math.hypot(a - b_, 2.0 * c))
    middle_row, middle_column = math.floor(y + 0.5), math.floor(x + 0.5)
    qs, logs, us, values = np.empty(columns), np.empty(columns), np.empty(columns), np.empty(columns)
    total = np.empty(_PLANES)
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
                for k in range(_PLANES):
                    planes[k, row, i] = total[k]


@compiled(fastmath={"contract", "reassoc"})
def _accumulate(planes, top, left, image, weights, amplitude, products):
    """Add the products of all pairs of columns over the pixels of an image: the weighted images, the residuals, and
    the weights, which are the derivative by the sky; upper triangle."""
    rows, width = image.shape
    columns = np.empty((_PLANES + 2, width))
    for row in range(rows):
        for k in range(_PLANES):
            for i in range(width):
                columns[k, i] = weights[row, i] * planes[k, row + top, i + left]
        for i in range(width):
            columns[_PLANES, i] = amplitude * columns[0, i] - weights[row, i] * image[row, i]
            columns[_PLANES + 1, i] = weights[row, i]
        for first in range(_PLANES + 2):
            for second in range(first, _PLANES + 2):
                total = 0.0
                for i in range(width):
                    total += columns[first, i] * columns[second, i]
                products[first, second] += total


class Model:
    """The model on the pixels of an image, and its sums over them."""

    def __init__(
        self, image: np.ndarray, weights: np.ndarray, psf: np.ndarray, radius: float, free_sky: bool = False
    ) -> None:
        """Of an image (ny, nx) with weights 1/sigma, 0 for pixels that are left out, and a PSF (k, k) with k odd.

        Light that the PSF carries in from beyond the edges is part of the model. With `free_sky` a constant is fitted
        with it; as the model is linear in it, it is eliminated from all sums.
        """
        self.image, self.weights = (np.ascontiguousarray(each, dtype=np.float64) for each in (image, weights))
        self.free_sky, self.radius = free_sky, radius
        half = len(psf) // 2
        # The transform is a circle: what it carries around its ends stays outside of the image.
        self.shape = [scipy.fft.next_fast_len(side + 2 * half, real=True) for side in self.image.shape]
        self.margin = half
        self.drawn = [side + 2 * half for side in self.image.shape]
        self.planes = np.zeros((_PLANES, *self.shape))
        whole = np.zeros(self.shape)
        whole[: len(psf), : len(psf)] = psf / psf.sum()
        self.transfer = scipy.fft.rfft2(np.roll(whole, (-half, -half), (0, 1)))

    def draw(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The images (7, ...) of unit amplitude that the model is made of, before the PSF, and what makes the
        derivatives of them."""
        amplitude, slope, index, x, y, h1, h2 = point.tolist()
        slope, index = math.exp(slope), math.exp(index)
        ellipse = _ellipse(self.radius, h1, h2)
        _draw(self.planes, *self.drawn, x + self.margin, y + self.margin, ellipse, index, slope * index)
        return self.planes, _derivatives(amplitude, slope, index, ellipse)

    def possible(self, point: np.ndarray) -> bool:
        """Whether a point is one that the fit may pass through: numbers stay finite and the centre is in the image."""
        amplitude, slope, index, x, y, h1, h2 = point.tolist()
        rows, columns = self.image.shape
        return (
            math.isfinite(amplitude)
            and abs(slope) < 5.0
            and math.log(INDICES[0]) < index < math.log(INDICES[1])
            and -0.5 <= x <= columns - 0.5
            and -0.5 <= y <= rows - 0.5
            and math.hypot(h1, h2) < 5.0
        )

    def products(self, point: np.ndarray) -> np.ndarray:
        """Products (8, 8) of all pairs of the weighted derivatives by the seven parameters and the residuals; upper
        triangle. The residuals are infinite where the point is not a possible one."""
        found = np.full((PARAMETERS + 1, PARAMETERS + 1), np.inf)
        if not self.possible(point):
            return found
        planes, derivatives = self.draw(point)
        spectra = scipy.fft.rfft2(planes)
        spectra *= self.transfer
        convolved = scipy.fft.irfft2(spectra, self.shape, overwrite_x=True)
        sums = np.zeros((_PLANES + 2, _PLANES + 2))
        _accumulate(convolved, self.margin, self.margin, self.image, self.weights, point[0], sums)
        sums = np.triu(sums) + np.triu(sums, 1).T
        if self.free_sky and sums[-1, -1] > 0:
            sums -= np.outer(sums[-1], sums[-1]) / sums[-1, -1]
        found[:-1, :-1] = derivatives.T @ sums[:-2, :-2] @ derivatives
        found[:-1, -1] = found[-1, :-1] = derivatives.T @ sums[:-2, -2]
        found[-1, -1] = sums[-2, -2]
        return found
