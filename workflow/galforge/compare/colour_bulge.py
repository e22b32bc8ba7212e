"""Colours and bulges (Holzschuh et al. 2022): g - i of early and late types, bulge statistic, and shares."""

import numpy as np
import pandas as pd

from galforge.compare.kind import Kind
from galforge.compare.morphology import selected
from galforge.compare.scores import count
from galforge.compare.settings import ComparisonSettings
from galforge.compare.wasserstein import columns_of, compare_properties, tidy

KIND = Kind(
    families=("morphology", "photometry"),
    metrics={"distance": ("wasserstein", "wasserstein_standardised", "share_difference"), "number": ("count",)},
    group="properties",
    bands=("g", "i"),
    reads=("bootstrap", "halvings", "red_colour", "seed"),
    reads_published=("published_cuts",),
)

PROPERTIES = ["g_i_early", "g_i_late", "bulge_statistic"]
SHARES = ["early_share", "red_share"]
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

    corrected: galaxies that are not kept count, in differences of shares too (`wasserstein.compare_properties`). In a
    colour of one type those of the other type do not; those that are not kept do, since they may be of either type.

    published: blank with fewer than 2 galaxies of a type on a side. corrected: blank with fewer than 2 of the source's,
    or fewer than 2 generated galaxies; a model without galaxies of a type has as large a distance as one can have.

    Raises:
        GalforgeError: a table lacks columns.
    """
    corrected = settings.protocol == "corrected"
    sides = [_galaxies(source, "source", settings), _galaxies(generated, "generated", settings)]
    (real, of_real), (made, of_made) = (_by_type(*galaxies) for galaxies in sides)
    result = compare_properties(real, made, settings, complete=corrected, concerned=(of_real, of_made))
    averaged = {name: [p] for p, name in enumerate(PROPERTIES)} | {"average": [0, 1, 2]}
    rows = []
    for metric, distances in (("wasserstein", result), ("wasserstein_standardised", result.standardised())):
        rows += [distances.row(name, properties, metric) for name, properties in averaged.items()]
    kept = [np.isfinite(bulge) for bulge, _ in sides]
    shares = [_shares(*galaxies, settings.red_colour) for galaxies in sides]
    apart = compare_properties(*shares, settings, complete=corrected, ranges=np.array([[0.0, 1.0]] * len(SHARES)))
    rows += [apart.row(name, [p], "share_difference") for p, name in enumerate(SHARES)]
    early, red = ([int(np.nansum(side[:, p])) for side in shares] for p in range(len(SHARES)))
    numbers = {"entered": [len(side) for side in kept], "kept": [int(side.sum()) for side in kept]}
    numbers |= {"early": early, "red": red}
    rows += [count(*both, len(generated)).row("count", stage) for stage, both in numbers.items()]
    return tidy(rows)


def _galaxies(table: pd.DataFrame, side: str, settings: ComparisonSettings) -> tuple[np.ndarray, np.ndarray]:
    """F and g - i [mag] of all galaxies, (n,) each; both are NaN where a galaxy is not kept."""
    _, stages = selected(table, side, settings)
    bulge, g, i = columns_of(table, MEASURED, side).T
    kept = stages["kept"] & np.isfinite(bulge) & np.isfinite(g - i)
    return np.where(kept, bulge, np.nan), np.where(kept, g - i, np.nan)


def _by_type(bulge: np.ndarray, colour: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """PROPERTIES (n, 3), and whether each galaxy has or may have them; that of the other type is NaN."""
    early, late = bulge >= 0, bulge < 0
    values = np.stack([np.where(early, colour, np.nan), np.where(late, colour, np.nan), bulge], axis=1)
    return values, np.stack([~late, ~early, np.ones_like(early)], axis=1)


def _shares(bulge: np.ndarray, colour: np.ndarray, red: float) -> np.ndarray:
    """SHARES (n, 2) as 1 or 0; NaN where a galaxy is not kept. W1 between such samples is the difference of shares."""
    return np.where(np.isfinite(bulge)[:, None], np.stack([bulge >= 0, colour > red], axis=1).astype(float), np.nan)
