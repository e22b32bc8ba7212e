"""Losses of the trainings.

Losses of the training against images seen; models with other losses have rows of their own.

Training losses on {dataset} falling with images seen
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galforge.errors import GalforgeError
from galforge.papers.figure import Needs

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from galforge.papers.figure import Files, Subject

_ACROSS = 5
_LOGITS = ("real", "fake")  # of adversarial models; they say little one by one


class HistoryError(GalforgeError):
    """A training history cannot be drawn."""


def plot(runs: Sequence[tuple[str, pd.DataFrame]], png: str | Path, pdf: str | Path) -> None:
    """One panel per loss, one line per run; runs with other losses have rows of panels of their own.

    Runs with one label, such as the trainings of a model, look alike.

    Losses of one name are drawn together only where all losses of the runs have the same names: those of different
    kinds of models are different quantities. The mean logits ``real`` and ``fake`` share a panel.

    Args:
        runs: (label, history); a history has a column ``images_seen`` (seen so far) and one column per loss.

    Raises:
        HistoryError: a history has no column ``images_seen``, no loss or no rows.
    """
    from galforge.drawing.style import figure, model_look, save

    labels = list(dict.fromkeys(label for label, _ in runs))
    kinds: dict[tuple[str, ...], list[int]] = {}
    for index, (label, history) in enumerate(runs):
        if "images_seen" not in history.columns or len(history.columns) < 2 or history.empty:
            raise HistoryError(
                f"{label}: the training history needs the column images_seen, a loss and rows; it has "
                f"{len(history)} rows of {', '.join(history.columns)}; train the run again"
            )
        kinds.setdefault(tuple(sorted(set(history.columns) - {"images_seen"})), []).append(index)
    panels = {losses: _panels(losses) for losses in kinds}
    across = min(max(map(len, panels.values())), _ACROSS)
    down = {losses: -(-len(own) // across) for losses, own in panels.items()}
    with figure(9.0, 0.8 + 2.2 * sum(down.values())) as made:
        axes = made.subplots(sum(down.values()), across, squeeze=False)
        row = 0
        for losses, members in kinds.items():
            own = axes[row : row + down[losses]].ravel()
            row += down[losses]
            for axis in own[len(panels[losses]) :]:
                axis.set_axis_off()
            for axis, together in zip(own, panels[losses], strict=False):
                _draw_panel(axis, together, [(labels.index(runs[i][0]), runs[i][1]) for i in members])
            names = dict.fromkeys(runs[index][0] for index in members)
            own[0].set_ylabel("loss" if len(kinds) == 1 else "\n".join(names))
        handles = [axes[0, 0].plot([], [], label=label, **model_look(n))[0] for n, label in enumerate(labels)]
        made.legend(handles=handles, loc="outside upper left", ncols=min(len(labels), 3))
        made.supxlabel("images seen", fontsize=10)
        save(made, png, pdf)


def _panels(losses: Sequence[str]) -> list[tuple[str, ...]]:
    """What is drawn together: each loss alone but the logits, the total first."""
    single = [(name,) for name in losses if name not in _LOGITS]
    logits = tuple(name for name in _LOGITS if name in losses)
    return sorted(single, key=lambda panel: panel != ("loss",)) + ([logits] if logits else [])


def _draw_panel(axis: Axes, losses: Sequence[str], histories: Sequence[tuple[int, pd.DataFrame]]) -> None:
    import numpy as np
    from matplotlib.ticker import EngFormatter, MaxNLocator

    from galforge.drawing.style import model_look

    for index, history in histories:
        for name, strength in zip(losses, (1.0, 0.45), strict=False):
            axis.plot(history["images_seen"], history[name], alpha=strength, **model_look(index))
    values = np.concatenate([history[name].to_numpy(float) for _, history in histories for name in losses])
    values = values[np.isfinite(values)]
    if len(values) and values.min() > 0 and values.max() > 20 * values.min():
        axis.set_yscale("log")
    title = losses[0] if len(losses) == 1 else f"{losses[0]}, {losses[1]} (pale)"
    axis.set_title(title.replace("_", " "), loc="left", fontweight="bold", fontsize=8.5)
    axis.tick_params(labelsize=8)
    axis.xaxis.set_major_locator(MaxNLocator(3))
    axis.xaxis.set_major_formatter(EngFormatter(sep=""))


def needs(subject: Subject) -> Needs | None:
    """Histories of all trainings on the data set."""
    if subject.sweep or not subject.histories():
        return None
    return Needs({"histories": subject.histories()}, {"models": subject.trained_labels()["models"]})


def draw(files: Files, told: dict[str, Any], out: dict[str, str]) -> None:
    """Read the files and plot them."""
    import pandas as pd

    from galforge.drawing.labels import pooled_labels

    histories = [pd.read_csv(path) for path in files["histories"]]
    called = pooled_labels(told["models"])
    runs = [(called[model], each) for (model, _), each in zip(told["models"], histories, strict=True)]
    plot(runs, out["png"], out["pdf"])
