"""Distances of the nine morphological properties (Holzschuh et al. 2022), and the counts behind them."""

import numpy as np
import pandas as pd

from galforge.compare.kind import Kind
from galforge.compare.scores import count
from galforge.compare.settings import ComparisonSettings
from galforge.compare.wasserstein import columns_of, compare_properties, tidy
from galforge.measure.morphology.compared import PROPERTIES

KIND = Kind(
    families=("morphology",),
    metrics={"distance": ("wasserstein",), "number": ("count",)},
    group="properties",
    reads=("bootstrap", "halvings", "seed"),
    reads_published=("published_cuts",),
)

CUTS = {
    "sersic_n": (-np.inf, 10.0),
    "asymmetry": (-1.0, 1.0),
    "smoothness": (-0.05, 0.2),
    "rhalf": (-np.inf, 60.0),
}
"""Published limits, both included; lengths in px of the native stamp."""
BEST_FLAGS = 1  # statmorph: 0 good, 1 suspect, 2 bad, 4 catastrophic
STAGES = ("entered", "segmented", "flag_ok", "kept")


def compare(source: pd.DataFrame, generated: pd.DataFrame, settings: ComparisonSettings) -> pd.DataFrame:
    """Tidy rows: W1 of each property divided by the source's sd, their `average`, and the counts.

    A galaxy is kept if it was segmented and all nine properties were measured (statmorph's sentinels are missing
    values), so every property and the average have the same galaxies. corrected: its `flag` must also be at most 1, and
    orientations are compared on the circle (period pi). published: flags are ignored, orientations lie on a line, and
    the published cuts apply where `published_cuts` is set. The sd is that of the source galaxies that are kept, so it
    is the same for every model. corrected: galaxies that are not kept count, see `wasserstein.compare_properties`.

    The metric `count` has a row for each of STAGES: numbers in n_source and n_generated, and as value the share of the
    generated stamps with its binomial error. Distances are blank with fewer than 2 galaxies kept of the source,
    and with fewer than 2 generated ones (published: kept ones).

    Raises:
        GalforgeError: a table lacks columns.
    """
    (real, of_real), (made, of_made) = (
        selected(table, side, settings) for table, side in ((source, "source"), (generated, "generated"))
    )
    corrected = settings.protocol == "corrected"
    names = list(PROPERTIES)
    periods = np.array([np.pi if corrected and name == "orientation" else 0.0 for name in names])
    real, made = (
        np.where(stages["kept"][:, None], values, np.nan) for values, stages in ((real, of_real), (made, of_made))
    )
    result = compare_properties(real, made, settings, periods, complete=corrected).standardised()
    rows = [result.row(name, [p]) for p, name in enumerate(names)]
    rows.append(result.row("average", list(range(len(names)))))
    for stage in STAGES:
        score = count(int(of_real[stage].sum()), int(of_made[stage].sum()), len(generated))
        rows.append(score.row("count", stage))
    return tidy(rows)


def selected(table: pd.DataFrame, side: str, settings: ComparisonSettings) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The nine properties (n, 9) of all galaxies, and which galaxies (n,) are left at each of STAGES, see `compare`.

    Raises:
        GalforgeError: the table lacks columns; `side` names it in the message.
    """
    values = columns_of(table, list(PROPERTIES.values()), side)
    state = columns_of(table, ["segmented", "flag"], side)
    segmented = state[:, 0] == 1
    flag_ok = segmented & (state[:, 1] <= BEST_FLAGS)
    kept = (flag_ok if settings.protocol == "corrected" else segmented) & np.isfinite(values).all(axis=1)
    if settings.protocol == "published" and settings.published_cuts:
        for name, (low, high) in CUTS.items():
            column = values[:, list(PROPERTIES).index(name)]
            kept &= (column >= low) & (column <= high)
    stages = [np.ones(len(table), dtype=bool), segmented, flag_ok, kept]
    return values, dict(zip(STAGES, stages, strict=True))
