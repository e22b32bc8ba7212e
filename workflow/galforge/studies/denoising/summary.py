"""From the evaluations of a sweep to its results: means, gains and their errors, one row per number."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from galforge.compare.morphology import PROPERTIES
from galforge.compare.rows import COLUMNS as TIDY
from galforge.compare.rows import MORE
from galforge.studies.denoising import errors, structure
from galforge.studies.denoising.errors import UNKNOWN, Error, Mean
from galforge.studies.denoising.sweep import IDENTITY, NETWORK, TRUTH, Paired, Run, column_of, generator_of, paired
from galforge.studies.denoising.trials import CASE, IN_DOMAIN

__all__ = ["COLUMNS", "Run", "summarise"]

TESTS = ("kind", "pixel_size", "noise")
ERRORS = ("error_images", "error_seeds")
"""Parts of the standard error: of galaxies, and of networks of equal share; the second is missing for one network."""
COLUMNS = (
    *("dataset", "origin", "model", *TIDY[: -len(MORE)], "published", "protocol"),
    *("denoiser", "method", "alpha", "replicates", "supported", *TESTS, *ERRORS),
)


class _Rows(list):
    """Rows of one test, which have `common` entries."""

    def __init__(self, common: dict[str, Any]):
        super().__init__()
        self.common = dict.fromkeys(("floor", "published", "alpha"), np.nan) | {"replicates": 1, "supported": False}
        self.common |= common

    def add(self, metric: str, value: float, error: Error, n: int, **more: Any) -> None:
        own = {"metric": metric, "value": value, "n_source": n, "n_generated": n}
        self.append(self.common | own | dict(zip(("standard_error", *ERRORS), error, strict=True)) | more)


def summarise(runs: Sequence[Run], references: pd.DataFrame, bootstrap: int = 200, seed: int = 0) -> pd.DataFrame:
    """Results of one sweep, with the columns COLUMNS.

    All methods saw the same galaxies and the same noise, so all comparisons are paired by galaxy, and those of networks
    also by replicate. Ratios of errors are geometric means, so that a few bright galaxies do not decide them. Metrics:

    - ``mse``, ``psnr``, ``ssim`` (means), ``mse_median`` (over galaxies, of the replicates' mean), ``mse_to_identity``
      (mean MSE over that of the images as observed), ``morphology`` and ``morphology_<property>``
      (``galforge.studies.denoising.structure``): per method (``network`` with its alpha, or a reference) and test.
    - ``gain``: 1 - exp(-mean of ln(MSE of alpha 0 / MSE)), the share by which a network's typical MSE is smaller.
    - ``advantage``: the same with respect to a reference, the ``method`` of the row.
    - ``best_alpha``: the alpha with the largest gain in a test, 0 where no gain is above 0; and ``improvement``, its
      gain. Both come from the same galaxies, so the improvement is somewhat too large.
    - ``relative_error``: of alpha 1 with respect to the best alpha between 0 and 1, a ratio of MSEs minus 1; its
    property
      is ``alpha_1_vs_mixed``, followed by the test's name if it is not in domain.

    Standard errors are those of ``galforge.studies.denoising.errors``, ``error_images`` and ``error_seeds`` their parts
    of galaxies and of networks. ``supported`` says that a gain is larger than chance gives for the number of alphas
    tried; it is never true with one replicate. Points of curves (kinds ``noise_curve`` and ``pixel_curve``) have
    ``mse_to_identity`` and ``gain``. Galaxies without a finite value are left out of a row; ``n_source`` and
    ``n_generated`` count the others, for morphology the true and the denoised ones.

    Args:
        runs: all networks of one data set, kind of network and generator, those of alpha 0 included.
        references: the data set's table of references.
        bootstrap: resamplings of the galaxies.
        seed: of these.

    Raises:
        GalforgeError: the tables do not belong together (see ``galforge.studies.denoising.sweep.paired``).
    """
    found: list[dict[str, Any]] = []
    for test in paired(runs, references):
        first, sweep = runs[0], {"model": generator_of(runs), "property": test.name}
        sweep |= {name: getattr(first, name) for name in ("dataset", "origin", "protocol", "denoiser")}
        rows = _Rows(sweep | {name: getattr(test, name) for name in TESTS})
        is_case, identity = test.kind == CASE, test.of_method(IDENTITY, "mse")
        key = ("denoising bootstrap", test.name)
        counts = errors.resamplings(identity.shape[1], bootstrap, seed, *key) if is_case else None
        for who, tables in test.methods():
            if is_case:
                _add_quality(rows, test, tables, counts, **who)
            elif who["method"] != IDENTITY:
                rows.add("mse_to_identity", *_to_identity(column_of(tables, "mse"), identity), **who)
        gains = _add_gains(rows, test)
        if is_case:
            _add_advantages(rows, test)
            _add_best(rows, test, gains)
        found += rows
    return pd.DataFrame(found)[list(COLUMNS)]


def _add_advantages(rows: _Rows, test: Paired) -> None:
    for alpha, tables in test.networks.items():
        for method in (name for name in test.references if name != TRUTH):
            mean, n = errors.log_ratio(test.of_alpha(alpha, "mse"), test.of_method(method, "mse"))
            rows.add("advantage", *_share(mean), n, method=method, alpha=alpha, replicates=len(tables))


def _add_quality(rows: _Rows, test: Paired, tables: list[pd.DataFrame], counts: np.ndarray, **who: Any) -> None:
    values = {name: column_of(tables, name) for name in ("mse", "psnr", "ssim")}
    for metric, every in values.items():
        (own,) = errors.both(every)
        mean = errors.crossed(own)
        rows.add(metric, mean.value, mean.error, own.shape[1], **who)
    there = np.isfinite(values["mse"]).all(axis=0)
    rows.add("mse_median", *errors.median(values["mse"][:, there], counts[there]), int(there.sum()), **who)
    rows.add("mse_to_identity", *_to_identity(values["mse"], test.of_method(IDENTITY, "mse")), **who)
    if TRUTH not in test.references:
        return
    apart = structure.distances(test.references[TRUTH], tables, counts)
    sizes = {"n_source": apart.n_source, "n_generated": apart.n_generated}
    names = [*(f"morphology_{name}" for name in PROPERTIES), "morphology"]
    for name, value, error in zip(names, apart.values, apart.errors, strict=True):
        rows.add(name, float(value), Error(*map(float, error)), 0, **who, **sizes)


def _add_gains(rows: _Rows, test: Paired) -> dict[float, tuple[Mean, int, bool]]:
    """Add the gain of each alpha except 0; return its logarithm, number of galaxies, and whether it is supported."""
    plain = test.of_alpha(0.0, "mse")
    tried = [alpha for alpha in test.networks if alpha > 0]
    out = {}
    for alpha in tried:
        mean, n = errors.log_ratio(test.of_alpha(alpha, "mse"), plain)
        supported = errors.beyond(mean, len(plain), len(tried))
        out[alpha] = mean, n, supported
        rows.add("gain", *_share(mean), n, supported=supported, method=NETWORK, alpha=alpha, replicates=len(plain))
    return out


def _add_best(rows: _Rows, test: Paired, gains: dict[float, tuple[Mean, int, bool]]) -> None:
    replicates = len(test.networks[0.0])
    who = {"method": NETWORK, "replicates": replicates}
    best = _best(gains, list(gains))
    gain, n, supported = (0.0, UNKNOWN), len(test.references[IDENTITY]), False
    if best > 0 and gains[best][0].value < 0:
        mean, n, supported = gains[best]
        gain = _share(mean)
    else:
        best = 0.0
    rows.add("best_alpha", best, UNKNOWN, n, supported=supported, alpha=best, **who)
    rows.add("improvement", *gain, n, supported=supported, alpha=best, **who)
    mixed = [alpha for alpha in gains if alpha < 1]
    if mixed and 1.0 in gains:
        other = _best(gains, mixed)
        mean, n = errors.log_ratio(test.of_alpha(1.0, "mse"), test.of_alpha(other, "mse"))
        ratio = float(np.exp(mean.value))
        name = "alpha_1_vs_mixed" + ("" if test.name == IN_DOMAIN else f"_{test.name}")
        supported = errors.beyond(mean, replicates, len(mixed))
        more = {"property": name, "supported": supported, "alpha": other, **who}
        rows.add("relative_error", ratio - 1, mean.error.times(ratio), n, **more)


def _best(gains: dict[float, tuple[Mean, int, bool]], among: list[float]) -> float:
    """The alpha with the smallest typical MSE; 0 where there are none."""
    return min(among, key=lambda alpha: np.nan_to_num(gains[alpha][0].value, nan=np.inf), default=0.0)


def _share(mean: Mean) -> tuple[float, Error]:
    """The share by which an error is smaller, and its standard error, from the mean logarithm of a ratio of errors."""
    ratio = float(np.exp(mean.value))
    return 1 - ratio, mean.error.times(ratio)


def _to_identity(values: np.ndarray, identity: np.ndarray) -> tuple[float, Error, int]:
    """Ratio of mean MSEs, (R, n) over (1, n), its linearised error, and the number of galaxies."""
    values, identity = errors.both(values, identity)
    mean = float(np.mean(identity)) if identity.size else np.nan
    if not mean > 0:
        return np.nan, UNKNOWN, identity.shape[1]
    ratio = float(np.mean(values)) / mean
    return ratio, errors.crossed((values - ratio * identity) / mean).error, identity.shape[1]
