"""Gain against the share of generated galaxies.

Above, the gain over networks that saw real galaxies only, against the share α of generated ones, with a band of one
standard error; full dots are beyond chance, with as many comparisons as there are shares. A dotted line is the
printed gain. Below, the MSE over that of the images as observed, with that of methods without a network, which know
PSF and noise, and of networks that were brought. Tests differ in noise and pixels, so levels are not compared
across them.

Gain and error against the share of generated galaxies, one panel per test of {dataset}
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from galforge.papers.figure import Needs

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

    from galforge.papers.figure import Files, Subject

_ACROSS = 3
_ALPHA = "share α of generated galaxies"


def plot(
    frame: pd.DataFrame,
    png: str | Path,
    pdf: str | Path,
    *,
    dataset: str,
    model: str,
    protocol: str,
    denoiser: str | None = None,
    scale: str = "paper",
) -> None:
    """Per test, above, the gain over alpha 0 with a band of one standard error; below, MSE over the identity's.

    Gains that are ``supported`` are full dots, others hollow. A printed gain is a dotted line where it may be compared:
    at paper scale, on what the paper used. Methods without a network and brought networks are horizontal lines.

    Args:
        frame: the assembled table of the study, as it is or as read back from its file.
        dataset, model, protocol: which sweep.
        denoiser: kind of network, where two of one protocol were trained with the same galaxies.
        scale: the configuration's scale.

    Raises:
        GalforgeError: the table does not hold that sweep, or holds several of these names.
    """
    from galforge.drawing.style import figure, save
    from galforge.papers.holzschuh2022.denoising_table import cases, levels, of_sweep

    rows = of_sweep(frame, dataset, model, protocol, denoiser)
    rows = rows[rows["kind"] == "case"]
    comparable = scale == "paper" and not (rows["origin"] == "mock").any()
    shown = cases(rows)
    # Four tests fill two lines of two.
    across = 2 if len(shown) == 4 else min(len(shown), _ACROSS)
    down = -(-len(shown) // across)
    methods = levels(rows)
    with figure(max(3.2 * across, 5.2), (0.75 if across == _ACROSS else 0.95) + 4.1 * down) as made:
        grid = made.subplots(2 * down, across, squeeze=False, sharex=True, height_ratios=[1.15, 1.0] * down)
        printed = False
        for index, (case, label) in enumerate(shown.items()):
            row, column = 2 * (index // across), index % across
            own = rows[rows["property"] == case]
            upper, lower = grid[row, column], grid[row + 1, column]
            upper.set_title(label, loc="left", fontweight="bold", fontsize=9.5)
            printed |= _draw_gains(upper, own, comparable)
            _draw_ratios(lower, own, methods)
            if column == 0:
                upper.set_ylabel("gain over α = 0 [%]")
                lower.set_ylabel("MSE / as observed")
            if index + across >= len(shown):
                lower.set_xlabel(_ALPHA)
                lower.tick_params(labelbottom=True)
        for axis in grid.reshape(down, 2, across).swapaxes(1, 2).reshape(-1, 2)[len(shown) :].ravel():
            axis.set_axis_off()
        handles = _handles(rows, model, methods, printed)
        made.legend(handles=handles, loc="outside upper left", ncols=4 if across == _ACROSS else 2, fontsize=8.5)
        save(made, png, pdf)


def _draw_gains(axis: Axes, rows: pd.DataFrame, comparable: bool) -> bool:
    """Draw the gains of a test; whether a printed one is among them."""
    import numpy as np

    from galforge.drawing.style import MODEL_COLOURS

    gains = rows[rows["metric"] == "gain"].sort_values("alpha")
    # Networks of alpha 0 are what the others are compared with.
    alpha = np.append(0.0, gains["alpha"])
    value, error = (100 * np.append(0.0, gains[name].fillna(0.0)) for name in ("value", "standard_error"))
    axis.axhline(0.0, color="#888888", linewidth=0.9)
    axis.fill_between(alpha, value - error, value + error, color=MODEL_COLOURS[0], alpha=0.18, linewidth=0)
    axis.plot(alpha, value, color=MODEL_COLOURS[0])
    supported = gains["supported"].to_numpy(bool)
    for which, face in ((supported, MODEL_COLOURS[0]), (~supported, "white")):
        axis.plot(alpha[1:][which], value[1:][which], "o", color=MODEL_COLOURS[0], markerfacecolor=face, markersize=4.5)
    known = rows.loc[rows["metric"] == "improvement", "published"].dropna()
    if len(known) and comparable:
        axis.axhline(100 * known.iloc[0], color="#444444", linewidth=1.2, linestyle=":")
    # A test without any gain is not blown up to fill its panel.
    low, high = axis.get_ylim()
    axis.set_ylim(min(low, -3.0), max(high, 3.0))
    axis.set_xlim(-0.03, 1.03)
    axis.set_xticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "0.25", "0.5", "0.75", "1"])
    return bool(len(known) and comparable)


def _draw_ratios(axis: Axes, rows: pd.DataFrame, methods: list[str]) -> None:
    import numpy as np
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    from galforge.drawing.style import MODEL_COLOURS
    from galforge.papers.holzschuh2022.denoising_table import NETWORK

    ratios = rows[rows["metric"] == "mse_to_identity"]
    network = ratios[ratios["method"] == NETWORK].sort_values("alpha")
    alpha, value, error = (network[name].to_numpy(float) for name in ("alpha", "value", "standard_error"))
    axis.fill_between(alpha, value - error, value + error, color=MODEL_COLOURS[0], alpha=0.18, linewidth=0)
    axis.plot(alpha, value, color=MODEL_COLOURS[0], marker="o", markersize=3)
    for index, method in enumerate(methods):
        level = ratios.loc[ratios["method"] == method, "value"].to_numpy(float)
        axis.axhline(level[0], linewidth=1.3, **_look(index))
    axis.set_yscale("log")
    low, high = axis.get_ylim()
    # Half a decade at least, so that small differences look small.
    middle = np.sqrt(low * high)
    axis.set_ylim(min(low, middle / 1.8), max(high, middle * 1.8))
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 4, 5, 7)))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{ratio:g}"))
    axis.yaxis.set_minor_formatter(NullFormatter())


def _handles(rows: pd.DataFrame, model: str, methods: list[str], printed: bool) -> list[Line2D]:
    from matplotlib.lines import Line2D

    from galforge.drawing.names import model_label
    from galforge.drawing.style import MODEL_COLOURS
    from galforge.papers.holzschuh2022.denoising_table import NETWORK, method_label

    single = (rows.loc[rows["method"] == NETWORK, "replicates"] == 1).all()
    band = "over galaxies only" if single else "over galaxies and networks"
    label = f"networks, {model_label(model)} (band: 1 σ {band})"
    handles = [Line2D([], [], color=MODEL_COLOURS[0], marker="o", markersize=4.5, label=label)]
    dot = {"color": MODEL_COLOURS[0], "marker": "o", "markersize": 4.5, "linestyle": "none"}
    handles += [Line2D([], [], markerfacecolor="white", label="gain not supported", **dot)]
    handles += [Line2D([], [], label=method_label(name), linewidth=1.3, **_look(n)) for n, name in enumerate(methods)]
    if printed:
        handles.append(Line2D([], [], color="#444444", linewidth=1.2, linestyle=":", label="printed gain"))
    return handles


def _look(index: int) -> dict[str, object]:
    from galforge.drawing.style import model_look

    return model_look(index + 1)


def needs(subject: Subject) -> Needs | None:
    """What the denoising study says of one sweep."""
    if not subject.sweep:
        return None
    told = {**subject.sweep_labels(), "scale": subject.scale}
    return Needs(subject.sweep_summary(), told, printed="holzschuh2022")


def draw(files: Files, told: dict[str, Any], out: dict[str, str]) -> None:
    """Read the files and plot them."""
    from galforge.papers.holzschuh2022.denoising_table import assembled

    plot(assembled(files), out["png"], out["pdf"], **told)
