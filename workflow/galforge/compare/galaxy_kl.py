"""The galaxy KL loss: how far distributions of shapes and sizes are from the source's, overall and at each redshift.

Li et al. 2024 (sources: their section 3.3, equation 2). "Ten bins between the minimum and the maximum" has two readings
there: bins of the property, or bins of redshift. Both are given.
"""

import numpy as np
import pandas as pd

from galforge.compare.redshift_bins import in_bins, pair
from galforge.compare.scores import Score
from galforge.compare.settings import ComparisonSettings
from galforge.compare.wasserstein import columns_of, tidy
from galforge.seeds import generator

PROPERTIES = ["isophotal_area", "ellipticity", "sersic_index"]
BINS = 10
BLANK = Score(np.nan, np.nan, np.nan, 0, 0)


def compare(source: pd.DataFrame, generated: pd.DataFrame, settings: ComparisonSettings) -> pd.DataFrame:
    """Tidy rows of KL(source || generated) in nats, from ten bins of each property.

    `galaxy_kl`: of all galaxies, whatever their redshift, per property and their mean (`all`).
    `galaxy_kl_redshift_bins`: the mean over ten bins of redshift; `galaxy_kl_bin`: each of them. Bins of redshift with
    fewer than `kl_fewest` values on a side are blank, and left out of the mean.
    `galaxy_kl_empty`: share of the ten bins that hold no generated galaxy.

    published: ten equal bins between the extremes of both samples; of redshift, between those of the source, so that
    all models have the same.
    corrected: bins between the source's deciles, so that a long tail does not put all galaxies into one bin.
    Half a count is added to every bin of both sides: an empty one would make the divergence infinite.

    The error is the sd over bootstrap resamplings of both sides. The floor is what two samples of one distribution
    score: (bins - 1) / 2 (1/n + 1/m).

    Raises:
        GalforgeError: columns are lacking, or redshifts.
    """
    real, made = pair(source, generated)
    first, second = (columns_of(table, PROPERTIES, side) for table, side in ((real, "source"), (made, "generated")))
    redshifts = real["redshift"].to_numpy(float)
    bins = in_bins(real, made, edges_of(redshifts, redshifts, settings.protocol))
    draws = generator(settings.seed, "galaxy kl")
    rows, whole, by_redshift, empty = [], [], [], []
    for p, name in enumerate(PROPERTIES):
        whole.append(divergence(first[:, p], second[:, p], settings, draws))
        empty.append(_empty(first[:, p], second[:, p], settings))
        each = [
            divergence(first[bins.source == b, p], second[bins.generated == b, p], settings, draws)
            for b in range(len(bins.edges) - 1)
        ]
        rows += [score.row("galaxy_kl_bin", bins.name(name, b)) for b, score in enumerate(each)]
        by_redshift.append(mean([score for score in each if np.isfinite(score.value)]))
    for metric, scores in (("galaxy_kl", whole), ("galaxy_kl_redshift_bins", by_redshift)):
        rows += [score.row(metric, name) for name, score in zip(PROPERTIES, scores, strict=True)]
        rows.append(mean(scores).row(metric, "all"))
    rows += [score.row("galaxy_kl_empty", name) for name, score in zip(PROPERTIES, empty, strict=True)]
    return tidy(rows)


def divergence(
    source: np.ndarray, generated: np.ndarray, settings: ComparisonSettings, draws: np.random.Generator
) -> Score:
    """KL(source || generated) of the finite values of samples (n,) and (m,); blank below `kl_fewest` of them."""
    source, generated = source[np.isfinite(source)], generated[np.isfinite(generated)]
    n, m, resamplings = len(source), len(generated), settings.bootstrap
    if min(n, m) < settings.kl_fewest:
        return Score(np.nan, np.nan, np.nan, n, m)
    edges = edges_of(source, generated, settings.protocol)
    real, made = histogram(source, edges), histogram(generated, edges)
    # A resampling of galaxies is a multinomial draw of the histogram.
    drawn = [draws.multinomial(size, counts / size, resamplings) for counts, size in ((real, n), (made, m))]
    error = float(np.std(kl(*drawn), ddof=1))
    return Score(float(kl(real, made)), error, (len(real) - 1) / 2 * (1 / n + 1 / m), n, m)


def edges_of(source: np.ndarray, generated: np.ndarray, protocol: str) -> np.ndarray:
    """Edges of ten bins: equal ones between the extremes of both samples (published), or the source's deciles.

    The outer edges are the extremes of both samples; where deciles coincide, bins are fewer.
    """
    both = np.concatenate([source, generated])
    both = both[np.isfinite(both)]
    if protocol == "published":
        return np.linspace(both.min(), both.max(), BINS + 1)
    inner = np.quantile(source[np.isfinite(source)], np.arange(1, BINS) / BINS)
    return np.unique(np.concatenate([[both.min()], inner, [both.max()]]))


def histogram(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Counts (bins,) of finite values between edges; what lies on an edge belongs to the bin above it."""
    place = np.searchsorted(edges[1:-1], values[np.isfinite(values)], side="right")
    return np.bincount(place, minlength=len(edges) - 1)


def kl(source: np.ndarray, generated: np.ndarray) -> np.ndarray:
    """KL(source || generated) [nats] of counts (..., bins), half a count added to each."""
    first, second = source + 0.5, generated + 0.5
    first = first / first.sum(axis=-1, keepdims=True)
    second = second / second.sum(axis=-1, keepdims=True)
    return (first * np.log(first / second)).sum(axis=-1)


def mean(scores: list[Score]) -> Score:
    """Mean of scores of different galaxies or properties, taken as independent; blank where there is none."""
    if not scores:
        return BLANK
    value, floor = (float(np.mean([getattr(score, name) for score in scores])) for name in ("value", "floor"))
    error = float(np.sqrt(np.sum([score.standard_error**2 for score in scores])) / len(scores))
    sizes = [min(getattr(score, name) for score in scores) for name in ("n_source", "n_generated")]
    return Score(value, error, floor, *sizes)


def _empty(source: np.ndarray, generated: np.ndarray, settings: ComparisonSettings) -> Score:
    """Share of the bins without generated galaxies."""
    n, m = int(np.isfinite(source).sum()), int(np.isfinite(generated).sum())
    if min(n, m) < settings.kl_fewest:
        return Score(np.nan, np.nan, np.nan, n, m)
    counts = histogram(generated, edges_of(source, generated, settings.protocol))
    return Score(float(np.mean(counts == 0)), np.nan, np.nan, n, m)
