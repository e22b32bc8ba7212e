"""From the last state of a training to what the rest of the workflow uses: weights and history."""

import csv
from pathlib import Path

from galforge.atomic import replacing
from galforge.models import weights
from galforge.training import state as states


def export_weights(state: Path, out: Path) -> None:
    """Write the averaged weights of a state as safetensors, with all that is needed to sample from them.

    Raises:
        StateError: the state is damaged.
    """
    content = states.read(state)
    names = ("family", "network_settings", "shape", "normalisation", "header", "images_seen", "seed")
    weights.write(out, content["average"], {name: content[name] for name in names})


def export_history(state: Path, out: Path) -> None:
    """Write the losses of a training as CSV: images seen, then the mean of each loss since the row before.

    Raises:
        StateError: the state is damaged.
    """
    history = states.read(state)["history"]
    names = ["images_seen", *sorted(set(history) - {"images_seen"})]
    with replacing(out) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(zip(*(history[name] for name in names), strict=True))
