"""Colours and bulges (Holzschuh et al. 2022): g - i of early and late types, bulge statistic, and shares."""

from dataclasses import replace

import numpy as np
import pandas as pd

from galforge.compare.kind import Kind
from galforge.compare.morphology import selected
from galforge.compare.scores import count, share_difference
from galforge.compare.settings import ComparisonSettings
from galforge.compare.wasserstein import columns_of, compare_properties, spread, tidy

KIND = Kind(
    families=("morphology", "photometry"),
    metrics={"distance": ("wasserstein", "wasserstein_standardised", "share_difference"), "number": ("count",)},
    group="properties",
    bands=("g", "i"),
    reads=("bootstrap", "halvings", "red_colour", "seed"),
    reads_published=("published_cuts",),
)

PROPERTIES = ["g_i_early", "g_i_late", "bulge_statistic"]
MEASURED = ["gini_m20_bulge", "magnitude_g", "magnitude_i"]


def compare(source: pd.DataFrame, generated: pd.DataFrame, settings: ComparisonSettings) -> pd.DataFrame:
    """Tidy rows of colours and bulges, from the morphology and the photometry of the same stamps.

    F is the bulge statistic -0.693 M20 + 4.95 Gini - 3.96; early types have F >= 0 (the authors' blog). g - i is a
    colour [mag] in one aperture. Galaxies are kept as for the morphological distances (`morphology.compare`), and only
    with a colour and an F.

    - wasserstein: W1 of `g_i_early`, `g_i_late` [mag] and `bulge_statistic` [1], and their mean, `average`;
    - wasserstein_standardised: the same, each divided by the sd of the source's galaxies (the paper does not say which
      of the two it prints);
    - share_difference: absolute difference of the shares of kept galaxies that are early, `early_share`, and that are
      redder than `red_colour`, `red_share`;
    - count: galaxies that `entered`, were `kept`, and of these the `early` and the `red` ones.

    Blank with fewer than 2 galaxies of a type on a side.

    Raises:
        GalforgeError: a table lacks columns.
    """
    sides = [_galaxies(source, "source", settings), _galaxies(generated, "generated", settings)]
    types = [_by_type(*galaxies) for galaxies in sides]
    result = compare_properties(*types, settings)
    scales = np.array([spread(column) if np.isfinite(column).any() else 0.0 for column in types[0].T])
    scales[scales == 0] = np.nan
    standardised = replace(
        result, values=result.values / scales, replicates=result.replicates / scales, floors=result.floors / scales
    )
    averaged = {name: [p] for p, name in enumerate(PROPERTIES)} | {"average": [0, 1, 2]}
    rows = []
    for metric, distances in (("wasserstein", result), ("wasserstein_standardised", standardised)):
        rows += [distances.row(name, properties, metric) for name, properties in averaged.items()]
    early = [bulge >= 0 for bulge, _ in sides]
    red = [colour > settings.red_colour for _, colour in sides]
    rows.append(share_difference(*early).row("share_difference", "early_share"))
    rows.append(share_difference(*red).row("share_difference", "red_share"))
    numbers = {"entered": map(len, (source, generated)), "kept": map(len, early)}
    numbers |= {"early": (int(side.sum()) for side in early), "red": (int(side.sum()) for side in red)}
    rows += [count(*both, len(generated)).row("count", stage) for stage, both in numbers.items()]
    return tidy(rows)


def _galaxies(table: pd.DataFrame, side: str, settings: ComparisonSettings) -> tuple[np.ndarray, np.ndarray]:
    """F and g - i [mag] of the galaxies kept, (kept,) each."""
    _, stages = selected(table, side, settings)
    bulge, g, i = columns_of(table, MEASURED, side).T
    kept = stages["kept"] & np.isfinite(bulge) & np.isfinite(g - i)
    return bulge[kept], (g - i)[kept]


def _by_type(bulge: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """PROPERTIES (n, 3). The colour of the type that a galaxy does not have is NaN."""
    early = bulge >= 0
    return np.stack([np.where(early, colour, np.nan), np.where(early, np.nan, colour), bulge], axis=1)
