"""What models cost: time, numbers learned, images seen."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

from safetensors import safe_open

from galforge.models.about import read_about

SECONDS_PER_HOUR = 3600


def origin_of(weights: Path) -> str:
    """Origin of the stamps that exported weights were trained on."""
    return json.loads(read_about(weights)["header"])["origin"]


def costs(segments: Sequence[Path], weights: Path, generator: Sequence[str]) -> dict[str, float]:
    """The cost of one training, by property.

    `parameters` (buffers included), `generator_parameters` (what sampling needs, where that is known), `images_seen`,
    `gpu_hours` and `cpu_hours`: wall time times GPUs, or times CPU threads where no GPU trained, of tries that led to
    the result.

    Args:
        segments: accounts of all segments of the training (``galforge.training.cost``).
        weights: the exported weights.
        generator: names of the networks that sampling needs (GENERATOR in a family's settings); none where unknown.
    """
    about = read_about(weights)
    numbers = {}
    with safe_open(weights, framework="np") as file:
        for name in file.keys():  # noqa: SIM118 - no mapping
            numbers[name] = math.prod(file.get_slice(name).get_shape())
    out = {"parameters": float(sum(numbers.values()))}
    if generator:
        out["generator_parameters"] = float(
            sum(count for name, count in numbers.items() if name.split(".")[0] in generator)
        )
    spent = [json.loads(path.read_text(encoding="utf-8")) for path in segments]
    on_gpu = [each["seconds"] * each["processes"] for each in spent if each["device"] == "cuda"]
    on_cpu = [each["seconds"] * each["processes"] * each["threads"] for each in spent if each["device"] == "cpu"]
    return out | {
        "images_seen": float(about["images_seen"]),
        "gpu_hours": sum(on_gpu) / SECONDS_PER_HOUR,
        "cpu_hours": sum(on_cpu) / SECONDS_PER_HOUR,
    }
