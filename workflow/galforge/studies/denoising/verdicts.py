"""Do generated galaxies help? Tests that were named before the run, corrected together, beside an oracle.

A test is one generator on one data set in one case. Its statistic is the paired gain of networks that saw its galaxies
over networks that saw none. The oracle's galaxies are real ones that nobody else sees: what a perfect generator would
draw. Where even they show no gain, a generator that shows none says nothing.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import optimize, stats

from galforge.compare.holm import adjusted
from galforge.errors import GalforgeError
from galforge.studies.denoising.errors import LEVEL

HELPS, HARMS, NO_POWER, NOT_SEEN = "helps", "harms", "no power", "not seen to help"
GAINS, LOSES, NONE = "gains", "loses", "no gain seen"
UNTESTED = "not tested"
"""A single seed or network: how far another one would come out is unknown."""
_SMALLEST = 1e-12


class Gain(NamedTuple):
    """How much smaller errors are: the mean of ln(MSE / MSE without), and where its uncertainty comes from.

    Attributes:
        value: negative where errors are smaller.
        images, networks, seeds: parts of the standard error: of galaxies, of networks that differ in their replicate,
            and of a generator's seeds; NaN for seeds where there are none.
        freedom: degrees of freedom of the variance of networks and seeds together.
        galaxies: how many took part.
    """

    value: float
    images: float
    networks: float
    seeds: float
    freedom: float
    galaxies: int

    @property
    def error(self) -> float:
        """The standard error, all parts in quadrature."""
        return float(np.sqrt(self.images**2 + self._trained))

    @property
    def _trained(self) -> float:
        return float(np.nansum(np.square([self.networks, self.seeds])))

    def critical(self, level: float) -> float:
        """The size that ``value`` exceeds by chance with a probability of ``level`` at most, in either direction.

        The two parts of the variance, of galaxies and of what was trained, have very different degrees of freedom.
        Student's quantiles of both are averaged with the parts as weights (Cochran 1964, Biometrics 20, 191), which
        keeps the level; one t of effective degrees of freedom exceeds it several times in the far tails that a
        correction for many tests needs.
        """
        parts = np.array([self.images**2, self._trained])
        quantiles = stats.t.isf(level / 2, [self.galaxies - 1, self.freedom])
        return float(parts @ quantiles / self.error)

    @property
    def chance(self) -> float:
        """Two-sided p-value of no gain; NaN where an error is unknown."""
        if not (np.isfinite([self.value, self.error, self.freedom]).all() and self.error > 0):
            return np.nan
        if abs(self.value) >= self.critical(_SMALLEST):
            return _SMALLEST
        found = optimize.brentq(lambda log: self.critical(np.exp(log)) - abs(self.value), np.log(_SMALLEST), 0.0)
        return float(np.exp(found))


def gain(mixed: np.ndarray, plain: np.ndarray, seeded: bool = True) -> Gain:
    """The gain of networks trained with generated galaxies over networks of alpha 0, and its error.

    Galaxies, networks and generators are samples. With x_sri = ln(mixed / plain), the variance of the mean of all x is
    estimated by the variances of three sets of means, each over its number: of galaxies, of replicates and of seeds.
    Networks of alpha 0 are shared by all seeds, so their scatter is in the means of replicates and does not shrink with
    more seeds; scatter of single networks is in the last two, so that the error is rather too large. Degrees of
    freedom of replicates and seeds together are those of a sum of two variances (Welch 1947, Satterthwaite 1946).

    Args:
        mixed: MSE (S, R, n) of R replicates with galaxies of each of S seeds, on n galaxies.
        plain: MSE (R, n) of the same replicates without generated galaxies.
        seeded: whether seeds are a sample; False for galaxies that no training made. With a single seed, the error of
            what has seeds is unknown.

    Galaxies without a positive, finite MSE everywhere are left out. Values are NaN with fewer than two galaxies or
    replicates.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(mixed) - np.log(plain)
    logs = logs[:, :, np.isfinite(logs).all(axis=(0, 1))]
    seeds, replicates, galaxies = logs.shape
    if galaxies < 2 or replicates < 2:
        return Gain(float(logs.mean()) if logs.size else np.nan, *[np.nan] * 4, galaxies)
    images, networks = _error(logs.mean(axis=(0, 1))), _error(logs.mean(axis=(0, 2)))
    among = [(networks**2, replicates - 1)]
    scatter = np.nan
    if seeds > 1:
        scatter = _error(logs.mean(axis=(1, 2)))
        among.append((scatter**2, seeds - 1))
    elif seeded:
        return Gain(float(logs.mean()), images, networks, np.nan, np.nan, galaxies)
    total = sum(part for part, _ in among)
    freedom = total**2 / sum(part**2 / free for part, free in among) if total else min(free for _, free in among)
    return Gain(float(logs.mean()), images, networks, scatter, float(freedom), galaxies)


def judge(rows: pd.DataFrame, oracle: Sequence[Gain], generator: Sequence[Gain]) -> pd.DataFrame:
    """The tests of generators with their verdicts, one per row.

    ``helps`` and ``harms``: the gain or loss is beyond chance, all tests of ``rows`` corrected together (Holm). If it
    is not, ``not seen to help`` where the oracle of the test gains, and ``no power`` where it is not seen to. The
    oracle's p-value is not corrected: it makes no claim for a generator.

    Args:
        rows: what is known of each test.
        oracle: the oracle's gain in the data set and case of each row.
        generator: the generator's gain.

    Returns the rows with ``p``, ``p_adjusted``, ``detectable`` (the smallest gain that would count first among as many
    tests) and ``verdict``.
    """
    chances = np.array([each.chance for each in generator])
    corrected = adjusted(chances)
    found = []
    for own, seen, chance in zip(generator, oracle, corrected, strict=True):
        if np.isnan(chance):
            found.append(UNTESTED)
        elif chance <= LEVEL:
            found.append(HELPS if own.value < 0 else HARMS)
        else:
            found.append(NOT_SEEN if seen_to(seen) == GAINS else NO_POWER)
    smallest = [detectable(own, LEVEL / len(generator)) for own in generator]
    return rows.assign(p=chances, p_adjusted=corrected, detectable=smallest, verdict=found)


def seen_to(own: Gain) -> str:
    """What a single gain shows at the level of one test: ``gains``, ``loses`` or ``no gain seen``."""
    if np.isnan(own.chance):
        return UNTESTED
    if own.chance > LEVEL:
        return NONE
    return GAINS if own.value < 0 else LOSES


def detectable(own: Gain, level: float) -> float:
    """The smallest share by which errors would have to be smaller to count at a level; NaN where that is unknown."""
    return float(1 - np.exp(-own.critical(level))) if np.isfinite(own.freedom) and own.error > 0 else np.nan


def share(own: Gain) -> dict[str, Any]:
    """The gain for tables: the share by which a typical error is smaller, its standard error and the parts of that."""
    ratio = float(np.exp(own.value))
    parts = {"error_images": own.images, "error_networks": own.networks, "error_seeds": own.seeds}
    errors = {name: ratio * part for name, part in ({"standard_error": own.error} | parts).items()}
    return {"value": 1 - ratio, **errors, "freedom": own.freedom, "n_source": own.galaxies}


def errors_of(tables: Sequence[tuple[str, pd.DataFrame]], case: str) -> np.ndarray:
    """MSE (networks, galaxies) of evaluations, each with its name, in one case; galaxies in ascending order.

    Raises:
        GalforgeError: an evaluation lacks the case, or has other galaxies than the first.
    """
    found: list[np.ndarray] = []
    indices: np.ndarray | None = None
    for name, table in tables:
        own = table[(table["kind"] == "case") & (table["case"] == case)].sort_values("index")
        indices = own["index"].to_numpy() if indices is None else indices
        if own.empty or not np.array_equal(own["index"].to_numpy(), indices):
            raise GalforgeError(
                f"{name}, {case}: its {len(own)} galaxies are not those of the others; evaluate it again"
            )
        found.append(own["mse"].to_numpy(float))
    return np.stack(found)


def _error(means: np.ndarray) -> float:
    return float(np.sqrt(np.var(means, ddof=1) / len(means)))
