"""Redshifts found against those asked for, galaxy by galaxy.

The redshift that a network trained on the source finds in a galaxy, against its own (first panel) or the one that the
model was asked for; the first training of each model. Galaxies outside the dotted lines are outliers. The first panel
is the network's own error: a model that puts the redshift into its galaxies looks like it.

Redshifts found by a network against those of {dataset} and those asked of its models
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galforge.papers.figure import Needs
from galforge.papers.li2024.tables import LOSSES

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes

    from galforge.papers.figure import Files, Subject

OUTLIER = 0.15  # of 1 + z
_COLUMNS = ("redshift", "redshift_cnn")
_ACROSS = 3
_FEW = 400  # galaxies that are drawn as points; more of them as densities
_CELLS = 50
_SHOWN = {"redshift_bias": "bias", "redshift_scatter": "σ_NMAD", "redshift_outliers": "outliers"}


def plot(
    source: tuple[str, pd.DataFrame],
    generated: Sequence[tuple[str, str, pd.DataFrame]],
    table: pd.DataFrame,
    png: str | Path,
    pdf: str | Path,
    *,
    dataset: str,
    high: float,
) -> None:
    """A panel per sample: the redshift found by the network against the true one, or that was asked for.

    Galaxies between the pale lines are none of the outliers; more than 400 are drawn as densities, on a logarithmic
    scale. Those beyond the panel stand at its rim. In each panel are its bias, scatter and outliers from the table.

    Args:
        source: (label, measurements of the family ``redshift``); drawn is the test split.
        generated: (model, label, the same) of each model.
        table: the assembled table ``table1``, as it is or as read back; its corrected protocol is quoted.
        dataset: which of its data sets.
        high: the largest redshift of the panels.

    Raises:
        RedshiftFigureError: a column is lacking, or the source has no test split.
    """
    from galforge.compare.kind import REAL
    from galforge.drawing.redshift import lacking, numbers, real
    from galforge.drawing.style import figure, save

    for _, label, frame in generated:
        lacking(label, frame, _COLUMNS)
    samples = [(REAL, source[0], real(*source, _COLUMNS)), *generated]
    across = min(len(samples), _ACROSS)
    down = -(-len(samples) // across)
    with figure(9.0, 0.4 + 3.2 * down) as made:
        made.set_layout_engine("compressed")
        axes = made.subplots(down, across, squeeze=False).ravel()
        for place, (axis, (model, label, frame)) in enumerate(zip(axes, samples, strict=False)):
            axis.set_title(label, loc="left", fontweight="bold", fontsize=9.5)
            _draw_panel(axis, numbers(frame, "redshift"), numbers(frame, "redshift_cnn"), high)
            axis.set_xlabel("true redshift" if place == 0 else "redshift asked for")
            if place % across == 0:
                axis.set_ylabel("redshift found by the network")
            corner = {"transform": axis.transAxes, "fontsize": 8, "va": "top", "linespacing": 1.35}
            box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.6, "pad": 1.5}
            axis.text(0.03, 0.97, _words(table, dataset, model), bbox=box, **corner)
        for axis in axes[len(samples) :]:
            axis.set_axis_off()
        save(made, png, pdf)


def _draw_panel(axis: Axes, true: np.ndarray, found: np.ndarray, high: float) -> None:
    import numpy as np
    from matplotlib.ticker import MultipleLocator

    from galforge.drawing.redshift import empty

    there = np.isfinite(true) & np.isfinite(found)
    true, found = np.clip(true[there], 0, high), np.clip(found[there], 0, high)
    line = np.array([0.0, high])
    axis.plot(line, line, color="#444444", linewidth=0.9)
    for sign in (-1, 1):
        axis.plot(line, line + sign * OUTLIER * (1 + line), color="#999999", linewidth=0.8, linestyle=":")
    axis.set_xlim(0, high)
    axis.set_ylim(0, high)
    axis.set_aspect("equal")
    for each in (axis.xaxis, axis.yaxis):
        each.set_major_locator(MultipleLocator(1.0))
    if not len(true):
        empty(axis, "no galaxy was measured")
    elif len(true) <= _FEW:
        axis.plot(true, found, ".", color="#0072B2", markersize=3, alpha=0.6, clip_on=False)
    else:
        edges = np.linspace(0, high, _CELLS + 1)
        count = np.histogram2d(true, found, (edges, edges))[0].T
        # Cells without a galaxy stay white.
        image = np.log10(np.where(count > 0, count, np.nan))
        axis.imshow(image, origin="lower", extent=(0, high, 0, high), cmap="viridis_r", interpolation="nearest")


def _words(table: pd.DataFrame, dataset: str, model: str) -> str:
    import pandas as pd

    from galforge.drawing.redshift import RedshiftFigureError

    rows = table[(table["dataset"] == dataset) & (table["model"] == model) & (table["property"] == "all")]
    rows = rows[rows["protocol"] == "corrected"].drop_duplicates("metric").set_index("metric")
    lines = []
    for metric, name in _SHOWN.items():
        if metric not in rows.index:
            raise RedshiftFigureError(
                f"table of {dataset}: no row {metric}, all of {model} under the corrected protocol; compare again"
            )
        value, error = rows.loc[metric, ["value", "standard_error"]]
        if pd.isna(value):
            lines.append(f"{name}: too few galaxies")
        elif metric == "redshift_outliers":
            lines.append(f"{name} {100 * value:.1f} ± {100 * error:.1f} %")
        else:
            lines.append(f"{name} {value:.3f} ± {error:.3f}")
    return "\n".join(lines)


def needs(subject: Subject) -> Needs | None:
    """Redshifts found in the source and in the first training of each model, and their distances."""
    if not subject.compares("redshift_loss"):
        return None
    inputs = {
        "measurements": subject.measurements("redshift", first=True),
        **subject.distances("redshift_loss"),
    }
    told = {**subject.labels(first=True), "high": subject.redshift_edges[-1]}
    return Needs(inputs, told, modules=LOSSES.modules, libraries=("pandas", "astropy"), printed="li2024")


def draw(files: Files, told: dict[str, Any], out: dict[str, str]) -> None:
    """Read the files and plot them."""
    from galforge.drawing.measured import measured
    from galforge.papers.assembly import assembled

    source, models = measured(told, files["measurements"])
    models = [(model, *labelled) for (model, _), labelled in zip(told["models"], models, strict=True)]
    plot(
        source,
        models,
        assembled(LOSSES, files),
        out["png"],
        out["pdf"],
        dataset=told["dataset"],
        high=told["high"],
    )
