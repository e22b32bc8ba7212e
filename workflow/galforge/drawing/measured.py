"""Measurements of a source and its models as a figure wants them: with labels, several measures joined."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from galforge.compare.joined import joined
from galforge.drawing.labels import model_labels, source_label


def measured(
    told: Mapping[str, Any], *measures: Sequence[str]
) -> tuple[tuple[str, pd.DataFrame], list[tuple[str, pd.DataFrame]]]:
    """(label, measurements) of the source, and of each model.

    Args:
        told: ``dataset``, ``scale`` and ``models`` of a figure.
        measures: of each measure, files of the source and of the models; the columns of several are joined.
    """
    tables = [[pd.read_parquet(path) for path in paths] for paths in zip(*measures, strict=True)]
    source, *generated = (joined(each) if len(each) > 1 else each[0] for each in tables)
    label = source_label(told["dataset"], source.attrs["origin"], told["scale"])
    return (label, source), list(zip(model_labels(told["models"]), generated, strict=True))
