"""Kernel distance (KID) between features of images: unbiased, so 0 on average for a perfect model.

Binkowski et al. 2018 (arXiv:1801.01401): the squared maximum mean discrepancy with the kernel (x y / d + 1)^3, where d
is the number of features.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from galforge.compare.limits import limit
from galforge.compare.relabelled import (
    JACKKNIFE,
    RELABELLINGS,
    orders,
    scaled,
    true_variance,
)
from galforge.compare.rows import Score
from galforge.compare.scores import resampled
from galforge.compare.settings import ComparisonSettings
from galforge.compare.streams import Features, samples
from galforge.seeds import generator

LARGEST = 1000  # images of a side in one estimate
FEWEST = 16  # images a side must have


@dataclass(frozen=True)
class _Estimate:
    """The estimate of all pairs of p and q images.

    Attributes:
        counts: p and q.
        value: the estimate.
        variances: of the mean kernels of each image with the others, by side; the jackknife's variance is 4 of
            the first one over p and 4 of the second one over q.
        null: (R,) estimates of relabelled images.
        drawn: (B,) estimates of resampled ones.
    """

    counts: tuple[int, int]
    value: float
    variances: tuple[float, float]
    null: np.ndarray
    drawn: np.ndarray


def discrepancy(first: np.ndarray, second: np.ndarray) -> float:
    """Unbiased squared maximum mean discrepancy of features (n, d) and (m, d), n and m at least 2; may be negative."""
    return float(_weighted(_kernel(first, second), _called(len(first), len(second)))[0])


def kid(source: Features, generated: Features, settings: ComparisonSettings) -> Score:
    """KID of features (n, d) and (m, d) of one network.

    corrected: of all pairs of images; of more than 1000 on both sides the mean over disjoint blocks of at most 1000.
    published: the mean over `kid_subsets` random subsets of min(n, m, 1000) images, as in the released code. On average
    that is the estimate of all pairs; it scatters about it because subsets are few.

    The error is that of the estimate of all pairs, from the mean kernels of each image with the others (the jackknife
    of a U-statistic, Arvesen 1969, Ann. Math. Statist. 40, 2076), corrected by the scatter of the null
    (`true_variance`); that of subsets adds what these scatter. The limit is the 95 % quantile of 199 relabellings of
    the pooled images, which share one matrix of kernels. The floor is 0. Replicates are estimates from `fid_bootstrap`
    resamplings of the images without pairs of copies, moved to the value and stretched to its error.

    Blank with fewer than 16 images on a side.
    """
    n, m = len(source), len(generated)
    if min(n, m) < FEWEST:
        return Score(np.nan, np.nan, np.nan, n, m)
    blocks = _blocks(source, generated, settings)
    value = float(np.mean([block.value for block in blocks]))
    null = np.mean([block.null for block in blocks], axis=0)
    drawn = np.mean([block.drawn for block in blocks], axis=0)
    sizes = np.array(blocks[0].counts) * len(blocks)
    scatter = 0.0
    if settings.protocol == "published":
        subsets, size = _of_subsets(source, generated, settings), min(n, m, LARGEST)
        value, scatter = float(subsets.mean()), float(subsets.var(ddof=1)) / len(subsets) if len(subsets) > 1 else 0.0
        # Estimates of all pairs of a perfect model scatter with their counts as `_pairs`; each subset adds the rest.
        unit = np.mean(blocks[0].null ** 2) / _pairs(*blocks[0].counts)
        null = blocks[0].null * np.sqrt(_pairs(n, m) / _pairs(*blocks[0].counts))
        rest = max(unit * (_pairs(size, size) - _pairs(n, m)), 0.0) / len(subsets)
        null = null + np.sqrt(rest) * generator(settings.seed, "kid null").standard_normal(len(null))
        sizes = np.array([n, m])
    jackknife = float(np.sum(4 * np.mean([block.variances for block in blocks], axis=0) / sizes))
    error = float(np.sqrt(true_variance(jackknife, float(np.mean(null**2)), JACKKNIFE) + scatter))
    return Score(value, error, 0.0, n, m, limit(null), replicates=scaled(drawn, value, error))


def _blocks(source: Features, generated: Features, settings: ComparisonSettings) -> list[_Estimate]:
    """Estimates of disjoint blocks of both sides; of all images where there are few.

    The blocks of the source and its resamplings have streams of their own, so that they are the same for every model.
    """
    count = -(-min(len(source), len(generated)) // LARGEST)
    cut = (_cut(name, side, count, settings) for name, side in (("source", source), ("generated", generated)))
    draws = generator(settings.seed, "kid relabelled")
    return [_estimate(*first, *second, draws) for first, second in zip(*cut, strict=True)]


def _cut(
    name: str, features: Features, count: int, settings: ComparisonSettings
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Features of each of `count` blocks of a side, and how often its images are in each resampling of the side."""
    size = min(LARGEST, len(features) // count)
    order = generator(settings.seed, f"kid blocks {name}").permutation(len(features))
    drawn = resampled(generator(settings.seed, f"kid bootstrap {name}"), len(features), settings.fid_bootstrap)
    places = order[: count * size].reshape(count, size)
    for own, block in zip(places, samples(features, places), strict=True):
        yield block, drawn[:, own]


def _estimate(
    first: np.ndarray, first_drawn: np.ndarray, second: np.ndarray, second_drawn: np.ndarray, draws: np.random.Generator
) -> _Estimate:
    p, q = len(first), len(second)
    kernel = _kernel(first, second)
    real, made = _called(p, q)
    across = kernel @ np.concatenate([real, made]).T
    means = (
        across[:p, 0] / (p - 1) - across[:p, 1] / q,
        across[p:, 1] / (q - 1) - across[p:, 0] / p,
    )
    called = (orders(draws, p + q, RELABELLINGS) < p).astype(float)
    drawn = [np.zeros((len(first_drawn), p + q)) for _ in range(2)]
    drawn[0][:, :p], drawn[1][:, p:] = first_drawn, second_drawn
    return _Estimate(
        (p, q),
        float(_weighted(kernel, (real, made))[0]),
        tuple(float(np.var(side, ddof=1)) for side in means),
        _weighted(kernel, (called, 1 - called)),
        _weighted(kernel, drawn),
    )


def _of_subsets(source: Features, generated: Features, settings: ComparisonSettings) -> np.ndarray:
    """Estimates (kid_subsets,) of random subsets, each drawn without replacement."""
    n, m = len(source), len(generated)
    size = min(n, m, LARGEST)
    draws = generator(settings.seed, "kid subsets")
    chosen = [[draws.choice(count, size, replace=False) for count in (n, m)] for _ in range(settings.kid_subsets)]
    if max(n, m) > 2 * LARGEST:
        sides = (samples(side, own) for side, own in zip((source, generated), zip(*chosen, strict=True), strict=True))
        return np.array([discrepancy(first, second) for first, second in zip(*sides, strict=True)])
    labels = [np.zeros((len(chosen), n + m)) for _ in range(2)]
    for subset, (first, second) in enumerate(chosen):
        labels[0][subset, first] = labels[1][subset, n + second] = 1
    return _weighted(_kernel(source[:], generated[:]), labels)


def _kernel(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Kernels (n + m, n + m) of pooled images in double precision, 0 for an image with itself."""
    both = np.concatenate([first, second]).astype(np.float64)
    kernel = (both @ both.T / both.shape[1] + 1) ** 3
    np.fill_diagonal(kernel, 0)
    return kernel


def _called(n: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights (1, n + m) of pooled images as they are: first those of the source, then those of the generated ones."""
    real = np.repeat([[1.0, 0.0]], [n, m], axis=1)
    return real, 1 - real


def _weighted(kernel: np.ndarray, weights: Sequence[np.ndarray]) -> np.ndarray:
    """Estimates (R,) from kernels (N, N) of pooled images and their weights (R, N) in either sample.

    Each pair of different images of a sample counts as the product of their weights.
    """
    first, second = weights
    products = [side @ kernel for side in (first, second)]
    alike = [
        np.einsum("ij,ij->i", product, side) / (side.sum(axis=1) ** 2 - np.einsum("ij,ij->i", side, side))
        for product, side in zip(products, weights, strict=True)
    ]
    across = np.einsum("ij,ij->i", products[0], second) / (first.sum(axis=1) * second.sum(axis=1))
    return alike[0] + alike[1] - 2 * across


def _pairs(n: int, m: int) -> float:
    """How the variance of a perfect model's estimate goes with the numbers of images."""
    return 1 / (n * (n - 1)) + 1 / (m * (m - 1)) + 2 / (n * m)
