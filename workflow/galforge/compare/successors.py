"""Generated over real: ratios of mean sizes and shapes, as the successors of Li et al. 2024 print them."""

import numpy as np
import pandas as pd

from galforge.compare.kind import Kind
from galforge.compare.redshift_bins import FEWEST, Bins, in_bins, pair
from galforge.compare.scores import Score
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
    """Tidy rows of the metric `generated_over_real`: mean of the generated galaxies over the source's.

    Of ellipticity, semi-major axis, Sersic index, isophotal area, and the sky rms of each band; of area and axis also
    per bin of redshift (blank below 20 galaxies on a side).

    published: plain means. corrected: at matched redshift, see `matched_ratio`.

    The error is that of both means, relative errors added in quadrature. 1 is ideal; a ratio has no floor.

    Raises:
        GalforgeError: columns are lacking, or redshifts.
    """
    real, made = pair(source, generated)
    names = PROPERTIES + [name for name in real.columns if name.startswith(SKY)]
    first, second = (columns_of(table, names, side) for table, side in ((real, "source"), (made, "generated")))
    bins = in_bins(real, made, settings.redshift_edges)
    whole = [
        matched_ratio(first[:, p], second[:, p], bins)
        if settings.protocol == "corrected"
        else ratio(first[:, p], second[:, p])
        for p in range(len(names))
    ]
    rows = [score.row(METRIC, name) for name, score in zip(names, whole, strict=True)]
    for name in IN_BINS:
        p = names.index(name)
        for b in range(len(bins.edges) - 1):
            score = ratio(first[bins.source == b, p], second[bins.generated == b, p], fewest=FEWEST)
            rows.append(score.row(METRIC, bins.name(name, b)))
    return tidy(rows)


def ratio(source: np.ndarray, generated: np.ndarray, fewest: int = 2) -> Score:
    """Mean of the generated values (m,) over the mean of the source's (n,); finite values only."""
    real, made = source[np.isfinite(source)], generated[np.isfinite(generated)]
    if min(len(real), len(made)) < fewest:
        return Score(np.nan, np.nan, np.nan, len(real), len(made))
    return _quotient([(real, made)])


def matched_ratio(source: np.ndarray, generated: np.ndarray, bins: Bins) -> Score:
    """The ratio of means in which every bin of redshift counts on both sides as much as in the source.

    Values (n,) and (m,) that are missing count nowhere: what is measured at one redshift only is then no difference
    between the sides. Bins with fewer than 20 values on a side count on neither.
    """
    real, made = np.isfinite(source), np.isfinite(generated)
    sides = [
        (source[real & (bins.source == b)], generated[made & (bins.generated == b)]) for b in range(len(bins.edges) - 1)
    ]
    return _quotient([pair for pair in sides if min(map(len, pair)) >= FEWEST])


def _quotient(sides: list[tuple[np.ndarray, np.ndarray]]) -> Score:
    """Mean of the second values over that of the first ones, from the values in each bin; blank where there is none.

    The error is that of means of bins, whose shares are taken as fixed: how bins differ is no part of it.
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
