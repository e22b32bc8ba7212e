"""Frechet distance (FID) between features of images, its extrapolation to any number of them, its error and its floor.

The distance is between two normal distributions with the samples' means and covariances (Heusel et al. 2017,
arXiv:1706.08500, eq. 6): |m1 - m2|^2 + tr C1 + tr C2 - 2 tr (C1 C2)^(1/2). The last trace needs no square root of a
product of matrices: with C = R R^T it is the sum of the singular values of R1^T R2. R is the Cholesky factor, or the
centred sample itself where there are fewer images than features.
"""

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from galforge.compare.scores import Score, resampling
from galforge.compare.settings import ComparisonSettings
from galforge.seeds import generator

FEWEST = 8  # images a side must have
PARTS = 4  # samples are cut into this many at most, to see how the distance falls with their size
_BLOCK = 4096  # images in one product


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


def frechet(source: np.ndarray, generated: np.ndarray, ddof: int = 1) -> float:
    """FID between features (n, d) and (m, d), in double precision. Covariances are over n - `ddof`."""
    return distance(normal(source, ddof), normal(generated, ddof))


def normal(features: np.ndarray, ddof: int, counts: np.ndarray | None = None, precision: type = np.float64) -> Normal:
    """The normal distribution of features (n, d), each counted `counts` (n,) times; products in `precision`."""
    counts = np.ones(len(features)) if counts is None else counts.astype(np.float64)
    total = counts.sum()
    drawn = np.flatnonzero(counts)
    blocks = [drawn[low : low + _BLOCK] for low in range(0, len(drawn), _BLOCK)]
    mean = sum(counts[block] @ features[block].astype(np.float64) for block in blocks) / total
    dimension = features.shape[1]
    if len(drawn) <= dimension:
        root = (features[drawn] - mean) * np.sqrt(counts[drawn] / (total - ddof))[:, None]
        return Normal(mean, float(np.vdot(root, root)), None, root)
    covariance = np.zeros((dimension, dimension))
    for block in blocks:
        centred = ((features[block] - mean) * np.sqrt(counts[block])[:, None]).astype(precision)
        covariance += centred.T @ centred
    covariance /= total - ddof
    return Normal(mean, float(np.trace(covariance)), covariance, None)


def distance(first: Normal, second: Normal) -> float:
    """Squared Frechet distance between two normal distributions; below 0 by rounding only, so cut there."""
    apart = first.mean - second.mean
    return max(float(apart @ apart) + first.trace + second.trace - 2 * _overlap(first, second), 0.0)


def fid(
    source: np.ndarray, generated: np.ndarray, settings: ComparisonSettings, drawn: np.ndarray | None = None
) -> tuple[Score, Score]:
    """FID and FID-infinity of features (n, d) and (m, d) of one network.

    `drawn` is what `resampled` gives for them, where the caller has it already.

    corrected: covariances over n - 1; published: over n, as in the released code.

    The error is the sd over bootstrap resamplings of the images (their mean is 20 to 40 % too high). The floor comes
    from the source alone: FIDs between random halves and between random quarters of it, averaged over `fid_halvings`,
    say how the FID of two samples of one distribution falls with size (see `carried`).

    FID-infinity (Chong & Forsyth 2020, arXiv:1911.07023): samples are cut into 1, 2, 3 and 4 disjoint parts, and a
    straight line through the mean FIDs against (1/n + 1/m) is read at 0. It may be negative, and it is right only where
    parts have several times as many images as there are effective features. Its floor, found from halves and quarters
    in the same way, says what a perfect model would leave. Its error adds those of the FID and of the line's end in
    quadrature.

    Blank with fewer than 8 images on a side; no floor with fewer than 16 in the source.
    """
    n, m = len(source), len(generated)
    if min(n, m) < FEWEST:
        return Score(np.nan, np.nan, np.nan, n, m), Score(np.nan, np.nan, np.nan, n, m)
    ddof = _ddof(settings)
    value = frechet(source, generated, ddof)
    error = float(np.std(resampled(source, generated, settings) if drawn is None else drawn, ddof=1))
    beyond, end = _extrapolated(value, source, generated, ddof, settings)
    halves, quarters = _between_parts(source, ddof, settings)
    size = 2 / (1 / n + 1 / m)
    floor = carried(float(np.mean(halves)), float(np.mean(quarters)), n // 2, n // 4, size)
    # What halves and quarters leave falls with size as their FID does.
    fallen = floor / float(np.mean(halves)) if floor else 0.0
    left = float(np.mean(np.abs(2 * halves - quarters))) * fallen
    return Score(value, error, floor, n, m), Score(beyond, float(np.hypot(error, end)), left, n, m)


def resampled(source: np.ndarray, generated: np.ndarray, settings: ComparisonSettings) -> np.ndarray:
    """FIDs (fid_bootstrap,) of bootstrap resamplings of the images of both sides, in single precision.

    Features of the same images in other bands or networks are resampled alike, so means over them have errors too. NaN
    with fewer than 8 images on a side.
    """
    if min(len(source), len(generated)) < FEWEST:
        return np.full(settings.fid_bootstrap, np.nan)
    draws, ddof = generator(settings.seed, "fid bootstrap"), _ddof(settings)
    found = []
    for _ in range(settings.fid_bootstrap):
        sides = (normal(side, ddof, resampling(draws, len(side)), np.float32) for side in (source, generated))
        found.append(distance(*sides))
    return np.array(found)


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


def _overlap(first: Normal, second: Normal) -> float:
    """Trace of the square root of the product of two covariances."""
    if first.root is not None and second.root is not None:
        return float(scipy.linalg.svdvals(first.root @ second.root.T).sum())
    if first.covariance is None:
        first, second = second, first
    root = _root(first.covariance)
    if second.root is not None:
        return float(scipy.linalg.svdvals(second.root @ root).sum())
    squares = np.linalg.eigvalsh(root.T @ second.covariance @ root)
    return float(np.sqrt(np.maximum(squares, 0)).sum())


def _root(covariance: np.ndarray) -> np.ndarray:
    """R (d, k) with R R^T = covariance: triangular, or of eigenvectors where features are not independent."""
    try:
        return np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(covariance)
        return vectors * np.sqrt(np.maximum(values, 0))


def _ddof(settings: ComparisonSettings) -> int:
    return 1 if settings.protocol == "corrected" else 0


def _extrapolated(
    value: float, source: np.ndarray, generated: np.ndarray, ddof: int, settings: ComparisonSettings
) -> tuple[float, float]:
    """The end at 1 / n = 0 of the line of FIDs against 1 / n, and its error from their scatter about the line."""
    draws = generator(settings.seed, "fid infinity")
    orders = [draws.permutation(len(features)) for features in (source, generated)]
    means = [value]
    for parts in range(2, PARTS + 1):
        cuts = [order[: len(order) // parts * parts].reshape(parts, -1) for order in orders]
        pairs = zip(*cuts, strict=True)
        fids = [
            distance(normal(source[first], ddof, None, np.float32), normal(generated[second], ddof, None, np.float32))
            for first, second in pairs
        ]
        means.append(float(np.mean(fids)))
    size = np.arange(1, PARTS + 1)
    (slope, end), apart = np.polyfit(size, means, 1), size - size.mean()
    scatter = np.sum((means - end - slope * size) ** 2) / (PARTS - 2)
    return float(end), float(np.sqrt(scatter * (1 / PARTS + size.mean() ** 2 / np.sum(apart**2))))


def _between_parts(source: np.ndarray, ddof: int, settings: ComparisonSettings) -> tuple[np.ndarray, np.ndarray]:
    """FIDs between random halves of the source and between quarters, one of each half; NaN where they are too small."""
    quarter = len(source) // 4
    if quarter < FEWEST // 2:
        return np.full(1, np.nan), np.full(1, np.nan)
    draws = generator(settings.seed, "fid halvings")
    found = np.empty((2, settings.fid_halvings))
    half = len(source) // 2
    for halving in range(settings.fid_halvings):
        order = draws.permutation(len(source))
        for row, size in enumerate((half, quarter)):
            parts = (order[:size], order[half : half + size])
            found[row, halving] = distance(*(normal(source[part], ddof, None, np.float32) for part in parts))
    return found[0], found[1]
