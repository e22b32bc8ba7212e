"""An assembled table as a reader wants it: per data set, properties down, protocols and models across."""

import numpy as np
import pandas as pd

from galforge.compare.kind import REAL, ROUNDTRIP
from galforge.compare.rows import FEWEST
from galforge.drawing.names import model_label, split_bin
from galforge.papers.assembly import engines
from galforge.papers.cells import Block, Cell, Column, Count, Row, number
from galforge.papers.overall import IN_FLOORS
from galforge.papers.overall import NAME as ALL
from galforge.papers.printed import printed_model
from galforge.papers.readings import FLOORS
from galforge.papers.table import COUNTS, Table

STAGES = dict(zip(COUNTS, ("entered", "segmented", "flag ≤ 1", "kept", "early types", "red"), strict=True))
"""What stages of measuring are called."""


def blocks(table: Table, frame: pd.DataFrame) -> list[Block]:
    """The blocks of a table, one per data set, in its order; rows of single redshift bins are left out."""
    if table.blocks:
        return table.function("blocks")(table, frame)
    frame = frame[[split_bin(str(name)) is None for name in frame["property"]]]
    # A frame read back from CSV holds these as floats, because rows of printed values lack them.
    frame = frame.astype(dict.fromkeys(("n_source", "n_generated", "seeds", "rank"), "Int64"))
    frame = frame.assign(engine=engines(frame), protocol=frame["protocol"].astype(object).fillna(""))
    out = []
    for dataset, rows in frame.groupby("dataset", sort=False):
        measured = rows[rows["seeds"].notna()]
        columns = _columns(table, rows[rows["metric"] != "count"])
        origin = ", ".join(dict.fromkeys(measured["origin"]))
        out.append(Block(str(dataset), origin, columns, _rows(table, rows, columns), _counts(measured)))
    return out


def _columns(table: Table, rows: pd.DataFrame) -> list[Column]:
    models = [str(model) for model in dict.fromkeys(rows["model"])]
    models.sort(key=lambda model: (model == ROUNDTRIP, model != REAL))
    out = []
    for protocol in ("corrected", "published"):
        for model in models:
            run = rows[(rows["model"] == model) & (rows["protocol"] == protocol) & rows["seeds"].notna()]
            if len(run):
                seeds = f", {run['seeds'].max()} seeds" if run["seeds"].max() > 1 else ""
                engine = ", ".join(filter(None, run["engine"].unique())) if table.engines else ""
                out.append(Column(model, protocol, f"{_sizes(run)}{seeds}", engine, table.models.get(model, "")))
    printed = set(rows.loc[rows["published"].notna(), "model"].map(printed_model))
    named = dict.fromkeys(map(printed_model, models))
    return out + [Column(model, "printed", name=table.models.get(model, "")) for model in named if model in printed]


def _sizes(run: pd.DataFrame) -> str:
    """Numbers of source and generated stamps; one of them where there is one sample only."""
    return " v ".join(_extent(run[name]) for name in ("n_source", "n_generated") if run[name].notna().any())


def _extent(sizes: pd.Series) -> str:
    # Of numbers of one sample the other has no size.
    sizes = sizes[sizes > 0] if (sizes > 0).any() else sizes
    low, high = sizes.min(), sizes.max()
    return f"{low}" if low == high else f"{low}–{high}"


def _rows(table: Table, rows: pd.DataFrame, columns: list[Column]) -> list[Row]:
    compared = rows[rows["metric"] != "count"]
    found = {(str(key[0]), str(key[1])): own for key, own in compared.groupby(["metric", "property"], sort=False)}
    # Headings in the order of the metrics, and networks in that of the rows.
    sections = map(table.sections.get, table.metrics)
    headings = list(dict.fromkeys([*filter(None, sections), *(table.heading(*key) for key in found)]))
    out = []
    # Where a network that was not run is all that tells a row from another, the one that was run comes first.
    for metric, name in sorted(found, key=lambda key: (headings.index(table.heading(*key)), *table.place(*key)[:4])):
        # Single properties are many, and what a rank among them says is little.
        few, total = table.by_network or bool(table.averages), table.is_total(metric, name)
        ranks = few or total or (table.name == ALL and metric != IN_FLOORS)
        cells = [_cell(found[metric, name], column, table.factor(metric), table.digits, ranks) for column in columns]
        if any(cells):
            floor = FLOORS.get(table.reading_of(metric), "floor")
            out.append(Row(table.label(metric, name), cells, table.heading(metric, name), total, floor))
    return out


def _cell(own: pd.DataFrame, column: Column, factor: float, digits: str, ranks: bool) -> Cell | None:
    if column.kind == "printed":
        values = own.loc[own["model"].map(printed_model) == column.model, "published"].dropna()
        return Cell(f"{values.iloc[0] * factor:{digits}}") if len(values) else None
    own = own[own["model"] == column.model]
    own = own[(own["protocol"] == column.kind) & own["seeds"].notna()]
    if own.empty:
        return None
    row = own.iloc[0]
    if pd.isna(row["value"]):
        return Cell("", note=_why_blank(row))
    value, error, floor = number(row["value"], row["standard_error"], row["floor"], factor)
    rank = str(row["rank"]) if ranks and pd.notna(row["rank"]) else ""
    limit = f"{row['limit'] * factor:.4g}" if np.isfinite(row["limit"]) else ""
    return Cell(value, error, floor, bool(row["at_floor"]), missing=_measured(row, factor), rank=rank, limit=limit)


def _why_blank(row: pd.Series) -> str:
    """Why a row that was compared has no value."""
    for side, name in (("source", "n_source"), ("generated", "n_generated")):
        if pd.notna(row[name]) and row[name] < FEWEST:
            return f"no value: {row[name]} of the {side} galaxies could be measured"
    return "no value: too few galaxies, or all are equal"


def _measured(row: pd.Series, factor: float) -> str:
    """What a cell says of galaxies that cannot be measured, where their share is not that of the source."""
    source, generated = row["share_source"], row["share_generated"]
    if not abs(generated - source) > row["share_limit"]:
        return ""
    alone, *_ = number(row["conditional"], row["conditional_error"], np.nan, factor)
    told = f"; {alone} for these alone" if alone else ""
    error = f" ± {max(100 * row['share_error'], 1):.0f}" if row["share_error"] > 0 else ""
    return f"{100 * generated:.0f}{error} % measured, source {100 * source:.0f} %{told}"


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
