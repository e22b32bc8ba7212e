"""How training went: every loss of one or more runs against the images seen."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.ticker import EngFormatter, MaxNLocator

from galforge.errors import GalforgeError
from galforge.report.style import figure, model_look, save


class HistoryError(GalforgeError):
    """A training history cannot be drawn."""


def draw(runs: Sequence[tuple[str, pd.DataFrame]], png: str | Path, pdf: str | Path) -> None:
    """One panel per loss, one line per run.

    Args:
        runs: (label, history); a history has a column ``images_seen`` (seen so far) and one column per loss.

    Raises:
        HistoryError: a history has no column ``images_seen``, no loss or no rows.
    """
    for label, history in runs:
        if "images_seen" not in history.columns or len(history.columns) < 2 or history.empty:
            raise HistoryError(
                f"{label}: the training history needs the column images_seen, a loss and rows; it has "
                f"{len(history)} rows of {', '.join(history.columns)}; train the run again"
            )
    losses = list(dict.fromkeys(name for _, history in runs for name in history.columns if name != "images_seen"))
    across = min(len(losses), 3)
    down = -(-len(losses) // across)
    with figure(9.0, 0.6 + 2.7 * down) as made:
        axes = made.subplots(down, across, squeeze=False)
        for axis in axes.ravel()[len(losses) :]:
            axis.set_axis_off()
        for axis, loss in zip(axes.ravel(), losses, strict=False):
            drawn = []
            for index, (label, history) in enumerate(runs):
                if loss in history.columns:
                    axis.plot(history["images_seen"], history[loss], label=label, **model_look(index))
                    drawn.append(history[loss].to_numpy(float))
            values = np.concatenate(drawn)
            values = values[np.isfinite(values)]
            if len(values) and values.min() > 0 and values.max() > 20 * values.min():
                axis.set_yscale("log")
            axis.set_title(loss.replace("_", " "), loc="left", fontweight="bold")
            axis.set_xlabel("images seen")
            axis.xaxis.set_major_locator(MaxNLocator(5))
            axis.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes[0, 0].set_ylabel("loss")
        made.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper left", ncols=min(len(runs), 3))
        save(made, png, pdf)
