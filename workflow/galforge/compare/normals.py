"""Normal distributions fitted to features of images, and the Frechet distance between two of them.

Features (n, d) are an array or rows of a file (``galforge.compare.streams``). Where there are more images than
features, memory goes with d^2 and not with n.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import Self

import numpy as np
import scipy.linalg

from galforge.compare import streams
from galforge.compare.streams import Features, Pool


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


@dataclass(frozen=True)
class Moments:
    """Sums over a sample, whose centre is near its mean.

    Attributes:
        count: of images.
        centre: (d,).
        sums: (d,) of centred features.
        squares: (d, d) of their products.
    """

    count: int
    centre: np.ndarray
    sums: np.ndarray
    squares: np.ndarray

    def __add__(self, other: Self) -> Self:
        sums, squares = self.sums + other.sums, self.squares + other.squares
        return type(self)(self.count + other.count, self.centre, sums, squares)

    def normal(self, ddof: int) -> Normal:
        """The normal distribution of the sample."""
        mean = self.sums / self.count
        covariance = self.squares - self.count * np.outer(mean, mean)
        covariance /= self.count - ddof
        return Normal(self.centre + mean, float(np.trace(covariance)), covariance, None)


def normal(features: Features, ddof: int, precision: type = np.float64) -> Normal:
    """The normal distribution of features (n, d); products in `precision`."""
    count, dimension = features.shape
    mean = streams.mean(features)
    if count <= dimension:
        root = ((features[:] - mean) / np.sqrt(count - ddof)).astype(precision)
        return Normal(mean, float(np.vdot(root, root)), None, root)
    covariance = np.zeros((dimension, dimension))
    for _, block in streams.blocks(features):
        centred = (block - mean).astype(precision)
        covariance += centred.T @ centred
    covariance /= count - ddof
    return Normal(mean, float(np.trace(covariance)), covariance, None)


def distance(first: Normal, second: Normal) -> float:
    """Squared Frechet distance between two normal distributions; below 0 by rounding only, so cut there."""
    apart = first.mean - second.mean
    return max(float(apart @ apart) + first.trace + second.trace - 2 * _overlap(first, second), 0.0)


def moments(features: Features | Pool, samples: Sequence[np.ndarray], centre: np.ndarray) -> list[Moments]:
    """Sums of samples without common images, whose places are given, in one reading; products in single precision."""
    owner = np.full(len(features), -1, dtype=np.int16)
    for number, places in enumerate(samples):
        owner[places] = number
    dimension = features.shape[1]
    found = [Moments(len(places), centre, np.zeros(dimension), np.zeros((dimension,) * 2)) for places in samples]
    for rows, block in streams.blocks(features):
        owners = owner[rows]
        for number in np.unique(owners[owners >= 0]):
            centred = (block[owners == number] - centre).astype(np.float32)
            np.add(found[number].sums, centred.sum(axis=0, dtype=np.float64), out=found[number].sums)
            np.add(found[number].squares, centred.T @ centred, out=found[number].squares)
    return found


def of_parts(
    features: Features | Pool, orders: Sequence[np.ndarray], ddof: int, most: int, centre: np.ndarray
) -> list[list[list[Normal]]]:
    """Normal distributions of samples cut into 1 to `most` equal parts in their order; single precision.

    Args:
        features: (N, d).
        orders: places of each sample in its order; samples have no common images.
        ddof: covariances are over n - ddof.
        most: parts.
        centre: (d,) near the means of the samples.

    Returns:
        Of each sample, for each number of parts, the distributions of the parts.
    """
    ends = [
        [[part * (len(own) // parts) for part in range(parts + 1)] for parts in range(1, most + 1)] for own in orders
    ]
    # Sums are taken once of pieces, which parts are made of.
    cuts = [sorted({0, len(own)}.union(*each)) for own, each in zip(orders, ends, strict=True)]
    large = [len(own) // most > features.shape[1] for own in orders]
    pieces = [
        [own[low:high] for low, high in pairwise(cut)] if of_pieces else []
        for own, cut, of_pieces in zip(orders, cuts, large, strict=True)
    ]
    sums = moments(features, [piece for each in pieces for piece in each], centre)
    found = []
    for own, each, cut, of_pieces in zip(orders, ends, cuts, large, strict=True):
        if of_pieces:
            mine, sums = sums[: len(cut) - 1], sums[len(cut) - 1 :]
            found.append([[_of_pieces(mine, cut, *part).normal(ddof) for part in pairwise(parts)] for parts in each])
        else:
            # Fewer than `most` times as many images as features.
            rows = features[own]
            found.append(
                [[normal(rows[low:high], ddof, np.float32) for low, high in pairwise(parts)] for parts in each]
            )
    return found


def _of_pieces(pieces: list[Moments], cuts: list[int], low: int, high: int) -> Moments:
    return reduce(Moments.__add__, pieces[cuts.index(low) : cuts.index(high)])


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
