"""An assembled table as a reader wants it: per data set, properties down, models and protocols across."""

import math
from dataclasses import dataclass

import pandas as pd
from tabulate import tabulate

from galforge.report.captions import measured_by
from galforge.report.style import model_label, property_label

KINDS = {
    "corrected": "corrected protocol",
    "published": "published protocol",
    "printed": "printed in the paper",
}
TOTALS = ("Large scales", "Small scales", "Average", "Overall")
STAGES = {"entered": "entered", "segmented": "segmented", "flag_ok": "flag ≤ 1", "kept": "kept"}
TITLES = {
    "headline": "Headline: the average distances",
    "morphology": "Morphology",
    "power_spectrum": "Power spectrum",
    "photometry": "Photometry and sky",
}
# Distances are shown in hundredths where the papers print them so; photometry has units of its own.
FACTORS = {"headline": 100.0, "morphology": 100.0, "power_spectrum": 100.0, "photometry": 1.0}
UNITS = {
    "headline": "×10⁻² (morphology: of the source's standard deviation; power spectrum: of a dex; overall: "
    "their mean, as the paper averages them)",
    "morphology": "×10⁻² of the source's standard deviation (12.3 means 0.123 standard deviations)",
    "power_spectrum": "×10⁻² dex of the Fourier amplitude (12.3 means 0.123 dex)",
    "photometry": "dex for flux, mag/arcsec² for surface brightness (dex for stamps without zero point), "
    "image units for the sky rms; nothing is standardised",
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
    """A model under one protocol (``corrected``, ``published``), or its ``printed`` values."""

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
        return KINDS[self.kind]


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
    rows: list[tuple[str, list[Cell | None]]]
    counts: list[Count]

    @property
    def totals(self) -> list[tuple[str, list[Cell | None]]]:
        """The rows that average over others."""
        return [row for row in self.rows if row[0] in TOTALS]


def blocks(table: str, frame: pd.DataFrame) -> list[Block]:
    """The blocks of an assembled table, one per data set, in its order."""
    # A frame read back from CSV holds these as floats, because rows of printed values lack them.
    frame = frame.astype({"n_source": "Int64", "n_generated": "Int64", "seeds": "Int64"})
    frame = frame.assign(engine=engines(frame))
    out = []
    for dataset, rows in frame.groupby("dataset", sort=False):
        measured = rows[rows["seeds"].notna()]
        compared = rows[rows["metric"] != "count"]
        columns = _columns(compared)
        # Rows of runs come first in the frame, so their order of properties holds for the printed ones too.
        names = list(dict.fromkeys(compared["property"]))
        names.sort(key=lambda name: property_label(name, table) in TOTALS)
        cells = [(property_label(name, table), _row(compared, name, columns, FACTORS[table])) for name in names]
        origin = ", ".join(dict.fromkeys(measured["origin"]))
        out.append(Block(str(dataset), origin, columns, cells, _counts(measured)))
    return out


def engines(frame: pd.DataFrame) -> pd.Series:
    """The column ``engine`` as text, whether read from a file, where an empty one is missing, or not."""
    return frame["engine"].astype(object).fillna("")


def caption(table: str, frame: pd.DataFrame, scale: str, statmorph: str) -> str:
    """What a table shows, in plain text: metric, unit, sources with their origin, scale, protocols, engine."""
    sources = []
    for block in blocks(table, frame):
        rows = frame[(frame["dataset"] == block.dataset) & frame["seeds"].notna() & (frame["metric"] != "count")]
        largest = int(rows["n_source"].max())
        sources.append(f"{block.dataset} ({block.origin}, up to {largest} source stamps)")
    return (
        f"{TITLES[table]}. Wasserstein-1 distance between source and generated stamps, in {UNITS[table]}; "
        f"smaller is better. Sources: {'; '.join(sources)}. Scale: {scale}. Each cell: value ± standard "
        "error, then the floor, which a perfect model would score at these sample sizes; a cell below twice "
        "its floor says “at floor” and supports no ranking. “Corrected” and “published” are the protocols of "
        "measuring; “printed” is the value in the paper, from its own full-size data, to be compared with "
        f"“published” only. Sizes are source v generated stamps. {measured_by(frame, statmorph)}"
    ).rstrip()


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
    return (
        f"{value:.{decimals}f}",
        "" if pd.isna(error) else f"{error:.{decimals}f}",
        "" if pd.isna(floor) else f"{floor:.{decimals}f}",
    )


def _decimals(size: float, digits: int) -> int:
    return min(max(digits - 1 - math.floor(math.log10(abs(size))), 0), 6)


def markdown(table: str, frame: pd.DataFrame, scale: str, statmorph: str) -> str:
    """The table as Markdown: a caption, then per data set the distances and the counts."""
    parts = [f"# {TITLES[table]}", caption(table, frame, scale, statmorph)]
    for block in blocks(table, frame):
        parts.append(f"## {block.dataset} ({block.origin})")
        head = ["property", *(f"{c.label}, {c.what}{_engine(c)}{_sizes(c)}" for c in block.columns)]
        body = [[name, *(_markdown_cell(cell) for cell in cells)] for name, cells in block.rows]
        parts.append(_pipe(body, head))
        if block.counts:
            body = [[c.sample, c.protocol, *c.stages.values()] for c in block.counts]
            parts.append(_pipe(body, ["stamps", "protocol", *block.counts[0].stages]))
    return "\n\n".join(parts) + "\n"


def latex(table: str, frame: pd.DataFrame, scale: str, statmorph: str) -> str:
    """The table as one LaTeX ``table`` (package booktabs), with a ``tabular`` per data set."""
    lines = [
        r"\begin{table}",
        r"\centering",
        r"\small",
        rf"\caption{{{escape(caption(table, frame, scale, statmorph))}}}",
    ]
    lines.append(rf"\label{{tab:{table.replace('_', '-')}}}")
    for block in blocks(table, frame):
        engine = [" & ".join(["engine", *(escape(c.engine) for c in block.columns)]) + r" \\"]
        lines += [
            "",
            rf"\medskip\textbf{{{escape(block.dataset)}}} ({escape(block.origin)})\par\smallskip",
            rf"\begin{{tabular}}{{l{'r' * len(block.columns)}}}",
            r"\toprule",
            " & ".join(["", *(escape(c.label) for c in block.columns)]) + r" \\",
            " & ".join(["protocol", *(escape(c.kind) for c in block.columns)]) + r" \\",
            *(engine if any(c.engine for c in block.columns) else []),
            " & ".join(["stamps", *(escape(c.sizes) for c in block.columns)]) + r" \\",
            r"\midrule",
            *(" & ".join([escape(name), *map(_latex_cell, cells)]) + r" \\" for name, cells in block.rows),
            r"\bottomrule",
            r"\end{tabular}",
        ]
        for count in block.counts:
            stages = ", ".join(f"{stage} {n}" for stage, n in count.stages.items())
            lines.append(rf"\par {escape(f'Stamps, {count.sample} ({count.protocol}): {stages}.')}")
    return "\n".join([*lines, r"\end{table}"]) + "\n"


_LATEX = {
    "\\": r"\textbackslash{}",
    **{sign: "\\" + sign for sign in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "–": "--",
    "≤": r"$\leq$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "⁻": r"$^{-}$",
    "²": r"$^{2}$",
    "“": "``",
    "”": "''",
}


def escape(text: str) -> str:
    """Text that LaTeX prints as it is."""
    return "".join(_LATEX.get(sign, sign) for sign in text.replace("×10⁻²", "\0")).replace("\0", r"$\times 10^{-2}$")


def _columns(rows: pd.DataFrame) -> list[Column]:
    out = []
    for model, own in rows.groupby("model", sort=False):
        for protocol in ("corrected", "published"):
            run = own[(own["protocol"] == protocol) & own["seeds"].notna()]
            if len(run):
                seeds = f", {run['seeds'].max()} seeds" if run["seeds"].max() > 1 else ""
                sizes = f"{_extent(run['n_source'])} v {_extent(run['n_generated'])}{seeds}"
                out.append(Column(str(model), protocol, sizes, ", ".join(filter(None, run["engine"].unique()))))
        if own["published"].notna().any():
            out.append(Column(str(model), "printed"))
    return out


def _extent(sizes: pd.Series) -> str:
    low, high = sizes.min(), sizes.max()
    return f"{low}" if low == high else f"{low}–{high}"


def _row(rows: pd.DataFrame, name: str, columns: list[Column], factor: float) -> list[Cell | None]:
    out: list[Cell | None] = []
    for column in columns:
        own = rows[(rows["property"] == name) & (rows["model"] == column.model)]
        if column.kind == "printed":
            values = own["published"].dropna()
            out.append(Cell(f"{values.iloc[0] * factor:.2f}") if len(values) else None)
            continue
        own = own[(own["protocol"] == column.kind) & own["value"].notna()]
        if own.empty:
            out.append(None)
            continue
        row = own.iloc[0]
        value, error, floor = number(row["value"], row["standard_error"], row["floor"], factor)
        out.append(Cell(value, error, floor, bool(row["at_floor"])))
    return out


def _counts(rows: pd.DataFrame) -> list[Count]:
    out = []
    counts = rows[rows["metric"] == "count"]
    for protocol, own in counts.groupby("protocol", sort=False):
        source = own.drop_duplicates("property").set_index("property")["n_source"]
        samples = [("source", source)]
        for model, run in own.groupby("model", sort=False):
            samples.append((model_label(str(model)), run.set_index("property")["n_generated"]))
        for sample, n in samples:
            stages = {label: str(n[name]) for name, label in STAGES.items() if name in n.index}
            out.append(Count(sample, str(protocol), stages))
    return out


def _engine(column: Column) -> str:
    return f", engine {column.engine}" if column.engine else ""


def _sizes(column: Column) -> str:
    return f" ({column.sizes})" if column.sizes else ""


def _markdown_cell(cell: Cell | None) -> str:
    if cell is None:
        return "–"
    text = f"{cell.value} ± {cell.error}" if cell.error else cell.value
    text += f" (floor {cell.floor})" if cell.floor else ""
    return text + (" **at floor**" if cell.at_floor else "")


def _latex_cell(cell: Cell | None) -> str:
    if cell is None:
        return "--"
    text = rf"${cell.value} \pm {cell.error}$" if cell.error else f"${cell.value}$"
    text += f" ({cell.floor})" if cell.floor else ""
    return text + (r" \textit{at floor}" if cell.at_floor else "")


def _pipe(body: list[list[str]], head: list[str]) -> str:
    align = ["left", *["right"] * (len(head) - 1)]
    return tabulate(
        [[_bar(text) for text in row] for row in body],
        [_bar(h) for h in head],
        "pipe",
        colalign=align,
        disable_numparse=True,
    )


def _bar(text: str) -> str:
    return text.replace("|", "\\|")
