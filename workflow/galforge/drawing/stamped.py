"""Files of stamps of a source and its models as a figure wants them: with labels."""

from collections.abc import Mapping
from typing import Any

from galforge.drawing.labels import model_labels, source_label
from galforge.stamps.file import Stamps


def stamped(told: Mapping[str, Any], source: str, *generated: str) -> tuple[tuple[str, str], list[tuple[str, str]]]:
    """(label, file of stamps) of the source, and of the first training of each model."""
    first: dict[str, tuple[int, str]] = {}
    for (model, seed), path in zip(told["models"], generated, strict=True):
        first.setdefault(model, (seed, path))
    with Stamps(source) as stamps:
        label = source_label(told["dataset"], stamps.header.origin, told["scale"])
    labels = model_labels([(model, seed) for model, (seed, _) in first.items()])
    return (label, source), list(zip(labels, (path for _, path in first.values()), strict=True))
