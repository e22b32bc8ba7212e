"""Pixel-integrated elliptical Sersic images, without a point spread function.

The profile is I(r) = I_0 exp(-b_n (r/R_e)^(1/n)) in the circularised elliptical radius
r^2 = q x'^2 + y'^2 / q, whose ellipses have the area of the circle of radius r (as in the Sersic set of
Holzschuh et al. 2022, MNRAS 515, 652). b_n is the series of Ciotti & Bertin (1999, A&A 352, 447, eq. 18),
and I_0 follows from the closed form of the total flux of the untruncated profile,

    F = 2 pi n R_e^2 b_n^(-2n) Gamma(2n) I_0          (Graham & Driver 2005, PASA 22, 118, eq. 4).

A pixel holds the integral of the profile over its square, found in one of two ways:

- where the profile varies slowly, the value at the middle of the pixel with its second-derivative
  correction (I + (I_xx + I_yy) h^2 / 24) h^2, on k x k sub-squares of side h = 1/k; the error left is of
  fourth order in the number of scale lengths that one sub-square spans, and k keeps that number below a
  fixed one;
- around the cusp, Green's theorem. In circularised coordinates the field (u, v) G(r), where r^2 G(r) is the
  integral of I r dr from the centre, has the divergence I. So the flux of a pixel is the sum over its four
  edges of (u_0 v_1 - u_1 v_0) times the integral of G dt. G is an incomplete gamma function, finite and
  continuous at the centre: along the radius the cusp is integrated in closed form, without sub-sampling.
"""

import math

import numpy as np

from galforge.compiled import compiled

# Scale lengths that one corrected midpoint may span: the relative error left is about (this)^4 / 1000.
_SPAN = 0.6
# More sub-squares than this a side cost more than the four edges.
_FINEST = 6
# Closer to the cusp than this the expansion fails [pixel, in the complex plane of either coordinate].
_CUSP = 2.0
# Share of the light that may lie outside the outermost ellipse, beyond which no exact integral is made.
_OUTSIDE = 1e-8

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(6)
# Gauss-Legendre on [0, 1].
_NODES = 0.5 * (_NODES + 1.0)
_WEIGHTS = 0.5 * _WEIGHTS


@compiled()
def sersic_b(index: float) -> float:
    """b_n such that R_e encloses half of the light, to 3e-4 at n = 0.5 and 5e-5 or better from n = 1.

    Source: Ciotti & Bertin 1999, eq. 18, all printed terms. The code published with Holzschuh et al. 2022
    stops after n^-3 and has 148174 for 1148175 in that term's denominator, which makes its radii 0.05 %
    smaller at n = 1 and less above.
    """
    return (
        2.0 * index
        - 1.0 / 3.0
        + 4.0 / (405.0 * index)
        + 46.0 / (25515.0 * index**2)
        + 131.0 / (1148175.0 * index**3)
        - 2194697.0 / (30690717750.0 * index**4)
    )


def render(
    size: int,
    x: float,
    y: float,
    radius: float,
    index: float,
    axis_ratio: float,
    position_angle: float,
    flux: float,
) -> np.ndarray:
    """Integrate one Sersic galaxy over the pixels of a square image.

    Args:
        size: side of the image [pixel].
        x, y: centre of the galaxy from the centre of the image, along columns and rows [pixel].
        radius: circularised half-light radius [pixel].
        index: Sersic index n; accuracy is checked for 0.5 <= n <= 6.
        axis_ratio: minor over major axis, 0 < q <= 1.
        position_angle: of the major axis, from the direction of growing columns to that of growing rows
        [rad].
        flux: total flux of the untruncated profile; the image has its unit and sums to the share inside the
        field.

    Returns:
        float64 array (size, size), rows first.

    Raises:
        ValueError: a size, radius, index or axis ratio outside its domain.
    """
    if size < 1 or not radius > 0.0 or not index >= 0.5 or not 0.0 < axis_ratio <= 1.0:
        raise ValueError(
            f"no Sersic image of size={size}, radius={radius}, index={index}, axis_ratio={axis_ratio}: "
            "needs size >= 1, radius > 0, index >= 0.5 and 0 < axis_ratio <= 1"
        )
    image = np.empty((size, size))
    _fill(image, x, y, radius, index, axis_ratio, position_angle, flux)
    return image


@compiled()
def _fill(image, x, y, radius, index, axis_ratio, position_angle, flux):
    b = sersic_b(index)
    half_power = 0.5 / index
    centre = flux * b ** (2.0 * index) / (2.0 * math.pi * index * radius**2 * math.gamma(2.0 * index))
    scale = b / radius ** (1.0 / index)
    outermost = _radius_enclosing_all_but(_OUTSIDE, index, b, radius) + math.sqrt(0.5 / axis_ratio)

    # r^2 = xx dx^2 + 2 xy dx dy + yy dy^2
    cosine, sine = math.cos(position_angle), math.sin(position_angle)
    xx = axis_ratio * cosine**2 + sine**2 / axis_ratio
    yy = axis_ratio * sine**2 + cosine**2 / axis_ratio
    xy = (axis_ratio - 1.0 / axis_ratio) * cosine * sine
    trace = xx + yy

    size = image.shape[0]
    for row in range(size):
        dy = row - 0.5 * (size - 1) - y
        for column in range(size):
            dx = column - 0.5 * (size - 1) - x
            square = xx * dx * dx + 2.0 * xy * dx * dy + yy * dy * dy
            # sqrt(q) r: the distance at which r, as a function of one complex coordinate, vanishes.
            cusp = axis_ratio * square
            if cusp < _CUSP**2:
                image[row, column] = _by_edges(dx, dy, radius, index, b, axis_ratio, cosine, sine, flux)
                continue
            # I = centre exp(-w), and -d ln I / d ln r = w / n
            w = scale * math.exp(half_power * math.log(square))
            span = (2.0 * half_power * w + 1.5) ** 2
            if span <= _SPAN**2 * cusp or square > outermost**2:
                gradient = (xx * dx + xy * dy) ** 2 + (xy * dx + yy * dy) ** 2
                image[row, column] = centre * _midpoint(w, square, gradient, trace, half_power, 1.0)
                continue
            parts = math.ceil(math.sqrt(span / cusp) / _SPAN)
            if parts > _FINEST:
                image[row, column] = _by_edges(dx, dy, radius, index, b, axis_ratio, cosine, sine, flux)
                continue
            side = 1.0 / parts
            total = 0.0
            for i in range(parts):
                ey = dy + (i + 0.5) * side - 0.5
                for j in range(parts):
                    ex = dx + (j + 0.5) * side - 0.5
                    square = xx * ex * ex + 2.0 * xy * ex * ey + yy * ey * ey
                    w = scale * math.exp(half_power * math.log(square))
                    gradient = (xx * ex + xy * ey) ** 2 + (xy * ex + yy * ey) ** 2
                    total += _midpoint(w, square, gradient, trace, half_power, side)
            image[row, column] = centre * total * side**2


@compiled()
def _midpoint(w, square, gradient, trace, half_power, side):
    """Mean over a square of exp(-w), from its middle: the value and the second derivatives there.

    square is r^2, gradient a quarter of |grad r^2|^2, trace half of the Laplacian of r^2.
    """
    slope = half_power * w
    laplacian = (slope / square) * (4.0 * gradient * (slope - half_power + 1.0) / square - 2.0 * trace)
    # Negative only outside the outermost ellipse, where the expansion fails and hardly any light is left.
    return math.exp(-w) * max(0.0, 1.0 + laplacian * side**2 / 24.0)


@compiled()
def _by_edges(dx, dy, radius, index, b, axis_ratio, cosine, sine, flux):
    """Flux in the unit square around (dx, dy) from the centre of the galaxy, by Green's theorem."""
    stretch = math.sqrt(axis_ratio)
    total = 0.0
    # Corners counter-clockwise: (-,-), (+,-), (+,+), (-,+).
    for corner in range(4):
        x0 = dx + (0.5 if corner == 1 or corner == 2 else -0.5)
        y0 = dy + (0.5 if corner >= 2 else -0.5)
        x1 = dx + (0.5 if corner <= 1 else -0.5)
        y1 = dy + (0.5 if corner == 1 or corner == 2 else -0.5)
        total += _edge(
            stretch * (cosine * x0 + sine * y0),
            (cosine * y0 - sine * x0) / stretch,
            stretch * (cosine * x1 + sine * y1),
            (cosine * y1 - sine * x1) / stretch,
            radius,
            index,
            b,
        )
    # Far out, where a pixel's light is below the quadrature's error, the four edges may cancel to less than
    # nothing.
    return max(0.0, total * flux / (2.0 * math.pi))


@compiled()
def _edge(u0, v0, u1, v1, radius, index, b):
    """Integral of P(2n, b (r/R_e)^(1/n)) d(angle) along a straight edge, in circularised coordinates."""
    du, dv = u1 - u0, v1 - v0
    length = math.hypot(du, dv)
    foot = min(1.0, max(0.0, -(u0 * du + v0 * dv) / length**2))
    # The integrand has singular points this far from the foot, so panels start there and double.
    start = max(math.hypot(u0 + foot * du, v0 + foot * dv) / length, 1e-5)
    total = 0.0
    for direction in (-1.0, 1.0):
        reach = foot if direction < 0.0 else 1.0 - foot
        low = 0.0
        high = start
        while low < reach:
            if high > 0.75 * reach:
                high = reach
            for k in range(_NODES.size):
                t = foot + direction * (low + (high - low) * _NODES[k])
                u, v = u0 + t * du, v0 + t * dv
                total += (high - low) * _WEIGHTS[k] * _enclosed_over_square(u * u + v * v, radius, index, b)
            low = high
            high = 2.0 * high
    return total * (u0 * v1 - u1 * v0)


@compiled()
def _enclosed_over_square(square, radius, index, b):
    """P(2n, w) / r^2 with w = b (r/R_e)^(1/n), by the power series of the lower incomplete gamma function.

    P(a, w) = w^a e^-w / Gamma(a + 1) * (1 + w/(a + 1) + w^2/((a + 1)(a + 2)) + ...), and w^a / r^2 is a
    constant here: nothing is divided by r. All terms are positive.
    """
    a = 2.0 * index
    w = 0.0 if square == 0.0 else b * (square / radius**2) ** (0.5 / index)
    if w > a + 40.0 + 8.0 * math.sqrt(a):
        return 1.0 / square
    term = 1.0
    total = 1.0
    order = a
    while term > 1e-15 * total:
        order += 1.0
        term *= w / order
        total += term
    return b**a / (radius**2 * math.gamma(a + 1.0)) * math.exp(-w) * total


@compiled()
def _radius_enclosing_all_but(share, index, b, radius):
    """A circularised radius outside which at most ``share`` of the flux lies.

    From the bound Gamma(a, w) <= w^a e^-w / (w - a + 1) for a = 2n >= 1 and w > a, the first convergent of
    the continued fraction of the upper incomplete gamma function.
    """
    a = 2.0 * index
    w = a + 1.0
    while w**a * math.exp(-w) > share * math.gamma(a) * (w - a + 1.0):
        w += 0.5
    return radius * (w / b) ** index
