"""Grain of colours: whether colours of pixels inside generated galaxies scatter as those of the source's."""

import numpy as np
import pandas as pd

from galforge.compare.kind import Kind
from galforge.compare.rows import Score
from galforge.compare.scores import deviation, with_shares
from galforge.compare.settings import ComparisonSettings
from galforge.compare.wasserstein import columns_of, compare_properties, tidy
from galforge.seeds import generator

KIND = Kind(
    families=("colour_grain",),
    metrics={"distance": ("wasserstein",), "ratio": ("median_ratio",)},
    protocols=("corrected",),
    reads=("bootstrap", "halvings", "seed"),
)

NAME = "colour_grain"


def compare(source: pd.DataFrame, generated: pd.DataFrame, settings: ComparisonSettings) -> pd.DataFrame:
    """Two tidy rows of the property `colour_grain`.

    - wasserstein: W1 [mag], not standardised; galaxies without a value count (`wasserstein.compare_properties`);
    - median_ratio: the median of the generated galaxies over that of the source, of galaxies with a value, with the sd
      of bootstrap resamplings of both sides as its error. A perfect model has 1. Blank where a side has fewer than 2
      values, or where the source's median is not above 0.

    Raises:
        GalforgeError: a table lacks the column.
    """
    real, made = columns_of(source, [NAME], "source"), columns_of(generated, [NAME], "generated")
    distance = compare_properties(real, made, settings, complete=True)
    return tidy([distance.row(NAME, [0]), ratio(real[:, 0], made[:, 0], settings).row("median_ratio", NAME)])


def ratio(source: np.ndarray, generated: np.ndarray, settings: ComparisonSettings) -> Score:
    """Median of the generated values (m,) over that of the source's (n,), where they are finite."""
    there = np.isfinite(source), np.isfinite(generated)
    sides = [values[finite] for values, finite in zip((source, generated), there, strict=True)]
    n, m = map(len, sides)
    middle = [np.median(side) if len(side) > 1 else np.nan for side in sides]
    if not (middle[0] > 0 and np.isfinite(middle[1])):
        return with_shares(Score(np.nan, np.nan, np.nan, n, m), *there)
    draws = generator(settings.seed, "colour grain")
    drawn = [
        [np.median(side[draws.integers(len(side), size=len(side))]) for _ in range(settings.bootstrap)]
        for side in sides
    ]
    error = deviation(np.array(drawn[1]) / np.array(drawn[0]))
    return with_shares(Score(float(middle[1] / middle[0]), error, np.nan, n, m), *there)
