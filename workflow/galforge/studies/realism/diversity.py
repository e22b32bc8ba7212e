"""How unlike each other a model's images are: a number that shows the collapse of a model to few kinds of images."""

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist

from galforge.errors import GalforgeError
from galforge.seeds import generator

MOST = 500
"""Images that are compared in pairs."""
RESAMPLES = 200
_FEWEST = 3
_TINY = 1e-12


def diversity(generated: pd.DataFrame, real: pd.DataFrame, seed: int) -> tuple[float, float]:
    """Median distance between the spectra of two generated images over that of two real ones, and its error.

    1 is as diverse as real images, 0 is one image again and again. Distances are Euclidean, between logarithms of the
    power spectrum divided by their standard deviation among real images, frequency by frequency. The error is over
    images of both kinds, by resampling. Images without anything have no logarithms and do not count: among them and
    others the median would say no more than how many there are. Fewer than three others have no diversity: 0, without
    an error.

    Args:
        generated, real: tables with the columns ``lit_share``, and ``spectrum_000`` and so on.
        seed: of the choice of images and of the resampling.

    Raises:
        GalforgeError: too few real images.
    """
    generated, real = (table[table["lit_share"] > 0] for table in (generated, real))
    if len(real) < _FEWEST:
        raise GalforgeError(
            f"diversity: {len(real)} real images that are not empty, those labelled so in labeled.csv; at least "
            f"{_FEWEST} are needed"
        )
    if len(generated) < _FEWEST:
        return 0.0, float("nan")
    columns = [name for name in real.columns if name.startswith("spectrum_")]
    logs = [np.log10(np.maximum(table[columns].to_numpy(float), _TINY)) for table in (generated, real)]
    spread = logs[1].std(axis=0)
    # Of equal numbers it is not always exactly 0.
    spread[spread < _TINY] = 1.0
    squares = []
    for number, values in enumerate(logs):
        order = generator(seed, "diversity", number).permutation(len(values))[:MOST]
        values = values[np.sort(order)] / spread
        squares.append(_square(pdist(values), len(values)))
    value = _median(squares[0]) / _median(squares[1])
    random = generator(seed, "diversity", "resampling")
    again = []
    for _ in range(RESAMPLES):
        picked = [random.integers(len(each), size=len(each)) for each in squares]
        again.append(_median(squares[0], picked[0]) / _median(squares[1], picked[1]))
    return value, float(np.std(again, ddof=1))


def _square(distances: np.ndarray, count: int) -> np.ndarray:
    out = np.full((count, count), np.nan)
    out[np.triu_indices(count, 1)] = distances
    return np.fmax(out, out.T)


def _median(square: np.ndarray, picked: np.ndarray | None = None) -> float:
    """Median over pairs of different images; an image drawn twice makes no pair with itself."""
    if picked is not None:
        square = square[np.ix_(picked, picked)]
    return float(np.nanmedian(square))
