"""Distributions of morphology.

The nine morphological properties of the corrected protocol, standardised by the source's mean and deviation; the
legend gives the share of stamps that could be measured.

Nine histograms of morphological properties of {dataset} and its models
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galforge.papers.figure import Needs

if TYPE_CHECKING:
    import pandas as pd

    from galforge.papers.figure import Files, Subject

ENGINE_OF = "holzschuh2022/morphology"
"""The table that says what measured the morphology."""
_EDGES = (-3.5, 3.5, 29)  # of the bins: first, last, number of edges


def plot(
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
    import numpy as np

    from galforge.drawing import histogram
    from galforge.drawing.names import MORPHOLOGY
    from galforge.drawing.samples import legend, samples
    from galforge.drawing.style import figure, save

    shown = samples(source, generated, protocol)
    edges = np.linspace(*_EDGES)
    with figure(9.0, 8.2) as made:
        axes = made.subplots(3, 3)
        for axis, entry in zip(axes.ravel(), MORPHOLOGY.values(), strict=True):
            reference = shown[0].finite(entry.column)
            mean, spread = (float(reference.mean()), float(reference.std())) if len(reference) else (0.0, 0.0)
            axis.set_title(entry.label, fontweight="bold", loc="left")
            unit = f" {entry.unit}" if entry.unit else ""
            axis.set_xlabel(f"mean {mean:.3g}{unit}, deviation {spread:.2g}{unit}")
            axis.set_yticks([])
            axis.set_xlim(edges[0], edges[-1])
            axis.set_xticks([-3, -2, -1, 0, 1, 2, 3])
            for index, sample in enumerate(shown):
                values = sample.finite(entry.column)
                if not len(values) or spread == 0:
                    continue
                histogram.draw(axis, index, (values - mean) / spread, edges)
        legend(made, shown)
        made.supylabel("share of stamps drawn", fontsize=10)
        made.supxlabel(f"(property - source mean) / source deviation, {protocol} protocol", fontsize=10)
        save(made, png, pdf)


def needs(subject: Subject) -> Needs | None:
    """Morphology of the source and of every training."""
    if subject.sweep or not subject.takes("morphology"):
        return None
    return Needs({"measurements": subject.measurements("morphology")}, subject.labels())


def draw(files: Files, told: dict[str, Any], out: dict[str, str]) -> None:
    """Read the files and plot them."""
    from galforge.drawing.measured import measured

    source, models = measured(told, files["measurements"])
    plot(source, models, out["png"], out["pdf"], protocol="corrected")
