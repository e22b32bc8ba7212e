"""Fidelity against cost.

Distance of images drawn from the weights of each segment from the validation split of the source, against images seen
and against hours (GPU-hours, or CPU-hours where no GPU trained). Thick lines are means over seeds, thin ones single
seeds; the dashed line is the floor, which a perfect model scores on average. A dot is the snapshot that a choice by
this distance takes. A model with a single snapshot, such as the Gaussian, has a level line at its distance: what all
others have to beat.

Distance from {dataset} falling with images seen and with hours of training, one line per model, floor dashed
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from galforge.papers.figure import Needs

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from galforge.papers.figure import Files, Subject

_COSTS = {"images_seen": "images seen", "hours": "hours (GPU or CPU)"}
_UNITS = {"morphology": "sd", "power_spectrum": "dex"}


def plot(scores: pd.DataFrame, png: str | Path, pdf: str | Path) -> None:
    """Two panels, images seen and hours, for each distance by which trainings of the data set are scored.

    Args:
        scores: a row per snapshot: model, seed, segment, by, metric, value, floor, images_seen, hours. Blank values
            are left out, and so are snapshots without a cost on a logarithmic axis.
    """
    from galforge.drawing.names import GROUPS, METRICS, model_label
    from galforge.drawing.style import figure, model_look, save

    models = list(dict.fromkeys(scores["model"]))
    kinds = list(dict.fromkeys(zip(scores["by"], scores["metric"], strict=True)))
    with figure(8.0, 0.8 + 3.0 * len(kinds)) as made:
        grid = made.subplots(len(kinds), len(_COSTS), squeeze=False, sharey="row")
        for axes, (by, metric) in zip(grid, kinds, strict=True):
            rows = scores[(scores["by"] == by) & (scores["metric"] == metric)]
            for axis, (cost, label) in zip(axes, _COSTS.items(), strict=True):
                for model, own in rows.groupby("model", sort=False):
                    look = model_look(models.index(model))
                    _draw(axis, own[own[cost] > 0].dropna(subset="value"), cost, look)
                    if own["seed"].is_unique:
                        axis.axhline(own["value"].mean(), **look)
                for floor in sorted(set(rows["floor"].dropna())):
                    axis.axhline(floor, color="#888888", linewidth=0.9, linestyle=(0, (6, 3)), zorder=0)
                _scale(axis, label, cost == "images_seen")
            axes[0].set_ylabel(f"{GROUPS[by]} [{_UNITS[by]}]" if by in _UNITS else METRICS[metric])
        handles = [
            grid[0, 0].plot([], [], label=model_label(name), **model_look(index))[0]
            for index, name in enumerate(models)
        ]
        made.legend(handles=handles, loc="outside upper left", ncols=min(len(models), 4))
        save(made, png, pdf)


def _scale(axis: Axes, label: str, counts: bool) -> None:
    """Logarithmic axes with plain numbers at 1, 2 and 5."""
    from matplotlib.ticker import EngFormatter, FormatStrFormatter, LogLocator, NullFormatter

    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xlabel(label)
    for side, formatter in ((axis.xaxis, EngFormatter(sep="") if counts else None), (axis.yaxis, None)):
        side.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        side.set_major_formatter(formatter or FormatStrFormatter("%g"))
        side.set_minor_formatter(NullFormatter())


def _draw(axis: Axes, own: pd.DataFrame, cost: str, look: dict[str, Any]) -> None:
    """One model: seeds thin, their mean thick where there are several, and the best snapshot of each seed."""
    seeds = [rows.sort_values("segment") for _, rows in own.groupby("seed", sort=False)]
    for rows in seeds:
        thin = {"linewidth": 0.7, "alpha": 0.6} if len(seeds) > 1 else {}
        axis.plot(rows[cost], rows["value"], **look, **thin)
        best = rows.loc[[rows["value"].idxmin()]]
        axis.plot(best[cost], best["value"], "o", color=look["color"], markersize=4.5)
    if len(seeds) > 1:
        # As far as all of them have a distance: without one the mean would jump.
        means = own.groupby("segment").filter(lambda rows: len(rows) == len(seeds)).groupby("segment").mean(True)
        axis.plot(means[cost], means["value"], **look, linewidth=2.2)


def needs(subject: Subject) -> Needs | None:
    """Scores and accounts of all segments of the trainings on the data set that score them."""
    found = {} if subject.sweep else subject.snapshots()
    if not found:
        return None
    trainings = [[*key, len(files["scores"])] for key, files in found.items()]
    names = ("scores", "costs")
    return Needs(
        {name: [file for files in found.values() for file in files[name]] for name in names}, {"trainings": trainings}
    )


def draw(files: Files, told: dict[str, Any], out: dict[str, str]) -> None:
    """Read the files and plot them."""
    plot(read(files["scores"], files["costs"], told["trainings"]), out["png"], out["pdf"])


def read(scores: list[str], costs: list[str], trainings: list[list[Any]]) -> pd.DataFrame:
    """A row per snapshot; a segment that passed the state before it on has none.

    Args:
        scores: of every segment of some trainings (``galforge.snapshots.score``).
        costs: their accounts (``galforge.training.cost``).
        trainings: model, seed and number of segments of each, in their order.
    """
    import json

    import pandas as pd

    from galforge.training.cost import hours

    files, rows = zip(scores, costs, strict=True), []
    for model, seed, count in trainings:
        spent: list[dict[str, Any]] = []
        for segment in range(count):
            found, account = (json.loads(Path(path).read_text(encoding="utf-8")) for path in next(files))
            spent.append(account)
            took = sum(hours(spent).values())
            rows.append({"model": model, "seed": seed, "segment": segment, "hours": took, **found})
    kept = ["model", "seed", "segment", "by", "metric", "value", "floor", "images_seen", "hours"]
    # What stood before a divergence has cost no more than when it was reached.
    frame = pd.DataFrame(rows)[kept].drop_duplicates(["model", "seed", "images_seen"])
    return frame.astype({"value": float, "floor": float})
