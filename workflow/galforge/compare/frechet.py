"""Frechet distance (FID) between features of images, its extrapolation to any number of them, error, floor and limit.

The distance is between two normal distributions with the samples' means and covariances (Heusel et al. 2017,
arXiv:1706.08500, eq. 6): |m1 - m2|^2 + tr C1 + tr C2 - 2 tr (C1 C2)^(1/2). The last trace needs no square root of a
product of matrices: with C = R R^T it is the sum of the singular values of R1^T R2. R is the Cholesky factor, or the
centred sample itself where there are fewer images than features.

All images together span at most n + m - 1 directions. Where features are more, they are turned into these directions
once, which changes no distance, and every resampling, part and relabelling is a problem of that size. Where they are
fewer, features are read in blocks, once or twice for each fit, and memory goes with the square of their number.
"""

from itertools import pairwise

import numpy as np
import scipy.linalg

from galforge.compare import streams
from galforge.compare.normals import Normal, distance, moments, normal, of_parts
from galforge.compare.relabelled import JACKKNIFE, limit_of, orders, scaled, true_variance
from galforge.compare.rows import Score
from galforge.compare.scores import resampling
from galforge.compare.settings import ComparisonSettings
from galforge.compare.streams import Features, Pool
from galforge.seeds import generator

FEWEST = 8  # images a side must have
PARTS = 4  # samples are cut into this many at most, to see how the distance falls with their size
RELABELLINGS = 39  # for the null
DEAR, FEW = 1024, 6  # above so many directions one takes half a minute, and there are fewer


def frechet(source: Features, generated: Features, ddof: int = 1) -> float:
    """FID between features (n, d) and (m, d), in double precision. Covariances are over n - `ddof`."""
    return distance(normal(source, ddof), normal(generated, ddof))


def fid(source: Features, generated: Features, settings: ComparisonSettings) -> tuple[Score, Score]:
    """FID and FID-infinity of features (n, d) and (m, d) of one network.

    corrected: covariances over n - 1; published: over n, as in the released code.

    The floor comes from the source alone: FIDs between random halves and between random quarters of it, averaged over
    `fid_halvings`, say how the FID of two samples of one distribution falls with size (see `carried`).

    FID-infinity (Chong & Forsyth 2020, arXiv:1911.07023): samples are cut into 1, 2, 3 and 4 disjoint parts, and a
    straight line through the mean FIDs against (1/n + 1/m) is read at 0. It may be negative, and it is right only where
    parts have several times as many images as there are effective features. Its floor is the mean absolute value of
    relabelled images, multiplied by what the floor of the FID is to their FID, so that it is the source's too.

    The limits are those of 39 relabellings (6 above 1024 directions, see `limit_of`). The error is the infinitesimal
    jackknife's: how the FID changes with the weight of each image (`influences`), corrected by the scatter of the null
    (`true_variance`). That of FID-infinity adds its own scatter for relabelled images beyond that of the FID.
    Replicates are the FID's changes to first order in `fid_bootstrap` resamplings of the images, stretched to its
    error.

    Blank with fewer than 8 images on a side; no floor with fewer than 16 in the source.
    """
    n, m = len(source), len(generated)
    if min(n, m) < FEWEST:
        return Score(np.nan, np.nan, np.nan, n, m), Score(np.nan, np.nan, np.nan, n, m)
    source, generated = _spanned(source, generated)
    null = _null(source, generated, settings, PARTS)
    score = _score(source, generated, null[:, 0], settings)
    beyond = _extrapolated(score.value, source, generated, settings)
    variance, beyond_variance = np.var(null, axis=0, ddof=1)
    # Which images there are moves the whole line; that parts are small scatters its end as much as for the null.
    error = float(np.sqrt(score.standard_error**2 + max(beyond_variance - variance, 0.0)))
    mean, left = np.mean(null[:, 0]), np.mean(np.abs(null[:, 1]))
    floor = float(left * score.floor / mean) if mean > 0 else 0.0
    drawn = scaled(np.asarray(score.replicates), beyond, error)
    return score, Score(beyond, error, floor, n, m, limit_of(null[:, 1]), replicates=drawn)


def fid_and_null(source: Features, generated: Features, settings: ComparisonSettings) -> tuple[Score, np.ndarray]:
    """FID of features (n, d) and (m, d) as `fid` gives it, and the FIDs (R,) of relabelled images.

    Features of the same images in other bands are relabelled and resampled alike, so means over them have limits and
    errors too.
    """
    n, m = len(source), len(generated)
    if min(n, m) < FEWEST:
        return Score(np.nan, np.nan, np.nan, n, m), np.full(2, np.nan)
    source, generated = _spanned(source, generated)
    null = _null(source, generated, settings, 1)[:, 0]
    return _score(source, generated, null, settings), null


def turned(features: np.ndarray) -> np.ndarray:
    """Features (n, d) in no more directions than they span about their mean: (n, min(d, n - 1)), or as they are.

    Distances between the images, and so between normal distributions of any of them, stay.
    """
    count, dimension = features.shape
    if count > dimension:
        return features
    features = features - features.mean(axis=0, dtype=np.float64)
    squares, vectors = scipy.linalg.eigh(features @ features.T, overwrite_a=True)
    return vectors[:, 1:] * np.sqrt(np.maximum(squares[1:], 0))


def influences(source: Features, generated: Features) -> list[np.ndarray]:
    """How the FID changes with the weight of each image: n times the derivative by its weight (n,), (m,), of mean 0.

    With T the linear map that takes the first normal distribution to the second one, that of an image x of the source
    is 2 (m1 - m2) (x - m1) + (x - m1)^T (1 - T) (x - m1); for the other side likewise, with the inverse map.
    """
    sides = source, generated
    means = [streams.mean(side) for side in sides]
    roots, whitening = zip(*map(_whitening, sides, means), strict=True)
    left, sizes, right = scipy.linalg.svd(roots[0].T @ roots[1], full_matrices=False, check_finite=False)
    found = []
    for side, mean, white, vectors, sign in zip(sides, means, whitening, (left, right.T), (2, -2), strict=True):
        across, changes = sign * (means[0] - means[1]), []
        turn = None if white is None else white @ vectors
        for rows, block in streams.blocks(side):
            centred = block - mean
            # x^T T x is a sum of squares, weighted by the singular values, where the covariance is 1.
            moved = np.sqrt(len(side)) * vectors[rows] if turn is None else centred @ turn
            changes.append(centred @ across + np.einsum("ij,ij->i", centred, centred) - np.square(moved) @ sizes)
        change = np.concatenate(changes)
        found.append(change - change.mean())
    return found


def carried(half: float, quarter: float, h: int, q: int, size: float) -> float:
    """The FID of two samples of one distribution at another size, from the FIDs at sizes `h` and `q`.

    The size of samples of n and m images is 2 / (1/n + 1/m). The inverse FID is taken to be linear in the size: for few
    images the FID stays near twice the variance, for many it falls as 1 / n, and a line has both limits. With about as
    many images as features this is right within 15 %, a power law through the two points only within 30 %.
    """
    if half == 0 or quarter == 0:  # images that are all the same
        return 0.0
    slope = max((1 / half - 1 / quarter) / (h - q), 0.0)
    start = 1 / half - slope * h
    if start < 0:  # a fall steeper than 1 / n is scatter
        return half * h / size
    return 1 / (start + slope * size)


def _spanned(source: Features, generated: Features) -> tuple[Features, Features]:
    """Features of both sides in no more directions than all images span."""
    n, m = len(source), len(generated)
    if n + m > source.shape[1]:
        return source, generated
    both = turned(np.concatenate([source[:], generated[:]]))
    return both[:n], both[n:]


def _whitening(features: Features, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """R (d, k) with R R^T the covariance of features (n, d), and W (d, k): centred features times W have covariance 1.

    Where there are no more images than features, R is the centred sample, and W is not needed (None).
    """
    if len(features) <= len(mean):
        return (features[:] - mean).T / np.sqrt(len(features)), None
    values, vectors = np.linalg.eigh(normal(features, 0).covariance)
    there = values > values[-1] * len(mean) * np.finfo(float).eps
    scales = np.sqrt(values[there])
    return vectors[:, there] * scales, vectors[:, there] / scales


def _ddof(settings: ComparisonSettings) -> int:
    return 1 if settings.protocol == "corrected" else 0


def _score(source: Features, generated: Features, null: np.ndarray, settings: ComparisonSettings) -> Score:
    """FID of features (n, d) and (m, d), with the FIDs (R,) of relabelled images."""
    n, m, ddof = len(source), len(generated), _ddof(settings)
    value = frechet(source, generated, ddof)
    own = influences(source, generated)
    jackknife = sum(np.var(side, ddof=1) / len(side) for side in own)
    error = float(np.sqrt(true_variance(jackknife, float(np.var(null, ddof=1)), JACKKNIFE)))
    halves, quarters = _between_parts(source, ddof, settings)
    floor = carried(halves, quarters, n // 2, n // 4, 2 / (1 / n + 1 / m))
    drawn = scaled(_resampled(own, settings), value, error)
    return Score(value, error, floor, n, m, limit_of(null), replicates=drawn)


def _extrapolated(value: float, source: Features, generated: Features, settings: ComparisonSettings) -> float:
    """The end at 1 / n = 0 of the line of FIDs against 1 / n: of the whole, and of 2 to 4 random parts."""
    draws, sides = generator(settings.seed, "fid infinity"), []
    for side in (source, generated):
        order = draws.permutation(len(side))
        sides += of_parts(side, [order], _ddof(settings), PARTS, streams.mean(side))
    return _end([value, *_between_alike(*sides)[1:]])


def _null(source: Features, generated: Features, settings: ComparisonSettings, parts: int) -> np.ndarray:
    """FID of relabelled images, and with several parts FID-infinity (R, 2), in single precision."""
    both, n = Pool(source, generated), len(source)
    centre = streams.mean(both)
    draws, found = generator(settings.seed, "fid relabelled"), []
    for order in orders(draws, len(both), RELABELLINGS if both.shape[1] <= DEAR else FEW):
        means = _between_alike(*of_parts(both, [order[:n], order[n:]], _ddof(settings), parts, centre))
        found.append((means[0], _end(means) if parts > 1 else np.nan))
    return np.array(found)


def _end(means: list[float]) -> float:
    """The end at 0 of the straight line through the mean FIDs of 1, 2, 3 and 4 parts."""
    middle = (PARTS + 1) / 2
    size = np.arange(1, PARTS + 1) - middle
    return float(np.mean(means) - middle * (size @ means) / (size @ size))


def _between_alike(first: list[list[Normal]], second: list[list[Normal]]) -> list[float]:
    """Mean FIDs between parts of two samples, for each number of parts."""
    return [
        float(np.mean([distance(*pair) for pair in zip(*both, strict=True)]))
        for both in zip(first, second, strict=True)
    ]


def _resampled(own: list[np.ndarray], settings: ComparisonSettings) -> np.ndarray:
    """Changes (fid_bootstrap,) of the FID, to first order, in resamplings of the images.

    The source is drawn from a stream of its own, so that it is the same for every model, band and network.
    """
    found = np.zeros(settings.fid_bootstrap)
    for side, changes in zip(("source", "generated"), own, strict=True):
        draws, size = generator(settings.seed, f"fid bootstrap {side}"), len(changes)
        found += [(resampling(draws, size) @ changes) / size for _ in range(settings.fid_bootstrap)]
    return found


def _between_parts(source: Features, ddof: int, settings: ComparisonSettings) -> tuple[float, float]:
    """Mean FIDs between random halves of the source and between quarters, one of each half; NaN where too small."""
    quarter = len(source) // 4
    if quarter < FEWEST // 2:
        return np.nan, np.nan
    draws = generator(settings.seed, "fid halvings")
    found = np.empty((2, settings.fid_halvings))
    half, centre = len(source) // 2, streams.mean(source)
    for halving in range(settings.fid_halvings):
        order = draws.permutation(len(source))
        if quarter > source.shape[1]:
            cuts = (0, quarter, half, half + quarter, 2 * half)
            first, rest, second, other = moments(source, [order[low:high] for low, high in pairwise(cuts)], centre)
            pairs = [(first + rest, second + other), (first, second)]
            sides = [[part.normal(ddof) for part in pair] for pair in pairs]
        else:
            chosen = [(order[:size], order[half : half + size]) for size in (half, quarter)]
            sides = [[normal(source[part], ddof, np.float32) for part in pair] for pair in chosen]
        found[:, halving] = [distance(*pair) for pair in sides]
    return float(found[0].mean()), float(found[1].mean())
