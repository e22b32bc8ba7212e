"""Errors of means over galaxies and networks, and which gains they support."""

from typing import NamedTuple

import numpy as np
from scipy import stats

from galforge.seeds import generator

LEVEL = 0.05
"""Two-sided probability of a false claim."""


class Error(NamedTuple):
    """A standard error, and the two parts that it adds in quadrature; NaN where unknown.

    ``images`` is the part of the galaxies, ``seeds`` that of networks that differ in their seed: NaN for one network.
    """

    total: float
    images: float
    seeds: float

    def times(self, factor: float) -> "Error":
        """The error of a value that is ``factor`` times as large."""
        return Error(*(factor * each for each in self))


UNKNOWN = Error(np.nan, np.nan, np.nan)


class Mean(NamedTuple):
    """A mean, its standard error, and the degrees of freedom of that error; NaN where undefined."""

    value: float
    error: Error
    freedom: float


def crossed(values: np.ndarray) -> Mean:
    """Mean of values (R, n) of R replicates on the same n galaxies, both of which are samples.

    The squared error is the variance of the galaxies' means over n plus that of the replicates' means over R (both with
    ddof 1). Scatter of single values enters both, so that the error is rather too large. Degrees of freedom are those
    of a sum of two independent variances (Welch 1947, Biometrika 34, 28; Satterthwaite 1946, Biometrics Bull. 2, 110).
    With one replicate, the scatter of replicates is unknown, and the error is that of the galaxies alone.
    """
    replicates, galaxies = values.shape
    if galaxies == 0:
        return Mean(np.nan, UNKNOWN, np.nan)
    mean = float(np.mean(values))
    if galaxies == 1:
        return Mean(mean, UNKNOWN, np.nan)
    parts = [(np.var(values.mean(axis=0), ddof=1) / galaxies, galaxies - 1)]
    if replicates > 1:
        parts.append((np.var(values.mean(axis=1), ddof=1) / replicates, replicates - 1))
    total = float(sum(part for part, _ in parts))
    squares = (total, parts[0][0], parts[1][0] if replicates > 1 else np.nan)
    error = Error(*(float(np.sqrt(square)) for square in squares))
    if total == 0:
        return Mean(mean, error, float(min(freedom for _, freedom in parts)))
    return Mean(mean, error, float(total**2 / sum(part**2 / freedom for part, freedom in parts)))


def beyond(mean: Mean, replicates: int, tried: int) -> bool:
    """Whether a mean differs from 0 by more than chance explains for the best of ``tried`` means (Bonferroni).

    Two-sided, by Student's t. False for one replicate, because the scatter of networks is then unknown.
    """
    error = mean.error.total
    if replicates < 2 or not np.isfinite((mean.value, error, mean.freedom)).all():
        return False
    return bool(abs(mean.value) > stats.t.ppf(1 - LEVEL / tried / 2, mean.freedom) * error)


def both(values: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
    """Arrays (R, n) or (1, n) without galaxies that have a value that is not finite in any of them."""
    arrays = (values, *others)
    there = np.all([np.isfinite(each).all(axis=0) for each in arrays], axis=0)
    return [each[:, there] for each in arrays]


def log_ratio(over: np.ndarray, under: np.ndarray) -> tuple[Mean, int]:
    """Mean of ln(over / under), paired by replicate and galaxy, and the number of galaxies; (R, n) or (1, n) each."""
    with np.errstate(divide="ignore", invalid="ignore"):
        (logs,) = both(np.log(over) - np.log(under))
    return crossed(logs), logs.shape[1]


def resamplings(count: int, bootstrap: int, *key: int | str) -> np.ndarray:
    """How often each of ``count`` galaxies is drawn in each resampling of a bootstrap, (count, bootstrap) float64."""
    draws = generator(*key)
    found = [np.bincount(draws.integers(count, size=count), minlength=count) for _ in range(bootstrap)]
    return np.stack(found, axis=1).astype(np.float64)


def median(values: np.ndarray, counts: np.ndarray) -> tuple[float, Error]:
    """Median over galaxies of the replicates' mean (R, n), and its error.

    The error is that of the bootstrap over galaxies (``counts`` from ``resamplings``) and the scatter of the
    replicates' medians over the root of their number, in quadrature.
    """
    if values.shape[1] == 0:
        return np.nan, UNKNOWN
    means = values.mean(axis=0)
    order = np.argsort(means, kind="stable")
    # The middle two of n weighted values, which are the same where n is odd.
    running, size = np.cumsum(counts[order], axis=0), counts.sum(axis=0)
    middle = [(running > place).argmax(axis=0) for place in ((size - 1) // 2, size // 2)]
    ranked = means[order]
    drawn = (ranked[middle[0]] + ranked[middle[1]]) / 2
    return float(np.median(means)), in_quadrature(drawn, np.median(values, axis=1))


def in_quadrature(drawn: np.ndarray, replicates: np.ndarray) -> Error:
    """Sd of bootstrap values (B,) and standard error of the mean of the replicates' values (R,), in quadrature."""
    drawn = drawn[np.isfinite(drawn)]
    if len(drawn) < 2:
        return UNKNOWN
    galaxies = float(np.std(drawn, ddof=1))
    if len(replicates) < 2:
        return Error(galaxies, galaxies, np.nan)
    scatter = float(np.std(replicates, ddof=1) / np.sqrt(len(replicates)))
    return Error(float(np.hypot(galaxies, scatter)), galaxies, scatter)
