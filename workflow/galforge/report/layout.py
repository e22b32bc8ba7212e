"""An assembled table as a reader wants it: per data set, properties down, protocols and models across."""

import math
from dataclasses import dataclass

import pandas as pd

from galforge.report.metrics import KINDS, METRICS, ROUNDTRIP, TABLES, shown_cost
from galforge.report.style import model_label, property_label

PROTOCOLS = {
    "corrected": "corrected protocol",
    "published": "published protocol",
    "printed": "printed in the paper",
    "cost": "per training",
}
"""Kinds of columns, in the order in which they stand."""
TOTALS = ("large_scales", "small_scales", "average", "overall")
STAGES = {
    "entered": "entered",
    "segmented": "segmented",
    "flag_ok": "flag ≤ 1",
    "kept": "kept",
    "early": "early types",
    "red": "red",
}


@dataclass(frozen=True)
class Cell:
    """A number for readers, rounded to its error: every part is text, empty where there is none."""

    value: str
    error: str = ""
    floor: str = ""
    at_floor: bool = False


@dataclass(frozen=True)
class Column:
    """A model under one protocol (``corrected``, ``published``), its ``printed`` values, or its ``cost``."""

    model: str
    kind: str
    sizes: str = ""
    engine: str = ""

    @property
    def label(self) -> str:
        """The model's name for readers."""
        return model_label(self.model)

    @property
    def what(self) -> str:
        """The kind of the column in words."""
        return PROTOCOLS[self.kind]


@dataclass(frozen=True)
class Row:
    """A property: one cell per column, None where there is no value.

    Attributes:
        label: its name for readers.
        cells: in the order of the columns.
        heading: what stands above it and its neighbours; empty where nothing does.
        total: whether it averages over others.
        floor: what the floor is called: ``ideal`` where a value may lie on either side of it.
    """

    label: str
    cells: list[Cell | None]
    heading: str = ""
    total: bool = False
    floor: str = "floor"


@dataclass(frozen=True)
class Count:
    """How many stamps of one sample came through each stage of measuring."""

    sample: str
    protocol: str
    stages: dict[str, str]


@dataclass(frozen=True)
class Block:
    """One data set of a table."""

    dataset: str
    origin: str
    columns: list[Column]
    rows: list[Row]
    counts: list[Count]

    @property
    def totals(self) -> list[Row]:
        """The rows that average over others."""
        return [row for row in self.rows if row.total]

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Neighbouring columns of one kind: the kind and their number."""
        kinds = [column.kind for column in self.columns]
        return [(kind, kinds.count(kind)) for kind in dict.fromkeys(kinds)]


def blocks(table: str, frame: pd.DataFrame) -> list[Block]:
    """The blocks of an assembled table, one per data set, in its order."""
    # A frame read back from CSV holds these as floats, because rows of printed values lack them.
    frame = frame.astype({"n_source": "Int64", "n_generated": "Int64", "seeds": "Int64"})
    frame = frame.assign(engine=engines(frame), protocol=frame["protocol"].astype(object).fillna(""))
    out = []
    for dataset, rows in frame.groupby("dataset", sort=False):
        measured = rows[rows["seeds"].notna()]
        columns = _columns(table, rows[rows["metric"] != "count"])
        origin = ", ".join(dict.fromkeys(measured["origin"]))
        out.append(Block(str(dataset), origin, columns, _rows(table, rows, columns), _counts(measured)))
    return out


def engines(frame: pd.DataFrame) -> pd.Series:
    """The column ``engine`` as text, whether read from a file, where an empty one is missing, or not."""
    return frame["engine"].astype(object).fillna("")


def number(value: float, error: float, floor: float, factor: float) -> tuple[str, str, str]:
    """Value, error and floor times ``factor``, rounded to the error (to two digits if it starts with 1 or 2).

    Without an error, the value keeps three significant digits. Missing numbers are empty.
    """
    if pd.isna(value):
        return "", "", ""
    value, error, floor = value * factor, error * factor, floor * factor
    if error > 0:
        decimals = _decimals(error, 2 if f"{error:e}"[0] in "12" else 1)
    else:
        decimals = _decimals(value, 3) if value else 2
    # Adding 0 makes a zero of what was rounded to a negative one.
    shown = [f"{round(each, decimals) + 0.0:.{decimals}f}" for each in (value, error, floor)]
    return shown[0], "" if pd.isna(error) else shown[1], "" if pd.isna(floor) else shown[2]


def _decimals(size: float, digits: int) -> int:
    return min(max(digits - 1 - math.floor(math.log10(abs(size))), 0), 6)


def _columns(table: str, rows: pd.DataFrame) -> list[Column]:
    models = [str(model) for model in dict.fromkeys(rows["model"])]
    models.sort(key=lambda model: model == ROUNDTRIP)
    if table == "cost":
        return [Column(model, "cost") for model in models]
    out = []
    for protocol in ("corrected", "published"):
        for model in models:
            run = rows[(rows["model"] == model) & (rows["protocol"] == protocol) & rows["seeds"].notna()]
            if len(run):
                seeds = f", {run['seeds'].max()} seeds" if run["seeds"].max() > 1 else ""
                sizes = f"{_extent(run['n_source'])} v {_extent(run['n_generated'])}{seeds}"
                # The headings name the networks.
                engine = "" if TABLES[table].by_network else ", ".join(filter(None, run["engine"].unique()))
                out.append(Column(model, protocol, sizes, engine))
    printed = [model for model in models if rows.loc[rows["model"] == model, "published"].notna().any()]
    return out + [Column(model, "printed") for model in printed]


def _extent(sizes: pd.Series) -> str:
    low, high = sizes.min(), sizes.max()
    return f"{low}" if low == high else f"{low}–{high}"


def _rows(table: str, rows: pd.DataFrame, columns: list[Column]) -> list[Row]:
    about, compared = TABLES[table], rows[rows["metric"] != "count"]
    # Rows of runs come first in the frame, so their order of properties holds for the printed ones too.
    keys = list(dict.fromkeys(zip(compared["metric"], compared["property"], strict=True)))
    headings = list(dict.fromkeys(about.heading(*key) for key in keys))
    keys.sort(key=lambda key: (headings.index(about.heading(*key)), METRICS.index(key[0]), key[1] in _totals(table)))
    out = []
    for metric, name in keys:
        own = compared[(compared["metric"] == metric) & (compared["property"] == name)]
        cells = [_cell(own, column, about.factor(metric)) for column in columns]
        floor = "ideal" if KINDS[metric] == "score" else "floor"
        label = property_label(name, table, metric)
        out.append(Row(label, cells, about.heading(metric, name), name in _totals(table), floor))
    return out


def _totals(table: str) -> tuple[str, ...]:
    return () if TABLES[table].by_network else TOTALS


def _cell(own: pd.DataFrame, column: Column, factor: float) -> Cell | None:
    own = own[own["model"] == column.model]
    if column.kind == "printed":
        values = own["published"].dropna()
        return Cell(f"{values.iloc[0] * factor:.2f}") if len(values) else None
    if column.kind == "cost":
        return Cell(shown_cost(own["property"].iloc[0], own["value"].iloc[0])) if len(own) else None
    own = own[(own["protocol"] == column.kind) & own["value"].notna()]
    if own.empty:
        return None
    row = own.iloc[0]
    value, error, floor = number(row["value"], row["standard_error"], row["floor"], factor)
    return Cell(value, error, floor, bool(row["at_floor"]))


def _counts(rows: pd.DataFrame) -> list[Count]:
    out = []
    counts = rows[rows["metric"] == "count"]
    for protocol, own in counts.groupby("protocol", sort=False):
        samples = []
        for model, run in own.groupby("model", sort=False):
            by_stage = run.set_index("property")
            if model == ROUNDTRIP:
                samples.append(("Galaxies at their own size", by_stage["n_source"]))
            elif not samples:
                samples.append(("source", by_stage["n_source"]))
            samples.append((model_label(str(model)), by_stage["n_generated"]))
        for sample, n in samples:
            stages = {label: str(n[name]) for name, label in STAGES.items() if name in n.index}
            out.append(Count(sample, str(protocol), stages))
    return out
