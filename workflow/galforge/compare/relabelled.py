"""What a perfect model would score at the same counts, from relabelled galaxies, and errors that know of it.

Where source and generated galaxies are of one population, who is called which makes no difference: the pooled galaxies
are given their labels anew, at random and as many of each as there were, and scored again. These scores are the null.
A value beyond its 95 % quantile is not that of a perfect model (a permutation test: Phipson & Smyth 2010, Stat. Appl.
Genet. Mol. Biol. 9, 39; for kernels Gretton et al. 2012, JMLR 13, 723).
"""

import numpy as np
import scipy.stats

from galforge.compare.limits import LEVEL, limit

RELABELLINGS = 199  # where one costs little; (1 + RELABELLINGS) LEVEL is whole, so the limit is exact


def orders(draws: np.random.Generator, count: int, relabellings: int = RELABELLINGS) -> np.ndarray:
    """Random orders of pooled galaxies (relabellings, count): places, or ranks of each; the first are the source's."""
    return draws.permuted(np.broadcast_to(np.arange(count), (relabellings, count)), axis=1)


def limit_of(null: np.ndarray) -> float:
    """The 95 % quantile of a null (R,); NaN for fewer than 2 relabellings or where a score is missing.

    With at least 19 it is exact (`limits.limit`); where a relabelling is dear and there are fewer, `student_limit`.
    """
    if len(null) < 2 or not np.isfinite(null).all():
        return np.nan
    return limit(null) if LEVEL * (len(null) + 1) >= 1 else student_limit(null)


def student_limit(null: np.ndarray) -> float:
    """The 95 % quantile of a null (R,) that is taken to be normally distributed; NaN with fewer than 2.

    The next score lies below mean + t sd sqrt(1 + 1/R) in 95 % of cases, with Student's t of R - 1: mean and sd of few
    have scatter of their own.
    """
    count = len(null)
    if count < 2:
        return np.nan
    reach = scipy.stats.t.ppf(1 - LEVEL, count - 1) * np.sqrt(1 + 1 / count)
    return float(np.mean(null) + reach * np.std(null, ddof=1))


def true_variance(estimate: float, null: float, excess: float) -> float:
    """The variance of a value, from an `estimate` that counts the scatter of the `null` too often.

    The variance of such a value has two parts (Hoeffding 1948, Ann. Math. Statist. 19, 293): one of single galaxies,
    which vanishes for a perfect model, and one of pairs, which is all that a perfect model has: the variance of the
    null. A jackknife counts the second one twice (Efron & Stein 1981, Ann. Statist. 9, 586), a bootstrap three times.
    `excess` times the null's is taken off, half of what is too much: the estimate scatters itself, and with the mean
    variance for an error the squared ratio of deviation to error would be 1.2 to 1.5 on average, not 1. It is never
    taken to be less than the null's.
    """
    return max(estimate - excess * null, null)


JACKKNIFE, BOOTSTRAP, OF_EXTREMES = 0.5, 1.0, 1.5
"""The `excess` of these estimates; a bootstrap that moves the ends of bins to extremes of its own scatters more."""


def scaled(replicates: np.ndarray, value: float, error: float) -> np.ndarray:
    """Replicates (B,) moved to the value and stretched to its error, so differences of them have honest errors too."""
    spread = np.std(replicates, ddof=1)
    stretch = error / spread if spread > 0 else 0.0
    return value + (replicates - np.mean(replicates)) * stretch
