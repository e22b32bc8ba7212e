"""Ranks of models by a distance: who is better than whom beyond the error of the difference."""

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from galforge.compare.holm import adjusted
from galforge.compare.kind import REAL, ROUNDTRIP
from galforge.papers.table import Table

LEVEL = 0.05
"""Chance of any wrong order among models that are alike."""
RANKED = ("distance", "unbiased")
"""How metrics are read of which smaller is better."""
_ONE_RANKING = ["dataset", "origin", "metric", "property", "protocol"]


def ranked(table: Table, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of a table with the column ``rank``; missing where nothing is ranked.

    The rank is 1 + the number of models that are better. A model is better than another one on the same data set if its
    value is smaller, the other is not at the floor, and the difference is beyond its error: two-sided normal p-values
    of all pairs, corrected together (Holm 1979, Scand. J. Stat. 6, 65), are below 5 %. So models that cannot be told
    apart have the same rank. Galaxies without a model are not ranked, and neither is one model alone.

    galforge draws equally many stamps from every model of a data set, so that none has the lower distance for having
    more of them.

    Args:
        table: says how metrics are read.
        rows: with ``value``, ``at_floor``, ``error_images``, ``error_seeds``, and ``replicates``, see ``difference``.
    """
    out = rows.assign(rank=pd.Series(pd.NA, index=rows.index, dtype="Int64"))
    models = rows[~rows["model"].isin((REAL, ROUNDTRIP)) & np.isfinite(rows["value"].astype(float))]
    for (_, _, metric, *_), own in models.groupby(_ONE_RANKING, sort=False, dropna=False):
        if len(own) < 2 or table.reading_of(metric) not in RANKED:
            continue
        better = _better(own)
        for place, index in enumerate(own.index):
            out.loc[index, "rank"] = 1 + int(better[:, place].sum())
    return out


def _better(rows: pd.DataFrame) -> np.ndarray:
    """Whether row i is better than row j (r, r)."""
    pairs = list(combinations(range(len(rows)), 2))
    apart = [difference(rows.iloc[i], rows.iloc[j]) for i, j in pairs]
    # Without an error nothing is known; numbers without scatter differ or are equal.
    chance = np.array([_chance(value / error) if error != 0 else float(value == 0) for value, error in apart])
    found = np.zeros((len(rows), len(rows)), dtype=bool)
    for (i, j), (value, _), sure in zip(pairs, apart, holm(chance), strict=True):
        good, bad = (i, j) if value < 0 else (j, i)
        found[good, bad] = sure and not rows["at_floor"].iloc[bad]
    return found


def _chance(sigmas: float) -> float:
    """Two-sided p-value of a normally distributed value that is so many sd from 0."""
    return math.erfc(abs(sigmas) / math.sqrt(2))


def difference(first: pd.Series, second: pd.Series) -> tuple[float, float]:
    """Value of one row less that of another, and its error; NaN where an error is missing.

    The error over images is the sd of the difference in resamplings that took the same source galaxies for both,
    where both rows have ``replicates`` (B,); otherwise the errors of both are added in quadrature, which is too large,
    because the source is the same. The errors over seeds are added in quadrature; with one seed there is none.
    """
    replicates = [np.asarray(row["replicates"], dtype=float) for row in (first, second)]
    images = np.hypot(first["error_images"], second["error_images"])
    if len(replicates[0]) and len(replicates[0]) == len(replicates[1]):
        apart = replicates[0] - replicates[1]
        apart = apart[np.isfinite(apart)]
        images = np.std(apart, ddof=1) if len(apart) > 1 else np.nan
    seeds = [row["error_seeds"] for row in (first, second) if np.isfinite(row["error_seeds"])]
    return float(first["value"] - second["value"]), float(np.hypot(images, np.linalg.norm(seeds)))


def mean_replicates(replicates: pd.Series) -> Sequence[float]:
    """Mean of several rows in each resampling (B,); empty where a row has no resamplings or another number of them."""
    drawn = [np.asarray(each, dtype=float) for each in replicates if np.ndim(each)]
    alike = len(drawn) == len(replicates) and len({len(each) for each in drawn}) == 1
    return np.mean(drawn, axis=0) if alike else ()


def holm(chances: np.ndarray, level: float = LEVEL) -> np.ndarray:
    """Which p-values (t,) stand out among all of them (t,).

    The smallest has to be below level / t, the next one below level / (t - 1), and so on, up to the first that is not.
    NaN never stands out.
    """
    return adjusted(chances) < level
