"""Ratios of the mean sizes and shapes of generated and real galaxies, as papers that follow Li et al. 2024 print."""

import numpy as np
import pandas as pd

from galforge.compare.kind import Kind
from galforge.compare.redshift_bins import FEWEST, Bins, in_bins, pair
from galforge.compare.rows import Score
from galforge.compare.scores import with_shares
from galforge.compare.settings import ComparisonSettings
from galforge.compare.wasserstein import columns_of, tidy

KIND = Kind(
    families=("sources",),
    metrics={"ratio": ("generated_over_real",)},
    group="conditional",
    from_one=True,
    by_redshift=True,
    reads=("redshift_edges",),
)

METRIC = "generated_over_real"
PROPERTIES = ["ellipticity", "semi_major_axis", "sersic_index", "isophotal_area"]
IN_BINS = ("isophotal_area", "semi_major_axis")
SKY = "sky_rms_"


def compare(source: pd.DataFrame, generated: pd.DataFrame, settings: ComparisonSettings) -> pd.DataFrame:
    """Tidy rows of the metric `generated_over_real`: the mean of the generated galaxies over that of the source.

    Properties: ellipticity, semi-major axis, Sersic index, isophotal area, and the sky rms of each band; area and axis
    also per bin of redshift (blank below 20 galaxies on a side).

    published: plain means. corrected: at matched redshift, see `matched_ratio`.

    The error adds the relative errors of both means in quadrature. A perfect model has 1; there is no floor. On which
    side of it galaxies without a value would lie is not known: means are of the others, beside the shares that have
    one.

    Raises:
        GalforgeError: a table lacks columns or redshifts.
    """
    real, made = pair(source, generated)
    names = PROPERTIES + [name for name in real.columns if name.startswith(SKY)]
    first, second = (columns_of(table, names, side).T for table, side in ((real, "source"), (made, "generated")))
    bins = in_bins(real, made, settings.redshift_edges)
    rows = []
    for name, *values in zip(names, first, second, strict=True):
        score = matched_ratio(*values, bins) if settings.protocol == "corrected" else ratio(*values)
        rows.append(with_shares(score, *map(np.isfinite, values)).row(METRIC, name))
    for name in IN_BINS:
        p = names.index(name)
        for b, values in enumerate(bins.pairs(first[p], second[p])):
            rows.append(ratio(*values, fewest=FEWEST).row(METRIC, bins.name(name, b)))
    return tidy(rows)


def ratio(source: np.ndarray, generated: np.ndarray, fewest: int = 2) -> Score:
    """Mean of the generated values (m,) over the mean of the source's (n,), of finite values; blank below `fewest`."""
    real, made = source[np.isfinite(source)], generated[np.isfinite(generated)]
    if min(len(real), len(made)) < fewest:
        return Score(np.nan, np.nan, np.nan, len(real), len(made))
    return _quotient([(real, made)])


def matched_ratio(source: np.ndarray, generated: np.ndarray, bins: Bins) -> Score:
    """The ratio of means of values (n,) and (m,), where each bin of redshift has its share of the source on both sides.

    Missing values are left out before shares are taken, so a property that is measured at some redshifts only makes no
    difference between the sides. Bins with fewer than 20 values on a side are left out.
    """
    sides = [tuple(side[np.isfinite(side)] for side in values) for values in bins.pairs(source, generated)]
    return _quotient([values for values in sides if min(map(len, values)) >= FEWEST])


def _quotient(sides: list[tuple[np.ndarray, np.ndarray]]) -> Score:
    """Mean of the second values over that of the first ones, from the values in each bin; blank where there are none.

    The error is that of the means in bins. The shares of bins are taken as fixed, so differences between bins do not
    add to it.
    """
    n, m = (sum(len(pair[side]) for pair in sides) for side in (0, 1))
    shares = np.array([len(real) for real, _ in sides]) / max(n, 1)
    means = [float(shares @ [pair[side].mean() for pair in sides]) for side in (0, 1)]
    if not means[0]:
        return Score(np.nan, np.nan, np.nan, n, m)
    variances = [float(shares**2 @ [pair[side].var(ddof=1) / len(pair[side]) for pair in sides]) for side in (0, 1)]
    value = means[1] / means[0]
    relative = [np.sqrt(variance) / mean if mean else np.nan for variance, mean in zip(variances, means, strict=True)]
    return Score(value, float(abs(value) * np.hypot(*relative)), np.nan, n, m)
