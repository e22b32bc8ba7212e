"""What a figure calls a source and its models: every label says where the stamps come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from galforge.drawing.names import model_label

if TYPE_CHECKING:
    import pandas as pd


def source_label(dataset: str, origin: str, scale: str) -> str:
    """A source with its origin and the scale of the run."""
    return f"{dataset} ({origin}, {scale} scale)"


def model_labels(models: Sequence[tuple[str, int]]) -> list[str]:
    """Trained models; the seed is said where a model was trained with several."""
    names = [name for name, _ in models]
    return [
        f"{model_label(name)}, seed {seed}" if names.count(name) > 1 else model_label(name) for name, seed in models
    ]


def scorer_label(scorer: str) -> str:
    """A scorer of images: its kind and its features, in words."""
    model, _, features = scorer.partition("-")
    return f"{model_label(model)}, {features.replace('_', ' ')}"


def measured(
    told: Mapping[str, Any], *measures: Sequence[str]
) -> tuple[tuple[str, pd.DataFrame], list[tuple[str, pd.DataFrame]]]:
    """(label, measurements) of the source, and of each model.

    Args:
        told: ``dataset``, ``scale`` and ``models`` of a figure.
        measures: of each measure, files of the source and of the models; the columns of several are joined.
    """
    import pandas as pd

    from galforge.compare.joined import joined

    tables = [[pd.read_parquet(path) for path in paths] for paths in zip(*measures, strict=True)]
    source, *generated = (joined(each) if len(each) > 1 else each[0] for each in tables)
    label = source_label(told["dataset"], source.attrs["origin"], told["scale"])
    return (label, source), list(zip(model_labels(told["models"]), generated, strict=True))


def stamped(told: Mapping[str, Any], source: str, *generated: str) -> tuple[tuple[str, str], list[tuple[str, str]]]:
    """(label, file of stamps) of the source, and of each model."""
    from galforge.stamps.file import Stamps

    with Stamps(source) as stamps:
        label = source_label(told["dataset"], stamps.header.origin, told["scale"])
    return (label, source), list(zip(model_labels(told["models"]), generated, strict=True))
