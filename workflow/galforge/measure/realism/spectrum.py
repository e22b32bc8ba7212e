"""Power over radius, and a row of the Fourier transform of 8-bit images (Gantastic 4, 2020, section II-C, 5 and 6).

As published, power is |FFT2|^2, summed and not averaged over rings, without a logarithm. A ring has all frequencies
whose distance from the centre has the same integer part; those at side / 2 and beyond (the Nyquist frequency and the
corners) are left out.
"""

from functools import lru_cache

import numpy as np
import scipy.fft

SIDES = 4  # cached sides


def transform(image: np.ndarray, background: int) -> np.ndarray:
    """Half plane (side, side // 2 + 1) complex64 of the transform of an image (side, side) uint8.

    The background is subtracted first, because it is millions of times the light of a faint galaxy, and single
    precision has seven digits. It changes frequency 0 only, which is then set to the sum of the pixels.
    """
    half = scipy.fft.rfft2(image.astype(np.float32) - np.float32(background))
    half[0, 0] = image.sum(dtype=np.int64)
    return half


def ring_sums(half: np.ndarray) -> np.ndarray:
    """Sums of the power (side // 2,) float64 over the rings of integer radius 0 to side / 2 - 1.

    Args:
        half: of `transform`.
    """
    side = len(half)
    power = np.square(half.real) + np.square(half.imag)
    # The half plane has one of each pair of conjugate frequencies; frequency 0 and Nyquist have no partner.
    power[:, 1 : (side + 1) // 2] *= 2
    return np.bincount(_rings(side), power.ravel())[: side // 2]


def spectrum(half: np.ndarray, window: int) -> np.ndarray:
    """Ring sums, averaged over a moving window of radii without its ends: (side // 2 - window + 1,) float64."""
    return np.convolve(ring_sums(half), np.full(window, 1 / window), mode="valid")


def fourier(half: np.ndarray) -> np.ndarray:
    """Second half (side - side // 2,) float32 of row side // 4 of the centred |FFT2| (row 250 of 1000).

    The first value belongs to column frequency 0.
    """
    side = len(half)
    # In the centred plane, rows and columns are shifted by side // 2.
    return np.abs(half[side // 4 - side // 2, : side - side // 2])


@lru_cache(maxsize=SIDES)
def _rings(side: int) -> np.ndarray:
    """Integer radius of each frequency of the half plane, flat; at most side // 2."""
    rows, columns = scipy.fft.fftfreq(side, 1 / side), scipy.fft.rfftfreq(side, 1 / side)
    # In integers, because the rounded root of a perfect square could fall into the ring below.
    squared = np.rint(rows[:, None] ** 2 + columns**2).astype(np.int64)
    return np.minimum(np.floor(np.sqrt(squared)).astype(np.intp), side // 2).ravel()
