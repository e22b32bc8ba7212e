"""An assembled table as Markdown and as LaTeX."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from tabulate import tabulate

from galforge.atomic import replacing, write_text
from galforge.papers.cells import PROTOCOLS, Block, Cell, Column, Row
from galforge.papers.table import Table
from galforge.report.captions import caption, notes
from galforge.report.layout import blocks

_WIDEST = 6  # columns beside each other on a printed page
_LATEX = {
    "\\": r"\textbackslash{}",
    **{sign: "\\" + sign for sign in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "–": "--",
    "≤": r"$\leq$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "∞": r"$_\infty$",
    "⁻": r"$^{-}$",
    **{sign: f"$^{{{digit}}}$" for digit, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    "α": r"$\alpha$",
    "Δ": r"$\Delta$",
    "σ": r"$\sigma$",
    "“": "``",
    "”": "''",
}


def write(table: Table, frame: pd.DataFrame, scale: str, statmorph: str, paths: Sequence[str | Path]) -> None:
    """Write a table for machines (CSV, 12 digits) and for people (Markdown, LaTeX with booktabs).

    Args:
        table: what it is.
        frame: from ``make``.
        scale: the configuration's scale (``paper``, ``demo``), said in the captions.
        statmorph: version of statmorph in the lock, said in the notes with the engine.
        paths: the files, CSV, Markdown and LaTeX.
    """
    csv, md, tex = paths
    with replacing(csv) as temporary:
        frame.to_csv(temporary, index=False, float_format="%.12g", lineterminator="\n")
    write_text(md, markdown(table, frame, scale, statmorph))
    write_text(tex, latex(table, frame, scale, statmorph))


def markdown(table: Table, frame: pd.DataFrame, scale: str, statmorph: str) -> str:
    """The table as Markdown: a caption, per data set the values, by groups of columns, and the counts, then notes."""
    parts = [f"# {table.title}", caption(table, frame, scale)]
    for block in blocks(table, frame):
        parts.append(f"## {block.title} ({block.origin})")
        for columns in pieces(block):
            head = ["property", *(_head(block.columns[index]) for index in columns)]
            rows = _filled(block, columns)
            body = [[_name(row), *(_markdown_cell(row.cells[index], row) for index in columns)] for row in rows]
            parts.append(_pipe(body, head))
        if block.counts:
            body = [[c.sample, c.protocol, *c.stages.values()] for c in block.counts]
            parts.append(_pipe(body, ["stamps", "protocol", *block.counts[0].stages]))
    return "\n\n".join([*parts, *notes(table, frame, statmorph)]) + "\n"


def latex(table: Table, frame: pd.DataFrame, scale: str, statmorph: str) -> str:
    """The table as one LaTeX ``table`` (package booktabs), with a ``tabular`` per data set and group of columns, and
    notes below."""
    lines = [
        r"\begin{table}",
        r"\centering",
        r"\small",
        rf"\caption{{{escape(caption(table, frame, scale))}}}",
        rf"\label{{tab:{table.name.replace('/', '-').replace('_', '-')}}}",
    ]
    for block in blocks(table, frame):
        lines += ["", rf"\medskip\textbf{{{escape(block.title)}}} ({escape(block.origin)})\par\smallskip"]
        for columns in pieces(block):
            lines += _tabular(block, columns)
        for count in block.counts:
            stages = ", ".join(f"{stage} {n}" for stage, n in count.stages.items())
            lines.append(rf"\par {escape(f'Stamps, {count.sample} ({count.protocol}): {stages}.')}")
    lines += ["", r"\medskip\footnotesize", *(rf"\par {escape(note)}" for note in notes(table, frame, statmorph))]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def pieces(block: Block) -> list[list[int]]:
    """Columns by their numbers, in pieces that fit a page: columns of one kind stay together as far as they can."""
    out: list[list[int]] = [[]]
    start = 0
    for _, count in block.groups:
        if len(out[-1]) + count > _WIDEST:
            out.append([])
        for index in range(start, start + count):
            if len(out[-1]) == _WIDEST:
                out.append([])
            out[-1].append(index)
        start += count
    return [piece for piece in out if piece]


def escape(text: str) -> str:
    """Text that LaTeX prints as it is."""
    return "".join(_LATEX.get(sign, sign) for sign in text.replace("×10⁻²", "\0")).replace("\0", r"$\times 10^{-2}$")


def _tabular(block: Block, columns: list[int]) -> list[str]:
    own = [block.columns[index] for index in columns]
    engines = [" & ".join(["engine", *(escape(c.engine) for c in own)]) + r" \\"]
    sizes = [" & ".join(["stamps", *(escape(c.sizes) for c in own)]) + r" \\"]
    lines = [
        rf"\begin{{tabular}}{{l{'r' * len(columns)}}}",
        r"\toprule",
        " & ".join(["", *(escape(c.label) for c in own)]) + r" \\",
        " & ".join(["protocol", *(escape(c.kind) for c in own)]) + r" \\",
        *(engines if any(c.engine for c in own) else []),
        *(sizes if any(c.sizes for c in own) else []),
    ]
    heading = ""
    for row in _filled(block, columns):
        if row.heading != heading or lines[-1].startswith(("stamps", "protocol", "engine")):
            lines.append(r"\midrule")
        if row.heading != heading:
            heading = row.heading
            lines.append(rf"\multicolumn{{{len(columns) + 1}}}{{l}}{{\textit{{{escape(heading)}}}}} \\")
        lines.append(" & ".join([escape(row.label), *(_latex_cell(row.cells[i], row) for i in columns)]) + r" \\")
    return [*lines, r"\bottomrule", r"\end{tabular}", ""]


def _filled(block: Block, columns: list[int]) -> list[Row]:
    """Rows that have a value in one of these columns; all of them where none has."""
    return [row for row in block.rows if any(row.cells[index] for index in columns)] or block.rows


def _head(column: Column) -> str:
    engine = f", engine {column.engine}" if column.engine else ""
    sizes = f" ({column.sizes})" if column.sizes else ""
    return f"{column.label}, {PROTOCOLS[column.kind]}{engine}{sizes}"


def _name(row: Row) -> str:
    return f"{row.heading}: {row.label}" if row.heading else row.label


def _markdown_cell(cell: Cell | None, row: Row) -> str:
    if cell is None:
        return "–"
    text = f"{cell.value} ± {cell.error}" if cell.error else cell.value
    text += f" ({row.floor} {cell.floor})" if cell.floor else ""
    text = f"{text} **{cell.note}**".lstrip() if cell.note else text
    text += f" ({cell.missing})" if cell.missing else ""
    text += f", rank {cell.rank}" if cell.rank else ""
    return text + (f" **at {row.floor}**" if cell.at_floor else "")


def _latex_cell(cell: Cell | None, row: Row) -> str:
    if cell is None:
        return "--"
    # Numbers in mathematical type, for their signs; words as they are.
    plain = escape(cell.value) if cell.value.endswith("M") or not cell.value else f"${cell.value}$"
    text = rf"${cell.value} \pm {cell.error}$" if cell.error else plain
    text += f" ({cell.floor})" if cell.floor else ""
    text += rf" \textit{{{escape(cell.note)}}}" if cell.note else ""
    text += f" ({escape(cell.missing)})" if cell.missing else ""
    text += f", rank {cell.rank}" if cell.rank else ""
    return text + (rf" \textit{{at {row.floor}}}" if cell.at_floor else "")


def _pipe(body: list[list[str]], head: list[str]) -> str:
    escaped = [[text.replace("|", "\\|") for text in row] for row in [head, *body]]
    align = ["left", *["right"] * (len(head) - 1)]
    return tabulate(escaped[1:], escaped[0], "pipe", colalign=align, disable_numparse=True)
