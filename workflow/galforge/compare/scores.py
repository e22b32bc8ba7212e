"""Scores with their errors and floors: what every metric gives, means of them, and shares of galaxies."""

from collections.abc import Iterator, Sequence

import numpy as np

from galforge.compare.limits import share_limit
from galforge.compare.rows import FEWEST, Score
from galforge.compare.settings import CompareSettings
from galforge.seeds import generator


def resampling(draws: np.random.Generator, size: int) -> np.ndarray:
    """How often each of `size` images is in one bootstrap resampling (size,)."""
    return np.bincount(draws.integers(size, size=size), minlength=size)


def resampled(draws: np.random.Generator, size: int, number: int) -> np.ndarray:
    """How often each of `size` images is in each of `number` bootstrap resamplings (number, size) uint8.

    An image is in one 256 times with a chance below 1e-500.
    """
    found = np.empty((number, size), dtype=np.uint8)
    for row in found:
        row[:] = resampling(draws, size)
    return found


def resamplings(settings: CompareSettings, n: int, m: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """How often each of n source and m generated images is in each bootstrap resampling, (n,) and (m,) float64.

    Each side has random numbers of its own, so resampling b takes the same images of one source for every model.
    """
    source, generated = (generator(settings.seed, "bootstrap", side) for side in ("source", "generated"))
    for _ in range(settings.bootstrap):
        yield resampling(source, n).astype(float), resampling(generated, m).astype(float)


def deviation(drawn: np.ndarray) -> float:
    """Sd of the finite ones of what resamplings score (B,); NaN where there are fewer than two."""
    drawn = drawn[np.isfinite(drawn)]
    return float(np.std(drawn, ddof=1)) if len(drawn) > 1 else np.nan


def mean_of(found: Sequence[tuple[Score, np.ndarray]]) -> tuple[Score, np.ndarray]:
    """Mean of scores of the same galaxies, and of what each of their R bootstrap resamplings scores (R,).

    The error is the sd over resamplings of the mean, so correlations between the scores are kept. The mean of no scores
    is blank.
    """
    if not found:
        return Score(np.nan, np.nan, np.nan, 0, 0), np.full(2, np.nan)
    scores = [score for score, _ in found]
    blank = not all(np.isfinite(score.value) for score in scores)
    drawn = np.full(2, np.nan) if blank else np.mean([values for _, values in found], axis=0)
    value, floor = (float(np.mean([getattr(score, name) for score in scores])) for name in ("value", "floor"))
    sizes = [min(getattr(score, name) for score in scores) for name in ("n_source", "n_generated")]
    return Score(value, float(np.std(drawn, ddof=1)), floor, *sizes), drawn


def count(source: int, generated: int, entered: int) -> Score:
    """Numbers of galaxies at one stage. The value is the share of the generated stamps, with its binomial error."""
    share = generated / entered if entered else np.nan
    error = np.sqrt(share * (1 - share) / entered) if entered else np.nan
    return Score(float(share), float(error), np.nan, source, generated)


def share_difference(source: np.ndarray, generated: np.ndarray, settings: CompareSettings) -> Score:
    """Absolute difference between the shares of True in (n,) and in (m,).

    The error is the binomial one of both shares. The floor is the mean absolute difference of two samples with the
    source's share: sqrt(2 / pi) of its sd, as for a normal distribution. Blank with fewer than 2 on a side.
    """
    n, m = len(source), len(generated)
    if min(n, m) < FEWEST:
        return Score(np.nan, np.nan, np.nan, n, m)
    real, made, error, limit = _shares(source, generated)
    floor = np.sqrt(2 / np.pi * real * (1 - real) * (1 / n + 1 / m))
    drawn = [abs(second @ generated / m - first @ source / n) for first, second in resamplings(settings, n, m)]
    return Score(abs(made - real), error, float(floor), n, m, limit, replicates=drawn)


def with_shares(score: Score, source: np.ndarray, generated: np.ndarray) -> Score:
    """The score of galaxies that can be measured with the shares of these, from which they are, (n,) and (m,)."""
    if min(len(source), len(generated)) == 0:
        return score
    real, made, error, limit = _shares(source, generated)
    return score._replace(share_source=real, share_generated=made, share_error=error, share_limit=limit)


def _shares(source: np.ndarray, generated: np.ndarray) -> tuple[float, float, float, float]:
    """Shares of True in (n,) and in (m,), the binomial error of their difference, and the limit of its size."""
    n, m = len(source), len(generated)
    real, made = float(source.mean()), float(generated.mean())
    error = float(np.sqrt(real * (1 - real) / n + made * (1 - made) / m))
    return real, made, error, share_limit(n, m, int(source.sum() + generated.sum()))
