"""The losses of a training as CSV."""

import csv
from pathlib import Path

from galforge.atomic import replacing

History = dict[str, list[float]]
"""``images_seen`` at the end of each row, and the mean of each loss since the row before."""


def write_csv(history: History, out: Path) -> None:
    """Write a history, with images seen first and then the losses by name."""
    names = ["images_seen", *sorted(set(history) - {"images_seen"})]
    with replacing(out) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(zip(*(history[name] for name in names), strict=True))
