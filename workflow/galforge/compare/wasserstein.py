"""The first Wasserstein distance (W1), its error and its floor.

W1 between two samples is the area between their cumulative distributions; on a circle, the smallest such area
over all constants that may be added to one of them. One sorted grid of both samples serves the distance,
every bootstrap resampling (images enter with integer weights) and every halving, so nothing is sorted twice.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from galforge.compare.settings import CompareSettings
from galforge.errors import GalforgeError
from galforge.seeds import generator

COLUMNS = ("metric", "property", "value", "standard_error", "floor", "n_source", "n_generated")
METRIC = "wasserstein"
FEWEST = 2  # values a side must have for a distance; 4 in the source for a floor


def wasserstein(first: np.ndarray, second: np.ndarray) -> float:
    """W1 between samples (n,) and (m,) of a real variable; both finite and not empty."""
    if len(first) == len(second):
        return float(np.mean(np.abs(np.sort(first) - np.sort(second))))
    return _Grid(first, second).distance(np.ones(len(first)), np.ones(len(second)))


def circular_wasserstein(first: np.ndarray, second: np.ndarray, period: float) -> float:
    """W1 between samples (n,) and (m,) of a variable of period `period`, with the distance along the circle.

    Exact: the area between the cumulative distributions about its weighted median (Rabin, Delon & Gousseau
    2011, J. Math. Imaging Vis. 41, 147).
    """
    return _Grid(first, second, period).distance(np.ones(len(first)), np.ones(len(second)))


def binned(values: np.ndarray, low: float, high: float, bins: int) -> np.ndarray:
    """Values moved to the centres of `bins` equal bins of [low, high]; NaN outside.

    W1 between binned samples is W1 between their histograms, which leave out what lies beside them.
    """
    width = (high - low) / bins
    inside = (values >= low) & (values <= high)
    place = np.clip(np.floor((np.where(inside, values, low) - low) / width), 0, bins - 1)
    return np.where(inside, low + (place + 0.5) * width, np.nan)


def spread(values: np.ndarray, period: float = 0.0) -> float:
    """Sd of a sample (n,), missing values left out; with a period, along the circle.

    On a circle it is taken about the circular mean, so it does not depend on where the circle was cut; it
    equals the plain sd for a narrow distribution.
    """
    values = values[np.isfinite(values)]
    if period:
        mean = np.angle(np.mean(np.exp(2j * np.pi * values / period))) * period / (2 * np.pi)
        return float(np.sqrt(np.mean(((values - mean + period / 2) % period - period / 2) ** 2)))
    return float(np.std(values))


@dataclass(frozen=True)
class Comparison:
    """Distances of P properties between one source and one generated sample.

    Attributes:
        values: (P,) W1 over the property's scale; NaN where a side has fewer than 2 values.
        replicates: (B, P) the same for B joint resamplings of the images of both sides.
        floors: (P,) what a perfect model would score; NaN where the source has fewer than 4 values.
        n_source, n_generated: (P,) values compared.
    """

    values: np.ndarray
    replicates: np.ndarray
    floors: np.ndarray
    n_source: np.ndarray
    n_generated: np.ndarray

    def row(self, name: str, properties: list[int]) -> dict:
        """Tidy row of the mean over `properties`; its error keeps their correlation. Blank if one is."""
        errors = self.replicates[:, properties].mean(axis=1)
        errors = errors[np.isfinite(errors)]
        return {
            "metric": METRIC,
            "property": name,
            "value": float(np.mean(self.values[properties])),
            "standard_error": float(np.std(errors, ddof=1)) if len(errors) > 1 else np.nan,
            "floor": float(np.mean(self.floors[properties])),
            "n_source": int(np.min(self.n_source[properties])),
            "n_generated": int(np.min(self.n_generated[properties])),
        }


def compare_properties(
    source: np.ndarray,
    generated: np.ndarray,
    settings: CompareSettings,
    scales: np.ndarray | None = None,
    periods: np.ndarray | None = None,
) -> Comparison:
    """Compare source (n, P) with generated (m, P) property by property; NaN is missing in its property.

    Args:
        scales: (P,) each distance is divided by; 1 where not given.
        periods: (P,) of circular properties; 0 for linear ones, and where not given.

    The error is the sd over bootstrap resamplings of the images, the same for all properties: only the sd,
    because near zero the mean of a bootstrapped W1 is biased upwards. The floor is W1 between random halves
    of the source (h each), averaged over halvings, times sqrt((1/n + 1/m) / (2/h)): the distance of two
    samples of one distribution falls as sqrt(1/n + 1/m). One halving scatters by about 40 %, hence many.
    """
    count = source.shape[1]
    scales = np.ones(count) if scales is None else scales
    periods = np.zeros(count) if periods is None else periods
    n, m = np.isfinite(source).sum(axis=0), np.isfinite(generated).sum(axis=0)
    values, floors = np.full(count, np.nan), np.full(count, np.nan)
    replicates = np.full((settings.bootstrap, count), np.nan)
    halvings, seed = settings.halvings, settings.seed
    measurable = (n >= FEWEST) & (m >= FEWEST) & (scales > 0)
    for p in np.flatnonzero(measurable):
        first, second = source[:, p], generated[:, p]
        real, made = np.isfinite(first), np.isfinite(second)
        first, second = first[real], second[made]
        if periods[p]:
            values[p] = circular_wasserstein(first, second, periods[p]) / scales[p]
        else:
            values[p] = wasserstein(first, second) / scales[p]
        grid = _Grid(first, second, periods[p])
        # The same images for each property, drawn afresh: B x (n + m) counts would fill the memory.
        draws = generator(seed, "bootstrap")
        for b in range(len(replicates)):
            weights = _resample(draws, len(source))[real], _resample(draws, len(generated))[made]
            replicates[b, p] = grid.distance(*weights) / scales[p]
        floors[p] = _floor(first, len(second), periods[p], halvings, seed) / scales[p]
    return Comparison(values, replicates, floors, n, m)


def columns_of(table: pd.DataFrame, names: list[str], side: str) -> np.ndarray:
    """Columns of a table of measurements as an array (n, len(names)).

    Raises:
        GalforgeError: one is lacking.
    """
    lacking = [name for name in names if name not in table.columns]
    if lacking:
        raise GalforgeError(
            f"the {side} measurements lack the columns {', '.join(lacking)}: they come from another "
            "measure; measure again"
        )
    return table[names].to_numpy(dtype=np.float64)


def tidy(rows: list[dict]) -> pd.DataFrame:
    """Tidy rows as a table of COLUMNS."""
    return pd.DataFrame(rows, columns=list(COLUMNS))


class _Grid:
    """Both samples on one sorted grid, ready for any integer weights of their members."""

    def __init__(self, first: np.ndarray, second: np.ndarray, period: float = 0.0):
        values = np.concatenate([first, second])
        if period:
            values = values % period
        self.order = np.argsort(values, kind="stable")
        values = values[self.order]
        self.gaps = np.diff(values)
        self.period = period
        # Between the last value and the first one, a period on, the distributions agree.
        self.wrap = values[0] + period - values[-1]

    def distance(self, first: np.ndarray, second: np.ndarray) -> float:
        """W1 with the members counted `first` (n,) and `second` (m,) times; NaN if one side is empty."""
        totals = first.sum(), second.sum()
        if 0 in totals:
            return np.nan
        signed = np.concatenate([first / totals[0], -second / totals[1]])
        difference = np.cumsum(signed[self.order])[:-1]
        if self.period:
            difference = np.append(difference, 0.0)
            gaps = np.append(self.gaps, self.wrap)
            order = np.argsort(difference, kind="stable")
            median = np.searchsorted(np.cumsum(gaps[order]), gaps.sum() / 2)
            return float(np.abs(difference - difference[order[median]]) @ gaps)
        return float(np.abs(difference) @ self.gaps)


def _resample(draws: np.random.Generator, size: int) -> np.ndarray:
    return np.bincount(draws.integers(size, size=size), minlength=size).astype(float)


def _floor(source: np.ndarray, generated: int, period: float, halvings: int, seed: int) -> float:
    half = len(source) // 2
    if half < FEWEST:
        return np.nan
    draws = generator(seed, "halvings")
    distances = []
    for _ in range(halvings):
        shuffled = draws.permutation(source)
        first, second = shuffled[:half], shuffled[half : 2 * half]
        if period:
            distances.append(circular_wasserstein(first, second, period))
        else:
            distances.append(wasserstein(first, second))
    return float(np.mean(distances) * np.sqrt((1 / len(source) + 1 / generated) / (2 / half)))
