"""The report: one HTML file that needs nothing else, what a person opens first."""

import base64
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import jinja2
import pandas as pd

from galforge.atomic import write_text
from galforge.compare.kind import ROUNDTRIP
from galforge.drawing.names import COSTS, GROUPS, model_label
from galforge.errors import GalforgeError
from galforge.papers import registry
from galforge.papers.cells import PROTOCOLS
from galforge.report import layout
from galforge.report.captions import PATHS, remarks

HEADLINE = "headline"
"""File of a paper's table that stands at the top of the page."""
_COSTS = {
    "parameters": "parameters",
    "images_seen": "images seen",
    "gpu_hours": "GPU-hours",
    "cpu_hours": "CPU-hours",
}


FULL = ("paper", "score", "track")
"""Scales whose numbers are meant: the papers', and comparisons of galaxies that somebody gave."""


class PageError(GalforgeError):
    """The page cannot be made of what was given."""


class DataSet(TypedDict):
    """One source as the page presents it: its name, origin, number of stamps, and a line about the stamps."""

    name: str
    origin: str
    stamps: int
    details: str


class Run(TypedDict):
    """One model on one data set: its seeds, stamps generated per seed, and where they come from if not from a training
    here."""

    dataset: str
    model: str
    seeds: list[int]
    generated: int
    origin: str


class Summary(TypedDict):
    """What was run, for the top and the bottom of the page.

    ``command`` repeats this run, ``full_command`` runs the real thing; ``statmorph`` is its version in the lock;
    ``provenance`` are lines of (what, value), such as the digests of the inputs and the versions of the libraries.
    """

    name: str
    scale: str
    version: str
    commit: str
    datasets: list[DataSet]
    runs: list[Run]
    command: str
    full_command: str
    statmorph: str
    provenance: NotRequired[list[tuple[str, str]]]


@dataclass(frozen=True)
class Figure:
    """A PNG file for the page.

    Attributes:
        path: the file.
        paper: the paper that it is of.
        kind: its name among the figures of the paper, which decides the section.
        subject: the data set or sweep that it shows, its heading.
        title: said where it is folded away.
        caption: what is seen.
        alt: a text for those who do not see it.
    """

    path: Path
    paper: str
    kind: str
    subject: str
    title: str
    caption: str
    alt: str


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


@dataclass(frozen=True)
class _Picture:
    figure: Figure
    data: str
    width: int
    height: int


def build(summary: Summary, tables: Mapping[str, pd.DataFrame], figures: Sequence[Figure], out: str | Path) -> None:
    """Write the page.

    Args:
        summary: what was run.
        tables: assembled tables by name (``galforge.papers.registry.tables``); sections show them in their own order.
        figures: PNG files, embedded; each is shown in the section of its kind, in the given order.
        out: the HTML file; written whole or not at all.

    Raises:
        PageError: a figure is missing, no PNG or without alternative text; a figure or table that no section shows.
    """
    shown = {name: _table(name, frame, summary["statmorph"]) for name, frame in tables.items()}
    drawn: dict[tuple[str, str], list[_Picture]] = {}
    for figure in figures:
        drawn.setdefault((figure.paper, figure.kind), []).append(_picture(figure))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    headline = next((shown[name] for name in shown if registry.table(name).file == HEADLINE), None)
    cost = next((shown[name] for name in shown if registry.table(name).comparisons == ("trainings",)), None)
    own = [table["name"] for table in (headline, cost) if table]
    papers = {registry.table(name).paper for name in shown}
    text = environment.get_template("page.html.j2").render(
        summary=summary,
        warning=warning(summary),
        headline=headline,
        strips={block.dataset: strip(block, summary["scale"]) for block in (headline["blocks"] if headline else [])},
        cost=cost,
        costs=costs(cost["blocks"]) if cost else {},
        sections=sections({name: table for name, table in shown.items() if name not in own}, drawn),
        references=[registry.paper(name).reference for name in registry.names() if name in papers],
        kinds=PROTOCOLS,
        model_label=model_label,
    )
    write_text(out, text)


def table_at(path: Path) -> str:
    """The name of the table in a file."""
    return path.stem if path.parent.name == "tables" else f"{path.parent.name}/{path.stem}"


def sections(shown: Mapping[str, Any], drawn: Mapping[tuple[str, str], Sequence[Any]]) -> list[dict[str, Any]]:
    """The sections that have a table or a figure, each with its tables and its galleries: pictures of one kind.

    Tables of no paper come first, then the sections of each paper.

    Raises:
        PageError: a figure or table that no section shows.
    """
    found = [
        {"name": name, "title": table["about"].title, "lead": "", "tables": [table], "galleries": []}
        for name, table in shown.items()
        if "/" not in name
    ]
    for paper in registry.names():
        for section in registry.paper(paper).sections:
            tables = [f"{paper}/{name}" for name in section.tables]
            pictures = [drawn[paper, kind] for kind in section.figures if (paper, kind) in drawn]
            found.append(
                {
                    "name": section.name,
                    "title": section.title,
                    "lead": section.lead,
                    "tables": [shown[name] for name in tables if name in shown],
                    "galleries": [
                        {"title": each[0].figure.title if number >= section.open else "", "pictures": each}
                        for number, each in enumerate(pictures)
                    ],
                }
            )
    _check_shown(found, shown, drawn)
    return [section for section in found if section["tables"] or section["galleries"]]


def _check_shown(found: Sequence[dict[str, Any]], shown: Mapping[str, Any], drawn: Mapping[Any, Any]) -> None:
    """Refuse what would be missing on the page without a word."""
    there = {table["name"] for section in found for table in section["tables"]}
    pictures = {id(each["pictures"]) for section in found for each in section["galleries"]}
    lost = [f"table {name}" for name in shown if name not in there]
    lost += [f"figure {'/'.join(key)}" for key, each in drawn.items() if id(each) not in pictures]
    if lost:
        raise PageError(f"page: no section shows {', '.join(lost)}; name it in a section of its paper (paper.py)")


def costs(blocks: Sequence[layout.Block]) -> dict[str, dict[str, str]]:
    """What each training cost in few words, by data set and model."""
    out: dict[str, dict[str, str]] = {}
    for block in blocks:
        for index, column in enumerate(block.columns):
            cells = {row.label: row.cells[index] for row in block.rows}
            said = [(cells.get(COSTS[name]), words) for name, words in _COSTS.items()]
            text = ", ".join(f"{cell.value} {words}" for cell, words in said if cell and cell.value not in ("", "0"))
            out.setdefault(block.dataset, {})[column.model] = text
    return out


def warning(summary: Summary) -> str:
    """What keeps anyone from taking a demonstration for a result; empty at paper scale on real data."""
    mocks = [entry for entry in summary["datasets"] if entry["origin"] == "mock"]
    if mocks:
        listed = " and ".join(f"{entry['stamps']:,} mock {entry['name']} stamps" for entry in mocks)
        text = f"The numbers below come from {listed} and are not the survey's."
        if summary["scale"] not in FULL:
            text += f" The models were trained at {summary['scale']} scale."
        return text
    if summary["scale"] not in FULL:
        listed = " and ".join(f"{entry['stamps']:,} {entry['name']} stamps" for entry in summary["datasets"])
        return (
            f"This is a run at {summary['scale']} scale, with {listed}. It shows that everything works; "
            "its numbers say nothing about the models at full size."
        )
    return ""


def strip(block: layout.Block, scale: str) -> list[Bar]:
    """The overall distances of a headline block on one axis from 0; empty where there is no overall row.

    Models alone: galaxies that are stored and decoded have no part in a ranking. Printed values share the axis only
    where they may be compared: at paper scale, on what the paper used.
    """
    cells = next((row.cells for row in block.rows if row.label == GROUPS["overall"]), [])
    comparable = scale == "paper" and block.origin != "mock"
    found = [
        (column, cell)
        for column, cell in zip(block.columns, cells, strict=False)
        if cell and cell.value and column.model != ROUNDTRIP and (comparable or column.kind != "printed")
    ]
    top = max((float(cell.value) + float(cell.error or 0) for _, cell in found), default=0.0)
    top = 1.04 * max([top, *(float(cell.limit or 0) for _, cell in found)])
    if top <= 0:
        return []

    def percent(value: float) -> str:
        return f"{100 * value / top:.1f}"

    bars = []
    for column, cell in found:
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


def _table(name: str, frame: pd.DataFrame, statmorph: str) -> dict[str, Any]:
    """A table as the template wants it."""
    about = registry.table(name)
    return {
        "name": name,
        "about": about,
        # Said once, at the top, and again where the page tells how to read it.
        "remarks": [said for said in remarks(about, frame, statmorph) if said != PATHS or about.file == HEADLINE],
        "blocks": layout.blocks(about, frame),
    }


def _picture(figure: Figure) -> _Picture:
    if not figure.alt.strip():
        raise PageError(f"{figure.path}: has no alternative text; say what the figure shows")
    try:
        content = Path(figure.path).read_bytes()
    except OSError as error:
        raise PageError(f"{figure.path}: the figure cannot be read ({error.strerror}); draw it again") from error
    if content[:8] != b"\x89PNG\r\n\x1a\n" or len(content) < 24:
        raise PageError(f"{figure.path}: is no PNG file; draw it again")
    width, height = struct.unpack(">II", content[16:24])
    return _Picture(figure, "data:image/png;base64," + base64.b64encode(content).decode("ascii"), width, height)
