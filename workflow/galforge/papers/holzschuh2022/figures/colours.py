"""Colours and bulge statistic.

The colour g - i of early (F of 0 or more) and late types, and the bulge statistic F(G, M20) that tells them apart, of
the stamps that the morphology rests on.

Histograms of colours and of the bulge statistic of {dataset} and its models
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galforge.papers.figure import Needs

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from galforge.drawing.samples import Sample
    from galforge.papers.figure import Files, Subject

ENGINE_OF = "holzschuh2022/morphology"
"""The table that says what measured the morphology."""
_COLUMNS = ("gini_m20_bulge", "magnitude_g", "magnitude_i")
_BINS = (8, 30)  # at least and at most; between them as many as the root of the source's number


def plot(
    source: tuple[str, pd.DataFrame],
    generated: Sequence[tuple[str, pd.DataFrame]],
    png: str | Path,
    pdf: str | Path,
    *,
    protocol: str,
    calibrated: bool,
) -> None:
    """Histograms of g - i of early (F >= 0) and late types, and of the bulge statistic F(G, M20).

    Drawn are the stamps that ``samples.usable`` keeps. Values beyond the panel are counted in its outermost bins; each
    curve adds up to 1, and the legend says how many galaxies are of which type.

    Args:
        source: (label, measurements of morphology and photometry joined): ``flag``, ``segmented``, the columns
            statmorph names, of which ``gini_m20_bulge`` is F, and ``magnitude_g`` and ``magnitude_i``.
        generated: (label, the same) of each model.
        protocol: ``corrected`` or ``published``; decides about the cut on flags and is written on the figure.
        calibrated: whether the magnitudes are AB; they are instrumental otherwise.

    Raises:
        SamplesError: a column is lacking, or no source stamp was measured well enough to be drawn.
    """
    from galforge.drawing import histogram
    from galforge.drawing.density import window
    from galforge.drawing.samples import legend, samples
    from galforge.drawing.style import figure, save

    shown = samples(source, generated, protocol, _COLUMNS)
    types = [_types(sample) for sample in shown]
    colour = "g - i [mag]" if calibrated else "g - i, instrumental [mag]"
    panels = (("Early types, F ≥ 0", colour), ("Late types, F < 0", colour), ("Bulge statistic", "F(G, M20)"))
    with figure(9.0, 3.9) as made:
        axes = made.subplots(1, 3)
        for number, (axis, (title, name)) in enumerate(zip(axes, panels, strict=True)):
            axis.set_title(title, fontweight="bold", loc="left")
            axis.set_xlabel(name)
            axis.set_yticks([])
            reference = types[0][number]
            if not len(reference):
                axis.text(0.5, 0.5, "none in the source", ha="center", va="center", transform=axis.transAxes)
                continue
            bins = histogram.edges(*window(reference), len(reference), _BINS)
            for index, values in enumerate(of_type[number] for of_type in types):
                if not len(values):
                    continue
                histogram.draw(axis, index, values, bins)
            axis.set_xlim(bins[0], bins[-1])
        axes[2].axvline(0.0, color="#888888", linewidth=0.9, linestyle=":")
        axes[0].set_ylabel("share of galaxies")
        remarks = [
            f"{len(early)} early, {len(late)} late of {sample.entered}"
            for sample, (early, late, _) in zip(shown, types, strict=True)
        ]
        legend(made, shown, remarks)
        made.supxlabel(f"{protocol} protocol", fontsize=10)
        save(made, png, pdf)


def _types(sample: Sample) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """g - i of early and of late types, and F, of the galaxies that have both."""
    import numpy as np

    bulge, g, i = (sample.values(name) for name in _COLUMNS)
    there = np.isfinite(bulge) & np.isfinite(g - i)
    bulge, colour = bulge[there], (g - i)[there]
    return colour[bulge >= 0], colour[bulge < 0], bulge


def needs(subject: Subject) -> Needs | None:
    """Morphology and photometry, of data sets that have the bands g and i."""
    if subject.sweep or not subject.takes("morphology", "photometry") or not {"g", "i"} <= set(subject.bands):
        return None
    inputs = {
        "morphology": subject.measurements("morphology"),
        "photometry": subject.measurements("photometry"),
        "stamps": subject.stamps()[0],
    }
    return Needs(inputs, subject.labels(), libraries=("pandas", "scipy"))


def draw(files: Files, told: dict[str, Any], out: dict[str, str]) -> None:
    """Read the files and plot them."""
    from galforge.drawing.measured import measured
    from galforge.stamps.file import Stamps

    source, models = measured(told, files["morphology"], files["photometry"])
    with Stamps(files["stamps"]) as stamps:
        calibrated = bool(stamps.header.zero_points)
    plot(source, models, out["png"], out["pdf"], protocol="corrected", calibrated=calibrated)
