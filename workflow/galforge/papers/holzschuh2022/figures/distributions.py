"""The distributions behind the morphological distances: source and models, one panel per property."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from galforge.drawing.names import MORPHOLOGY
from galforge.drawing.samples import FILL, legend, look, samples
from galforge.drawing.style import SOURCE_COLOUR, figure, save

_BINS = np.linspace(-3.5, 3.5, 29)


def draw(
    source: tuple[str, pd.DataFrame],
    generated: Sequence[tuple[str, pd.DataFrame]],
    png: str | Path,
    pdf: str | Path,
    *,
    protocol: str,
) -> None:
    """Histograms of the nine morphological properties, standardised by the source's mean and deviation.

    Drawn are the stamps that ``samples.usable`` keeps; the legend says which share of each sample that is. Values
    beyond the panel are counted in its outermost bins, so that every curve holds all of them.

    Args:
        source: (label, measurements), with the columns statmorph names, ``flag`` and ``segmented``.
        generated: (label, measurements) of each model.
        protocol: ``corrected`` or ``published``; decides about the cut on flags and is written on the figure.

    Raises:
        SamplesError: no source stamp was measured well enough to be drawn.
    """
    shown = samples(source, generated, protocol)
    with figure(9.0, 8.2) as made:
        axes = made.subplots(3, 3)
        for axis, entry in zip(axes.ravel(), MORPHOLOGY.values(), strict=True):
            reference = shown[0].finite(entry.column)
            mean, spread = (float(reference.mean()), float(reference.std())) if len(reference) else (0.0, 0.0)
            axis.set_title(entry.label, fontweight="bold", loc="left")
            unit = f" {entry.unit}" if entry.unit else ""
            axis.set_xlabel(f"mean {mean:.3g}{unit}, deviation {spread:.2g}{unit}")
            axis.set_yticks([])
            axis.set_xlim(_BINS[0], _BINS[-1])
            axis.set_xticks([-3, -2, -1, 0, 1, 2, 3])
            for index, sample in enumerate(shown):
                values = sample.finite(entry.column)
                if not len(values) or spread == 0:
                    continue
                scaled = np.clip((values - mean) / spread, _BINS[0], _BINS[-1])
                share = np.histogram(scaled, _BINS)[0] / len(scaled)
                if index == 0:
                    axis.stairs(share, _BINS, fill=True, color=FILL)
                    axis.stairs(share, _BINS, color=SOURCE_COLOUR, linewidth=1.0)
                else:
                    axis.stairs(share, _BINS, linewidth=1.8, **look(index))
        legend(made, shown)
        made.supylabel("share of stamps drawn", fontsize=10)
        made.supxlabel(f"(property - source mean) / source deviation, {protocol} protocol", fontsize=10)
        save(made, png, pdf)
