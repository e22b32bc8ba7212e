"""Made-up distances of galaxies made for a redshift, as the comparisons of Li et al. (2024) write them."""

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd

from galforge.seeds import generator

EDGES = (0.01, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)
BINS = [f"{low:g}-{high:g}" for low, high in itertools.pairwise(EDGES)]
KL = ("isophotal_area", "ellipticity", "sersic_index")
BANDS = ("g", "r", "i", "z", "y")
RATIOS = ("ellipticity", "semi_major_axis", "sersic_index", "isophotal_area")
# Metric: value of real galaxies, of a good and of a bad model, and the error.
LEVELS = {
    "galaxy_kl": (0.02, 0.2, 0.6, 0.01),
    "galaxy_kl_redshift_bins": (0.03, 0.25, 0.7, 0.02),
    "galaxy_kl_bin": (0.03, 0.2, 0.9, 0.03),
    "galaxy_kl_empty": (0.0, 0.05, 0.3, 0.01),
    "fitting_missing": (0.004, 0.01, 0.1, 0.005),
    "fitting_loss": (4.9, 5.0, 10.2, 0.06),
    "fitting_loss_difference": (0.0, 0.3, 4.0, 0.09),
    "redshift_loss": (0.07, 0.35, 0.62, 0.01),
    "redshift_loss_normalised": (0.04, 0.3, 0.5, 0.01),
    "redshift_bias": (0.001, 0.02, -0.1, 0.004),
    "redshift_scatter": (0.04, 0.12, 0.3, 0.005),
    "redshift_outliers": (0.05, 0.2, 0.5, 0.01),
    "inception_score": (1.72, 1.75, 1.5, 0.03),
    "class_entropy_score": (2.4, 2.5, 1.9, 0.05),
    "fid": (9.0, 40.0, 160.0, 3.0),
    "generated_over_real": (1.0, 0.97, 1.4, 0.02),
}
FLOORS = {
    "fitting_missing": 0.005,
    "galaxy_kl": 0.03,
    "galaxy_kl_redshift_bins": 0.03,
    "galaxy_kl_bin": 0.05,
    "fid": 10.0,
}
QUALITY = {"real": 0, "ddpm": 1, "ddpm-published": 2, "cvae": 2, "cvae-published": 2}
NORMALISED = ("redshift_loss_normalised", "redshift_bias", "redshift_scatter", "redshift_outliers")
ALONE = ("fitting_loss", "redshift_loss", *NORMALISED, "inception_score", "class_entropy_score")
PROTOCOLS = ("corrected", "published")


def distances(
    model: str, seed: int = 0, networks: tuple[str, ...] = ("efficientnet-lite0",), dataset: str = "galaxiesml"
) -> pd.DataFrame:
    """Rows of the groups ``conditional`` and ``band_scores`` of one run, under both protocols."""
    return pd.concat([_of_protocol(protocol, model, seed, networks, dataset) for protocol in PROTOCOLS])


def _of_protocol(protocol: str, model: str, seed: int, networks: tuple[str, ...], dataset: str) -> pd.DataFrame:
    rows = []
    common = {"dataset": dataset, "origin": "mock", "model": model, "seed": seed, "protocol": protocol}
    rng = generator(7, model, seed, protocol)

    def add(comparison: str, metric: str, names: Sequence[str], engine: str = "", n: int = 400) -> None:
        level, error = LEVELS[metric][QUALITY[model]], LEVELS[metric][-1]
        for name in names:
            value = {"value": rng.normal(level, error / 2), "standard_error": error}
            sizes = {"floor": FLOORS.get(metric, np.nan), "n_source": 0 if metric in ALONE else n, "n_generated": n}
            row = {"comparison": comparison, "engine": engine, "metric": metric, "property": name}
            rows.append({**common, **row, **value, **sizes})

    each = [f"all@{redshifts}" for redshifts in BINS]
    add("galaxy_kl", "galaxy_kl", [*KL, "all"])
    add("galaxy_kl", "galaxy_kl_redshift_bins", [*KL, "all"])
    add("galaxy_kl", "galaxy_kl_bin", [f"{name}@{redshifts}" for name in KL for redshifts in BINS], n=50)
    add("galaxy_kl", "galaxy_kl_empty", KL)
    if protocol == "corrected":
        add("fitting_loss", "fitting_loss_difference", ["all", *each])
        add("fitting_loss", "fitting_missing", ["all"])
        for metric in NORMALISED:
            add("redshift_loss", metric, ["all", *each])
    else:
        add("fitting_loss", "fitting_loss", ["all"])
        add("redshift_loss", "redshift_loss", ["all", *each])
    bands = BANDS if protocol == "corrected" else ("g",)
    for network in networks:
        score = "inception_score" if network == "inception-v3" else "class_entropy_score"
        for metric in (score, "fid"):
            add("band_scores", metric, [*bands, "all"], network)
    in_bins = [f"{name}@{redshifts}" for name in ("isophotal_area", "semi_major_axis") for redshifts in BINS]
    add("successors", "generated_over_real", [*RATIOS, *(f"sky_rms_{band}" for band in BANDS), *in_bins])
    return pd.DataFrame(rows).assign(measure=lambda frame: frame["comparison"])
