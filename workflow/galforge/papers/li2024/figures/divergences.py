"""Divergences in bins of redshift.

KL divergence from the source's distribution in each bin of redshift, corrected protocol, on a logarithmic scale.
Hollow dots are values that one perfect model in twenty would exceed, so no ranking is claimed from them; pale lines are
the floors, which a perfect model would score with as many galaxies. Bins with too few galaxies are left out. The last
panel divides CVAE by DDPM: above 1 the DDPM is nearer to the source.

Divergence of models from {dataset} against redshift, for size, shape and Sérsic index
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

    from galforge.drawing.per_bin import Lines
    from galforge.papers.figure import Files, Subject

SHOWN = ("isophotal_area", "ellipticity", "sersic_index")
PAIRS = (("cvae", "ddpm"), ("cvae-published", "ddpm-published"))
"""Models whose ratio is drawn, as in figure 5 of the paper: of these pairs the first of which both were run."""
_METRIC = "galaxy_kl_bin"
_SMALLEST = 1e-3  # of what is drawn [nats]: a divergence of 0 has no logarithm


def plot(frame: pd.DataFrame, png: str | Path, pdf: str | Path, *, dataset: str, label: str) -> None:
    """KL divergence of what is measured of three properties against redshift, and the ratio of CVAE to DDPM.

    Dots at the floor, of which no ranking is claimed, are hollow; pale lines are the floors. The ratio is
    drawn where one of the two is above its floor, hollow where the other is not.

    Args:
        frame: the assembled table ``table1``, as it is or as read back from its file; its corrected protocol is drawn.
        dataset: which of its data sets.
        label: what its held-out galaxies are called.

    Raises:
        RedshiftFigureError: the table holds no rows of the data set.
    """
    from galforge.drawing.names import SOURCES, model_label
    from galforge.drawing.per_bin import read
    from galforge.drawing.redshift import against_redshift, legend
    from galforge.drawing.style import figure, save

    lines = read(frame, dataset, {_METRIC: "corrected"})
    # A data set may be measured without the fit of a Sérsic index.
    shown = [name for name in SHOWN if any(each.name == name for each in lines.found)] or SHOWN
    with figure(9.0, 6.6) as made:
        axes = made.subplots(2, 2).ravel()
        for axis in axes[len(shown) : -1]:
            axis.set_axis_off()
        for place, (axis, name) in enumerate(zip(axes, shown, strict=False)):
            axis.set_title(f"{SOURCES[name].label}, KL [nats]", loc="left", fontweight="bold", fontsize=10)
            _draw_divergences(axis, lines, name)
            against_redshift(axis, lines.low, lines.high, below=place != 1 and place + 2 >= len(shown), above=place < 2)
        _draw_ratios(axes[3], lines, shown)
        against_redshift(axes[3], lines.low, lines.high, above=False)
        legend(made, [label, *map(model_label, lines.models[1:])], across=4)
        save(made, png, pdf)


def _draw_divergences(axis: Axes, lines: Lines, name: str) -> None:
    import numpy as np

    from galforge.drawing.redshift import empty, middles
    from galforge.drawing.style import look

    own = [each for each in lines.found if each.name == name]
    if not own:
        empty(axis, "no bin has enough galaxies")
        return
    axis.set_yscale("log")
    for each in own:
        index = lines.models.index(each.model)
        x, style = middles(each.low, each.high, index, len(lines.models)), look(index)
        value = np.maximum(each.value, _SMALLEST)
        # A bar may not reach 0, which lies infinitely far below.
        error = np.minimum(each.error, 0.999 * value), each.error
        line = {"capsize": 2, "linewidth": 1.4, "elinewidth": 1.0}
        axis.errorbar(x, value, error, **line, **style)
        _dots(axis, x, value, each.at_floor, style["color"])
        axis.plot(x, each.floor, color=style["color"], linewidth=0.9, alpha=0.35)
    _plain(axis, max(min(float(np.nanmin(each.value)) for each in own) / 2, _SMALLEST / 2))


def _draw_ratios(axis: Axes, lines: Lines, shown: Sequence[str]) -> None:
    import numpy as np
    from matplotlib.lines import Line2D

    from galforge.drawing.names import SOURCES, model_label
    from galforge.drawing.redshift import empty, middles
    from galforge.drawing.style import MODEL_COLOURS, MODEL_DASHES

    pair = next((pair for pair in PAIRS if set(pair) <= set(lines.models)), None)
    first, second = pair or PAIRS[0]
    title = f"KL of {model_label(first)} over that of {model_label(second)}"
    axis.set_title(title, loc="left", fontweight="bold", fontsize=10)
    if pair is None:
        empty(axis, f"{model_label(first)} and {model_label(second)}\nwere not both run")
        return
    axis.set_yscale("log")
    axis.axhline(1.0, color="#888888", linewidth=0.9, linestyle=":")
    drawn = False
    for index, name in enumerate(shown):
        found = {each.model: each for each in lines.found if each.name == name and each.model in pair}
        if len(found) < 2:
            continue
        a, b = found[first], found[second]
        # The outermost bins reach as far as a model's own galaxies.
        one, other = np.nonzero((a.low[:, None] == b.low) | (a.high[:, None] == b.high))
        at_floor = np.array([a.at_floor[one], b.at_floor[other]])
        ratio = np.maximum(a.value[one], _SMALLEST) / np.maximum(b.value[other], _SMALLEST)
        kept = ~at_floor.all(axis=0) & np.isfinite(ratio)
        drawn |= bool(kept.any())
        x = middles(a.low[one], a.high[one], index, len(shown))[kept]
        # Colours of models would mislead here.
        colour = MODEL_COLOURS[-1 - index]
        axis.plot(x, ratio[kept], color=colour, linestyle=MODEL_DASHES[index], linewidth=1.4)
        _dots(axis, x, ratio[kept], at_floor.any(axis=0)[kept], colour)
    if not drawn:
        empty(axis, "both are at the floor in every bin")
        return
    _plain(axis)
    handles = [
        Line2D([], [], color=MODEL_COLOURS[-1 - n], linestyle=MODEL_DASHES[n], label=SOURCES[name].label)
        for n, name in enumerate(shown)
    ]
    axis.legend(handles=handles, fontsize=8, loc="best")


def _dots(axis: Axes, x: np.ndarray, y: np.ndarray, hollow: np.ndarray, colour: object) -> None:
    for which, face in ((~hollow, colour), (hollow, "white")):
        axis.plot(x[which], y[which], "o", color=colour, markerfacecolor=face, markersize=4)


def _plain(axis: Axes, lowest: float = 0.0) -> None:
    """Plain numbers on a logarithmic axis that spans a decade at least and begins at ``lowest`` or above."""
    import numpy as np
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = axis.get_ylim()
    low = max(low, lowest)
    middle = np.sqrt(low * high)
    axis.set_ylim(min(low, middle / 3.2), max(high, middle * 3.2))
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.yaxis.set_minor_formatter(NullFormatter())


def needs(subject: Subject) -> Needs | None:
    """Distances of the data set, of which the table of losses is made."""
    if not subject.compares("galaxy_kl"):
        return None
    told = {"dataset": subject.dataset, "scale": subject.scale}
    return Needs(
        subject.distances("galaxy_kl"),
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
