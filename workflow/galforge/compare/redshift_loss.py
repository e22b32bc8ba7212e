"""The redshift loss: whether a network trained on real galaxies finds the redshift that a model was asked for.

Li et al. 2024, section 3.5, equation 4; the loss is that of Nishizawa et al. 2020 for HSC photometric redshifts.
"""

import numpy as np
import pandas as pd

from galforge.compare.fitting_loss import mean_score
from galforge.compare.kind import Kind
from galforge.compare.redshift_bins import FEWEST, REDSHIFT, in_bins, pair
from galforge.compare.scores import Score
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

    Bins with fewer than 20 galaxies are blank. The errors of median and sigma_NMAD are sds over bootstrap resamplings.
    There is no floor; the row of the pseudo-model `real` says what the network reaches on real galaxies.

    Raises:
        GalforgeError: a table lacks columns or redshifts.
    """
    real, made = pair(source, generated, real="test")
    found = columns_of(made, [PREDICTED], "generated")[:, 0]
    asked = made[REDSHIFT].to_numpy(float)
    bins = in_bins(real, made, settings.redshift_edges)
    chosen = {"all": np.ones(len(made), dtype=bool)}
    chosen |= {bins.name("all", b): bins.generated == b for b in range(len(bins.edges) - 1)}
    rows = []
    for name, rows_of in chosen.items():
        apart = (found - asked)[rows_of]
        if settings.protocol == "corrected":
            apart = apart / (1 + asked[rows_of])
        rows += [score.row(metric, name) for metric, score in _scores(apart, name, settings).items()]
    return tidy(rows)


def loss(apart: np.ndarray) -> np.ndarray:
    """The HSC loss of differences of redshift (n,): 0 for none, 1/2 at 0.15, towards 1 far away."""
    return 1 - 1 / (1 + (apart / WIDTH) ** 2)


def sigma_nmad(apart: np.ndarray) -> np.ndarray:
    """1.4826 times the median absolute deviation from the median, along the last axis."""
    return 1.4826 * np.median(np.abs(apart - np.median(apart, axis=-1, keepdims=True)), axis=-1)


def _scores(apart: np.ndarray, name: str, settings: ComparisonSettings) -> dict[str, Score]:
    apart = apart[np.isfinite(apart)]
    few = len(apart) < (2 if name == "all" else FEWEST)
    blank = Score(np.nan, np.nan, np.nan, 0, len(apart))
    if settings.protocol == "published":
        return {"redshift_loss": blank if few else mean_score(loss(apart))}
    if few:
        return dict.fromkeys(KIND.metrics["beside"][1:], blank)
    draws = generator(settings.seed, "redshift", name)
    resampled = np.stack([apart[draws.integers(len(apart), size=len(apart))] for _ in range(settings.bootstrap)])
    middle, scatter = np.median(resampled, axis=1), sigma_nmad(resampled)
    return {
        "redshift_loss_normalised": mean_score(loss(apart)),
        "redshift_bias": Score(float(np.median(apart)), float(middle.std(ddof=1)), np.nan, 0, len(apart)),
        "redshift_scatter": Score(float(sigma_nmad(apart)), float(scatter.std(ddof=1)), np.nan, 0, len(apart)),
        "redshift_outliers": mean_score((np.abs(apart) > WIDTH).astype(float)),
    }
