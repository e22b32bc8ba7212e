"""Radii of circles and ellipses at a given surface brightness or share of the light.

As in statmorph, a grid of 100 radii finds the first bracket, because the curves are not monotonic in a noisy image, and
Brent's method finds the root in it.
"""

import numpy as np

from galforge.compiled import compiled
from galforge.errors import GalforgeError
from galforge.measure.morphology.apertures import CIRCLE, Plane, inside, pixel_in_circle
from galforge.measure.morphology.roots import MOST, advance, begin

ETA = 0.2  # of Petrosian radii
WIDTH = 1.0  # px, of the annulus in which the surface brightness is taken
XTOL = 1e-6  # px
POINTS = 100
SLIVER = 1e-5  # an annulus with a smaller share of the area inside it is summed pixel by pixel
FOUND, TOO_SMALL, TOO_LARGE = 0, 1, 2


@compiled()
def _sliver(plane, xc, yc, inner, outer):
    """Flux and area between two circles, pixel by pixel; exact where hardly any of the annulus is on the stamp."""
    flux, area = 0.0, 0.0
    for y in range(plane.image.shape[0]):
        for x in range(plane.image.shape[1]):
            if not plane.mask[y, x]:
                weight = pixel_in_circle(x - xc, y - yc, outer) - pixel_in_circle(x - xc, y - yc, inner)
                flux += weight * plane.image[y, x]
                area += weight
    return flux, area


@compiled()
def annulus(plane, xc, yc, inner, outer, elongation, theta):
    """Flux and area between two radii; both zero where no pixel counts."""
    flux, area = inside(plane, xc, yc, outer, elongation, theta)
    flux_in, area_in = inside(plane, xc, yc, inner, elongation, theta)
    area -= area_in
    if area > SLIVER * area_in:
        return flux - flux_in, area
    if np.isnan(theta):
        return _sliver(plane, xc, yc, inner, outer)
    # An elliptical annulus that is masked or beyond the edge has a rounding error instead of an area of zero.
    return (flux - flux_in, area) if area > 1e-12 * area_in else (0.0, 0.0)


@compiled()
def _petrosian(plane, xc, yc, r, elongation, theta):
    """|mean in an annulus about `r`| / |mean inside `r`| - ETA, and whether the latter is zero.

    A circular annulus beyond the edge is dark. For an elliptical one, statmorph divides two rounding errors and mostly
    continues; here the search always continues, up to the largest radius, with a flag.
    """
    flux, area = annulus(plane, xc, yc, r - 0.5 * WIDTH, r + 0.5 * WIDTH, elongation, theta)
    edge = abs(flux / area) if area > 0 else 0.0
    total, whole = inside(plane, xc, yc, r, elongation, theta)
    mean = abs(total / whole) if whole > 0 else 0.0
    if mean == 0:
        return (1.0 if edge != 0 else 0.0) - ETA, True
    if area == 0 and not np.isnan(theta):
        return 1.0 - ETA, False
    return edge / mean - ETA, False


@compiled()
def _petrosian_radius(plane, xc, yc, largest, elongation, theta):
    low, at_low, dark = 0.0, 0.0, False
    step = (largest - WIDTH) / (POINTS - 1)
    for i in range(POINTS):
        r = largest if i == POINTS - 1 else WIDTH + i * step
        value, empty = _petrosian(plane, xc, yc, r, elongation, theta)
        dark |= empty
        if value == 0:
            return r, FOUND, dark
        if value > 0:
            low, at_low = r, value
        elif i == 0:
            return WIDTH, TOO_SMALL, dark
        else:
            state = begin(low, at_low, r, value)
            for _ in range(MOST):
                if advance(state, XTOL):
                    break
                state[4], empty = _petrosian(plane, xc, yc, state[1], elongation, theta)
                dark |= empty
            return state[1], FOUND, dark
    return largest, TOO_LARGE, dark


def petrosian_radius(
    plane: Plane, xc: float, yc: float, elongation: float = 1.0, theta: float = CIRCLE
) -> tuple[float, bool]:
    """Petrosian radius [px], where the mean in an annulus of 1 px is 0.2 of the mean inside it.

    The radius of a circle or, given `elongation` and `theta` [rad], the semi-major axis of an ellipse.

    Returns:
        The radius, and whether it is bad: below 1 px (then 1), beyond the stamp's diagonal times
        `elongation` (then that), or found where the mean is zero.
    """
    ny, nx = plane.image.shape
    diagonal = np.sqrt(nx**2 + ny**2)
    radius, outcome, dark = _petrosian_radius(plane, xc, yc, diagonal * elongation, elongation, theta)
    return radius, dark or outcome != FOUND


@compiled()
def _share(plane, xc, yc, r, elongation, theta, total):
    return abs(inside(plane, xc, yc, r, elongation, theta)[0]) / total if r > 0 else 0.0


@compiled()
def _radii_at(plane, xc, yc, largest, elongation, theta, total, fractions):
    roots = np.full(fractions.size, np.nan)
    low, at_low = np.zeros(fractions.size), -fractions
    step = largest / (POINTS - 1)
    for i in range(1, POINTS):
        r = largest if i == POINTS - 1 else i * step
        share = _share(plane, xc, yc, r, elongation, theta, total)
        missing = 0
        for k in range(fractions.size):
            if not np.isnan(roots[k]):
                continue
            value = share - fractions[k]
            if value <= 0:
                low[k], at_low[k] = r, value
                missing += 1
            elif value > 0:
                state = begin(low[k], at_low[k], r, value)
                for _ in range(MOST):
                    if advance(state, XTOL):
                        break
                    state[4] = _share(plane, xc, yc, state[1], elongation, theta, total) - fractions[k]
                roots[k] = state[1]
        if missing == 0:
            break
    return roots


def radii_at(
    plane: Plane,
    xc: float,
    yc: float,
    largest: float,
    fractions: tuple[float, ...],
    elongation: float = 1.0,
    theta: float = CIRCLE,
) -> tuple[list[float], bool]:
    """Radii [px] that contain `fractions` of the light within radius `largest`; ellipses as in `petrosian_radius`.

    Returns:
        The radii, and whether they are bad: the light is zero (then all are `largest`) or negative (then its absolute
        value counts).

    Raises:
        GalforgeError: the light is not finite, so that there is no such radius.
    """
    total = inside(plane, xc, yc, largest, elongation, theta)[0]
    if total == 0:
        return [largest] * len(fractions), True
    roots = _radii_at(plane, xc, yc, largest, elongation, theta, abs(total), np.array(fractions))
    if np.isnan(roots).any():
        raise GalforgeError(f"no radius within {largest:g} px contains the requested share of a flux of {total:g}")
    return roots.tolist(), bool(total < 0)
