"""An assembled table as Markdown and as LaTeX."""

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from tabulate import tabulate

from galforge.atomic import replacing, write_text
from galforge.papers.cells import Cell, Row
from galforge.papers.table import Table
from galforge.papers.views import View, views
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
    """The table as Markdown: a caption, per data set and protocol the values, the counts, then notes."""
    parts = [f"# {table.title}", caption(table, frame, scale)]
    for block in blocks(table, frame):
        parts.append(f"## {block.title} ({block.origin})")
        for view in views(block):
            parts.append(f"**{_head(view)}**{_samples(view)}")
            for columns in pieces(view):
                head = [table.head, *(view.columns[index].label for index in columns)]
                rows = _filled(view, columns)
                body = [[_name(row), *(_markdown_cell(row.cells[index], row) for index in columns)] for row in rows]
                parts.append(_pipe(body, head))
        if block.counts:
            body = [[c.sample, c.protocol, *c.stages.values()] for c in block.counts]
            parts.append(_pipe(body, ["stamps", "protocol", *block.counts[0].stages]))
    return "\n\n".join([*parts, *notes(table, frame, statmorph)]) + "\n"


def latex(table: Table, frame: pd.DataFrame, scale: str, statmorph: str) -> str:
    """The table as one LaTeX ``table`` (package booktabs), with a ``tabular`` per data set and protocol, and notes
    below."""
    lines = [
        r"\begin{table}",
        r"\centering",
        r"\small",
        rf"\caption{{{escape(caption(table, frame, scale))}}}",
        rf"\label{{tab:{table.name.replace('/', '-').replace('_', '-')}}}",
    ]
    for block in blocks(table, frame):
        lines += ["", rf"\medskip\textbf{{{escape(block.title)}}} ({escape(block.origin)})\par\smallskip"]
        for view in views(block):
            lines.append(rf"\textit{{{escape(_head(view))}}}{escape(_samples(view))}\par\smallskip")
            for columns in pieces(view):
                lines += _tabular(table, view, columns)
        for count in block.counts:
            stages = ", ".join(f"{stage} {n}" for stage, n in count.stages.items())
            lines.append(rf"\par {escape(f'Stamps, {count.sample} ({count.protocol}): {stages}.')}")
    lines += ["", r"\medskip\footnotesize", *(rf"\par {escape(note)}" for note in notes(table, frame, statmorph))]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def pieces(view: View) -> list[list[int]]:
    """Columns by their numbers, in pieces of equal size that fit a printed page."""
    count = len(view.columns)
    size = math.ceil(count / math.ceil(count / _WIDEST))
    return [list(range(start, min(start + size, count))) for start in range(0, count, size)]


def escape(text: str) -> str:
    """Text that LaTeX prints as it is."""
    return "".join(_LATEX.get(sign, sign) for sign in text.replace("×10⁻²", "\0")).replace("\0", r"$\times 10^{-2}$")


def _tabular(table: Table, view: View, columns: list[int]) -> list[str]:
    lines = [
        rf"\begin{{tabular}}{{l{'r' * len(columns)}}}",
        r"\toprule",
        " & ".join([escape(table.head), *(escape(view.columns[index].label) for index in columns)]) + r" \\",
        r"\midrule",
    ]
    heading = ""
    for row in _filled(view, columns):
        if row.heading != heading:
            if heading:
                lines.append(r"\midrule")
            heading = row.heading
            lines.append(rf"\multicolumn{{{len(columns) + 1}}}{{l}}{{\textit{{{escape(heading)}}}}} \\")
        lines.append(" & ".join([escape(row.label), *(_latex_cell(row.cells[i], row) for i in columns)]) + r" \\")
    return [*lines, r"\bottomrule", r"\end{tabular}", ""]


def _filled(view: View, columns: list[int]) -> list[Row]:
    """Rows that have a value in one of these columns; all of them where none has."""
    return [row for row in view.rows if any(row.cells[index] for index in columns)] or view.rows


def _head(view: View) -> str:
    return view.what[:1].upper() + view.what[1:]


def _samples(view: View) -> str:
    return f" ({view.samples})" if view.samples else ""


def _name(row: Row) -> str:
    return f"{row.heading}: {row.label}" if row.heading else row.label


def _beside(cell: Cell, row: Row) -> list[str]:
    """What stands beside or below a number: its floor, its rank, what the paper prints."""
    near = f"at {row.floor}" if cell.at_floor else row.floor
    found = [near + (f" {cell.floor}" if cell.floor else "") if cell.floor or cell.at_floor else ""]
    found += [cell.missing, f"rank {cell.rank}" if cell.rank else "", f"printed {cell.printed}" if cell.printed else ""]
    return list(filter(None, found))


def _markdown_cell(cell: Cell | None, row: Row) -> str:
    if cell is None:
        return "–"
    text = f"{cell.value} ± {cell.error}" if cell.error else cell.value
    text = f"{text} **{cell.note}**".lstrip() if cell.note else text
    beside = ", ".join(f"**{said}**" if said.startswith("at ") else said for said in _beside(cell, row))
    return f"{text} ({beside})".lstrip() if beside else text


def _latex_cell(cell: Cell | None, row: Row) -> str:
    if cell is None:
        return "--"
    # Numbers in mathematical type, for their signs; words as they are.
    plain = escape(cell.value) if cell.value.endswith("M") or not cell.value else f"${cell.value}$"
    text = rf"${cell.value} \pm {cell.error}$" if cell.error else plain
    below = [rf"\textit{{{escape(cell.note)}}}"] if cell.note else []
    below += [rf"\textit{{{escape(said)}}}" if said.startswith("at ") else escape(said) for said in _beside(cell, row)]
    if not below:
        return text
    # A second line keeps the column narrow.
    return rf"\shortstack[r]{{{text}\\ {{\scriptsize {', '.join(below)}}}}}"


def _pipe(body: list[list[str]], head: list[str]) -> str:
    escaped = [[text.replace("|", "\\|") for text in row] for row in [head, *body]]
    align = ["left", *["right"] * (len(head) - 1)]
    return tabulate(escaped[1:], escaped[0], "pipe", colalign=align, disable_numparse=True)
