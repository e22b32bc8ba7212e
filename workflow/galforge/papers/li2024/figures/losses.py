"""Losses against redshift.

Against redshift: the fitting loss less the source's at equal redshift (0 is good), and the redshift loss as
published, scatter and share of outliers of the redshifts found. Bins of few galaxies are left out. The black line is
the held-out source: no model can be expected to be below it, and being below it is no merit.

Fitting loss, redshift loss, scatter and outliers of {dataset} and its models against redshift
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from galforge.papers.figure import Needs
from galforge.papers.li2024.tables import LOSSES

if TYPE_CHECKING:
    import pandas as pd

    from galforge.drawing.per_bin import PerBin
    from galforge.papers.figure import Files, Subject

PANELS = {
    "fitting_loss_difference": "Fitting loss less the source's",
    "redshift_loss": "Redshift loss of Δz (published)",
    "redshift_scatter": "Redshift scatter σ_NMAD of Δz / (1 + z)",
    "redshift_outliers": "Share with |Δz| / (1 + z) > 0.15",
}
"""Metrics of table 1 of which there are rows of single redshift bins, and what they are called."""
PROTOCOLS = {metric: "published" if metric == "redshift_loss" else "corrected" for metric in PANELS}
"""The redshift loss divides by no 1 + z in the paper: its figure 7 is of the published protocol."""


def plot(frame: pd.DataFrame, png: str | Path, pdf: str | Path, *, dataset: str, label: str) -> None:
    """Four losses against redshift and lookback time, with errors; real galaxies have some too.

    Args:
        frame: the assembled table ``table1``, as it is or as read back from its file.
        dataset: which of its data sets.
        label: what its held-out galaxies are called.

    Raises:
        RedshiftFigureError: the table holds no rows of the data set.
    """
    from galforge.drawing.names import model_label
    from galforge.drawing.per_bin import read
    from galforge.drawing.redshift import against_redshift, empty, legend
    from galforge.drawing.style import figure, save

    rows = read(frame, dataset, PROTOCOLS)
    with figure(9.0, 6.4) as made:
        axes = made.subplots(2, 2)
        for place, (axis, (metric, title)) in enumerate(zip(axes.ravel(), PANELS.items(), strict=True)):
            axis.set_title(title, loc="left", fontweight="bold", fontsize=10)
            own = [each for each in rows.found if each.metric == metric]
            for each in own:
                _draw_line(axis, each, rows.models)
            if not own:
                empty(axis, "no bin has enough galaxies")
            axis.axhline(0.0, color="#888888", linewidth=0.9, linestyle=":")
            against_redshift(axis, rows.low, rows.high, below=place > 1, above=place < 2)
        legend(made, [label, *map(model_label, rows.models[1:])], across=4)
        save(made, png, pdf)


def _draw_line(axis: object, each: PerBin, models: list[str]) -> None:
    from galforge.drawing.redshift import middles
    from galforge.drawing.style import look

    index = models.index(each.model)
    x = middles(each.low, each.high, index, len(models))
    line = {"marker": "o", "markersize": 3.5, "capsize": 2, "linewidth": 1.4, "elinewidth": 1.0}
    axis.errorbar(x, each.value, each.error, **line, **look(index))


def needs(subject: Subject) -> Needs | None:
    """Distances of the data set, of which the table of losses is made."""
    if not subject.compares("fitting_loss", "redshift_loss"):
        return None
    told = {"dataset": subject.dataset, "scale": subject.scale}
    return Needs(
        subject.distances("fitting_loss", "redshift_loss"),
        told,
        modules=LOSSES.modules,
        libraries=("pandas", "astropy"),
        printed="li2024",
    )


def draw(files: Files, told: dict[str, Any], out: dict[str, str]) -> None:
    """Read the files and plot them."""
    from galforge.drawing.labels import source_label
    from galforge.drawing.per_bin import origin_of
    from galforge.papers.assembly import assembled

    table = assembled(LOSSES, files)
    label = source_label(told["dataset"], origin_of(table, told["dataset"]), told["scale"])
    plot(table, out["png"], out["pdf"], dataset=told["dataset"], label=label)
