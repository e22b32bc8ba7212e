"""Kernel distance (KID) between features of images: unbiased, so 0 on average for a perfect model.

Binkowski et al. 2018 (arXiv:1801.01401): the squared maximum mean discrepancy with the kernel (x y / d + 1)^3, where d
is the number of features.
"""

import numpy as np

from galforge.compare.scores import Score
from galforge.compare.settings import ComparisonSettings
from galforge.seeds import generator

LARGEST = 1000  # images of a side in one estimate
BLOCKS = 8  # disjoint blocks at least; with fewer the error itself is uncertain
FEWEST = 2 * BLOCKS  # images a side must have


def discrepancy(first: np.ndarray, second: np.ndarray) -> float:
    """Unbiased squared maximum mean discrepancy of features (n, d) and (m, d), n and m at least 2; may be negative."""
    first, second = first.astype(np.float64), second.astype(np.float64)
    return _mean_of_pairs(first) + _mean_of_pairs(second) - 2 * float(_kernel(first, second).mean())


def kid(source: np.ndarray, generated: np.ndarray, settings: ComparisonSettings) -> Score:
    """KID of features (n, d) and (m, d) of one network.

    corrected: the mean over at least 8 disjoint blocks of the shuffled images, of at most 1000 images a side.
    published: the mean over `kid_subsets` random subsets of min(n, m, 1000) images, as in the released code. The error
    of both is that of the mean over disjoint blocks: a bootstrap would be biased, and subsets that share images are not
    independent. The floor is 0.

    Blank with fewer than 16 images on a side.
    """
    n, m = len(source), len(generated)
    if min(n, m) < FEWEST:
        return Score(np.nan, np.nan, np.nan, n, m)
    blocks = _in_blocks(source, generated, settings)
    error = float(np.std(blocks, ddof=1) / np.sqrt(len(blocks)))
    value = _of_subsets(source, generated, settings) if settings.protocol == "published" else float(np.mean(blocks))
    return Score(value, error, 0.0, n, m)


def _in_blocks(source: np.ndarray, generated: np.ndarray, settings: ComparisonSettings) -> np.ndarray:
    """Estimates (blocks,) of disjoint blocks of both sides."""
    fewer = min(len(source), len(generated))
    count = max(BLOCKS, -(-fewer // LARGEST))
    draws, cut = generator(settings.seed, "kid blocks"), []
    for features in (source, generated):
        size = min(LARGEST, len(features) // count)
        cut.append(draws.permutation(len(features))[: count * size].reshape(count, size))
    return np.array([discrepancy(source[first], generated[second]) for first, second in zip(*cut, strict=True)])


def _of_subsets(source: np.ndarray, generated: np.ndarray, settings: ComparisonSettings) -> float:
    """Mean estimate of random subsets, each drawn without replacement."""
    size = min(len(source), len(generated), LARGEST)
    draws = generator(settings.seed, "kid subsets")
    found = [
        discrepancy(*(features[draws.choice(len(features), size, replace=False)] for features in (source, generated)))
        for _ in range(settings.kid_subsets)
    ]
    return float(np.mean(found))


def _kernel(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return (first @ second.T / first.shape[1] + 1) ** 3


def _mean_of_pairs(features: np.ndarray) -> float:
    """Mean kernel of two different images."""
    kernel, count = _kernel(features, features), len(features)
    return float((kernel.sum() - np.trace(kernel)) / (count * (count - 1)))
