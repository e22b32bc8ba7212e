"""Robustness against noise and pixel size.

MSE over that of the images as observed, against noise and pixel size over those of training (the vertical line), for
some shares α, with bands of one standard error. Methods without a network (dashed) were tuned at each point; brought
networks are dashed, too.

Error against noise and against pixel size, one line per share of generated galaxies, of {dataset}
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galforge.errors import GalforgeError
from galforge.papers.figure import Needs

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from galforge.papers.figure import Files, Subject

_CURVES = {
    "noise_curve": ("noise", "noise / that of training"),
    "pixel_curve": ("pixel_size", "pixel / that of training"),
}
_MOST = 5
_DASHES = ((0, (5, 1.8)), (0, (1.2, 1.4)), (0, (6, 1.5, 1.2, 1.5)), (0, (9, 2)))
_TICKS = (0.1, 0.2, 0.25, 0.5, 1, 1.5, 2, 3, 4, 5, 7, 10, 20, 50)


def plot(
    frame: pd.DataFrame,
    png: str | Path,
    pdf: str | Path,
    *,
    dataset: str,
    model: str,
    protocol: str,
    denoiser: str | None = None,
) -> None:
    """MSE over the identity's against noise and against pixel size, one line per alpha, references dashed.

    At most 5 alphas are drawn: 0, 1, the best of the most tests, and others spread evenly. A panel is left out where
    its curve was not asked for.

    Args:
        frame: the assembled table of the study, as it is or as read back from its file.
        dataset, model, protocol: which sweep.
        denoiser: kind of network, where two of one protocol were trained with the same galaxies.

    Raises:
        GalforgeError: the table does not hold that sweep, holds several of these names, or no curve of it.
    """
    from galforge.drawing.names import model_label
    from galforge.drawing.style import figure, save
    from galforge.papers.holzschuh2022.denoising_table import levels, of_sweep

    rows = of_sweep(frame, dataset, model, protocol, denoiser)
    curves = {kind: rows[(rows["kind"] == kind) & (rows["metric"] == "mse_to_identity")] for kind in _CURVES}
    curves = {kind: own for kind, own in curves.items() if len(own)}
    if not curves:
        raise GalforgeError(
            f"denoising, {dataset}, {model}: the table holds no curve of robustness; give noise_curve or pixel_curve "
            "some factors in the section denoising, or leave this figure out"
        )
    alphas = _shown(rows)
    methods = levels(rows)
    with figure(4.6 * len(curves) if len(curves) > 1 else 5.6, 4.5) as made:
        axes = made.subplots(1, len(curves), squeeze=False, sharey=True)[0]
        for axis, (kind, own) in zip(axes, curves.items(), strict=True):
            _draw_curve(axis, own, *_CURVES[kind], alphas, methods)
        axes[0].set_ylabel(f"MSE / as observed ({model_label(model)}, {protocol} protocol)")
        handles, labels = axes[0].get_legend_handles_labels()
        made.legend(handles, labels, loc="outside upper left", ncols=5 if len(curves) > 1 else 3, fontsize=8.5)
        save(made, png, pdf)


def _shown(rows: pd.DataFrame) -> list[float]:
    """Alphas that are drawn, ascending."""
    import numpy as np

    every = sorted(rows.loc[rows["metric"] == "mse_to_identity", "alpha"].dropna().unique())
    best = rows.loc[(rows["metric"] == "best_alpha") & (rows["value"] > 0), "value"]
    wanted = [0.0, *([float(best.mode().max())] if len(best) else []), every[-1]]
    spread = [every[round(place)] for place in np.linspace(0, len(every) - 1, min(_MOST, len(every)))]
    # Those farthest from what is drawn already come first.
    while len(set(wanted)) < min(_MOST, len(every)):
        left = [alpha for alpha in (*spread, *every) if alpha not in wanted]
        wanted.append(max(left, key=lambda alpha: min(abs(alpha - other) for other in wanted)))
    return sorted(set(map(float, wanted)))


def _draw_curve(
    axis: Axes, rows: pd.DataFrame, column: str, label: str, alphas: Sequence[float], methods: Sequence[str]
) -> None:
    from matplotlib import colormaps
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    from galforge.papers.holzschuh2022.denoising_table import NETWORK, alpha_label, method_label

    axis.axhline(1.0, color="#888888", linewidth=0.9)
    axis.axvline(1.0, color="#888888", linewidth=0.9, linestyle=":")
    for alpha in alphas:
        own = rows[(rows["method"] == NETWORK) & (rows["alpha"] == alpha)].sort_values(column)
        where, value, error = (own[name].to_numpy(float) for name in (column, "value", "standard_error"))
        # The brightest end of the map is too pale for a line.
        colour = colormaps["viridis_r"](0.08 + 0.92 * alpha)
        axis.fill_between(where, value - error, value + error, color=colour, alpha=0.15, linewidth=0)
        axis.plot(where, value, color=colour, marker="o", markersize=3, label=alpha_label(alpha))
    for dashes, method in zip(cycle(_DASHES), methods, strict=False):
        own = rows[rows["method"] == method].sort_values(column)
        axis.plot(
            own[column], own["value"], color="#555555", linewidth=1.2, linestyle=dashes, label=method_label(method)
        )
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xlabel(label)
    low, high = rows[column].min(), rows[column].max()
    axis.set_xlim(low / 1.06, high * 1.06)
    ticks = [tick for tick in _TICKS if low <= tick <= high]
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.minorticks_off()
    axis.text(1.0, 1.0, " training", transform=axis.get_xaxis_transform(), color="#555555", fontsize=8.5, va="top")
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{ratio:g}"))
    axis.yaxis.set_minor_formatter(NullFormatter())


def needs(subject: Subject) -> Needs | None:
    """What the denoising study says of a sweep that was tested along curves."""
    if not subject.sweep or not subject.has_curves:
        return None
    return Needs(subject.sweep_summary(), subject.sweep_labels(), printed="holzschuh2022")


def draw(files: Files, told: dict[str, Any], out: dict[str, str]) -> None:
    """Read the files and plot them."""
    from galforge.papers.holzschuh2022.denoising_table import assembled

    plot(assembled(files), out["png"], out["pdf"], **told)
