"""Distributions in bins of redshift.

Isophotal area, ellipticity and Sérsic index of the source's test split (grey) and of what the models made, a column
per bin of redshift; the numbers are those of the galaxies in a panel. Look whether a model is as wide as the source,
most of all in the first column, where galaxies differ most.

Histograms of size, shape and Sérsic index of {dataset} and its models in bins of redshift
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galforge.papers.figure import Needs

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes

    from galforge.papers.figure import Files, Subject

SHOWN = ("isophotal_area", "ellipticity", "sersic_index")
_BINS = (6, 24)  # at least and at most; between them as many as the root of the number of real galaxies
_LOGARITHMIC = ("isophotal_area",)


def plot(
    source: tuple[str, pd.DataFrame],
    generated: Sequence[tuple[str, pd.DataFrame]],
    png: str | Path,
    pdf: str | Path,
    *,
    edges: Sequence[float],
) -> None:
    """Histograms of isophotal area, ellipticity and, if measured, Sersic index: a row each, a column per redshift bin.

    Every curve adds up to 1; values beyond a panel are counted in its outermost bins. A row's panels share their axis,
    which holds the middle 98 % of the source of all redshifts. The numbers in a panel are those of the galaxies
    in it, in the colours of the samples; fewer than 5 are not drawn.

    Args:
        source: (label, measurements of the family ``sources``); drawn is the test split.
        generated: (label, the same) of each model; the redshift is that which was asked for.
        edges: of the columns.

    Raises:
        RedshiftFigureError: a column is lacking, or the source has no test split.
    """
    import numpy as np

    from galforge.drawing.names import SOURCES
    from galforge.drawing.redshift import lacking, legend, numbers, real
    from galforge.drawing.style import figure, save

    columns = ("redshift", *(SOURCES[name].column for name in SHOWN))
    for label, frame in generated:
        lacking(label, frame, columns)
    samples = [(source[0], real(*source, columns)), *generated]
    # A data set may be measured without the fit of a Sérsic index.
    shown = [name for name in SHOWN if np.isfinite(_values(samples[0][1], name)).any()] or SHOWN
    across = len(edges) - 1
    with figure(9.0, 0.4 + 2.0 * len(shown)) as made:
        axes = made.subplots(len(shown), across, squeeze=False, sharex="row")
        for row, name in enumerate(shown):
            values = [_values(frame, name) for _, frame in samples]
            bins = _bins(values[0], name)
            for column in range(across):
                axis = axes[row, column]
                inside = [
                    found[_between(numbers(frame, "redshift"), edges[column], edges[column + 1]) & np.isfinite(found)]
                    for found, (_, frame) in zip(values, samples, strict=True)
                ]
                _draw_panel(axis, inside, bins)
                if row == 0:
                    axis.set_title(f"{edges[column]:g} ≤ z < {edges[column + 1]:g}", fontweight="bold", fontsize=10)
            axes[row, 0].set_ylabel("share of galaxies")
            made.align_ylabels(axes[:, 0])
            _name(axes[row], name, bins)
        legend(made, [label for label, _ in samples])
        save(made, png, pdf)


def _between(redshift: np.ndarray, low: float, high: float) -> np.ndarray:
    return (redshift >= low) & (redshift < high)


def _values(frame: pd.DataFrame, name: str) -> np.ndarray:
    import numpy as np

    from galforge.drawing.names import SOURCES
    from galforge.drawing.redshift import numbers

    values = numbers(frame, SOURCES[name].column)
    if name not in _LOGARITHMIC:
        return values
    return np.log10(np.where(values > 0, values, np.nan))


def _bins(values: np.ndarray, name: str) -> np.ndarray:
    import numpy as np

    from galforge.drawing import histogram
    from galforge.drawing.density import window

    there = values[np.isfinite(values)]
    low, high = window(there) if len(there) else (0.0, 1.0)
    if name not in _LOGARITHMIC:
        low = max(low, 0.0)
    return histogram.edges(low, high, len(there), _BINS)


def _draw_panel(axis: Axes, samples: Sequence[np.ndarray], bins: np.ndarray) -> None:
    from galforge.drawing import histogram
    from galforge.drawing.redshift import FEWEST, empty
    from galforge.drawing.style import look

    axis.set_yticks([])
    axis.set_xlim(bins[0], bins[-1])
    for index, values in enumerate(samples):
        if len(values) < FEWEST:
            continue
        histogram.draw(axis, index, values, bins, width=1.6)
    if all(len(values) < FEWEST for values in samples):
        empty(axis, f"fewer than\n{FEWEST} galaxies")
        return
    _, top = axis.get_ylim()
    # Room for the numbers.
    axis.set_ylim(0, top * (1.08 + 0.1 * len(samples)))
    for index, values in enumerate(samples):
        place = {"transform": axis.transAxes, "ha": "right", "va": "top", "fontsize": 7.5}
        axis.text(0.98, 0.98 - 0.085 * index, str(len(values)), color=look(index)["color"], **place)


def _name(axes: Sequence[Axes], name: str, bins: np.ndarray) -> None:
    from galforge.drawing.names import SOURCES

    entry = SOURCES[name]
    unit = f" [{entry.unit}]" if entry.unit else ""
    for axis in axes:
        axis.set_xlabel(f"{entry.label}{unit}", fontsize=9)
        if name in _LOGARITHMIC:
            decades = [power for power in range(-1, 6) if bins[0] <= power <= bins[-1]]
            axis.set_xticks(decades, [f"{10.0**power:g}" for power in decades])


def needs(subject: Subject) -> Needs | None:
    """Sources of the data set and of every training; bins are twice as wide as elsewhere."""
    if not subject.compares("galaxy_kl"):
        return None
    edges = subject.redshift_edges
    told = {**subject.labels(), "edges": [*edges[:-1:2], edges[-1]]}
    return Needs({"measurements": subject.measurements("sources")}, told, libraries=("pandas", "astropy", "scipy"))


def draw(files: Files, told: dict[str, Any], out: dict[str, str]) -> None:
    """Read the files and plot them."""
    from galforge.drawing.measured import measured

    source, models = measured(told, files["measurements"])
    plot(source, models, out["png"], out["pdf"], edges=told["edges"])
