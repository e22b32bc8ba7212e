"""Files of stamps of a source and its models as a figure wants them: with labels."""

from collections.abc import Mapping
from typing import Any

from galforge.drawing.labels import source_label
from galforge.drawing.names import model_label
from galforge.stamps.file import Stamps


def stamped(told: Mapping[str, Any], source: str, *generated: str) -> tuple[tuple[str, str], list[tuple[str, str]]]:
    """(label, file of stamps) of the source, and of the first training of each model."""
    first: dict[str, str] = {}
    for (model, _), path in zip(told["models"], generated, strict=True):
        first.setdefault(model, path)
    with Stamps(source) as stamps:
        label = source_label(told["dataset"], stamps.header.origin, told["scale"])
    return (label, source), [(model_label(model), path) for model, path in first.items()]
