"""The galaxy KL loss: how far distributions of shapes and sizes are from the source's, overall and at each redshift.

Li et al. 2024, section 3.3, equation 2. Their "ten bins between the minimum and the maximum" can be bins of the
property or bins of redshift; both are given.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from galforge.compare.kind import Kind
from galforge.compare.redshift_bins import in_bins, pair
from galforge.compare.scores import Score, mean_of, resampling
from galforge.compare.settings import ComparisonSettings
from galforge.compare.wasserstein import columns_of, tidy
from galforge.seeds import generator

KIND = Kind(
    families=("sources",),
    metrics={"distance": ("galaxy_kl", "galaxy_kl_redshift_bins", "galaxy_kl_bin"), "number": ("galaxy_kl_empty",)},
    group="conditional",
    from_one=True,
    by_redshift=True,
    reads=("bootstrap", "kl_fewest", "seed"),
)

PROPERTIES = ["isophotal_area", "ellipticity", "sersic_index"]
BINS = 10


def compare(source: pd.DataFrame, generated: pd.DataFrame, settings: ComparisonSettings) -> pd.DataFrame:
    """Tidy rows of KL(source || generated) in nats, from ten bins of each property.

    `galaxy_kl`: of all galaxies, whatever their redshift, per property and the mean over properties (`all`).
    `galaxy_kl_redshift_bins`: the mean over ten bins of redshift; `galaxy_kl_bin`: each of them. Bins of redshift with
    fewer than `kl_fewest` values on a side are blank and left out of the mean.
    `galaxy_kl_empty`: share of the ten bins of the property without generated galaxies.

    published: ten equal bins between the extremes of both samples. Bins of redshift lie between the extremes of the
    source, so they are the same for all models.
    corrected: bins between the source's deciles, so a long tail does not put all galaxies into one bin.
    Half a count is added to every bin of both sides, because an empty one would make the divergence infinite.

    The error is the sd over bootstrap resamplings of the galaxies of both sides. They are the same for all properties
    and redshifts, because the properties of a galaxy are correlated. The floor is what two samples of one distribution
    score: (bins - 1) / 2 (1/n + 1/m).

    Raises:
        GalforgeError: a table lacks columns or redshifts.
    """
    real, made = pair(source, generated)
    values = [columns_of(table, PROPERTIES, side) for table, side in ((real, "source"), (made, "generated"))]
    redshifts = real["redshift"].to_numpy(float)
    bins = in_bins(real, made, edges_of(redshifts, redshifts, settings.protocol))
    draws = generator(settings.seed, "galaxy kl")
    counts = [resampled(len(side), settings.bootstrap, draws) for side in values]
    rows, whole, by_redshift, empty = [], [], [], []
    for p, name in enumerate(PROPERTIES):
        first, second = (side[:, p] for side in values)
        whole.append(divergence((first, second), counts, settings))
        empty.append(_empty(first, second, settings))
        each = []
        for b in range(len(bins.edges) - 1):
            there = (bins.source == b, bins.generated == b)
            inside = [
                (side[own], drawn[:, own]) for side, drawn, own in zip((first, second), counts, there, strict=True)
            ]
            each.append(divergence(*zip(*inside, strict=True), settings))
        rows += [score.row("galaxy_kl_bin", bins.name(name, b)) for b, (score, _) in enumerate(each)]
        by_redshift.append(mean_of([found for found in each if np.isfinite(found[0].value)]))
    for metric, scores in (("galaxy_kl", whole), ("galaxy_kl_redshift_bins", by_redshift)):
        rows += [score.row(metric, name) for name, (score, _) in zip(PROPERTIES, scores, strict=True)]
        rows.append(mean_of(scores)[0].row(metric, "all"))
    rows += [score.row("galaxy_kl_empty", name) for name, score in zip(PROPERTIES, empty, strict=True)]
    return tidy(rows)


def resampled(galaxies: int, resamplings: int, draws: np.random.Generator) -> np.ndarray:
    """How often each galaxy is in each bootstrap resampling, (resamplings, galaxies) float32."""
    return np.stack([resampling(draws, galaxies).astype(np.float32) for _ in range(resamplings)])


def divergence(
    values: Sequence[np.ndarray], counts: Sequence[np.ndarray], settings: ComparisonSettings
) -> tuple[Score, np.ndarray]:
    """KL(source || generated) [nats] of the finite values of samples (n,) and (m,); blank below `kl_fewest` on a side.

    Args:
        values: those of the source, and of the generated galaxies.
        counts: how often each galaxy is in each resampling, (R, n) and (R, m).
        settings: settings of the comparison.

    Returns:
        The score, and the score of each resampling (R,), NaN where the score is blank.
    """
    there = [np.isfinite(side) for side in values]
    n, m = (int(finite.sum()) for finite in there)
    if min(n, m) < settings.kl_fewest:
        return Score(np.nan, np.nan, np.nan, n, m), np.full(2, np.nan)
    source, generated = (side[finite] for side, finite in zip(values, there, strict=True))
    edges = edges_of(source, generated, settings.protocol)
    real, made = histogram(source, edges), histogram(generated, edges)
    one_hot = [np.eye(len(real), dtype=np.float32)[places(side, edges)] for side in (source, generated)]
    drawn = kl(*(side[:, finite] @ which for side, finite, which in zip(counts, there, one_hot, strict=True)))
    floor = (len(real) - 1) / 2 * (1 / n + 1 / m)
    return Score(float(kl(real, made)), float(np.std(drawn, ddof=1)), floor, n, m), drawn


def edges_of(source: np.ndarray, generated: np.ndarray, protocol: str) -> np.ndarray:
    """Edges of ten bins: equal bins between the extremes of both samples (published), or the source's deciles.

    The outer edges are the extremes of both samples. Where deciles coincide, there are fewer bins.
    """
    both = np.concatenate([source, generated])
    both = both[np.isfinite(both)]
    if protocol == "published":
        return np.linspace(both.min(), both.max(), BINS + 1)
    inner = np.quantile(source[np.isfinite(source)], np.arange(1, BINS) / BINS)
    return np.unique(np.concatenate([[both.min()], inner, [both.max()]]))


def places(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Number of each value's bin. A value on an edge belongs to the bin above it."""
    return np.searchsorted(edges[1:-1], values, side="right")


def histogram(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Counts (bins,) of finite values between edges."""
    return np.bincount(places(values[np.isfinite(values)], edges), minlength=len(edges) - 1)


def kl(source: np.ndarray, generated: np.ndarray) -> np.ndarray:
    """KL(source || generated) [nats] of counts (..., bins), half a count added to each."""
    first, second = source + 0.5, generated + 0.5
    first = first / first.sum(axis=-1, keepdims=True)
    second = second / second.sum(axis=-1, keepdims=True)
    return (first * np.log(first / second)).sum(axis=-1)


def _empty(source: np.ndarray, generated: np.ndarray, settings: ComparisonSettings) -> Score:
    """Share of the bins without generated galaxies."""
    n, m = int(np.isfinite(source).sum()), int(np.isfinite(generated).sum())
    if min(n, m) < settings.kl_fewest:
        return Score(np.nan, np.nan, np.nan, n, m)
    counts = histogram(generated, edges_of(source, generated, settings.protocol))
    return Score(float(np.mean(counts == 0)), np.nan, np.nan, n, m)
