"""Distances of the 15 modes of the power spectrum (Holzschuh et al. 2022), in dex."""

import pandas as pd

from galforge.compare.kind import Kind
from galforge.compare.settings import ComparisonSettings
from galforge.compare.wasserstein import binned, columns_of, compare_properties, tidy

KIND = Kind(
    families=("power_spectrum",),
    metrics={"distance": ("wasserstein",)},
    group="properties",
    reads=("bootstrap", "halvings", "seed"),
    reads_published=("histogram_bins", "histogram_low", "histogram_high"),
)

MODES = [f"mode_{mode:02d}" for mode in range(15)]
MEANS = {"average": list(range(15)), "large_scales": [0, 1, 2, 3, 4], "small_scales": [10, 11, 12, 13, 14]}


def compare(source: pd.DataFrame, generated: pd.DataFrame, settings: ComparisonSettings) -> pd.DataFrame:
    """Tidy rows: W1 of log10 amplitude of each mode [dex], not standardised, and means over modes.

    `average`: all 15 modes; `large_scales`: modes 0 to 4, the DC term and the lowest tenth of the wavenumbers up to
    Nyquist (structure larger than about a twentieth of the stamp); `small_scales`: modes 10 to 14, the upper half
    (clumps and noise). Modes between are in the average alone.

    corrected: exact W1; stamps without a value count (`wasserstein.compare_properties`). published: W1 between
    histograms; missing values, and those outside of the histograms' range, are left out of their mode. The numbers of a
    mean are the smallest of its modes.

    Raises:
        GalforgeError: a table lacks columns.
    """
    real, made = columns_of(source, MODES, "source"), columns_of(generated, MODES, "generated")
    if settings.protocol == "published":
        histogram = settings.histogram_low, settings.histogram_high, settings.histogram_bins
        real, made = binned(real, *histogram), binned(made, *histogram)
    result = compare_properties(real, made, settings, complete=settings.protocol == "corrected")
    modes = {name: [mode] for mode, name in enumerate(MODES)} | MEANS
    return tidy([result.row(name, own) for name, own in modes.items()])
