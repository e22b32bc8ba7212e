"""The galaxy KL loss: how far distributions of shapes and sizes are from the source's, overall and at each redshift.

Li et al. 2024, section 3.3, equation 2. Their "ten bins between the minimum and the maximum" can be bins of the
property or bins of redshift; both are given.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from galforge.compare.histograms import (
    between_extremes,
    called_counts,
    complete,
    edges_of,
    histogram,
    kl,
    places,
)
from galforge.compare.kind import Kind
from galforge.compare.limits import joint_limits, limit
from galforge.compare.redshift_bins import in_bins, pair
from galforge.compare.relabelled import BOOTSTRAP, OF_EXTREMES, orders, scaled, true_variance
from galforge.compare.rows import Score
from galforge.compare.scores import resampled
from galforge.compare.settings import ComparisonSettings
from galforge.compare.wasserstein import columns_of, tidy
from galforge.seeds import generator

KIND = Kind(
    families=("sources",),
    metrics={"distance": ("galaxy_kl", "galaxy_kl_redshift_bins", "galaxy_kl_bin"), "number": ("galaxy_kl_empty",)},
    group="conditional",
    libraries=("scipy",),
    from_one=True,
    by_redshift=True,
    reads=("bootstrap", "kl_fewest", "seed"),
)

PROPERTIES = ["isophotal_area", "ellipticity", "sersic_index"]


def compare(source: pd.DataFrame, generated: pd.DataFrame, settings: ComparisonSettings) -> pd.DataFrame:
    """Tidy rows of KL(source || generated) in nats, from ten bins of each property.

    `galaxy_kl`: of all galaxies, whatever their redshift, per property and the mean over properties (`all`).
    `galaxy_kl_redshift_bins`: the mean over ten bins of redshift; `galaxy_kl_bin`: each of them. Bins of redshift with
    fewer than `kl_fewest` values on a side are blank and left out of the mean.
    `galaxy_kl_empty`: share of the ten bins of the property without generated galaxies.

    published: ten equal bins between the extremes of both samples. Bins of redshift lie between the extremes of the
    source, so they are the same for all models. Galaxies without a value are left out.
    corrected: bins between the source's deciles, so a long tail does not put all galaxies into one bin. The value is
    the complete divergence, where galaxies without a value count (see `complete`), beside that of the others.
    Half a count is added to every bin of both sides, because an empty one would make the divergence infinite.

    The floor is the mean and the limit the 95 % quantile of 199 relabellings of the pooled galaxies (within their bin
    of redshift). The error is the sd over bootstrap resamplings of the galaxies of both sides, corrected by the scatter
    of the relabellings (`true_variance`). Resamplings and relabellings are the same for all properties and redshifts,
    because the properties of a galaxy are correlated; those of the source are the same for every model.

    Raises:
        GalforgeError: a table lacks columns or redshifts.
    """
    real, made = pair(source, generated)
    values = [columns_of(table, PROPERTIES, side) for table, side in ((real, "source"), (made, "generated"))]
    redshifts = real["redshift"].to_numpy(float)
    bins = in_bins(real, made, np.unique(edges_of(redshifts, redshifts, settings.protocol)))
    counts = [
        resampled(generator(settings.seed, f"galaxy kl {name}"), len(side), settings.bootstrap).astype(np.float32)
        for side, name in zip(values, ("source", "generated"), strict=True)
    ]
    order = orders(generator(settings.seed, "galaxy kl relabelled"), sum(map(len, values)))
    rows, whole, by_redshift, empty = [], [], [], []
    for p, name in enumerate(PROPERTIES):
        first, second = (side[:, p] for side in values)
        whole.append(divergence((first, second), counts, order, settings))
        empty.append(_empty(first, second, settings))
        each = []
        for b in range(len(bins.edges) - 1):
            there = (bins.source == b, bins.generated == b)
            inside = [
                (side[own], drawn[:, own]) for side, drawn, own in zip((first, second), counts, there, strict=True)
            ]
            each.append(divergence(*zip(*inside, strict=True), order[:, np.concatenate(there)], settings))
        rows += [found.score().row("galaxy_kl_bin", bins.name(name, b)) for b, found in enumerate(each)]
        by_redshift.append(mean_of([found for found in each if np.isfinite(found.values[0])]))
    for metric, found in (("galaxy_kl", whole), ("galaxy_kl_redshift_bins", by_redshift)):
        rows += [each.score().row(metric, name) for name, each in zip(PROPERTIES, found, strict=True)]
        rows.append(mean_of(found).score().row(metric, "all"))
    rows += [score.row("galaxy_kl_empty", name) for name, score in zip(PROPERTIES, empty, strict=True)]
    return tidy(rows)


@dataclass(frozen=True)
class Divergence:
    """A divergence, or a mean of several, with what its resamplings and relabellings score.

    Attributes:
        values: (3,) complete, of the galaxies with values alone, and share of the source's galaxies with values minus
            that of the generated ones. NaN where it is blank. Published: (1,), of the galaxies with values.
        shares: (2,) of the galaxies with values.
        drawn: (B, 3) in each resampling.
        null: (R, 3) in each relabelling.
        n, m: galaxies with values.
    """

    values: np.ndarray
    shares: np.ndarray
    drawn: np.ndarray
    null: np.ndarray
    n: int
    m: int

    def score(self) -> Score:
        """The score, with its replicates."""
        if not np.isfinite(self.values[0]):
            return Score(np.nan, np.nan, np.nan, self.n, self.m)
        spread, chance = (np.var(each, axis=0, ddof=1) for each in (self.drawn, self.null))
        excess = OF_EXTREMES if len(self.values) == 1 else BOOTSTRAP
        errors = [float(np.sqrt(true_variance(*both, excess))) for both in zip(spread[:2], chance[:2], strict=True)]
        found = Score(
            *(float(self.values[0]), errors[0], float(self.null[:, 0].mean()), self.n, self.m),
            limit(self.null[:, 0]),
            replicates=scaled(self.drawn[:, 0], self.values[0], errors[0]),
        )
        if len(self.values) == 1:
            return found
        beside = np.isfinite(self.values[1])
        limits = joint_limits(self.null[:, 1], self.null[:, 2]) if beside else (np.nan, limit(np.abs(self.null[:, 2])))
        return found._replace(
            conditional=float(self.values[1]),
            conditional_error=errors[1] if beside else np.nan,
            conditional_limit=limits[0],
            share_source=float(self.shares[0]),
            share_generated=float(self.shares[1]),
            share_error=float(np.sqrt(spread[2])),
            share_limit=limits[1],
        )


def mean_of(found: Sequence[Divergence]) -> Divergence:
    """The mean of divergences of the same resamplings and relabellings; blank where one is, or there are none."""
    if not found or not all(np.isfinite(each.values[0]) for each in found):
        return _blank(*(min((getattr(each, side) for each in found), default=0) for side in "nm"))
    means = [np.mean([getattr(each, name) for each in found], axis=0) for name in ("values", "shares", "drawn", "null")]
    with_own = [each for each in found if len(each.values) == 1 or np.isfinite(each.values[1])]
    for mean, name in zip(means, ("values", "shares", "drawn", "null"), strict=True):
        if name != "shares" and 0 < len(with_own) < len(found):  # of those that have one of the galaxies with values
            mean[..., 1] = np.mean([getattr(each, name)[..., 1] for each in with_own], axis=0)
    return Divergence(*means, min(each.n for each in found), min(each.m for each in found))


def divergence(
    values: Sequence[np.ndarray], counts: Sequence[np.ndarray], order: np.ndarray, settings: ComparisonSettings
) -> Divergence:
    """KL(source || generated) [nats] of samples (n,) and (m,), where missing values are not finite.

    Blank below `kl_fewest` values on a side, and where all values of the source are the same. corrected: the complete
    divergence needs as many galaxies, but of the generated ones only one with a value.

    Args:
        values: those of the source, and of the generated galaxies.
        counts: how often each galaxy is in each resampling, (B, n) and (B, m).
        order: ranks (R, n + m) of the pooled galaxies in each relabelling: those of low rank are called the source's.
        settings: settings of the comparison.
    """
    there = [np.isfinite(side) for side in values]
    n, m = (int(finite.sum()) for finite in there)
    whole, fewest = settings.protocol == "corrected", settings.kl_fewest
    enough = min(n, m) >= fewest
    if not (enough or (whole and n >= fewest and m and len(values[1]) >= fewest)):
        return _blank(n, m)
    source, generated = (side[finite] for side, finite in zip(values, there, strict=True))
    if np.all(source == source[0]) and (whole or np.all(generated == source[0])):
        return _blank(n, m)
    edges = edges_of(source, generated, settings.protocol)
    binned = [histogram(side, edges) for side in (source, generated)]
    pooled, among = np.concatenate([source, generated]), np.concatenate(there)
    called = called_counts(pooled, _first(order[:, among], n), edges, whole)
    found = [side[:, finite] for side, finite in zip(counts, there, strict=True)]
    if not whole:
        drawn = between_extremes(pooled, *found)
        value, scored, chance = (kl(*each)[..., None] for each in (binned, drawn, called))
        return Divergence(value, np.full(2, np.nan), scored, chance, n, m)
    one_hot = [np.eye(len(binned[0]), dtype=np.float32)[places(side, edges)] for side in (source, generated)]
    drawn = [side @ which for side, which in zip(found, one_hot, strict=True)]
    totals, sizes = [len(side) for side in values], [side.sum(axis=1) for side in counts]
    of_all = called if among.all() else called_counts(pooled, _first(order, totals[0])[:, among], edges, whole)
    value = _three(binned, totals, binned)
    if not enough:
        value[1] = np.nan
    shares = np.array([n, m]) / totals
    return Divergence(value, shares, _three(drawn, sizes, drawn), _three(of_all, totals, called), n, m)


def _three(whole: Sequence[np.ndarray], totals: Sequence[np.ndarray | int], alone: Sequence[np.ndarray]) -> np.ndarray:
    """The columns of `Divergence.values` (..., 3), from counts of both sides, in bins of them all and of them alone."""
    shares = [side.sum(axis=-1) / total for side, total in zip(whole[:2], totals, strict=True)]
    return np.stack([complete(*whole[:2], totals, *whole[2:]), kl(*alone), shares[0] - shares[1]], axis=-1)


def _first(order: np.ndarray, count: int) -> np.ndarray:
    """Which galaxies (R, N) are called the source's: the `count` of lowest rank in each relabelling."""
    return order <= np.partition(order, count - 1, axis=1)[:, count - 1 : count]


def _blank(n: int, m: int) -> Divergence:
    return Divergence(np.full(3, np.nan), np.full(2, np.nan), np.full((2, 3), np.nan), np.full((2, 3), np.nan), n, m)


def _empty(source: np.ndarray, generated: np.ndarray, settings: ComparisonSettings) -> Score:
    """Share of the bins without generated galaxies."""
    n, m = int(np.isfinite(source).sum()), int(np.isfinite(generated).sum())
    if min(n, m) < settings.kl_fewest:
        return Score(np.nan, np.nan, np.nan, n, m)
    counts = histogram(generated, edges_of(source, generated, settings.protocol))
    return Score(float(np.mean(counts == 0)), np.nan, np.nan, n, m)
