"""An assembled table as a reader wants it: per data set, properties down, protocols and models across."""

import pandas as pd

from galforge.drawing.names import model_label, property_label
from galforge.papers.cells import Block, Cell, Column, Count, Row, number
from galforge.papers.gantastic2020 import gantastic2020
from galforge.papers.holzschuh2022 import denoising_table
from galforge.papers.li2024.rows import printed_model, split_bin
from galforge.papers.readings import FLOORS, KINDS, METRICS, REAL, ROUNDTRIP, TABLES, shown_cost
from galforge.papers.table import GANTASTIC

TOTALS = ("large_scales", "small_scales", "average", "overall")
ALL = {"table1": ("all",), "successors": ()}
"""Tables of galaxies made for a redshift, and their rows that average over others."""
STAGES = {
    "entered": "entered",
    "segmented": "segmented",
    "flag_ok": "flag ≤ 1",
    "kept": "kept",
    "early": "early types",
    "red": "red",
}


def blocks(table: str, frame: pd.DataFrame) -> list[Block]:
    """The blocks of an assembled table, one per data set, in its order; rows of single redshift bins are left out."""
    if table == "denoising":
        return denoising_table.blocks(frame)
    frame = frame[[split_bin(str(name)) is None for name in frame["property"]]]
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


def _columns(table: str, rows: pd.DataFrame) -> list[Column]:
    models = [str(model) for model in dict.fromkeys(rows["model"])]
    models.sort(key=lambda model: (model == ROUNDTRIP, model != REAL))
    if table == "cost":
        return [Column(model, "cost") for model in models]
    out = []
    for protocol in ("corrected", "published"):
        for model in models:
            run = rows[(rows["model"] == model) & (rows["protocol"] == protocol) & rows["seeds"].notna()]
            if len(run):
                seeds = f", {run['seeds'].max()} seeds" if run["seeds"].max() > 1 else ""
                # The headings or the rows name the networks.
                named = TABLES[table].by_network or table in (*ALL, "all")
                engine = "" if named else ", ".join(filter(None, run["engine"].unique()))
                out.append(Column(model, protocol, f"{_sizes(table, run)}{seeds}", engine, _own_name(rows, model)))
    printed = rows.loc[rows["published"].notna(), "model"].map(printed_model)
    named = dict.fromkeys(map(printed_model, models))
    return out + [Column(model, "printed", name=_own_name(rows, model)) for model in named if (printed == model).any()]


def _own_name(rows: pd.DataFrame, model: str) -> str:
    """What is called otherwise here than elsewhere: real images that are scored are not held out from generators."""
    scored = (rows["metric"] == "mean_score") & (rows["model"] == "real")
    return gantastic2020.REAL if model == "real" and scored.any() else ""


def _sizes(table: str, run: pd.DataFrame) -> str:
    sizes = [run["n_source"], run["n_generated"]]
    if TABLES[table].study == GANTASTIC or table == "all":
        # Scores are of one sample of images, unless real and generated ones are compared.
        sizes = [each for each in sizes if (each.fillna(0) > 0).any()]
    return " v ".join(map(_extent, sizes))


def _extent(sizes: pd.Series) -> str:
    # Of numbers of one sample the other has no size.
    sizes = sizes[sizes > 0] if (sizes > 0).any() else sizes
    low, high = sizes.min(), sizes.max()
    return f"{low}" if low == high else f"{low}–{high}"


def _rows(table: str, rows: pd.DataFrame, columns: list[Column]) -> list[Row]:
    about, compared = TABLES[table], rows[rows["metric"] != "count"]
    # Rows of runs come first in the frame, so their order of properties holds for the printed ones too.
    keys = list(dict.fromkeys(zip(compared["metric"], compared["property"], strict=True)))
    headings = list(dict.fromkeys(about.heading(*key) for key in keys))
    if about.study == GANTASTIC:
        # Real images, which come first, lack some of the metrics.
        headings = list(dict.fromkeys(about.sections.values()))
    keys.sort(key=lambda key: _place(table, headings.index(about.heading(*key)), *key))
    out = []
    for metric, name in keys:
        own = compared[(compared["metric"] == metric) & (compared["property"] == name)]
        cells = [_cell(own, column, about.factor(metric), about.digits) for column in columns]
        floor = FLOORS.get(KINDS[metric], "floor")
        label = property_label(name, table, metric)
        if any(cells):
            out.append(Row(label, cells, about.heading(metric, name), _is_total(table, metric, name), floor))
    return out


def _place(table: str, heading: int, metric: str, name: str) -> tuple[int, ...]:
    """Where a row stands; scorers differ in their features, whose order is that of the printed table."""
    own = gantastic2020.place(metric, name) if TABLES[table].study == GANTASTIC else 0
    return heading, METRICS.index(metric), _is_total(table, metric, name), own


def _is_total(table: str, metric: str, name: str) -> bool:
    if table in gantastic2020.TOTALS:
        return metric in gantastic2020.TOTALS[table]
    if table in ALL:
        return name.partition("@")[0] in ALL[table]
    return not TABLES[table].by_network and name in TOTALS


def _cell(own: pd.DataFrame, column: Column, factor: float, digits: str) -> Cell | None:
    if column.kind == "printed":
        values = own.loc[own["model"].map(printed_model) == column.model, "published"].dropna()
        return Cell(f"{values.iloc[0] * factor:{digits}}") if len(values) else None
    own = own[own["model"] == column.model]
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
