"""Generated over real: ratios of mean sizes and shapes, as the successors of Li et al. 2024 print them."""

import numpy as np
import pandas as pd

from galforge.compare.redshift_bins import FEWEST, in_bins, pair
from galforge.compare.scores import Score
from galforge.compare.settings import ComparisonSettings
from galforge.compare.wasserstein import columns_of, tidy

METRIC = "generated_over_real"
PROPERTIES = ["ellipticity", "semi_major_axis", "sersic_index", "isophotal_area"]
IN_BINS = ("isophotal_area", "semi_major_axis")
SKY = "sky_rms_"


def compare(source: pd.DataFrame, generated: pd.DataFrame, settings: ComparisonSettings) -> pd.DataFrame:
    """Tidy rows of the metric `generated_over_real`: mean of the generated galaxies over the source's.

    Of ellipticity, semi-major axis, Sersic index, isophotal area, and the sky rms of each band; of area and axis also
    per bin of redshift (blank below 20 galaxies on a side).

    published: plain means. corrected: at matched redshift, generated galaxies are weighted so that every bin counts as
    much as in the source; bins with fewer than 20 galaxies on a side count on neither side.

    The error is that of both means (the weights taken as fixed), relative errors added in quadrature. 1 is ideal; a
    ratio has no floor.

    Raises:
        GalforgeError: columns are lacking, or redshifts.
    """
    real, made = pair(source, generated)
    names = PROPERTIES + [name for name in real.columns if name.startswith(SKY)]
    first, second = (columns_of(table, names, side) for table, side in ((real, "source"), (made, "generated")))
    bins = in_bins(real, made, settings.redshift_edges)
    matched = settings.protocol == "corrected"
    weights = bins.weights() if matched else np.ones(len(made))
    chosen = bins.shared() if matched else np.ones(len(real), dtype=bool)
    rows = [ratio(first[chosen, p], second[:, p], weights).row(METRIC, name) for p, name in enumerate(names)]
    for name in IN_BINS:
        p = names.index(name)
        for b in range(len(bins.edges) - 1):
            score = ratio(first[bins.source == b, p], second[bins.generated == b, p], fewest=FEWEST)
            rows.append(score.row(METRIC, bins.name(name, b)))
    return tidy(rows)


def ratio(source: np.ndarray, generated: np.ndarray, weights: np.ndarray | None = None, fewest: int = 2) -> Score:
    """Weighted mean of the generated values (m,) over the mean of the source's (n,); finite values only."""
    weights = np.ones(len(generated)) if weights is None else weights
    real, kept = source[np.isfinite(source)], np.isfinite(generated) & (weights > 0)
    made, weights = generated[kept], weights[kept]
    n, m = len(real), len(made)
    if min(n, m) < fewest or real.mean() == 0:
        return Score(np.nan, np.nan, np.nan, n, m)
    weights = weights / weights.sum()
    mean = float(weights @ made)
    error = np.sqrt(weights**2 @ (made - mean) ** 2)
    relative = np.hypot(error / mean, real.std(ddof=1) / np.sqrt(n) / real.mean()) if mean else np.nan
    value = mean / float(real.mean())
    return Score(value, float(abs(value) * relative), np.nan, n, m)
