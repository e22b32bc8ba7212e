"""Who is best: ranks of models, with ties, and their distances in units of the floor."""

from dataclasses import dataclass

import pandas as pd

from galforge.compare.kind import REAL, ROUNDTRIP
from galforge.drawing.names import GROUPS
from galforge.papers.answers import Filled, by_count, shortened
from galforge.papers.cells import Block, number
from galforge.papers.overall import IN_FLOORS
from galforge.papers.readings import FLOORS
from galforge.papers.table import Table


@dataclass(frozen=True)
class Place:
    """Where a model stands in one quantity; every part is text, empty where it is missing.

    Attributes:
        rank: with ``=`` where it is shared.
        distance: in units of the floor, or the value where there is no floor.
        at: what the value is too close to for a ranking, as ``at floor``.
    """

    rank: str
    distance: str
    at: str


@dataclass(frozen=True)
class Standing:
    """One model: its name and its places, None where a quantity was not compared."""

    name: str
    places: list[Place | None]


@dataclass(frozen=True)
class Standings:
    """One data set: who is best in a sentence, the quantities, and the models, the best first."""

    dataset: str
    origin: str
    said: str
    quantities: list[str]
    models: list[Standing]


def standings(table: Table, frame: pd.DataFrame) -> list[Standings]:
    """The standings on each data set, from the table of all generators.

    Models are in the order of their mean rank, which orders the rows and claims nothing.

    Args:
        table: that table.
        frame: its rows.
    """
    rows = frame[frame["seeds"].notna() & frame["value"].notna() & (frame["metric"] != IN_FLOORS)]
    said = by_count(Filled(table, rows))
    out = []
    for dataset, own in rows.groupby("dataset", sort=False):
        keys = list(dict.fromkeys(zip(own["metric"], own["property"], strict=True)))
        keys.sort(key=lambda key: table.metrics.index(key[0]))
        mean = own.groupby("model", sort=False)["rank"].mean()
        models = sorted(mean.index, key=lambda model: (model != REAL, mean[model] if pd.notna(mean[model]) else 0.0))
        found = {(row["model"], row["metric"], row["property"]): row for _, row in own.iterrows()}
        shared = own.groupby(["metric", "property", "rank"]).size()
        standing = [
            Standing(Filled(table, own).name(model), [_place(table, found.get((model, *key)), shared) for key in keys])
            for model in models
        ]
        origin = ", ".join(dict.fromkeys(own["origin"]))
        labels = [_label(table, *key) for key in keys]
        out.append(Standings(str(dataset), origin, said.get(str(dataset), ""), labels, standing))
    return out


def _label(table: Table, metric: str, name: str) -> str:
    """A quantity; with its heading where the name of its row is that of a scorer."""
    label = table.label(metric, name)
    return f"{table.sections[metric]} ({label})" if table.reading_of(metric) == "beside" else label


def _place(table: Table, row: pd.Series | None, shared: pd.Series) -> Place | None:
    if row is None:
        return None
    reading = table.reading_of(row["metric"])
    at = f"at {FLOORS.get(reading, 'floor')}" if row["at_floor"] else ""
    if row["floor"] > 0 and reading == "distance":
        distance = f"{shortened(row['value'] / row['floor'])} floors"
    else:
        distance, *_ = number(row["value"], row["standard_error"], float("nan"), table.factor(row["metric"]))
    if pd.isna(row["rank"]):
        return Place("", distance, at)
    tied = shared[row["metric"], row["property"], row["rank"]] > 1
    return Place(f"{int(row['rank'])}{'=' if tied else ''}", distance, at)


@dataclass(frozen=True)
class Bar:
    """One value on the axis of a strip; positions in per cent of its length, empty where there is nothing."""

    label: str
    kind: str
    value: str
    at: str
    left: str
    width: str
    limit: str


def strip(block: Block, comparable: bool) -> list[Bar]:
    """The overall distances of a headline block on one axis from 0; empty where there is no overall row.

    Models alone, under the corrected protocol: galaxies that are stored and decoded have no part in a ranking.

    Args:
        block: of the headline.
        comparable: whether printed values may be compared with these, at paper scale on what the paper used. Only then
            they share the axis, with those of the published protocol.
    """
    cells = next((row.cells for row in block.rows if row.label == GROUPS["overall"]), [])
    kinds = ("corrected", "published", "printed") if comparable else ("corrected",)
    found = [
        (column, cell)
        for column, cell in zip(block.columns, cells, strict=False)
        if cell and cell.value and column.model != ROUNDTRIP and column.kind in kinds
    ]
    top = max((float(cell.value) + float(cell.error or 0) for _, cell in found), default=0.0)
    top = 1.04 * max([top, *(float(cell.limit or 0) for _, cell in found)])
    if top <= 0:
        return []

    def percent(value: float) -> str:
        return f"{100 * value / top:.1f}"

    bars = []
    for column, cell in sorted(found, key=lambda each: (kinds.index(each[0].kind), float(each[1].value))):
        value, error, limit = float(cell.value), float(cell.error or 0), float(cell.limit or 0)
        low = max(value - error, 0)
        bars.append(
            Bar(
                column.label,
                column.kind,
                cell.value,
                percent(value),
                percent(low) if error else "",
                percent(value + error - low) if error else "",
                percent(limit) if limit else "",
            )
        )
    return bars
