"""Light of mock galaxies in the bands of Hyper Suprime-Cam: spectra, the PSF of each band, and the noise of its sky.

Sky noise and its correlation were measured on 83 real HSC cutouts of the COSMOS field, with all detected light masked.
Coadds are resampled with a Lanczos kernel: neighbours along rows and columns correlate by 0.06, diagonal ones hardly.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from galforge.datasets.scene import Sersic, add_profile, crop, grid_side, moffat_spectrum

PIXEL_ARCSEC = 0.168
ZERO_POINT = 27.0
EDGES_NM = ((400.0, 550.0), (550.0, 700.0), (690.0, 850.0), (850.0, 930.0), (930.0, 1070.0))  # g r i z y, top-hats
FWHM_ARCSEC = (0.79, 0.75, 0.61, 0.68, 0.68)
MOFFAT_BETA = 3.0
BREAK_NM, LYMAN_ALPHA_NM = 400.0, 121.6
BREAK = {True: 2.2, False: 1.3}  # step at 4000 A of early and of late types
FORESTED = 0.02  # share that intergalactic gas transmits shortward of Lyman alpha
SKY_RMS = (0.0308, 0.0334, 0.0424, 0.0824, 0.1424)  # of a pixel [count], g r i z y
SKY_CORRELATION = (  # at lags of 1, 2 and 3 px along an axis
    (0.063, -0.027, 0.020),
    (0.064, -0.037, 0.022),
    (0.068, -0.029, 0.026),
    (0.062, -0.042, 0.018),
    (0.085, 0.005, 0.045),
)


@dataclass(frozen=True)
class Source:
    """A galaxy as it is drawn: ``profile`` [px from the centre], ``magnitudes`` (5,) [AB] in g, r, i, z, y."""

    redshift: float
    early: bool
    profile: Sersic
    magnitudes: np.ndarray

    @property
    def fluxes(self) -> np.ndarray:
        """(5,) in image units [count]."""
        return 10 ** (0.4 * (ZERO_POINT - self.magnitudes))


@dataclass(frozen=True)
class Galaxy:
    """What is drawn for one mock image: the galaxy, its neighbours, and what is wrong with its core, if anything."""

    central: Source
    neighbours: list[Source]
    core: str
    core_band: int


def band_fluxes(redshift: float, early: bool, slope: float) -> np.ndarray:
    """Mean f_nu in g, r, i, z, y of f_nu ~ nu**-slope with the breaks at 4000 A and at Lyman alpha, (5,).

    Args:
        redshift: of the galaxy.
        early: whether it is an early type, with the stronger break.
        slope: above 0, so that redder bands are brighter.
    """
    steps = (0.0, LYMAN_ALPHA_NM * (1 + redshift), BREAK_NM * (1 + redshift), np.inf)
    levels = (FORESTED, 1.0, BREAK[early])
    found = []
    for low, high in EDGES_NM:
        total = 0.0
        for level, start, stop in zip(levels, steps[:-1], steps[1:], strict=True):
            start, stop = max(low, start), min(high, stop)
            if stop > start:
                # Photons are counted: f_nu is averaged over d(ln lambda).
                total += level * ((stop / 1000) ** slope - (start / 1000) ** slope) / slope
        found.append(total / np.log(high / low))
    return np.array(found)


def seen(profiles: list[Sersic], fluxes: np.ndarray, side: int) -> np.ndarray:
    """Galaxies seen through the PSF of each band: (5, side, side) float64 [count], without noise.

    Args:
        profiles: one per galaxy; positions are pixels from the centre of the image, and their own flux is not used.
        fluxes: (n, 5), of each galaxy in each band [count].
        side: of the image [px]; light from galaxies in a margin around it is included.
    """
    grid = grid_side(side)
    light = np.zeros((len(FWHM_ARCSEC), grid, grid))
    # On a grid of even side the centre lies between pixels, in an image of odd side on one.
    shift = ((grid - side) % 2) / 2
    for profile, flux in zip(profiles, fluxes, strict=True):
        one = np.zeros((grid, grid))
        add_profile(one, replace(profile, flux=1.0, x=profile.x - shift, y=profile.y - shift))
        light += flux[:, None, None] * one
    spectra = np.array([moffat_spectrum(grid, fwhm / PIXEL_ARCSEC, MOFFAT_BETA) for fwhm in FWHM_ARCSEC])
    return crop(np.fft.irfft2(np.fft.rfft2(light) * spectra, s=(grid, grid)), side)


def sky(side: int, random: np.random.Generator) -> np.ndarray:
    """Sky noise (5, side, side) [count], correlated between neighbouring pixels and independent between bands."""
    # Noise made by Fourier transforms is periodic: a margin keeps opposite edges apart.
    grid = side + 8
    white = random.standard_normal((len(SKY_RMS), grid, grid))
    return np.fft.irfft2(np.fft.rfft2(white) * _noise_filters(grid), s=(grid, grid))[:, :side, :side]


@lru_cache(maxsize=4)
def _noise_filters(grid: int) -> np.ndarray:
    """(5, grid, grid // 2 + 1): filters that give white noise the rms and the correlation of each band's sky."""
    filters = []
    for rms, correlation in zip(SKY_RMS, SKY_CORRELATION, strict=True):
        row = np.zeros(grid)
        row[0] = 1
        for lag, value in enumerate(correlation, start=1):
            row[lag] = row[-lag] = value
        # The correlation of rows times that of columns, as of noise resampled along one axis after the other.
        along = np.fft.fft(row).real
        filters.append(rms * np.sqrt(np.outer(along, along[: grid // 2 + 1])))
    return np.array(filters)
