"""The galaxy-fitting loss: how well positions of galaxies are fixed, from SExtractor's ERRCXY_IMAGE.

Li et al. 2024 (section 3.4, equation 3) take the mean of its logarithm. ERRCXY is signed, so this is the natural
logarithm of its absolute value. It measures precision: it changes with the signal-to-noise ratio and with elongation,
so a small loss is no good sign. A perfect model has the value of real galaxies.
"""

import numpy as np
import pandas as pd

from galforge.compare.kind import Kind
from galforge.compare.redshift_bins import FEWEST, Bins, in_bins, pair
from galforge.compare.rows import Score
from galforge.compare.scores import share_difference, with_shares
from galforge.compare.settings import ComparisonSettings
from galforge.compare.wasserstein import columns_of, tidy

KIND = Kind(
    families=("sources",),
    metrics={
        "beside": ("fitting_loss",),
        "difference": ("fitting_loss_difference",),
        "distance": ("fitting_missing",),
    },
    group="conditional",
    from_one=True,
    by_redshift=True,
    reads_corrected=("bootstrap", "redshift_edges", "seed"),
)


def compare(source: pd.DataFrame, generated: pd.DataFrame, settings: ComparisonSettings) -> pd.DataFrame:
    """Tidy rows of these metrics; logarithms are natural, of ERRCXY in px^-2.

    published: `fitting_loss`, the mean ln |ERRCXY| of the generated galaxies (for `real`, of the test split).
    corrected: `fitting_loss_difference`, that mean minus the source's, per bin of redshift and over all bins (`all`),
    where each bin has the weight of its share of the source. Bins with fewer than 20 values on a side are left out. A
    perfect model has 0. `fitting_missing`: absolute difference of the shares of galaxies without a value (not detected,
    no sky noise, or ERRCXY exactly 0). The sign of what a galaxy without a value would add is not known, so the
    difference is that of the others, and stands beside the shares that have one.

    There is no floor; the row of the pseudo-model `real` says what real galaxies have.

    Raises:
        GalforgeError: a table lacks columns or redshifts.
    """
    if settings.protocol == "published":
        _, made = pair(source, generated, real="test")
        return tidy([mean_score(_logarithms(made, "generated")).row("fitting_loss", "all")])
    real, made = pair(source, generated)
    bins = in_bins(real, made, settings.redshift_edges)
    first, second = _logarithms(real, "source"), _logarithms(made, "generated")
    scores = [difference(*values) for values in bins.pairs(first, second)]
    rows = [score.row("fitting_loss_difference", bins.name("all", b)) for b, score in enumerate(scores)]
    there = np.isfinite(first), np.isfinite(second)
    rows.append(with_shares(_weighted(scores, bins, len(made)), *there).row("fitting_loss_difference", "all"))
    rows.append(share_difference(~there[0], ~there[1], settings).row("fitting_missing", "all"))
    return tidy(rows)


def mean_score(values: np.ndarray) -> Score:
    """Mean of the finite values (m,) of one sample, with its standard error."""
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return Score(np.nan, np.nan, np.nan, 0, len(values))
    return Score(float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values))), np.nan, 0, len(values))


def difference(source: np.ndarray, generated: np.ndarray) -> Score:
    """Mean of the generated values (m,) minus that of the source (n,), of finite values; blank below 20 on a side."""
    first, second = mean_score(source), mean_score(generated)
    n, m = first.n_generated, second.n_generated
    if min(n, m) < FEWEST:
        return Score(np.nan, np.nan, np.nan, n, m)
    error = float(np.hypot(first.standard_error, second.standard_error))
    return Score(second.value - first.value, error, np.nan, n, m)


def _weighted(scores: list[Score], bins: Bins, m: int) -> Score:
    """Mean of the scores of bins, weighted by their numbers of source galaxies; blank where all are."""
    there = [(score, np.sum(bins.source == b)) for b, score in enumerate(scores) if np.isfinite(score.value)]
    if not there:
        return Score(np.nan, np.nan, np.nan, len(bins.source), m)
    weights = np.array([count for _, count in there]) / np.sum([count for _, count in there])
    values, errors, _, n, m = zip(*(score[:5] for score, _ in there), strict=True)
    error = float(np.sqrt(weights**2 @ [error**2 for error in errors]))
    return Score(float(weights @ values), error, np.nan, int(np.sum(n)), int(np.sum(m)))


def _logarithms(table: pd.DataFrame, side: str) -> np.ndarray:
    """ln |ERRCXY| (n,) [ln px^-2]; NaN where there is none."""
    values = np.abs(columns_of(table, ["errcxy"], side)[:, 0])
    return np.log(values, out=np.full(len(values), np.nan), where=(values > 0) & np.isfinite(values))
