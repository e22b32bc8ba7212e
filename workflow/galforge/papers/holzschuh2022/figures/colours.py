"""Colours of early and late types, and the bulge statistic that tells them apart."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from galforge.drawing.density import window
from galforge.drawing.samples import FILL, Sample, legend, look, samples
from galforge.drawing.style import SOURCE_COLOUR, figure, save

_COLUMNS = ("gini_m20_bulge", "magnitude_g", "magnitude_i")
_BINS = (8, 30)  # at least and at most; between them as many as the root of the source's number


def draw(
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
            bins = np.linspace(*window(reference), int(np.clip(np.sqrt(len(reference)), *_BINS)) + 1)
            for index, values in enumerate(of_type[number] for of_type in types):
                if not len(values):
                    continue
                share = np.histogram(np.clip(values, bins[0], bins[-1]), bins)[0] / len(values)
                if index == 0:
                    axis.stairs(share, bins, fill=True, color=FILL)
                    axis.stairs(share, bins, color=SOURCE_COLOUR, linewidth=1.0)
                else:
                    axis.stairs(share, bins, linewidth=1.8, **look(index))
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
    bulge, g, i = (sample.values(name) for name in _COLUMNS)
    there = np.isfinite(bulge) & np.isfinite(g - i)
    bulge, colour = bulge[there], (g - i)[there]
    return colour[bulge >= 0], colour[bulge < 0], bulge
