"""From the last state of a training to what the rest of the workflow uses: weights and history."""

from pathlib import Path

from galforge.models import weights
from galforge.training import state as states
from galforge.training.history import write_csv


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
