"""The galaxy-fitting loss: how well positions of galaxies are fixed, from SExtractor's ERRCXY_IMAGE.

Li et al. 2024 (their section 3.4, equation 3) take the mean of its logarithm. ERRCXY is signed, so that is the natural
logarithm of the absolute value. It is a precision: it rises with the signal-to-noise ratio and with elongation, so a
small loss is no good sign; what a perfect model has is the value of real galaxies.
"""

import numpy as np
import pandas as pd

from galforge.compare.kind import Kind
from galforge.compare.redshift_bins import FEWEST, in_bins, pair
from galforge.compare.scores import Score, share_difference
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
    reads_corrected=("redshift_edges",),
)


def compare(source: pd.DataFrame, generated: pd.DataFrame, settings: ComparisonSettings) -> pd.DataFrame:
    """Tidy rows of the metrics below; logarithms are natural, of ERRCXY in px^-2.

    published: `fitting_loss`, the mean ln |ERRCXY| of the generated galaxies (of the test split for the model `real`).
    corrected: `fitting_loss_difference`, that mean less the source's, per bin of redshift and over all bins (`all`),
    each counting by the source's share; bins with fewer than 20 values on a side are left out. 0 is ideal.
    `fitting_missing`: share of galaxies without a value (not detected, no sky noise, or ERRCXY exactly 0), less the
    source's, as an absolute difference.

    A single sample has no floor: what real galaxies have is in the row of the model `real`.

    Raises:
        GalforgeError: columns are lacking, or redshifts.
    """
    if settings.protocol == "published":
        _, made = pair(source, generated, real="test")
        return tidy([mean_score(_logarithms(made, "generated")).row("fitting_loss", "all")])
    real, made = pair(source, generated)
    bins = in_bins(real, made, settings.redshift_edges)
    first, second = _logarithms(real, "source"), _logarithms(made, "generated")
    rows, each, shares = [], [], []
    for b in range(len(bins.edges) - 1):
        score = difference(first[bins.source == b], second[bins.generated == b])
        rows.append(score.row("fitting_loss_difference", bins.name("all", b)))
        if np.isfinite(score.value):
            each.append(score)
            shares.append(np.sum(bins.source == b))
    rows.append(_weighted(each, shares, len(real), len(made)).row("fitting_loss_difference", "all"))
    missing = share_difference(~np.isfinite(first), ~np.isfinite(second))
    rows.append(missing.row("fitting_missing", "all"))
    return tidy(rows)


def mean_score(values: np.ndarray) -> Score:
    """Mean of the finite values (m,) of one sample, with its standard error."""
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return Score(np.nan, np.nan, np.nan, 0, len(values))
    return Score(float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values))), np.nan, 0, len(values))


def difference(source: np.ndarray, generated: np.ndarray) -> Score:
    """Mean of the generated (m,) less that of the source (n,); finite values only, blank below 20 on a side."""
    first, second = mean_score(source), mean_score(generated)
    n, m = first.n_generated, second.n_generated
    if min(n, m) < FEWEST:
        return Score(np.nan, np.nan, np.nan, n, m)
    error = float(np.hypot(first.standard_error, second.standard_error))
    return Score(second.value - first.value, error, np.nan, n, m)


def _weighted(scores: list[Score], counts: list[int], n: int, m: int) -> Score:
    if not scores:
        return Score(np.nan, np.nan, np.nan, n, m)
    weights = np.array(counts) / np.sum(counts)
    value = float(weights @ [score.value for score in scores])
    error = float(np.sqrt(weights**2 @ [score.standard_error**2 for score in scores]))
    n, m = (int(np.sum([getattr(score, name) for score in scores])) for name in ("n_source", "n_generated"))
    return Score(value, error, np.nan, n, m)


def _logarithms(table: pd.DataFrame, side: str) -> np.ndarray:
    """ln |ERRCXY| (n,); NaN where there is none."""
    values = np.abs(columns_of(table, ["errcxy"], side)[:, 0])
    return np.log(values, out=np.full(len(values), np.nan), where=(values > 0) & np.isfinite(values))
