"""The first Wasserstein distance (W1), its error and its floor.

W1 between two samples is the area between their cumulative distributions; on a circle, the smallest such area
over all constants that may be added to one of them. Values are sorted once: each bootstrap resampling and each halving
gives the images other integer weights on the same grid.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from galforge.compare.scores import COLUMNS, Score, resampling
from galforge.compare.settings import CompareSettings
from galforge.errors import GalforgeError
from galforge.seeds import generator

METRIC = "wasserstein"
FEWEST = 2  # values a side must have for a distance; 4 in the source for a floor
_RUN = 32  # weights summed by one row of a matrix product
_BELOW = np.triu(np.ones((_RUN, _RUN)))
_BINS = 1024  # in which a weighted median is searched


def wasserstein(first: np.ndarray, second: np.ndarray) -> float:
    """W1 between samples (n,) and (m,) of a real variable, both finite and not empty."""
    n, m = len(first), len(second)
    first, second = np.sort(first), np.sort(second)
    if n == m:
        return float(np.mean(np.abs(first - second)))
    # The quantile functions are steps, which end at multiples of m and of n in units of 1 / (n m).
    ends = np.sort(np.concatenate([np.arange(1, n + 1) * m, np.arange(1, m + 1) * n]), kind="stable")
    apart = np.abs(first[(ends - 1) // m] - second[(ends - 1) // n])
    return float(apart @ np.diff(ends, prepend=0) / (n * m))


def circular_wasserstein(first: np.ndarray, second: np.ndarray, period: float) -> float:
    """W1 between samples (n,) and (m,) of a variable of period `period`, with the distance along the circle.

    Exact: the area between the cumulative distributions about its weighted median (Rabin, Delon & Gousseau
    2011, J. Math. Imaging Vis. 41, 147).
    """
    n, m = len(first), len(second)
    grid = _Grid(np.concatenate([first, second]), period)
    return grid.area(np.repeat([float(m), -float(n)], [n, m])) / (n * m)


def binned(values: np.ndarray, low: float, high: float, bins: int) -> np.ndarray:
    """Values moved to the centres of `bins` equal bins of [low, high]; NaN outside.

    W1 between binned samples is W1 between their histograms, where values outside of the range are left out.
    """
    width = (high - low) / bins
    inside = (values >= low) & (values <= high)
    place = np.clip(np.floor((np.where(inside, values, low) - low) / width), 0, bins - 1)
    return np.where(inside, low + (place + 0.5) * width, np.nan)


def spread(values: np.ndarray, period: float = 0.0) -> float:
    """Sd of the finite values of a sample (n,); with a period, along the circle.

    On a circle it is taken about the circular mean, so it does not depend on where the circle was cut. For a narrow
    distribution it equals the plain sd.
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
        values: (P,) W1 divided by the property's scale; NaN where a side has fewer than 2 values.
        replicates: (B, P) the same for B bootstrap resamplings of the images of both sides.
        floors: (P,) what a perfect model would score; NaN where the source has fewer than 4 values.
        n_source, n_generated: (P,) values compared.
    """

    values: np.ndarray
    replicates: np.ndarray
    floors: np.ndarray
    n_source: np.ndarray
    n_generated: np.ndarray

    def row(self, name: str, properties: list[int], metric: str = METRIC) -> dict:
        """Tidy row of the mean over `properties`; its error keeps their correlation. Blank if one of them is."""
        replicates = self.replicates[:, properties].mean(axis=1)
        errors = replicates[np.isfinite(replicates)]
        error = float(np.std(errors, ddof=1)) if len(errors) > 1 else np.nan
        value, floor = (float(np.mean(each[properties])) for each in (self.values, self.floors))
        n, m = (int(np.min(each[properties])) for each in (self.n_source, self.n_generated))
        return Score(value, error, floor, n, m, replicates=replicates).row(metric, name)


def compare_properties(
    source: np.ndarray,
    generated: np.ndarray,
    settings: CompareSettings,
    scales: np.ndarray | None = None,
    periods: np.ndarray | None = None,
) -> Comparison:
    """Compare source (n, P) with generated (m, P) property by property. NaN is left out of its property alone.

    Args:
        scales: (P,) by which distances are divided; default 1.
        periods: (P,) of circular properties, 0 for linear ones; default 0.

    The error is the sd over bootstrap resamplings of the images, which are the same for all properties. (Their mean is
    of no use: near zero it is biased upwards.) The floor is W1 between random halves of the source (h each), averaged
    over halvings, times sqrt((1/n + 1/m) / (2/h)), because the distance of two samples of one distribution falls as
    sqrt(1/n + 1/m). One halving scatters by about 40 %, so there are many.
    """
    count = source.shape[1]
    scales = np.ones(count) if scales is None else scales
    periods = np.zeros(count) if periods is None else periods
    real, made = np.isfinite(source), np.isfinite(generated)
    n, m = real.sum(axis=0), made.sum(axis=0)
    values, floors = np.full(count, np.nan), np.full(count, np.nan)
    replicates = np.full((settings.bootstrap, count), np.nan)
    halvings, seed = settings.halvings, settings.seed
    measurable = np.flatnonzero((n >= FEWEST) & (m >= FEWEST) & (scales > 0))
    for p in measurable:
        first, second = source[real[:, p], p], generated[made[:, p], p]
        values[p] = circular_wasserstein(first, second, periods[p]) if periods[p] else wasserstein(first, second)
    for b, distances in enumerate(_resampled(source, generated, periods, measurable, settings)):
        replicates[b, measurable] = distances
    for size in np.unique(n[measurable]):
        alike = measurable[n[measurable] == size]  # properties with as many values share the halvings
        grids = [_Grid(source[real[:, p], p], periods[p]) for p in alike]
        apart = _between_halves(grids, size, halvings, seed)
        floors[alike] = apart * np.sqrt((1 / size + 1 / m[alike]) / (2 / (size // 2)))
    return Comparison(values / scales, replicates / scales, floors / scales, n, m)


def columns_of(table: pd.DataFrame, names: list[str], side: str) -> np.ndarray:
    """Columns of a table of measurements as an array (n, len(names)), float64; `side` names the table in errors.

    Raises:
        GalforgeError: the table lacks one.
    """
    lacking = [name for name in names if name not in table.columns]
    if lacking:
        raise GalforgeError(
            f"the {side} measurements lack the columns {', '.join(lacking)}: another measure made them; measure again"
        )
    return table[names].to_numpy(dtype=np.float64)


def tidy(rows: list[dict]) -> pd.DataFrame:
    """Tidy rows as a table of COLUMNS and `replicates`; what a row does not have is NaN there, and () as replicates."""
    table = pd.DataFrame(rows, columns=[*COLUMNS, "replicates"])
    return table.assign(replicates=[found if np.ndim(found) else () for found in table["replicates"]])


class _Grid:
    """Finite values of a sample (n,) on a sorted grid, ready for any integer weights."""

    def __init__(self, values: np.ndarray, period: float = 0.0):
        values = np.where(np.isfinite(values), values, np.nan)
        if period:
            values = values % period
        order = np.argsort(values)[: np.isfinite(values).sum()]
        values = values[order]
        # From the last value to the first one a period later, or to infinity: there the running sum is 0.
        gaps = np.append(np.diff(values), values[0] + period - values[-1] if period else 0.0)
        # Filled up to whole runs with gaps of no width.
        fill = -len(order) % _RUN
        self.order = np.append(order, np.zeros(fill, dtype=order.dtype))
        self.gaps = np.append(gaps, np.zeros(fill))
        self.period = period

    def area(self, weights: np.ndarray) -> float:
        """Area under the absolute running sum of integer weights (n,), which add up to 0 over the grid.

        W1 is this area divided by N1 N2, for the weights c1 N2 of one sample and -c2 N1 of the other, where N1 and
        N2 are the sums of the counts c1 and c2. Running sums of integers are exact in any order, so they are taken as
        products with a triangular matrix, in half the time of numpy's running sum.
        """
        runs = weights.take(self.order).reshape(-1, _RUN)
        runs[1:, 0] += np.cumsum(runs[:-1] @ _BELOW[0])
        sums = (runs @ _BELOW).ravel()
        if self.period:
            sums -= _weighted_median(sums, self.gaps)
        return float(np.abs(sums, out=sums) @ self.gaps)


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    """The value below which half of the weight lies: the bin of it is found first, and only its values are sorted."""
    low, high = values.min(), values.max()
    place = ((values - low) * (_BINS / (high - low + 1))).astype(np.intp)
    below = np.cumsum(np.bincount(place, weights))
    half = below[-1] / 2
    found = np.searchsorted(below, half)
    inside = np.flatnonzero(place == found)
    inside = inside[np.argsort(values[inside])]
    outside = below[found - 1] if found else 0.0
    median = np.searchsorted(outside + np.cumsum(weights[inside]), half)
    return values[inside[min(median, len(inside) - 1)]]  # rounding may put the half just past the last one


def _resampled(
    source: np.ndarray, generated: np.ndarray, periods: np.ndarray, properties: np.ndarray, settings: CompareSettings
) -> Iterator[np.ndarray]:
    """Distances of some properties for each resampling of the images in turn; NaN where a side is empty."""
    both = np.concatenate([source, generated])
    grids = [_Grid(both[:, p], periods[p]) for p in properties]
    there = np.isfinite(both[:, properties]).T.astype(float)
    size, weights = len(source), np.empty(len(both))
    draws = generator(settings.seed, "bootstrap")
    for _ in range(settings.bootstrap):
        first, second = (resampling(draws, count).astype(float) for count in (size, len(generated)))
        distances, weighted = np.full(len(grids), np.nan), (0.0, 0.0)
        for p, grid in enumerate(grids):
            totals = first @ there[p, :size], second @ there[p, size:]
            if 0 in totals:
                continue
            if totals != weighted:  # the same for all properties without missing values
                np.multiply(first, totals[1], out=weights[:size])
                np.multiply(second, -totals[0], out=weights[size:])
                weighted = totals
            distances[p] = grid.area(weights) / (totals[0] * totals[1])
        yield distances


def _between_halves(grids: list[_Grid], size: int, halvings: int, seed: int) -> np.ndarray:
    """Mean distances between random halves of samples of `size` values; NaN where a half is too small."""
    half = size // 2
    if half < FEWEST:
        return np.full(len(grids), np.nan)
    draws = generator(seed, "halvings")
    areas = np.zeros(len(grids))
    for _ in range(halvings):
        shuffled = draws.permutation(size)
        weights = np.zeros(size)
        weights[shuffled[:half]], weights[shuffled[half : 2 * half]] = 1.0, -1.0
        areas += [grid.area(weights) for grid in grids]
    return areas / (half * halvings)
