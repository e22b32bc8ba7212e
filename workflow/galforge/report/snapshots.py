"""What tables say of models whose snapshot was chosen: which one, by what, of how many, and whether they diverged."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from galforge.drawing.names import model_label

COLUMN = "snapshot"
"""Of a table's rows: what was chosen of their model; only there where something was chosen."""


def read(choices: Sequence[str | Path]) -> dict[tuple[str, str, int], dict[str, Any]]:
    """Choices (``galforge.snapshots.choose``) by data set, model and seed, in the order of the files."""
    found = [json.loads(Path(path).read_text(encoding="utf-8")) for path in choices]
    return {(each["dataset"], each["model"], each["seed"]): each for each in found}


def with_snapshots(frame: pd.DataFrame, choices: Sequence[str | Path]) -> pd.DataFrame:
    """Rows of a table with a column ``snapshot``, a text for each data set and model that has choices among its seeds.

    Without choices the frame comes back as it is.
    """
    if not choices:
        return frame
    grouped: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for (dataset, model, _), choice in read(choices).items():
        grouped.setdefault((dataset, model), []).append(choice)
    texts = {key: "; ".join(map(_said, own)) for key, own in grouped.items()}
    keys = zip(frame["dataset"], frame["model"], strict=True)
    return frame.assign(**{COLUMN: [texts.get(key) for key in keys]})


def chosen(frame: pd.DataFrame, models: dict[str, str], compared: bool) -> str:
    """The note of a table about chosen snapshots; empty where none of its models has any.

    Args:
        frame: rows of the table, as ``with_snapshots`` gave them or as read back from a file.
        models: names of models for readers, where the table has its own.
        compared: whether the table compares with the source.
    """
    if COLUMN not in frame:
        return ""
    rows = frame[frame[COLUMN].notna()].drop_duplicates(["dataset", "model"])
    if rows.empty:
        return ""
    each = [
        f"{models.get(row.model, model_label(row.model))} ({row.dataset}): {getattr(row, COLUMN)}"
        for row in rows.itertuples()
    ]
    note = (
        f"Of the weights that segments left, those nearest to the validation split are drawn from: {'. '.join(each)}."
    )
    if compared:
        note += " Where the whole source is compared, the validation galaxies that chose are among it."
    return note


def _said(choice: dict[str, Any]) -> str:
    """One choice in words."""
    floor = "" if choice["floor"] is None else f", floor {choice['floor']:.3g}"
    said = (
        f"seed {choice['seed']} after {choice['images_seen']:,} of {choice['images_total']:,} images seen (weights_"
        f"{choice['segment']}, the best of {choice['of']} by {choice['by']}: {choice['value']:.3g}{floor})"
    )
    if choice["diverged"]:
        said += f", diverged after {choice['diverged']['images_seen']:,}"
    return said
