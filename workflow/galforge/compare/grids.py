"""Samples with missing values on sorted grids: their distances under any integer weights of the images.

Values are sorted once: resamplings, relabellings and halvings give the images other integer weights on the same grid.
"""

from typing import NamedTuple

import numpy as np

_RUN = 32  # weights summed by one row of a matrix product
_BELOW = np.triu(np.ones((_RUN, _RUN)))
TRIMMED = (0.01, 0.99)
"""Quantiles of the source between which galaxies are compared where some of its own are missing."""
_BINS = 1024  # in which a weighted median is searched


class Distances(NamedTuple):
    """Distances of P properties between two weighted samples, (..., P) each.

    Attributes:
        complete: W1 that counts galaxies without a value; plain W1 where it was not asked for.
        conditional: W1 of the galaxies that have a value.
        shares: measured share of the second sample minus that of the first.
    """

    complete: np.ndarray
    conditional: np.ndarray
    shares: np.ndarray


class Grid:
    """Finite values of a sample (n,) on a sorted grid, ready for any integer weights."""

    def __init__(self, values: np.ndarray, period: float = 0.0, ends: np.ndarray | None = None):
        values = np.where(np.isfinite(values), values, np.nan)
        if period:
            values = values % period
        order = np.argsort(values)[: np.isfinite(values).sum()]
        values = values[order]
        # From the last value to the first one a period later, or to infinity: there the running sum is 0.
        gaps = np.append(np.diff(values), values[0] + period - values[-1] if period else 0.0)
        # W1 of values clipped to a range is the part of the area that lies in it.
        inner = gaps if period or ends is None else np.append(np.diff(np.clip(values, *ends)), 0.0)
        clips = not np.array_equal(inner, gaps)
        # Filled up to whole runs with gaps of no width.
        fill = -len(order) % _RUN
        self.order = np.append(order, np.zeros(fill, dtype=order.dtype))
        self.values = np.pad(values, (0, fill), mode="edge") if len(values) else values
        self.gaps = np.pad(np.stack([gaps, inner]) if clips else gaps[None], ((0, 0), (0, fill)))
        self.period = period

    def areas(self, weights: np.ndarray, ends: np.ndarray | None = None) -> tuple[float, float]:
        """Areas under the absolute running sum of integer weights (n,), which add up to 0 over the grid.

        The whole one, and the part inside of the range, or of the range `ends` in its place.

        W1 is this area divided by N1 N2, for the weights c1 N2 of one sample and -c2 N1 of the other, where N1 and
        N2 are the sums of the counts c1 and c2. Running sums of integers are exact in any order, so they are taken as
        products with a triangular matrix, in half the time of numpy's running sum.
        """
        runs = weights.take(self.order).reshape(-1, _RUN)
        runs[1:, 0] += np.add.accumulate(runs[:-1] @ _BELOW[0])
        sums = (runs @ _BELOW).ravel()
        if self.period:
            sums -= _weighted_median(sums, self.gaps[0])
        found = self.gaps @ np.abs(sums, out=sums)
        if ends is None:
            return found[0], found[-1]
        # Less the tails, which are short: up to the first value inside, and from the last one on.
        gaps, start, stop = self.gaps[0], *self.values.searchsorted(ends).tolist()
        inner = found[0] - gaps[:start] @ sums[:start] - gaps[stop:] @ sums[stop:]
        if 0 < start < len(gaps):
            inner += (self.values[start] - ends[0]) * sums[start - 1]
        if 0 < stop < len(gaps):
            inner -= (self.values[stop] - ends[1]) * sums[stop - 1]
        return found[0], inner


class Samples:
    """Values (N, P) of pooled images, of which two samples are taken by weights.

    Args:
        values: not finite where an image has none.
        concerned: (N, P) whether an image is one of those that have, or should have, a value.
        periods: (P,) of circular properties, 0 for linear ones.
        ends: (P, 2) range to which values are clipped for the complete distance; None: there is no complete one.
        reach: (P,) distance that a missing galaxy counts as, for circular properties.
        trimmed: (P,) which ranges hold 98 % of the source's values, so that resampled galaxies have others.
        size: images of the source, which are the first.
    """

    def __init__(
        self,
        values: np.ndarray,
        concerned: np.ndarray,
        periods: np.ndarray,
        ends: np.ndarray | None = None,
        reach: np.ndarray | None = None,
        trimmed: np.ndarray | None = None,
        size: int = 0,
    ):
        there = np.isfinite(values)
        self.there, self.concerned = _narrow(there), _narrow(concerned)
        each = [None] * values.shape[1] if ends is None else ends
        self.grids = [Grid(values[:, p], periods[p], own) for p, own in enumerate(each)]
        self.ends, self.reach, self.periods = ends, reach, periods
        if ends is not None:  # (P, N): one row after the other is summed in a third of the time
            self.inside = np.where(there, np.clip(np.where(there, values, 0.0), *ends.T), 0.0).T.copy()
        self.trimmed = np.arange(0) if trimmed is None else np.flatnonzero(trimmed & (periods == 0))
        if len(self.trimmed):
            own = np.where(there[:size], values[:size], np.inf)[:, self.trimmed].T
            # As far as any property has values: missing ones are the last.
            longest = int(np.isfinite(own).sum(axis=1).max())
            self.by_size = np.argsort(own, axis=1)[:, :longest]
            self.sorted = np.take_along_axis(own, self.by_size, axis=1)
            self.known = np.isfinite(self.sorted)
            self.sorted[~self.known] = 0.0

    def distances(
        self, first: np.ndarray, second: np.ndarray, over: np.ndarray | None = None, resampled: bool = False
    ) -> Distances:
        """Distances between the samples of integer weights `first` and `second`, (N,) each; NaN where one is empty.

        Args:
            over: (P,) that complete distances are divided by, in place of the first sample's measured shares.
            resampled: whether ranges are those of the first sample, of images of the source.
        """
        size = len(self.grids)
        one, two = (np.zeros(size) + self.there @ counts for counts in (first, second))
        ends, others = self._ends(first) if resampled else (self.ends, {})
        plain, inner = np.full(size, np.nan), np.full(size, np.nan)
        weighted, weights = None, None
        for p, totals in enumerate(zip(one.tolist(), two.tolist(), strict=True)):
            if 0 in totals:
                continue
            if totals != weighted:  # the same for all properties without missing values
                weights, weighted = first * totals[1] - second * totals[0], totals
            plain[p], inner[p] = self.grids[p].areas(weights, ends[p] if p in others else None)
        both = one * two
        for areas in (plain, inner):
            np.divide(areas, both, out=areas, where=both > 0)
        if self.ends is None:
            return Distances(plain, plain, np.zeros(size))
        shares = [
            np.divide(measured, of, out=np.zeros(size), where=of > 0)
            for measured, of in ((one, self.concerned @ first), (two, self.concerned @ second))
        ]
        apart = shares[1] - shares[0]
        complete, differ = inner, apart.any()
        if differ or over is not None:
            parts = np.where(two > 0, np.minimum(*shares) * inner, 0.0)
            if differ:
                sums = self.inside @ first
                sums[list(others)] = list(others.values())
                parts = parts + np.abs(apart) * self._reach(sums, one, ends)
            there = one > 0
            complete = np.divide(parts, shares[0] if over is None else over, out=np.full(size, np.nan), where=there)
        return Distances(complete, plain, apart)

    def _reach(self, sums: np.ndarray, totals: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Larger mean distance (P,) from the ends of the range of values of which so many have these sums."""
        mean = np.divide(sums, totals, out=np.full(len(totals), np.nan), where=totals > 0)
        return np.where(self.periods > 0, self.reach, np.maximum(mean - ends[:, 0], ends[:, 1] - mean))

    def _ends(self, weights: np.ndarray) -> tuple[np.ndarray, dict[int, float]]:
        """Ranges (P, 2) of resampled images of the source, and sums of their values, clipped to those that are new."""
        if not len(self.trimmed):
            return self.ends, {}
        counts = weights.take(self.by_size)
        if not self.known.all():
            counts = counts * self.known
        rows, size = np.arange(len(counts)), counts.shape[1]
        # One running sum through all properties, so that one search finds all places.
        below = np.cumsum(counts.ravel())
        before = below[size - 1 :: size] - counts.sum(axis=1)
        total = np.maximum(below[size - 1 :: size] - before - 1, 0)
        found, columns = [], []
        for share in TRIMMED:
            start = np.floor(total * share)
            # The value at a place in the sorted sample is the first one with more values up to it.
            places = np.searchsorted(below, np.stack([start, np.minimum(start + 1, total)]) + before, side="right")
            low, high = self.sorted.take(np.minimum(places, (rows + 1) * size - 1))
            found.append(low + (total * share - start) * (high - low))
            columns.append(places - rows * size)
        wide = found[0] < found[1]
        # Values in the tails, which are short, are moved to the ends.
        head, tail = columns[0].max() + 1, max(columns[1].min(), 0)
        sums = np.einsum("pn,pn->p", counts, self.sorted)
        sums += (counts[:, :head] * np.maximum(found[0][:, None] - self.sorted[:, :head], 0)).sum(axis=1)
        sums -= (counts[:, tail:] * np.maximum(self.sorted[:, tail:] - found[1][:, None], 0)).sum(axis=1)
        ends = self.ends.copy()
        ends[self.trimmed[wide]] = np.stack(found, axis=1)[wide]
        return ends, dict(zip(self.trimmed[wide].tolist(), sums[wide].tolist(), strict=True))


def range_of(source: np.ndarray, generated: np.ndarray, missing: bool) -> tuple[float, float, bool]:
    """The range in which galaxies are compared, from the finite values (n,) and (m,) of both sides; whether it trims.

    Where the source has galaxies without a value (`missing`), 98 % of its values lie in it. Otherwise, and where that
    range has no width, all values of both sides do.
    """
    if missing:
        low, high = np.quantile(source, TRIMMED)
        if low < high:
            return float(low), float(high), True
    both = np.concatenate([source, generated])
    return float(both.min()), float(both.max()), False


def _narrow(mask: np.ndarray) -> np.ndarray:
    """A mask (N, P) as numbers (P, N); one row where all are the same."""
    return (mask[:, :1] if (mask == mask[:, :1]).all() else mask).T.astype(float, order="C")


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
