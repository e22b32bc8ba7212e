"""What tables say of models that are not trained here: who generated the images, where they are, licence, unit."""

from collections.abc import Sequence

import pandas as pd

from galforge.drawing.names import model_label

COLUMN = "given"
"""Of a table's rows: what is known of their model's images; only there where some are not trained here."""


def with_given(frame: pd.DataFrame, given: Sequence[Sequence[str]]) -> pd.DataFrame:
    """Rows of a table with a column ``given``; without given models the frame comes back as it is.

    Args:
        frame: the rows.
        given: (data set, model, sentence) of each.
    """
    if not given:
        return frame
    texts = {(dataset, model): text for dataset, model, text in given}
    keys = zip(frame["dataset"], frame["model"], strict=True)
    return frame.assign(**{COLUMN: [texts.get(key) for key in keys]})


def said(frame: pd.DataFrame, models: dict[str, str]) -> str:
    """The note of a table about given images; empty where none of its models has any.

    Args:
        frame: rows of the table, as ``with_given`` gave them or as read back from a file.
        models: names of models for readers, where the table has its own.
    """
    if COLUMN not in frame:
        return ""
    rows = frame[frame[COLUMN].notna()].drop_duplicates(["dataset", "model"])
    each = [
        f"{models.get(row.model, model_label(row.model))} ({row.dataset}): {getattr(row, COLUMN)}"
        for row in rows.itertuples()
    ]
    return f"Not trained here: {'. '.join(each)}." if each else ""
