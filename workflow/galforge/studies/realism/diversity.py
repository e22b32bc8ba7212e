"""How different the images of a model are from each other: a number that shows when it collapses to a few kinds."""

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist, squareform

from galforge.errors import GalforgeError
from galforge.seeds import generator

MOST = 500
"""Largest number of images that are compared in pairs."""
RESAMPLES = 200
_FEWEST = 3
_TINY = 1e-12


def diversity(generated: pd.DataFrame, real: pd.DataFrame, seed: int) -> tuple[float, float]:
    """Median distance between the spectra of two generated images over that of two real ones, and its error.

    1 is as diverse as real images, 0 is the same image again and again. Distances are Euclidean, between logarithms of
    power spectra divided by their standard deviation among real images, frequency by frequency. The error is from
    resampling the images of both kinds. Empty images have no logarithms and are left out: with them, the median would
    only tell how many there are. With fewer than three other images the diversity is 0, without an error.

    Args:
        generated, real: tables with the columns ``lit_share``, and ``spectrum_000`` and so on.
        seed: of the choice of images and of the resampling.

    Raises:
        GalforgeError: there are too few real images.
    """
    generated, real = (table[table["lit_share"] > 0] for table in (generated, real))
    if len(real) < _FEWEST:
        raise GalforgeError(
            f"diversity: {len(real)} real images that are not empty (labelled real in labeled.csv), but at least "
            f"{_FEWEST} are needed: label more"
        )
    if len(generated) < _FEWEST:
        return 0.0, float("nan")
    columns = [name for name in real.columns if name.startswith("spectrum_")]
    logs = [np.log10(np.maximum(table[columns].to_numpy(float), _TINY)) for table in (generated, real)]
    spread = logs[1].std(axis=0)
    # The standard deviation of equal numbers is not always exactly 0.
    spread[spread < _TINY] = 1.0
    squares = []
    for number, values in enumerate(logs):
        order = generator(seed, "diversity", number).permutation(len(values))[:MOST]
        square = squareform(pdist(values[np.sort(order)] / spread))
        np.fill_diagonal(square, np.nan)
        squares.append(square)
    value = _median(squares[0]) / _median(squares[1])
    random = generator(seed, "diversity", "resampling")
    again = []
    for _ in range(RESAMPLES):
        picked = [random.integers(len(each), size=len(each)) for each in squares]
        again.append(_median(squares[0], picked[0]) / _median(squares[1], picked[1]))
    return value, float(np.std(again, ddof=1))


def _median(square: np.ndarray, picked: np.ndarray | None = None) -> float:
    """Median over pairs of different images; an image that is drawn twice is not paired with itself."""
    if picked is not None:
        square = square[np.ix_(picked, picked)]
    return float(np.nanmedian(square))
