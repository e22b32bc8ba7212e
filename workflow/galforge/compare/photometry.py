"""Distances of brightness and sky, in their own units."""

import pandas as pd

from galforge.compare.kind import Kind
from galforge.compare.settings import ComparisonSettings
from galforge.compare.wasserstein import columns_of, compare_properties, tidy

KIND = Kind(
    families=("photometry",),
    metrics={"distance": ("wasserstein",)},
    group="properties",
    reads=("bootstrap", "halvings", "seed"),
)

PROPERTIES = ["log_flux", "surface_brightness", "sky_rms", "sky_autocorrelation"]


def compare(source: pd.DataFrame, generated: pd.DataFrame, settings: ComparisonSettings) -> pd.DataFrame:
    """Tidy rows: W1 of each property, not standardised.

    Units are dex for `log_flux`, mag/arcsec^2 (dex without a zero point) for `surface_brightness`, image units for
    `sky_rms`, and none for `sky_autocorrelation`, so there is no average. corrected: galaxies without a value
    count (`wasserstein.compare_properties`). published: they are left out of their property alone.

    Raises:
        GalforgeError: a table lacks columns.
    """
    real, made = columns_of(source, PROPERTIES, "source"), columns_of(generated, PROPERTIES, "generated")
    result = compare_properties(real, made, settings, complete=settings.protocol == "corrected")
    return tidy([result.row(name, [p]) for p, name in enumerate(PROPERTIES)])
