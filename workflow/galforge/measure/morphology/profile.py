"""The Sersic profile of a galaxy: where its fit starts and what is reported of its end, both as in statmorph."""

import math
from collections.abc import Sequence

import numpy as np

from galforge.measure.morphology import sersic
from galforge.measure.morphology.apertures import Plane
from galforge.measure.morphology.radii import WIDTH, annulus
from galforge.measure.morphology.stamp import BAD, GOOD, SUSPECT, Stamp

CONVERGED = (1, 2, 3, 4)  # MINPACK's
PARAMETERS = tuple(f"sersic_{name}" for name in ("amplitude", "rhalf", "n", "xc", "yc", "ellip", "theta"))


def profile(
    stamp: Stamp,
    plane: Plane,
    errors: np.ndarray,
    centre: tuple[float, float],
    values: dict[str, float],
    psf: np.ndarray | None,
) -> dict[str, float]:
    """Values of the Sersic fit, its goodness (missing where no fit was made), and `flag_sersic`.

    Args:
        errors: (ny, nx) sd of the pixels; pixels with 0, or with an image value of 0, are left out.
        centre: x, y on the stamp, where the fit starts.
        values: earlier measurements for the start: concentration, rhalf_ellip, and the ellipse of asymmetry.
        psf: (h, w), or None for none.

    Raises:
        FloatingPointError: the fit met a value that is not finite.
    """
    flag = GOOD
    elongation, theta = values["elongation_asymmetry"], values["orientation_asymmetry"]
    radius = values["rhalf_ellip"]
    inner, outer = radius - 0.5 * WIDTH, radius + 0.5 * WIDTH
    if inner < 0:
        flag, inner = BAD, radius
    flux, area = annulus(plane, *centre, inner, outer, elongation, theta)
    amplitude = flux / area if area else 0.0
    if amplitude <= 0:
        flag, amplitude = BAD, abs(amplitude)
    n = min(max(10**-1.5 * values["concentration"] ** 3.5, 1.0), 3.5)
    point = (amplitude, radius, n, *centre, values["ellipticity_asymmetry"], theta)
    valid = (stamp.image != 0) & (errors != 0)
    count = int(valid.sum())
    if count <= len(point):
        return _named(point, stamp) | {"flag_sersic": float(BAD)}
    weights = np.divide(1.0, errors, out=np.zeros_like(errors), where=valid)
    point, chi2, info, _ = sersic.fit(stamp.image, weights, point, psf)
    if info not in CONVERGED:
        flag = BAD
    elif point[2] == sersic.INDEX_MIN:
        flag = max(flag, SUSPECT)
    return _named(point, stamp) | _goodness(chi2, count, len(point)) | {"flag_sersic": float(flag)}


def _named(point: Sequence[float], stamp: Stamp) -> dict[str, float]:
    """Parameters of a fit by name, with ellipticity in [0, 1], a positive radius and an angle in [0, pi)."""
    amplitude, radius, n, x, y, ellipticity, theta = point
    radius = abs(radius)
    if ellipticity > 1:
        ellipticity = 2 - ellipticity
    if ellipticity < 0:
        # The axes swap.
        radius, ellipticity, theta = (1 - ellipticity) * radius, ellipticity / (ellipticity - 1), theta + math.pi / 2
    theta -= math.floor(theta / math.pi) * math.pi
    return dict(zip(PARAMETERS, (amplitude, radius, n, stamp.x + x, stamp.y + y, ellipticity, theta), strict=True))


def _goodness(chi2: float, count: int, free: int) -> dict[str, float]:
    """Reduced chi^2, and the Akaike and Bayesian information criteria for least squares."""
    reduced = {"sersic_chi2_dof": chi2 / (count - free)}
    if chi2 == 0:
        return reduced
    spread = count * math.log(chi2 / count)
    correction = 0.0
    if count < 40 * free:
        # With only one pixel more than parameters it is infinite, and reported as missing.
        correction = 2 * free * (free + 1) / (count - free - 1) if count > free + 1 else math.nan
    return reduced | {
        "sersic_aic": spread + 2 * free + correction,
        "sersic_bic": spread + free * math.log(count),
    }
