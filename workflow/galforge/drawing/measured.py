"""Measurements of a source and its models as a figure wants them: with labels, several measures joined."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from galforge.compare.joined import joined
from galforge.drawing.labels import pooled_labels, source_label
from galforge.measure.stored import read


def measured(
    told: Mapping[str, Any], *measures: Sequence[str]
) -> tuple[tuple[str, pd.DataFrame], list[tuple[str, pd.DataFrame]]]:
    """(label, measurements) of the source, and of each model, whose trainings are put together.

    Args:
        told: ``dataset``, ``scale`` and ``models`` of a figure.
        measures: of each measure, files of the source and of the models; the columns of several are joined.
    """
    tables = [[read(path) for path in paths] for paths in zip(*measures, strict=True)]
    source, *generated = (joined(each) if len(each) > 1 else each[0] for each in tables)
    label = source_label(told["dataset"], source.attrs["origin"], told["scale"])
    by_model: dict[str, list[pd.DataFrame]] = {}
    for (model, _), table in zip(told["models"], generated, strict=True):
        by_model.setdefault(model, []).append(table)
    called = pooled_labels(told["models"])
    return (label, source), [(called[model], _together(each)) for model, each in by_model.items()]


def _together(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """The rows of several tables, with what is said of the first."""
    out = pd.concat(tables, ignore_index=True)
    out.attrs = tables[0].attrs
    return out
