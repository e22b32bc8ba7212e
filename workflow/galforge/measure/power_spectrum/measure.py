"""Azimuthal amplitude spectra of stamps (Holzschuh et al. 2022, MNRAS 515, 652, and its released code).

The spectrum of a stamp is |FFT2| / side^2, an amplitude and not its square, averaged over rings of integer radius (all
frequencies with floor(radius) = r; radius 0 is the DC term alone, side / 2 the Nyquist frequency). Rings are then
grouped into modes. The logarithm comes last: it is log10 of the mean, over the rings of a mode, of their azimuthal
means.
"""

from functools import lru_cache

import numpy as np
import pandas as pd
import scipy.fft
import scipy.sparse

from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.measure.images import blocks
from galforge.measure.power_spectrum.settings import MeasureSettings
from galforge.stamps.file import Stamps
from galforge.stamps.galaxies import side_of

MODES = 15
SIDES = 16  # cached sides of stamps
CACHED = 2**15  # px transformed at a time; the transform of one stamp of 256 px fills most of a core's cache
SMALLEST_SIDE = 32  # px; in smaller stamps 14 modes and the DC term do not fit below the Nyquist frequency
NYQUIST = 1.2681  # kpc^-1, the last edge; the others are fractions of it, so that they fit any stamp
UPPER_EDGES = (
    0.0140, 0.0350, 0.0631, 0.1121, 0.1681, 0.2382, 0.3223,
    0.4204, 0.5325, 0.6516, 0.7917, 0.9388, 1.1000, 1.2681,
)  # fmt: skip
"""Upper edges [kpc^-1] of modes 1 to 14, as intended in the released code; mode 0 is the DC term."""


def measure(
    stamps: Stamps, start: int, stop: int, settings: MeasureSettings, band: int, noise_sigma: float, seed: int
) -> pd.DataFrame:
    """Spectra of band `band` of stamps `start` to `stop` (exclusive).

    Columns: `index`, `mode_00` to `mode_14`, and `bin_000` to `bin_<side/2>`, the single rings (float32, for figures;
    not for galaxies at their own size, whose rings differ); all are log10 of the amplitude in image units [dex]. An
    amplitude of zero (a constant stamp) is missing, and so are all modes of galaxies at their own size below 32 px.
    `noise_sigma` and `seed` are not used, because added noise would dominate the highest modes.

    Raises:
        GalforgeError: stamps are not square, are smaller than 32 px, or lack the band.
    """
    side = side_of(stamps)
    if 0 < side < SMALLEST_SIDE:
        raise GalforgeError(
            f"{stamps.path}: stamps of {side} px are too small for 15 modes of the power spectrum: they need "
            f"{SMALLEST_SIDE} px or more; leave power_spectrum out of `measures` of this data set"
        )
    modes, profile = np.full((stop - start, MODES), np.nan), np.full((stop - start, side // 2 + 1), np.nan)
    for low, images in blocks(stamps, start, stop, band):
        here = slice(low - start, low - start + len(images))
        if images.shape[-1] < SMALLEST_SIDE:
            continue
        amplitude = ring_means(images, ring_matrix(images.shape[-1]))
        with np.errstate(divide="ignore"):
            modes[here] = np.log10(group(amplitude, images.shape[-1], settings.protocol))
            profile[here] = np.log10(amplitude[:, : side // 2 + 1])
    if incomplete := int((~np.isfinite(modes)).any(axis=1).sum()):
        log.warning("power_spectrum: %d stamps are too small or have modes of zero amplitude: missing", incomplete)
    modes[~np.isfinite(modes)] = np.nan
    profile[~np.isfinite(profile)] = np.nan
    return pd.DataFrame(
        {"index": np.arange(start, stop)}
        | {f"mode_{i:02d}": modes[:, i] for i in range(MODES)}
        | {f"bin_{r:03d}": profile[:, r].astype(np.float32) for r in range(profile.shape[1]) if side}
    )


@lru_cache(maxsize=SIDES)
def ring_matrix(side: int) -> scipy.sparse.csr_array:
    """Sparse matrix (rings, side * (side // 2 + 1)) that averages the half plane of `rfft2` over rings.

    The half plane has one of each pair of conjugate frequencies, so all columns count twice, except those of frequency
    0 and, for an even side, Nyquist.
    """
    rows = scipy.fft.fftfreq(side, 1 / side)
    columns = scipy.fft.rfftfreq(side, 1 / side)
    # In integers, because the rounded root of a perfect square could fall into the ring below.
    squared = np.rint(rows[:, None] ** 2 + columns[None, :] ** 2).astype(np.int64)
    radius = np.floor(np.sqrt(squared)).astype(np.int64)
    weight = np.full(squared.shape, 2.0)
    weight[:, 0] = 1.0
    if side % 2 == 0:
        weight[:, -1] = 1.0
    radius, weight = radius.ravel(), weight.ravel()
    weight /= np.bincount(radius, weights=weight)[radius]
    return scipy.sparse.csr_array((weight, (radius, np.arange(radius.size))))


def ring_means(images: np.ndarray, rings: scipy.sparse.csr_array) -> np.ndarray:
    """Azimuthal means (n, rings) of |FFT2| / side^2 of images (n, side, side), the corners included.

    In double precision, because the spectrum of a smooth noiseless galaxy falls below the rounding errors of single
    precision.
    """
    side = images.shape[-1]
    few = max(1, CACHED // side**2)
    means = np.empty((len(images), rings.shape[0]))
    for low in range(0, len(images), few):
        amplitude = np.abs(scipy.fft.rfft2(images[low : low + few])).reshape(-1, rings.shape[1])
        means[low : low + few] = (rings @ amplitude.T).T
    return means / side**2


def mode_edges(side: int) -> list[int]:
    """Largest ring of each of the 15 intended modes; mode i has the rings above edge i - 1 up to edge i.

    At a side of 256 px they are exactly the intended edges; in smaller stamps each mode has at least one ring.
    """
    edges = [0]
    for edge in UPPER_EDGES[:-1]:
        edges.append(max(int(edge / NYQUIST * (side // 2)), edges[-1] + 1))
    return [*edges, side // 2]


def group(amplitude: np.ndarray, side: int, protocol: str) -> np.ndarray:
    """Amplitudes of the 15 modes (n, 15) from ring means (n, rings).

    published: the first 15 rings, because the last loop of the released code overwrites its modes with them.
    corrected: the mean over the rings of each intended mode.
    """
    if protocol == "published":
        return amplitude[:, :MODES]
    edges = mode_edges(side)
    lows = [0, *(edge + 1 for edge in edges[:-1])]
    return np.stack([amplitude[:, low : high + 1].mean(axis=1) for low, high in zip(lows, edges, strict=True)], axis=1)
