"""The Sersic model on the pixels of an image: residuals, derivatives, and the products of their columns.

One sweep over the pixels gives the model, its seven derivatives and the products of all pairs of columns. It goes block
by block, so that no Jacobian is stored. With a point spread function, the model and its derivatives are first drawn as
images, which are convolved.

The derivatives are analytic, except where MINPACK's forward differences deviate from them. For the position, whose step
is large compared with the distance to the cusp, the second order of the step is added. In the pixel that may contain
the cusp, and for n in b_n, they are differences.
"""

import math

import numpy as np
import scipy.fft
import scipy.special

from galforge.compiled import compiled
from galforge.measure.morphology.elementary import exponential, logarithm

# Smaller n are replaced by this one.
INDEX_MIN = 0.01
_RELATIVE_DIFFERENCE = math.sqrt(float(np.finfo(float).eps))
# Pixels per block: eight columns of them fit into the first-level cache, and are not whole pages apart.
_BLOCK = 504
# PSFs of up to this many pixels are summed directly, larger ones by Fourier transforms.
_DIRECT = 200


@compiled()
def _value(dx, dy, b, r_eff, n, ellip, theta):
    """The model of unit amplitude at one point."""
    cosine, sine = math.cos(theta), math.sin(theta)
    u = (dx * cosine + dy * sine) / r_eff
    v = (dy * cosine - dx * sine) / ((1.0 - ellip) * r_eff)
    return exponential(-b * (exponential(0.5 / n * logarithm(u * u + v * v)) - 1.0))


@compiled(fastmath={"contract"})
def _fill(columns, x, y, start, count, point, b, b_next, centre):
    """The model of unit amplitude and its derivatives by the other six parameters (those of the model itself) at
    `count` pixels from `start`, in rows of _BLOCK of the flat `columns`. b and b_next belong to n and to n plus its
    difference; `centre` is the number of the pixel whose derivatives are differences."""
    amplitude, r_eff, n, x_0, y_0, ellip, theta = point
    clamped = max(n, INDEX_MIN)
    step = _difference(n)
    b_slope = (b_next - b) / step
    free = 1.0 if n >= INDEX_MIN else 0.0
    cosine, sine = math.cos(theta), math.sin(theta)
    ua, va = 1.0 / r_eff, 1.0 / ((1.0 - ellip) * r_eff)
    power = 0.5 / clamped
    # d(z^2)/dp is -2 times these: for r_e times z^2, for x_0 and y_0 with u and v, for e times v^2, for t times u v.
    ux, vx, uy, vy = cosine * ua, -sine * va, sine * ua, cosine * va
    hx, hy = _difference(x_0), _difference(y_0)
    qx, qy = 0.5 * (ux * ux + vx * vx), 0.5 * (uy * uy + vy * vy)
    by_r, by_e, by_t = 1.0 / r_eff, -1.0 / (1.0 - ellip), (va / ua - ua / va)
    # Separate loops, whose chains of dependent operations are short enough to overlap from pixel to pixel.
    for i in range(count):
        dx, dy = x[start + i] - x_0, y[start + i] - y_0
        u, v = dx * ux + dy * uy, dx * vx + dy * vy
        columns[i + _BLOCK] = u
        columns[i + 2 * _BLOCK] = logarithm(u * u + v * v)
        columns[i + 3 * _BLOCK] = v
    for i in range(count):
        w = exponential(power * columns[i + 2 * _BLOCK])
        columns[i + 4 * _BLOCK] = w
    for i in range(count):
        columns[i] = exponential(b * (1.0 - columns[i + 4 * _BLOCK]))
    for i in range(count):
        u, log, v, w = (
            columns[i + _BLOCK],
            columns[i + 2 * _BLOCK],
            columns[i + 3 * _BLOCK],
            columns[i + 4 * _BLOCK],
        )
        # w is 0 at the cusp, and infinite far out for small n; the derivatives of the model vanish there.
        inside = (w > 0.0) & (w < 1e300)
        log = log if inside else 0.0
        w = w if inside else 0.0
        model = amplitude * columns[i]
        slope = model * b * w * (2.0 * power)
        shrink = 1.0 / (u * u + v * v if inside else 1.0)
        inner = slope * shrink
        bend = (power - 1.0 - power * b * w) * shrink
        gx, gy = ux * u + vx * v, uy * u + vy * v
        columns[i + _BLOCK] = slope * by_r
        columns[i + 2 * _BLOCK] = free * (slope * power * log + model * b_slope * (1.0 - w))
        columns[i + 3 * _BLOCK] = inner * (gx - hx * (bend * gx * gx + qx))
        columns[i + 4 * _BLOCK] = inner * (gy - hy * (bend * gy * gy + qy))
        columns[i + 5 * _BLOCK] = inner * v * v * by_e
        columns[i + 6 * _BLOCK] = inner * u * v * by_t
    if start <= centre < start + count:
        i = centre - start
        dx, dy = x[centre] - x_0, y[centre] - y_0
        value = _value(dx, dy, b, r_eff, clamped, ellip, theta)
        for k in range(1, 7):
            h = _difference(point[k])
            near = _value(
                x[centre] - (x_0 + h if k == 3 else x_0),
                y[centre] - (y_0 + h if k == 4 else y_0),
                b_next if k == 2 else b,
                r_eff + h if k == 1 else r_eff,
                max(n + h, INDEX_MIN) if k == 2 else clamped,
                ellip + h if k == 5 else ellip,
                theta + h if k == 6 else theta,
            )
            columns[i + k * _BLOCK] = amplitude * (near - value) / h


@compiled()
def _difference(value):
    """MINPACK's forward difference."""
    return _RELATIVE_DIFFERENCE * abs(value) if value != 0.0 else _RELATIVE_DIFFERENCE


@compiled(fastmath={"reassoc", "contract"})
def _accumulate(columns, values, weights, start, count, amplitude, products):
    """Weight the columns of a block, append the residuals, and add the products of all pairs (upper triangle).

    Returns 0, or NaN if a residual is not finite.
    """
    finite = 0.0
    for i in range(count):
        weight = weights[start + i]
        residual = weight * (amplitude * columns[i] - values[start + i])
        finite += residual * 0.0
        for k in range(7):
            columns[i + k * _BLOCK] *= weight
        columns[i + 7 * _BLOCK] = residual
    # Two columns times two, which gives four products for four numbers read.
    for first in range(0, 8, 2):
        for second in range(first, 8, 2):
            a, b, c, d = 0.0, 0.0, 0.0, 0.0
            p_column, q_column = columns[first * _BLOCK :], columns[(first + 1) * _BLOCK :]
            r_column, s_column = columns[second * _BLOCK :], columns[(second + 1) * _BLOCK :]
            for i in range(count):
                p, q, r, s = p_column[i], q_column[i], r_column[i], s_column[i]
                a += p * r
                b += p * s
                c += q * r
                d += q * s
            products[first, second] += a
            products[first, second + 1] += b
            products[first + 1, second + 1] += d
            if second > first:
                products[first + 1, second] += c
    return finite


@compiled()
def _sweep(x, y, values, weights, point, b, b_next, centre, products):
    """Products of all pairs of the columns (seven derivatives, residual) over the pixels; returns as _accumulate."""
    columns = np.empty(8 * _BLOCK)
    finite = 0.0
    for start in range(0, x.size, _BLOCK):
        count = min(_BLOCK, x.size - start)
        _fill(columns, x, y, start, count, point, b, b_next, centre)
        finite += _accumulate(columns, values, weights, start, count, point[0], products)
    return finite


@compiled()
def _draw(x, y, sides, point, b, b_next, centre, planes, lead):
    """Draw the seven columns of _fill as images, each from `lead` on in its seventh of `planes`, with zeros in the gaps
    between rows. `sides` are the rows of the image, its columns, and its columns with the gap."""
    columns = np.empty(7 * _BLOCK)
    pitch = planes.size // 7
    for start in range(0, x.size, _BLOCK):
        count = min(_BLOCK, x.size - start)
        _fill(columns, x, y, start, count, point, b, b_next, centre)
        for k in range(7):
            column, plane = columns[k * _BLOCK :], planes[k * pitch + lead + start :]
            for i in range(count):
                plane[i] = column[i]
    rows, width, stride = sides
    for k in range(7):
        for row in range(rows):
            first = k * pitch + lead + row * stride
            for i in range(first + width, first + stride):
                planes[i] = 0.0


@compiled(fastmath={"contract"})
def _gather(planes, offsets, taps, values, weights, amplitude, products):
    """Convolve the images of _draw in blocks, three taps at a time, and add the products; returns as _accumulate."""
    columns = np.empty(8 * _BLOCK)
    pitch = planes.size // 7
    finite = 0.0
    for start in range(0, values.size, _BLOCK):
        count = min(_BLOCK, values.size - start)
        for k in range(7):
            column, plane = columns[k * _BLOCK :], planes[k * pitch + start :]
            for i in range(count):
                column[i] = 0.0
            for tap in range(0, taps.size, 3):
                p, q, r = plane[offsets[tap] :], plane[offsets[tap + 1] :], plane[offsets[tap + 2] :]
                a, b, c = taps[tap], taps[tap + 1], taps[tap + 2]
                for i in range(count):
                    column[i] += a * p[i] + b * q[i] + c * r[i]
        finite += _accumulate(columns, values, weights, start, count, amplitude, products)
    return finite


class Pixels:
    """The pixels of a fit without a PSF: only those with weight."""

    def __init__(self, image: np.ndarray, weights: np.ndarray) -> None:
        kept = np.nonzero(weights)
        self.y, self.x = (axis.astype(float) for axis in kept)
        self.values, self.weights, self.number = image[kept], weights[kept], np.full(image.shape, -1)
        self.number[kept] = np.arange(len(self.x))

    def centre(self, point: np.ndarray) -> int:
        """Number of the pixel that contains the model's centre, -1 for none."""
        rows, columns = self.number.shape
        x, y = float(point[3]), float(point[4])
        inside = -0.5 <= x < columns - 0.5 and -0.5 <= y < rows - 0.5
        return int(self.number[math.floor(y + 0.5), math.floor(x + 0.5)]) if inside else -1

    def products(self, point: np.ndarray) -> np.ndarray:
        """Products (8, 8) of all pairs of the weighted columns, seven derivatives and the residuals; upper triangle.

        Raises:
            FloatingPointError: a residual is not finite.
        """
        n = float(point[2])
        arguments = (2.0 * max(n, INDEX_MIN), 2.0 * max(n + _difference(n), INDEX_MIN))
        b, b_next = scipy.special.gammaincinv(arguments, 0.5).tolist()
        products = np.zeros((8, 8))
        if self.sweep(point, b, b_next, self.centre(point), products) != 0.0:
            values = ", ".join(f"{value:.6g}" for value in point)
            raise FloatingPointError(
                f"the Sersic model is not finite at amplitude, r_eff, n, x_0, y_0, ellip, theta = {values}"
            )
        return products

    def sweep(self, point: np.ndarray, b: float, b_next: float, centre: int, products: np.ndarray) -> float:
        return _sweep(self.x, self.y, self.values, self.weights, point, b, b_next, centre, products)


class ConvolvedPixels(Pixels):
    """The pixels of a fit with a PSF: the whole image, row after row, with gaps for the light that the PSF carries
    beyond the ends of rows."""

    def __init__(self, image: np.ndarray, weights: np.ndarray, psf: np.ndarray) -> None:
        psf = psf / psf.sum()
        (rows, columns), (height, width) = image.shape, psf.shape
        above, left = (height - 1) // 2, (width - 1) // 2
        self.direct = psf.size <= _DIRECT
        stride = columns + width - 1 if self.direct else scipy.fft.next_fast_len(columns + width - 1, real=True)
        self.sides = (rows, columns, stride)
        self.number = np.arange(rows * stride).reshape(rows, stride)[:, :columns]
        self.y, self.x = (axis.ravel().astype(float) for axis in np.mgrid[:rows, :stride])
        self.values, self.weights = (np.pad(a, ((0, 0), (0, stride - columns))).ravel() for a in (image, weights))
        if self.direct:
            k, j = np.mgrid[:height, :width]
            offsets = ((height - 1 - k) * stride + (width - 1 - j)).ravel()
            self.lead = (height - 1 - above) * stride + (width - 1 - left)
            spare = -psf.size % 3
            self.offsets, self.taps = np.pad(offsets, (0, spare)), np.pad(psf.ravel(), (0, spare))
            self.planes = np.zeros(7 * ((height - 1) * stride + width - 1 + rows * stride))
        else:
            self.shape = (scipy.fft.next_fast_len(rows + height - 1), stride)
            centred = np.roll(
                np.pad(psf, [(0, a - b) for a, b in zip(self.shape, psf.shape, strict=True)]), (-above, -left), (0, 1)
            )
            self.transfer = scipy.fft.rfft2(centred)
            self.lead, self.offsets, self.taps = 0, np.zeros(3, np.int64), np.array([1.0, 0.0, 0.0])
            self.planes = np.zeros(7 * rows * stride)

    def sweep(self, point: np.ndarray, b: float, b_next: float, centre: int, products: np.ndarray) -> float:
        _draw(self.x, self.y, self.sides, point, b, b_next, centre, self.planes, self.lead)
        planes = self.planes
        if not self.direct:
            rows, _, stride = self.sides
            spectra = scipy.fft.rfft2(planes.reshape(7, rows, stride), self.shape)
            spectra *= self.transfer
            planes = scipy.fft.irfft2(spectra, self.shape, overwrite_x=True).ravel()
        return _gather(planes, self.offsets, self.taps, self.values, self.weights, point[0], products)
