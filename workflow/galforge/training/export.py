"""From a state of a training to what the rest of the workflow uses: weights and history."""

import math
from pathlib import Path
from typing import Any

from galforge.atomic import link
from galforge.models import weights
from galforge.training import state as states
from galforge.training.history import write_csv


def export(state: Path, before: Path | None, diverged: int | None = None) -> None:
    """Write ``weights_<i>.safetensors`` and ``history_<i>.csv`` beside ``state_<i>.pt``.

    A segment with nothing left to train has the state ``before`` it by another name. Its weights and history are then
    those of that state by another name, too.

    Args:
        state: of the segment.
        before: the state that it began with; None for the first segment.
        diverged: images seen when the segment diverged: its history ends with a row of them without losses.

    Raises:
        StateError: the state is damaged.
    """
    passed_on = before is not None and state.samefile(before)
    for name, write in (("weights_{}.safetensors", export_weights), ("history_{}.csv", export_history)):
        own, old = (path.with_name(name.format(path.stem.partition("_")[2])) for path in (state, before or state))
        if write is export_history and diverged is not None:
            write_csv(_ended(states.read(state)["history"], diverged), own)
        elif passed_on and old.exists():
            link(old, own)
        else:
            write(state, own)


def export_weights(state: Path, out: Path) -> None:
    """Write the averaged weights (EMA) of a state as safetensors, with everything needed to sample from them.

    Raises:
        StateError: the state is damaged.
    """
    content = states.read(state)
    names = ("family", "network_settings", "shape", "normalisation", "header", "images_seen", "seed")
    weights.write(out, content["average"], {name: content[name] for name in names})


def export_history(state: Path, out: Path) -> None:
    """Write the losses of a training as CSV: images seen, and the mean of each loss since the row before.

    Raises:
        StateError: the state is damaged.
    """
    write_csv(states.read(state)["history"], out)


def _ended(history: dict[str, Any], images_seen: int) -> dict[str, Any]:
    """A history with a last row of no losses."""
    last = dict.fromkeys(history, math.nan) | {"images_seen": images_seen}
    return {name: [*values, last[name]] for name, values in history.items()}
