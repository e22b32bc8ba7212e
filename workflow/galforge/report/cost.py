"""The table of what models cost: time, numbers learned, images seen."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors import safe_open

from galforge.drawing.names import COSTS
from galforge.models.about import read_about
from galforge.papers import assembly
from galforge.papers.cells import Block, Cell, Column, Row
from galforge.papers.table import Table
from galforge.report import snapshots
from galforge.training.cost import hours

GIVEN = "given"
"""The property of models whose images were given as files."""
NO_TRAINING = "no training"
"""In place of an origin, of a data set that no model was trained on: images were given for it, or taken."""
LABELS = COSTS | {GIVEN: "Training"}


def make(
    table: Table, inputs: Mapping[str, Sequence[str]], published: pd.DataFrame, spec: Mapping[str, Any]
) -> pd.DataFrame:
    """The table of costs, from the accounts of all segments, the weights at the end, and the choices of snapshots of
    the trainings in its spec."""
    segments, choices = map(Path, inputs["segments"]), snapshots.read(inputs.get("choices", ()))
    rows: list[dict[str, Any]] = []
    for (dataset, model, seed, count, generator), path in zip(spec["trainings"], inputs["weights"], strict=True):
        weights = Path(path)
        found = costs([next(segments) for _ in range(count)], weights, generator)
        if (choice := choices.get((dataset, model, seed))) is not None:
            # A segment that diverged was spent, too.
            found["images_seen"] = float(choice["images_total"])
            found["snapshot_images"] = float(choice["images_seen"])
        # The origin of the stamps that it was trained on.
        origin = json.loads(read_about(weights)["header"])["origin"]
        trained = {"dataset": dataset, "origin": origin, "model": model, "seed": seed}
        rows += [{**trained, "property": name, "value": value} for name, value in found.items()]
    origins = {row["dataset"]: row["origin"] for row in rows}
    for dataset, model, _ in spec.get("given", []):
        entry = {"dataset": dataset, "origin": origins.get(dataset, NO_TRAINING), "model": model, "seed": 0}
        rows.append({**entry, "property": GIVEN, "value": 1.0})
    return assemble(table, pd.DataFrame(rows))


def assemble(table: Table, costs: pd.DataFrame) -> pd.DataFrame:
    """The table of costs in tidy form, with the columns of ``galforge.papers.assembly``; seeds are averaged.

    Args:
        table: what it is.
        costs: one row per property of a training: dataset, origin, model, seed, property, value.

    Raises:
        TablesError: no rows.
    """
    if costs.empty:
        raise assembly.TablesError(
            f"table {table.name}: no trainings were given; name at least one run in the configuration"
        )
    missing = dict.fromkeys(("standard_error", "floor", "n_source", "n_generated"), np.nan)
    rows = costs.assign(metric="cost", protocol="", engine="", **missing)
    found = assembly.averaged(table, rows).assign(published=np.nan)
    return assembly.ordered(table, found, list(dict.fromkeys(costs["dataset"])))


def blocks(table: Table, frame: pd.DataFrame) -> list[Block]:
    """The blocks of the table, one per data set: a column per model."""
    return [_block(str(dataset), rows) for dataset, rows in frame.groupby("dataset", sort=False)]


def _block(dataset: str, rows: pd.DataFrame) -> Block:
    columns = [Column(str(model), "cost") for model in dict.fromkeys(rows["model"])]
    found = rows.set_index(["property", "model"])["value"].to_dict()
    lines = [
        Row(label, [Cell(shown(name, found[name, c.model])) if (name, c.model) in found else None for c in columns])
        for name, label in LABELS.items()
        if name in set(rows["property"])
    ]
    return Block(dataset, ", ".join(dict.fromkeys(rows["origin"])), columns, lines, [])


def shown(name: str, value: float) -> str:
    """A cost for readers: counts in full or in millions, hours to two digits."""
    if math.isnan(value):
        return ""
    if name == GIVEN:
        return GIVEN
    if name.endswith("_hours"):
        return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
    return f"{value / 1e6:,.3g} M" if value >= 1e5 else f"{value:,.0f}"


def costs(segments: Sequence[Path], weights: Path, generator: Sequence[str]) -> dict[str, float]:
    """The cost of one training, by property.

    ``parameters`` (buffers included), ``generator_parameters`` (what sampling needs, where that is known),
    ``images_seen``, ``gpu_hours`` and ``cpu_hours``: wall time times GPUs, or times CPU threads where no GPU trained,
    of tries that led to the result.

    Args:
        segments: accounts of all segments of the training (``galforge.training.cost``).
        weights: the exported weights.
        generator: names of the networks that sampling needs (GENERATOR in a family's settings); none where unknown.
    """
    about = read_about(weights)
    with safe_open(weights, framework="np") as file:
        numbers = {name: math.prod(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 - no mapping
    out = {"parameters": float(sum(numbers.values()))}
    if generator:
        out["generator_parameters"] = float(
            sum(count for name, count in numbers.items() if name.split(".")[0] in generator)
        )
    spent = [json.loads(path.read_text(encoding="utf-8")) for path in segments]
    return out | {"images_seen": float(about["images_seen"]), **hours(spent)}
