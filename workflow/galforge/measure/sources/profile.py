"""The Sersic index of a galaxy, from a fit of a profile that is averaged over pixels and convolved with the point
spread function.

Without the PSF, the indices of galaxies a few times larger than it are wrong by half; with values at the middles of
pixels instead of means, fits of n = 4 are wrong by a tenth or end where the cusp sits on a pixel's middle.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy.special

from galforge.measure.morphology.levenberg_marquardt import minimise
from galforge.measure.sources.extraction import Extracted, Source
from galforge.measure.sources.model import PARAMETERS, Model

CONVERGED, NOT_CONVERGED, BEYOND, NO_FIT = range(4)
"""sersic_flag: converged; did not converge; converged outside of LIMITS; there was nothing to fit."""
LIMITS = (0.1, 12.0)
"""Range of credible Sersic indices. The upper limit is twice the steepest that the tests ask for, so that it does not
cut off the scatter of these; SExtractor's own limits are 0.3 and 8."""
FIRST_INDEX = 1.5
STOPPED = (1, 2, 3, 4)
"""MINPACK's info where a fit ended because neither the sum of squares nor the parameters change any more."""

LEFT = 0.01
"""Largest reduction of chi^2 that one more step may promise where a fit has converged: a tenth of a standard error. A
fit that ended at the limits of what it may pass through is further away."""


class Profile(NamedTuple):
    """Sersic index, its standard error (for noise that is independent from pixel to pixel) and its flag."""

    index: float
    error: float
    flag: int


NOTHING = Profile(np.nan, np.nan, NO_FIT)


def fit(image: np.ndarray, extracted: Extracted, psf: np.ndarray, free_sky: bool = False) -> Profile:
    """Fit a Sersic profile, convolved with a PSF (k, k), k odd, to the central source; other sources are masked.

    The sky found by the extraction is not subtracted from the image (side, side): stamps are background-subtracted, and
    where a galaxy fills the stamp, that sky contains its wings, whose loss would change the index. With `free_sky` a
    constant is fitted together with the profile.
    """
    source = extracted.source
    if not (source.detected and source.half_light_radius > 0 and np.isfinite(source.flux)):
        return NOTHING
    weights = np.where(extracted.others, 0.0, 1 / extracted.rms)
    radius = intrinsic_radius(source.half_light_radius, psf)
    try:
        point, products, info = solve(Model(image, weights, psf, radius, free_sky), start_of(source))
    except FloatingPointError:
        return Profile(np.nan, np.nan, NOT_CONVERGED)
    if info not in STOPPED:
        return Profile(np.nan, np.nan, NOT_CONVERGED)
    index, left = float(np.exp(point[1])), LEFT * max(1.0, products[-1, -1] / np.count_nonzero(weights))
    error, gain = index * _error(products), _gain(products)
    if not LIMITS[0] <= index <= LIMITS[1] or not error < LIMITS[1]:
        return Profile(np.nan, np.nan, BEYOND)
    if not gain < left:
        return Profile(np.nan, np.nan, NOT_CONVERGED)
    return Profile(index, error, CONVERGED)


def intrinsic_radius(radius: float, psf: np.ndarray) -> float:
    """About the half-light radius that a galaxy has without the PSF, from the one that is seen; at least a quarter."""
    # That of a Gaussian with the PSF's peak is near enough.
    blur = np.log(2) / np.pi * psf.sum() / psf.max()
    return float(np.sqrt(max(radius**2 - blur, radius**2 / 16)))


def start_of(source: Source, index: float = FIRST_INDEX) -> np.ndarray:
    """Where a fit begins (6,): ``galforge.measure.sources.model.PARAMETERS``, with the slope at the half-light radius
    of a profile of this index."""
    slope = scipy.special.gammaincinv(2 * index, 0.5) / index
    stretch, turn = -np.log1p(-min(source.ellipticity, 0.9)), 2 * source.theta
    shape = stretch * np.cos(turn), stretch * np.sin(turn)
    return np.array([np.log(slope), np.log(index), source.x, source.y, *shape])


def solve(model: Model, start: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """The point (6,) of the least sum of squares, its products (7, 7), and MINPACK's info.

    Raises:
        FloatingPointError: the model at the start is not a possible one.
    """
    # How far the position moves is measured from the start, not from the corner of the stamp, so that the test of
    # convergence is as strict for it as for the rest.
    origin = start * [0, 0, 1, 1, 0, 0]

    def products(moved: np.ndarray) -> np.ndarray:
        # The first of the seven parameters of `minimise` stays as it is.
        found = np.zeros((PARAMETERS + 2, PARAMETERS + 2))
        found[1:, 1:] = model.products(moved[1:] + origin)
        return found

    found, _, info, _ = minimise(products, np.array([0.0, *(start - origin)]))
    point = found[1:] + origin
    return point, model.products(point), info


def _error(products: np.ndarray) -> float:
    """Standard error of ln n from the products of the derivatives; NaN if they are singular."""
    solved = _solved(products, np.eye(PARAMETERS)[1])
    return float(np.sqrt(solved[1])) if solved[1] > 0 else np.nan


def _gain(products: np.ndarray) -> float:
    """By how much a full Gauss-Newton step would lower the sum of squares; NaN if the products are singular."""
    downhill = products[:PARAMETERS, -1]
    return float(_solved(products, downhill) @ downhill)


def _solved(products: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The solution of the normal equations for a right side; NaN if they are singular."""
    matrix = products[:PARAMETERS, :PARAMETERS]
    scale = np.sqrt(np.maximum(np.diag(matrix), 0))
    if not (scale > 0).all():
        return np.full(PARAMETERS, np.nan)
    try:
        return np.linalg.solve(matrix / np.outer(scale, scale), right / scale) / scale
    except np.linalg.LinAlgError:
        return np.full(PARAMETERS, np.nan)


@lru_cache(maxsize=16)
def moffat(fwhm: float, beta: float, side: int) -> np.ndarray:
    """A Moffat profile (k, k) of unit sum; k is odd, about 8 FWHM, and at most `side`.

    Args:
        fwhm: full width at half maximum of stars in the image, so the pixel is included [px].
        beta: exponent of the wings.
        side: of the stamps [px].
    """
    half = min(int(np.ceil(4 * fwhm)), (side - 1) // 2)
    place = np.arange(-half, half + 1)
    scale = fwhm / (2 * np.sqrt(2 ** (1 / beta) - 1))
    values = (1 + (place[:, None] ** 2 + place[None, :] ** 2) / scale**2) ** -beta
    return values / values.sum()
