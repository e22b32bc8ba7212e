"""Means against redshift.

Means with their errors against redshift; the band is the standard deviation of the source's test split. A model that
learned how galaxies change follows the black line. The fitting loss (mean of ln |ERRCXY|) is good where it is the
source's, not where it is small. The last panel says how many of the galaxies were found at all, without which the
others say little.

Means of size, shape, Sérsic index and fitting loss of {dataset} and its models against redshift
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galforge.papers.figure import Needs

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from galforge.papers.figure import Files, Subject

_BAND = "#E2E2E2"


def plot(
    source: tuple[str, pd.DataFrame],
    generated: Sequence[tuple[str, pd.DataFrame]],
    png: str | Path,
    pdf: str | Path,
    *,
    edges: Sequence[float],
) -> None:
    """Means with their errors in bins of redshift, and the band that the source's standard deviation makes.

    Drawn are isophotal area, ellipticity, semi-major axis and Sersic index, the fitting loss of Li et al. (2024), the
    mean of ln |ERRCXY|, and the share of galaxies that were detected, without which the others say little. Of
    the source the test split is drawn. Bins of fewer than 5 galaxies are left out.

    Args:
        source: (label, measurements of the family ``sources``).
        generated: (label, the same) of each model; the redshift is that which was asked for.
        edges: of the bins of redshift.

    Raises:
        RedshiftFigureError: a column is lacking, or the source has no test split.
    """
    import numpy as np

    from galforge.drawing.names import SOURCES
    from galforge.drawing.redshift import against_redshift, binned, empty, lacking, legend, middles, numbers, real
    from galforge.drawing.style import figure, look, save

    columns = ("redshift", "detected", "errcxy", *(entry.column for entry in SOURCES.values()))
    for label, frame in generated:
        lacking(label, frame, columns)
    samples = [(source[0], real(*source, columns)), *generated]
    with figure(9.0, 6.2) as made:
        axes = made.subplots(2, 3)
        for place, (axis, (title, values)) in enumerate(zip(axes.ravel(), _panels().items(), strict=True)):
            axis.set_title(title, loc="left", fontweight="bold", fontsize=10)
            drawn = False
            for index, (_, frame) in enumerate(samples):
                found = binned(numbers(frame, "redshift"), values(frame), edges)
                x = middles(edges[:-1], edges[1:], index, len(samples))
                drawn |= bool(np.isfinite(found.mean).any())
                if index == 0 and title != "Share detected":
                    low, high = found.mean - found.deviation, found.mean + found.deviation
                    axis.fill_between(x, low, high, color=_BAND, linewidth=0)
                line = {"marker": "o", "markersize": 3.5, "capsize": 2, "linewidth": 1.4, "elinewidth": 1.0}
                axis.errorbar(x, found.mean, found.error, **line, **look(index))
            if not drawn:
                empty(axis, "fewer than 5 galaxies in every bin")
            if title == "Share detected":
                axis.set_ylim(-0.03, 1.03)
            against_redshift(axis, edges[0], edges[-1], below=place > 2, above=place < 3)
        legend(made, [label for label, _ in samples])
        save(made, png, pdf)


def _panels() -> dict[str, Callable[[pd.DataFrame], np.ndarray]]:
    """Titles of panels, and what is averaged in each."""
    from galforge.drawing.names import SOURCES

    out: dict[str, Callable[[pd.DataFrame], np.ndarray]] = {
        f"{entry.label} [{entry.unit}]" if entry.unit else entry.label: _column(entry.column)
        for entry in SOURCES.values()
    }
    return {**out, "Fitting loss, ln |ERRCXY|": _fitting_loss, "Share detected": _detected}


def _column(name: str) -> Callable[[pd.DataFrame], np.ndarray]:
    from galforge.drawing.redshift import numbers

    return lambda frame: numbers(frame, name)


def _fitting_loss(frame: pd.DataFrame) -> np.ndarray:
    import numpy as np

    from galforge.drawing.redshift import numbers

    size = np.abs(numbers(frame, "errcxy"))
    # Of a round object the element is 0 and has no logarithm.
    return np.log(np.where(size > 0, size, np.nan))


def _detected(frame: pd.DataFrame) -> np.ndarray:
    return frame["detected"].to_numpy(bool).astype(float)


def needs(subject: Subject) -> Needs | None:
    """Sources of the data set and of every training."""
    if not subject.compares("galaxy_kl"):
        return None
    edges = subject.redshift_edges
    told = {**subject.labels(), "edges": list(edges)}
    return Needs({"measurements": subject.measurements("sources")}, told, libraries=("pandas", "astropy"))


def draw(files: Files, told: dict[str, Any], out: dict[str, str]) -> None:
    """Read the files and plot them."""
    from galforge.drawing.measured import measured

    source, models = measured(told, files["measurements"])
    plot(source, models, out["png"], out["pdf"], edges=told["edges"])
