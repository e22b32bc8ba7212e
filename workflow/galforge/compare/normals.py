"""Normal distributions fitted to features of images, and the Frechet distance between two of them."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.linalg

BLOCK = 4096  # images in one product


@dataclass(frozen=True)
class Normal:
    """Normal distribution fitted to a sample.

    Attributes:
        mean: (d,).
        trace: of the covariance.
        covariance: (d, d); None where `root` stands for it.
        root: (k, d), where there are few images; the covariance is root^T root.
    """

    mean: np.ndarray
    trace: float
    covariance: np.ndarray | None
    root: np.ndarray | None


def normal(features: np.ndarray, ddof: int, precision: type = np.float64) -> Normal:
    """The normal distribution of features (n, d); products in `precision`."""
    count, dimension = features.shape
    mean = features.mean(axis=0, dtype=np.float64)
    if count <= dimension:
        root = ((features - mean) / np.sqrt(count - ddof)).astype(precision)
        return Normal(mean, float(np.vdot(root, root)), None, root)
    covariance = np.zeros((dimension, dimension))
    for low in range(0, count, BLOCK):
        centred = (features[low : low + BLOCK] - mean).astype(precision)
        covariance += centred.T @ centred
    covariance /= count - ddof
    return Normal(mean, float(np.trace(covariance)), covariance, None)


def distance(first: Normal, second: Normal) -> float:
    """Squared Frechet distance between two normal distributions; below 0 by rounding only, so cut there."""
    apart = first.mean - second.mean
    return max(float(apart @ apart) + first.trace + second.trace - 2 * _overlap(first, second), 0.0)


def of_parts(features: np.ndarray, ddof: int, most: int) -> list[list[Normal]]:
    """Normal distributions of features (n, d) cut into 1 to `most` equal parts in their order; single precision.

    Where parts have more images than features, sums of squares are taken once of pieces, which parts are made of.
    """
    count, dimension = features.shape
    ends = [[part * (count // parts) for part in range(parts + 1)] for parts in range(1, most + 1)]
    if count // most <= dimension or most == 1:
        return [[normal(features[low:high], ddof, np.float32) for low, high in pairwise(own)] for own in ends]
    cuts = sorted({0, count}.union(*ends))
    middle = features.mean(axis=0, dtype=np.float64)
    sums, squares = [], []
    for low, high in pairwise(cuts):
        centred = (features[low:high] - middle).astype(np.float32)
        sums.append(centred.sum(axis=0, dtype=np.float64))
        squares.append((centred.T @ centred).astype(np.float64))
    found = []
    for own in ends:
        parts = []
        for low, high in pairwise(own):
            pieces = range(cuts.index(low), cuts.index(high))
            mean = sum(sums[piece] for piece in pieces) / (high - low)
            covariance = sum(squares[piece] for piece in pieces) - (high - low) * np.outer(mean, mean)
            covariance /= high - low - ddof
            parts.append(Normal(middle + mean, float(np.trace(covariance)), covariance, None))
        found.append(parts)
    return found


def _overlap(first: Normal, second: Normal) -> float:
    """Trace of the square root of the product of two covariances."""
    if first.root is not None and second.root is not None:
        return float(scipy.linalg.svdvals(first.root @ second.root.T, check_finite=False).sum())
    if first.covariance is None:
        first, second = second, first
    root = _root(first.covariance)
    if second.root is not None:
        return float(scipy.linalg.svdvals(second.root @ root, check_finite=False).sum())
    squares = np.linalg.eigvalsh(root.T @ second.covariance @ root)
    return float(np.sqrt(np.maximum(squares, 0)).sum())


def _root(covariance: np.ndarray) -> np.ndarray:
    """R (d, k) with R R^T = covariance: triangular, or of eigenvectors where features are not independent."""
    try:
        return np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(covariance)
        return vectors * np.sqrt(np.maximum(values, 0))
