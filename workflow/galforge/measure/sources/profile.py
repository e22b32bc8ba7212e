"""The Sersic index of a galaxy, from a fit of a profile that is convolved with the point spread function.

Without the PSF, the indices of galaxies a few times larger than it are wrong by half.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy.fft
import scipy.special

from galforge.measure.morphology.levenberg_marquardt import minimise
from galforge.measure.morphology.sersic_pixels import ConvolvedPixels
from galforge.measure.sources.extraction import Extracted

CONVERGED, NOT_CONVERGED, BEYOND, NO_FIT = range(4)
"""sersic_flag: converged; did not converge; converged outside of LIMITS; there was nothing to fit."""
LIMITS = (0.1, 8.0)
"""Range of credible Sersic indices; SExtractor's own limits are 0.3 and 8."""
FIRST_INDEX = 1.5
PARAMETERS = 7
ROUNDS = 2
CORE, PARTS = 4, 9
"""Pixels on each side of the middle that are averaged, and points along a pixel that the averages use."""


class Profile(NamedTuple):
    """Sersic index, its standard error (for noise that is independent from pixel to pixel) and its flag."""

    index: float
    error: float
    flag: int


NOTHING = Profile(np.nan, np.nan, NO_FIT)


def fit(image: np.ndarray, extracted: Extracted, psf: np.ndarray) -> Profile:
    """Fit a Sersic profile, convolved with a PSF (k, k), to the central source; other sources are masked.

    The sky found by the extraction is not subtracted from the image (side, side): stamps are background-subtracted, and
    where a galaxy fills the stamp, that sky contains its wings, whose loss would change the index.
    """
    source = extracted.source
    radius = source.half_light_radius
    if not (source.detected and radius > 0 and np.isfinite(source.flux)):
        return NOTHING
    weights = np.where(extracted.others, 0.0, 1 / extracted.rms)
    brightness = source.flux / (2 * np.pi * radius**2)
    ellipticity = min(source.ellipticity, 0.9)
    point = np.array([brightness, radius, FIRST_INDEX, source.x, source.y, ellipticity, source.theta])
    image, missing = np.asarray(image, dtype=np.float64), 0.0
    try:
        for _ in range(ROUNDS):
            pixels = ConvolvedPixels(np.ascontiguousarray(image - missing), weights, psf)
            point, _, info, _ = minimise(pixels.products, point)
            if not _believed(point):
                break
            missing = _within_pixels(point, image.shape, psf)
        products = pixels.products(point)
    except FloatingPointError:
        return Profile(np.nan, np.nan, NOT_CONVERGED)
    if info not in (1, 2, 3, 4):
        return Profile(np.nan, np.nan, NOT_CONVERGED)
    index, error = float(point[2]), _error(products)
    if not _believed(point) or not error < LIMITS[1]:
        return Profile(np.nan, np.nan, BEYOND)
    return Profile(index, error, CONVERGED)


def _believed(point: np.ndarray) -> bool:
    return LIMITS[0] <= point[2] <= LIMITS[1] and point[1] > 0 and abs(point[5]) < 1


def _within_pixels(point: np.ndarray, shape: tuple[int, int], psf: np.ndarray) -> np.ndarray:
    """Mean over pixels minus value at their middles near the cusp, convolved with the PSF: (ny, nx).

    The fit uses the values at the middles, which are wrong where the profile is steep within a pixel.
    """
    amplitude, radius, index, x, y, ellipticity, theta = point
    column, row = (round(float(place)) for place in (x, y))
    b = scipy.special.gammaincinv(2 * index, 0.5)
    fine = (np.arange((2 * CORE + 1) * PARTS) + 0.5) / PARTS - 0.5 - CORE
    coarse = np.arange(-CORE, CORE + 1.0)

    def model(places: np.ndarray) -> np.ndarray:
        dx, dy = places[None, :] + column - x, places[:, None] + row - y
        along = (dx * np.cos(theta) + dy * np.sin(theta)) / radius
        across = (dy * np.cos(theta) - dx * np.sin(theta)) / ((1 - ellipticity) * radius)
        return amplitude * np.exp(-b * ((along**2 + across**2) ** (0.5 / index) - 1))

    side = len(coarse)
    core = model(fine).reshape(side, PARTS, side, PARTS).mean(axis=(1, 3)) - model(coarse)
    whole = np.zeros((shape[0] + 2 * CORE, shape[1] + 2 * CORE))
    if not (0 <= row < shape[0] and 0 <= column < shape[1]):
        return whole[CORE:-CORE, CORE:-CORE]
    whole[row : row + side, column : column + side] = core
    return _convolved(whole, psf)[CORE:-CORE, CORE:-CORE]


def _convolved(image: np.ndarray, psf: np.ndarray) -> np.ndarray:
    """An image convolved with a PSF of odd side, at its own size, with zeros beyond it; scipy.signal takes long to
    import."""
    shape = [side + more - 1 for side, more in zip(image.shape, psf.shape, strict=True)]
    fast = [scipy.fft.next_fast_len(side, True) for side in shape]
    found = scipy.fft.irfftn(scipy.fft.rfftn(image, fast) * scipy.fft.rfftn(psf, fast), fast)
    first = [(side - 1) // 2 for side in psf.shape]
    return found[first[0] : first[0] + image.shape[0], first[1] : first[1] + image.shape[1]]


def _error(products: np.ndarray) -> float:
    """Standard error of the index from the products of the derivatives (upper triangle); NaN if they are singular."""
    upper = np.triu(products[:PARAMETERS, :PARAMETERS])
    matrix = upper + np.triu(upper, 1).T
    scale = np.sqrt(np.diag(matrix))
    if not (scale > 0).all():
        return np.nan
    try:
        variance = np.linalg.inv(matrix / np.outer(scale, scale))[2, 2] / scale[2] ** 2
    except np.linalg.LinAlgError:
        return np.nan
    return float(np.sqrt(variance)) if variance > 0 else np.nan


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
