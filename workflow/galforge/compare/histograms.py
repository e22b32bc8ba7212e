"""Histograms of two samples, their divergence, and histograms of resampled and relabelled galaxies."""

from collections.abc import Sequence

import numpy as np
from scipy.special import rel_entr

BINS = 10


def complete(
    source: np.ndarray, generated: np.ndarray, totals: Sequence[np.ndarray | int], there: np.ndarray | bool = True
) -> np.ndarray:
    """Divergence [nats] of counts (..., bins), where `totals` (...,) galaxies of each side are some without a value.

    As many galaxies without a value as the other side has, for its number, are no difference. The others are in a bin
    of their own, where the other side has none: a model whose share with values p_g is less than the source's p_s
    adds about ln(p_s / p_g). With equal shares this is `kl`. Where p_g <= p_s, no galaxy that loses its value can lower
    it: the counts in bins fall, and what they are divided by stays. (With all galaxies without values in one bin, it
    could: those of a bin with too many generated galaxies may lose them.) Half a count stands for none in that bin.

    `there` says which bins there are (..., bins); counts of others are 0.
    """
    half = np.where(there, 0.5, 0.0) + np.zeros(source.shape[-1])
    n, m = totals
    real, made = source.sum(axis=-1), generated.sum(axis=-1)
    lacking = real * m < made * n  # the source's galaxies lack values more often
    surplus = np.where(lacking, n * made / m - real, 0.0)
    first = real + surplus + half.sum(axis=-1)
    second = np.where(lacking, made + 0.5, m * real / n) + half.sum(axis=-1)
    inside = rel_entr((source + half) / first[..., None], (generated + half) / second[..., None]).sum(axis=-1)
    return inside + rel_entr(surplus / first, 0.5 / second)


def edges_of(source: np.ndarray, generated: np.ndarray, protocol: str) -> np.ndarray:
    """Edges of ten bins: equal bins between the extremes of both samples (published), or the source's deciles.

    The outer edges are the extremes of both samples. Where deciles coincide, there are fewer bins.
    """
    both = np.concatenate([source, generated])
    both = both[np.isfinite(both)]
    if protocol == "published":
        return np.linspace(both.min(), both.max(), BINS + 1)
    inner = np.unique(np.quantile(source[np.isfinite(source)], np.arange(1, BINS) / BINS))
    return np.concatenate([[both.min()], inner, [both.max()]])


def places(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Number of each value's bin. A value on an edge belongs to the bin above it."""
    return np.searchsorted(edges[1:-1], values, side="right")


def histogram(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Counts (bins,) of finite values between edges."""
    return np.bincount(places(values[np.isfinite(values)], edges), minlength=len(edges) - 1)


def kl(source: np.ndarray, generated: np.ndarray, there: np.ndarray | bool = True) -> np.ndarray:
    """KL(source || generated) [nats] of counts (..., bins), half a count added to each bin that is `there`."""
    return complete(source, generated, (source.sum(axis=-1), generated.sum(axis=-1)), there)


def called_counts(
    pooled: np.ndarray, called: np.ndarray, edges: np.ndarray, deciles: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts (R, bins) of both sides for relabelled values (N,), called the source's (R, N) or not, and which bins are.

    Bins lie between the inner ones of `edges`, or between the deciles of those called the source's.
    """
    order = np.argsort(pooled)
    values, called = pooled[order], called[:, order]
    below = np.zeros((len(called), len(values) + 1), dtype=np.int32)
    np.cumsum(called, axis=1, out=below[:, 1:])
    inner = np.broadcast_to(edges[1:-1], (len(called), len(edges) - 2))
    if deciles:
        number = np.maximum(below[:, -1], 1)
        rows, places_of = np.nonzero(called)
        start = np.searchsorted(rows, np.arange(len(called)))[:, None]
        at = (number - 1)[:, None] * np.arange(1, BINS) / BINS
        low = at.astype(int)
        high = np.minimum(low + 1, number[:, None] - 1)
        ends = [values[places_of[np.minimum(start + place, len(rows) - 1)]] for place in (low, high)]
        inner = ends[0] + (at - low) * (ends[1] - ends[0])
    outer = np.ones((len(called), 1), dtype=bool)
    there = np.concatenate([outer, np.diff(inner, axis=1) > 0, outer], axis=1)
    cuts = _cuts(values, inner)
    source = np.diff(np.take_along_axis(below, cuts, axis=1), axis=1)
    return source, np.diff(cuts, axis=1) - source, there


def between_extremes(pooled: np.ndarray, source: np.ndarray, generated: np.ndarray) -> list[np.ndarray]:
    """Counts (B, bins) of both sides in equal bins between the extremes of each resampling.

    `source` (B, n) and `generated` (B, m) say how often each of the pooled values (n + m,) is in it.
    """
    order, n = np.argsort(pooled), source.shape[1]
    values = pooled[order]
    ranks = np.argsort(order)
    low, high = (
        np.where(np.concatenate([source, generated], axis=1) > 0, pooled, filled) for filled in (np.inf, -np.inf)
    )
    low, high = low.min(axis=1)[:, None], high.max(axis=1)[:, None]
    cuts = _cuts(values, low + (high - low) * np.arange(1, BINS) / BINS)
    found = []
    for side, places_of in ((source, ranks[:n]), (generated, ranks[n:])):
        below = np.zeros((len(side), len(values) + 1), dtype=np.float32)
        below[:, 1 + places_of] = side
        found.append(np.diff(np.take_along_axis(np.cumsum(below, axis=1), cuts, axis=1), axis=1))
    return found


def _cuts(values: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """How many of the sorted values lie below each edge (R, edges), for inner edges (R, edges - 2)."""
    first, last = np.zeros((len(inner), 1), dtype=int), np.full((len(inner), 1), len(values))
    return np.concatenate([first, np.searchsorted(values, inner), last], axis=1)
