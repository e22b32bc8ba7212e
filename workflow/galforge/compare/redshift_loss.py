"""The redshift loss: whether a network trained on real galaxies finds the redshift that a model was asked for.

Li et al. 2024, section 3.5, equation 4; the loss is that of Nishizawa et al. 2020 for HSC photometric redshifts.
"""

import numpy as np
import pandas as pd

from galforge.compare.fitting_loss import mean_score
from galforge.compare.kind import Kind
from galforge.compare.redshift_bins import FEWEST, REDSHIFT, in_bins, pair
from galforge.compare.rows import Score
from galforge.compare.scores import deviation, with_shares
from galforge.compare.settings import ComparisonSettings
from galforge.compare.wasserstein import columns_of, tidy
from galforge.seeds import generator

KIND = Kind(
    families=("redshift",),
    metrics={
        "beside": (
            "redshift_loss",
            "redshift_loss_normalised",
            "redshift_bias",
            "redshift_scatter",
            "redshift_outliers",
        )
    },
    from_one=True,
    by_redshift=True,
    reads=("redshift_edges",),
    reads_corrected=("bootstrap", "seed"),
)

WIDTH = 0.15
"""Width of the loss, and the |dz| / (1 + z) above which a redshift is an outlier."""
PREDICTED = "redshift_cnn"


def compare(source: pd.DataFrame, generated: pd.DataFrame, settings: ComparisonSettings) -> pd.DataFrame:
    """Tidy rows of the generated galaxies (for `real`, of the test split): of all, and per bin of redshift.

    dz is the redshift that the network finds minus the one that was asked for.

    published: `redshift_loss`, mean of 1 - 1 / (1 + (dz / 0.15)^2).
    corrected: `redshift_loss_normalised`, the same of dz / (1 + z); `redshift_bias`, the median of dz / (1 + z);
    `redshift_scatter`, its sigma_NMAD; `redshift_outliers`, the share of |dz| / (1 + z) above 0.15.

    corrected: a galaxy for which the network finds no redshift is an outlier at the far end of the loss, and farther
    from the median than all others (blank where half of them are). `redshift_bias` is of the others, for the sign is
    not known. `conditional` is what the others have. published: they are left out.

    Bins with fewer than 20 galaxies are blank. The errors of median and sigma_NMAD are sds over bootstrap resamplings.
    There is no floor; the row of the pseudo-model `real` says what the network reaches on real galaxies.

    Raises:
        GalforgeError: a table lacks columns or redshifts.
    """
    real, made = pair(source, generated, real="test")
    first, found = (columns_of(side, [PREDICTED], name)[:, 0] for side, name in ((real, "source"), (made, "generated")))
    asked = made[REDSHIFT].to_numpy(float)
    bins = in_bins(real, made, settings.redshift_edges)
    chosen = {"all": (np.ones(len(real), dtype=bool), np.ones(len(made), dtype=bool))}
    chosen |= {bins.name("all", b): (bins.source == b, bins.generated == b) for b in range(len(bins.edges) - 1)}
    rows = []
    for name, (of_real, of_made) in chosen.items():
        apart = (found - asked)[of_made]
        if settings.protocol == "published":
            rows.append(_published(apart, name).row("redshift_loss", name))
            continue
        apart = apart / (1 + asked[of_made])
        there = np.isfinite(first[of_real]), np.isfinite(apart)
        for metric, score in _corrected(apart, name, settings).items():
            rows.append(with_shares(score, *there).row(metric, name))
    return tidy(rows)


def loss(apart: np.ndarray) -> np.ndarray:
    """The HSC loss of differences of redshift (n,): 0 for none, 1/2 at 0.15, towards 1 far away."""
    return 1 - 1 / (1 + (apart / WIDTH) ** 2)


def sigma_nmad(apart: np.ndarray) -> np.ndarray:
    """1.4826 times the median absolute deviation from the median, along the last axis.

    NaN is farther from the median of the others than all of them; NaN where half of the values are.
    """
    deviation = np.abs(apart - _median(apart)[..., None])
    scatter = 1.4826 * np.median(np.where(np.isfinite(deviation), deviation, np.inf), axis=-1)
    return np.where(np.isfinite(scatter), scatter, np.nan)


def _median(values: np.ndarray) -> np.ndarray:
    """Median of the finite ones of values (..., n), n > 0; NaN where there is none."""
    values = np.sort(values, axis=-1)  # NaN comes last
    number = np.isfinite(values).sum(axis=-1)[..., None]
    middle = [np.take_along_axis(values, np.maximum(place, 0), axis=-1) for place in ((number - 1) // 2, number // 2)]
    return np.where(number > 0, (middle[0] + middle[1]) / 2, np.nan)[..., 0]


def _published(apart: np.ndarray, name: str) -> Score:
    apart = apart[np.isfinite(apart)]
    few = len(apart) < (2 if name == "all" else FEWEST)
    return Score(np.nan, np.nan, np.nan, 0, len(apart)) if few else mean_score(loss(apart))


def _corrected(apart: np.ndarray, name: str, settings: ComparisonSettings) -> dict[str, Score]:
    there = np.isfinite(apart)
    blank = Score(np.nan, np.nan, np.nan, 0, int(there.sum()))
    if len(apart) < (2 if name == "all" else FEWEST):
        return dict.fromkeys(KIND.metrics["beside"][1:], blank)
    draws = generator(settings.seed, "redshift", name)
    resampled = np.stack([apart[draws.integers(len(apart), size=len(apart))] for _ in range(settings.bootstrap)])
    far = {
        "redshift_loss_normalised": np.where(there, loss(np.where(there, apart, 0.0)), 1.0),
        "redshift_outliers": np.where(there, np.abs(apart) > WIDTH, True).astype(float),
    }
    means = {}
    for metric, values in far.items():
        others = mean_score(values[there])
        whole = mean_score(values)._replace(n_generated=blank.n_generated)
        means[metric] = whole._replace(conditional=others.value, conditional_error=others.standard_error)
    middle, scatter = _median(resampled), sigma_nmad(resampled)
    return {
        "redshift_loss_normalised": means["redshift_loss_normalised"],
        "redshift_bias": blank._replace(value=float(_median(apart)), standard_error=deviation(middle)),
        "redshift_scatter": blank._replace(
            value=float(sigma_nmad(apart)),
            standard_error=deviation(scatter),
            conditional=float(sigma_nmad(apart[there])) if there.any() else np.nan,
        ),
        "redshift_outliers": means["redshift_outliers"],
    }
