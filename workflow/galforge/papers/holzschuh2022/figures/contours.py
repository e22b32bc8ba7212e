"""Pairs of properties.

Pairs of morphological properties of the corrected protocol: the areas of highest density that hold 30, 60 and 90 % of
the source stamps (filled) and 60 and 90 % of each model's (lines). Few stamps are drawn as points.

Contours of pairs of morphological properties of {dataset} and its models
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
PAIRS = (
    ("m20", "gini"),
    ("concentration", "asymmetry"),
    ("rhalf", "sersic_n"),
    ("ellipticity", "asymmetry"),
    ("concentration", "smoothness"),
    ("sersic_n", "concentration"),
)
_FILLED, _LINES = (0.9, 0.6, 0.3), (0.9, 0.6)
_SHADES = ("#E4E4E4", "#C4C4C4", "#9C9C9C")


def plot(
    source: tuple[str, pd.DataFrame],
    generated: Sequence[tuple[str, pd.DataFrame]],
    png: str | Path,
    pdf: str | Path,
    *,
    protocol: str,
) -> None:
    """Six planes of two properties each: areas with 30, 60 and 90 % of the source, lines around 60 and 90 % of a model.

    Drawn are the stamps that ``samples.usable`` keeps; the legend says which share of each sample that is. A panel
    holds the source's middle 98 % and a margin; a model beyond it is cut off. Of a sample of fewer than 30 the galaxies
    are drawn themselves.

    Args:
        source: (label, measurements), with the columns statmorph names, ``flag`` and ``segmented``.
        generated: (label, measurements) of each model.
        protocol: ``corrected`` or ``published``; decides about the cut on flags and is written on the figure.

    Raises:
        SamplesError: no source stamp was measured well enough to be drawn.
    """
    from galforge.drawing import density
    from galforge.drawing.names import MORPHOLOGY
    from galforge.drawing.samples import legend, samples
    from galforge.drawing.style import SOURCE_COLOUR, figure, look, save

    shown = samples(source, generated, protocol)
    with figure(9.0, 6.6) as made:
        axes = made.subplots(2, 3)
        for axis, names in zip(axes.ravel(), PAIRS, strict=True):
            entries = [MORPHOLOGY[name] for name in names]
            across, up = (density.window(shown[0].values(entry.column)) for entry in entries)
            for index, sample in enumerate(shown):
                x, y = (sample.values(entry.column) for entry in entries)
                if len(x) < density.FEWEST:
                    colour = SOURCE_COLOUR if index == 0 else look(index)["color"]
                    axis.plot(x, y, ".", color=colour, markersize=3)
                    continue
                found = density.plane(x, y, across, up)
                if index == 0:
                    density.filled(axis, found, _FILLED, _SHADES)
                else:
                    style = look(index)
                    density.contours(axis, found, _LINES, colors=[style["color"]], linestyles=[style["linestyle"]])
            axis.set_xlim(*(across[::-1] if names[0] == "m20" else across))
            axis.set_ylim(*up)
            for entry, setter in zip(entries, (axis.set_xlabel, axis.set_ylabel), strict=True):
                setter(f"{entry.label} [{entry.unit}]" if entry.unit else entry.label)
        legend(made, shown)
        made.supxlabel(
            f"filled: 30, 60, 90 % of the source; lines: 60, 90 % of a model; {protocol} protocol", fontsize=10
        )
        save(made, png, pdf)


def needs(subject: Subject) -> Needs | None:
    """Morphology of the source and of every training."""
    if subject.sweep or not subject.takes("morphology"):
        return None
    return Needs({"measurements": subject.measurements("morphology")}, subject.labels(), libraries=("pandas", "scipy"))


def draw(files: Files, told: dict[str, Any], out: dict[str, str]) -> None:
    """Read the files and plot them."""
    from galforge.drawing.measured import measured

    source, models = measured(told, files["measurements"])
    plot(source, models, out["png"], out["pdf"], protocol="corrected")
