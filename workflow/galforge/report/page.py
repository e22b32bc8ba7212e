"""The report: one HTML file that needs nothing else, what a person opens first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import jinja2
import pandas as pd

from galforge.atomic import write_text
from galforge.drawing.names import COSTS, listed, model_label
from galforge.errors import GalforgeError
from galforge.papers import registry
from galforge.papers.answers import Filled
from galforge.papers.overall import NAME as ALL
from galforge.papers.paper import Section
from galforge.papers.table import function
from galforge.papers.views import views
from galforge.report import layout
from galforge.report.captions import caption, notes
from galforge.report.glossary import TERMS, linked, sentences
from galforge.report.pictures import embedded
from galforge.report.standings import standings, strip

HEADLINE = "headline"
"""File of the table that stands where the page says who is best."""
SHOWN = 3
"""Sentences of a figure's caption that are not folded away."""
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
        caption: what is seen; the page folds away what follows its first three sentences.
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
class _Picture:
    figure: Figure
    data: str
    width: int
    height: int
    said: str
    more: str


def build(summary: Summary, tables: Mapping[str, pd.DataFrame], figures: Sequence[Figure], out: str | Path) -> None:
    """Write the page.

    Args:
        summary: what was run.
        tables: assembled tables by name (``galforge.papers.registry.tables``); sections show them in their own order.
        figures: PNG files, embedded; each is shown in the section of its kind, in the given order.
        out: the HTML file; written whole or not at all.

    Raises:
        PageError: a figure without alternative text; a figure or table that no section shows.
        PictureError: a figure is missing or no PNG.
    """
    shown = {name: _table(name, frame, summary) for name, frame in tables.items()}
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
    environment.filters["linked"] = linked
    headline = next((shown[name] for name in shown if registry.table(name).file == HEADLINE), None)
    cost = next((shown[name] for name in shown if registry.table(name).comparisons == ("trainings",)), None)
    best = [table for table in (shown.get(ALL), headline) if table]
    own = [table["name"] for table in (*best, cost) if table]
    galaxies = _galaxies(drawn)
    papers = {registry.table(name).paper for name in shown}
    text = environment.get_template("page.html.j2").render(
        summary=summary,
        warning=warning(summary),
        galaxies=galaxies,
        standings=standings(registry.table(ALL), tables[ALL]) if ALL in tables else [],
        best=best,
        strips=strips([each["block"] for each in headline["blocks"]], summary["scale"]) if headline else {},
        cost=cost,
        costs=costs([each["block"] for each in cost["blocks"]]) if cost else {},
        sections=sections({name: table for name, table in shown.items() if name not in own}, drawn),
        terms=TERMS,
        references=[registry.paper(name).reference for name in registry.names() if name in papers],
        model_label=model_label,
        origins={entry["name"]: entry["origin"] for entry in summary["datasets"]},
    )
    write_text(out, text)


def table_at(path: Path) -> str:
    """The name of the table in a file."""
    return path.stem if path.parent.name == "tables" else f"{path.parent.name}/{path.stem}"


def _galaxies(drawn: dict[tuple[str, str], list[_Picture]]) -> list[dict[str, Any]]:
    """Pictures that open the page, taken out of ``drawn``: of each subject the first that a paper offers."""
    out, subjects = [], set[str]()
    for paper in registry.names():
        for kind in registry.paper(paper).galaxies:
            found = [picture for picture in drawn.get((paper, kind), []) if picture.figure.subject not in subjects]
            if found:
                subjects |= {picture.figure.subject for picture in found}
                drawn[paper, kind] = [picture for picture in drawn[paper, kind] if picture not in found]
                out.append({"pictures": found, "said": found[0].figure.caption})
            if not drawn.get((paper, kind), True):
                del drawn[paper, kind]
    return out


def sections(shown: Mapping[str, Any], drawn: Mapping[tuple[str, str], Sequence[Any]]) -> list[dict[str, Any]]:
    """The sections that have a table or a figure: a question, its answer, tables, galleries (pictures of one kind).

    Tables of no paper come first, then the sections of each paper.

    Raises:
        PageError: a figure or table that no section shows.
    """
    found = [
        _section(Section(name, table["about"].title, (name,)), [table], [])
        for name, table in shown.items()
        if "/" not in name
    ]
    for paper in registry.names():
        for section in registry.paper(paper).sections:
            own = [shown[f"{paper}/{name}"] for name in section.tables if f"{paper}/{name}" in shown]
            pictures = [drawn[paper, kind] for kind in section.figures if (paper, kind) in drawn]
            found.append(_section(section, own, pictures))
    _check_shown(found, shown, drawn)
    return [section for section in found if section["tables"] or section["galleries"]]


def _section(section: Section, tables: list[Any], pictures: Sequence[Sequence[Any]]) -> dict[str, Any]:
    filled = [table["filled"] for table in tables]
    return {
        "name": section.name,
        "title": section.title,
        "short": section.short or section.title,
        "lead": section.lead,
        "answer": function(section.answer)(filled) if filled else "",
        "tables": tables,
        "galleries": [
            {"title": each[0].figure.title if number >= section.open else "", "pictures": each}
            for number, each in enumerate(pictures)
        ],
    }


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
        stamps = listed([f"{entry['stamps']:,} of {entry['name']}" for entry in mocks])
        text = f"The numbers below come from mock stamps ({stamps}) and are not the survey's."
        if summary["scale"] not in FULL:
            text += f" The models were trained at {summary['scale']} scale."
        return text
    if summary["scale"] not in FULL:
        stamps = listed([f"{entry['stamps']:,} {entry['name']} stamps" for entry in summary["datasets"]])
        return (
            f"This is a run at {summary['scale']} scale, with {stamps}. It shows that everything works; "
            "its numbers say nothing about the models at full size."
        )
    return ""


def strips(blocks: Sequence[layout.Block], scale: str) -> dict[str, Any]:
    """The strips of the headline by data set."""
    return {block.dataset: strip(block, scale == "paper" and block.origin != "mock") for block in blocks}


def _table(name: str, frame: pd.DataFrame, summary: Summary) -> dict[str, Any]:
    """A table as the template wants it."""
    about = registry.table(name)
    return {
        "name": name,
        "about": about,
        "caption": caption(about, frame, summary["scale"]),
        "notes": notes(about, frame, summary["statmorph"]),
        "blocks": [{"block": block, "views": views(block)} for block in layout.blocks(about, frame)],
        "filled": Filled(about, frame),
    }


def _picture(figure: Figure) -> _Picture:
    if not figure.alt.strip():
        raise PageError(f"{figure.path}: has no alternative text; say what the figure shows")
    picture, said = embedded(figure.path), sentences(figure.caption)
    words = " ".join(said[:SHOWN]), " ".join(said[SHOWN:])
    return _Picture(figure, picture.data, picture.width, picture.height, *words)
