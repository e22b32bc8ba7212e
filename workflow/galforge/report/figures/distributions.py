"""The distributions behind the morphological distances: source and models, one panel per property."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from galforge.compare.morphology import BEST_FLAGS
from galforge.errors import GalforgeError
from galforge.report.style import MORPHOLOGY, SOURCE_COLOUR, figure, model_look, save

_BINS = np.linspace(-3.5, 3.5, 29)


class DistributionsError(GalforgeError):
    """The measurements cannot be drawn."""


def draw(
    source: tuple[str, pd.DataFrame],
    generated: Sequence[tuple[str, pd.DataFrame]],
    png: str | Path,
    pdf: str | Path,
    *,
    protocol: str,
) -> None:
    """Histograms of the nine morphological properties, standardised by the source's mean and deviation.

    Drawn are the stamps that ``usable`` keeps; the legend says which share of each sample that is. Values
    beyond the panel are counted in its outermost bins, so that every curve holds all of them.

    Args:
        source: (label, measurements), with the columns statmorph names, ``flag`` and ``segmented``.
        generated: (label, measurements) of each model.
        protocol: ``corrected`` or ``published``; decides about the cut on flags and is written on the figure.

    Raises:
        DistributionsError: no source stamp was measured well enough to be drawn.
    """
    shown = [(label, frame[usable(frame, protocol)], len(frame)) for label, frame in (source, *generated)]
    if shown[0][1].empty:
        raise DistributionsError(
            f"{source[0]}: none of {len(source[1])} stamps could be measured with flag <= 1, so nothing "
            "can be drawn; look at the counts in the morphology table and at the stamps themselves"
        )
    with figure(9.0, 8.2) as made:
        axes = made.subplots(3, 3)
        for axis, entry in zip(axes.ravel(), MORPHOLOGY.values(), strict=True):
            reference = _finite(shown[0][1], entry.column)
            mean, spread = (float(reference.mean()), float(reference.std())) if len(reference) else (0.0, 0.0)
            axis.set_title(entry.label, fontweight="bold", loc="left")
            unit = f" {entry.unit}" if entry.unit else ""
            axis.set_xlabel(f"mean {mean:.3g}{unit}, deviation {spread:.2g}{unit}")
            axis.set_yticks([])
            axis.set_xlim(_BINS[0], _BINS[-1])
            axis.set_xticks([-3, -2, -1, 0, 1, 2, 3])
            for index, (_, frame, _) in enumerate(shown):
                values = _finite(frame, entry.column)
                if not len(values) or spread == 0:
                    continue
                scaled = np.clip((values - mean) / spread, _BINS[0], _BINS[-1])
                share = np.histogram(scaled, _BINS)[0] / len(scaled)
                if index == 0:
                    axis.stairs(share, _BINS, fill=True, color="#D5D5D5")
                    axis.stairs(share, _BINS, color=SOURCE_COLOUR, linewidth=1.0)
                else:
                    axis.stairs(share, _BINS, linewidth=1.8, **model_look(index - 1))
        labels = [
            f"{label}: {len(frame)} of {entered} ({100 * len(frame) / max(entered, 1):.0f} %)"
            for label, frame, entered in shown
        ]
        handles = [_handle(index, label) for index, label in enumerate(labels)]
        made.legend(handles=handles, loc="outside upper left", ncols=min(len(handles), 3))
        made.supylabel("share of stamps drawn", fontsize=10)
        made.supxlabel(f"(property - source mean) / source deviation, {protocol} protocol", fontsize=10)
        save(made, png, pdf)


def usable(frame: pd.DataFrame, protocol: str) -> pd.Series:
    """Which stamps are drawn, as a boolean column: those that the distances rest on, published cuts apart.

    They are segmented, have all nine properties and, under the corrected protocol, flag <= 1.
    """
    columns = [entry.column for entry in MORPHOLOGY.values()]
    complete = frame["segmented"].astype(bool) & np.isfinite(frame[columns].astype(float)).all(axis=1)
    return complete & (frame["flag"] <= BEST_FLAGS) if protocol == "corrected" else complete


def _finite(frame: pd.DataFrame, column: str) -> np.ndarray:
    values = frame[column].to_numpy(float, na_value=np.nan)
    return values[np.isfinite(values)]


def _handle(index: int, label: str) -> Line2D | Patch:
    if index == 0:
        return Patch(facecolor="#D5D5D5", edgecolor=SOURCE_COLOUR, label=label)
    return Line2D([], [], label=label, **model_look(index - 1))
