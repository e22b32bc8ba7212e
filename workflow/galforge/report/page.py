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
from galforge.drawing.names import COSTS, GROUPS, model_label
from galforge.errors import GalforgeError
from galforge.papers import registry
from galforge.papers.cells import PROTOCOLS
from galforge.papers.readings import ROUNDTRIP
from galforge.report import layout
from galforge.report.captions import CAPTIONS, PATHS, remarks

FIGURES = tuple(CAPTIONS)
TABLES = registry.tables()
HOLZSCHUH = "holzschuh2022"
TITLES = {
    "stamps": "Stamps",
    "history": "Training",
    "li2024": "Li et al. 2024: galaxies made for a redshift",
    "gantastic2020": "Gantastic 4 (2020): sparse images and their scores",
    **{table.file: table.title for table in TABLES.values() if table.paper in ("", HOLZSCHUH)},
}
"""Sections, in the order of the page after the headline and what was run; each is there if a table or figure is."""
TOGETHER = {
    "all": ("all",),
    "li2024": ("li2024/table1", "li2024/successors"),
    "gantastic2020": ("gantastic2020/table2", "gantastic2020/table1", "gantastic2020/experiments"),
}
"""Tables of the sections that have others than the one of their name."""
SECTIONS = {
    "all": (),
    "stamps": ("stamps", "interpolations"),
    "morphology": ("distributions", "planes", "contours"),
    "power_spectrum": ("spectra",),
    "colour_bulge": ("colours",),
    "photometry": (),
    "joint": (),
    "fid": (),
    "kid": (),
    "coverage": (),
    "denoising": ("sweep", "robustness", "denoised"),
    "li2024": ("redshift_grid", "evolution", "losses", "redshifts", "properties", "divergences", "blind"),
    "gantastic2020": ("sparse_images", "sparse_galaxies", "score_features"),
    "history": ("history",),
}
"""Figures of each section; those that are not the first one of theirs are folded away."""
FOLDED = {
    "interpolations": "Walks through the latent space, and reconstructions",
    "planes": "Gini-M20 and size-magnitude planes",
    "contours": "Pairs of properties",
    "robustness": "Robustness against noise and pixel size",
    "denoised": "Galaxies before and after denoising",
    "redshifts": "Redshifts found against those asked for, galaxy by galaxy",
    "properties": "Distributions in bins of redshift",
    "divergences": "Divergences in bins of redshift",
    "blind": "Can you tell them apart? A sheet to print",
    "sparse_galaxies": "Galaxies, real and drawn by two-stage models",
    "score_features": "What tells images of high score from those of low score",
}


STUDIES = {
    "holzschuh2022": "Holzschuh et al. 2022, MNRAS 515, 652",
    "li2024": "Li et al. 2024, arXiv:2407.07229",
    "gantastic2020": "Gantastic 4, Two-Stage GAN for Sparse Galaxy Image Generation (ETH Zurich)",
}
"""Where printed values come from."""
_COSTS = {
    "parameters": "parameters",
    "images_seen": "images seen",
    "gpu_hours": "GPU-hours",
    "cpu_hours": "CPU-hours",
}


class PageError(GalforgeError):
    """The page cannot be made of what was given."""


class DataSet(TypedDict):
    """One source as the page presents it: its name, origin, number of stamps, and a line about the stamps."""

    name: str
    origin: str
    stamps: int
    details: str


class Run(TypedDict):
    """One model on one data set: the seeds trained and the number of stamps generated per seed."""

    dataset: str
    model: str
    seeds: list[int]
    generated: int


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
    """A PNG file for the page: its kind, one of FIGURES, decides the section, its data set the heading above it."""

    path: Path
    kind: str
    dataset: str
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
    floor: str


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
        tables: assembled tables by name, in the order of the page; the headline is put first.
        figures: PNG files, embedded; each is shown in the section of its kind, in the given order.
        out: the HTML file; written whole or not at all.

    Raises:
        PageError: a figure is missing, no PNG, of unknown kind or without alternative text; an unknown table.
    """
    unknown = [name for name in tables if name not in TABLES]
    if unknown:
        raise PageError(f"page: no table is called {', '.join(unknown)}; there are {', '.join(TABLES)}")
    shown = {name: _table(name, frame, summary["statmorph"]) for name, frame in tables.items()}
    pictures = [_picture(figure) for figure in figures]
    drawn = {kind: [each for each in pictures if each.figure.kind == kind] for kind in FIGURES}
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    headline = shown.get(f"{HOLZSCHUH}/headline")
    text = environment.get_template("page.html.j2").render(
        summary=summary,
        warning=warning(summary),
        headline=headline,
        strips={block.dataset: strip(block, summary["scale"]) for block in (headline["blocks"] if headline else [])},
        cost=shown.get(f"{HOLZSCHUH}/cost"),
        costs=costs(shown[f"{HOLZSCHUH}/cost"]["blocks"]) if f"{HOLZSCHUH}/cost" in shown else {},
        sections=sections(shown, drawn),
        studies=[words for study, words in STUDIES.items() if any(TABLES[name].paper == study for name in tables)],
        figures=drawn,
        folded=FOLDED,
        kinds=PROTOCOLS,
        model_label=model_label,
    )
    write_text(out, text)


def table_at(path: Path) -> str:
    """The name of the table in a file."""
    return path.stem if path.parent.name == "tables" else f"{path.parent.name}/{path.stem}"


def sections(shown: Mapping[str, Any], drawn: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """The sections that have a table or a figure, each with its tables and its kinds of figures."""
    found = [
        {
            "name": name,
            "title": TITLES[name],
            "tables": [shown[table] for table in TOGETHER.get(name, (f"{HOLZSCHUH}/{name}",)) if table in shown],
            "kinds": [kind for kind in kinds if drawn[kind]],
        }
        for name, kinds in SECTIONS.items()
    ]
    return [section for section in found if section["tables"] or section["kinds"]]


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
        if summary["scale"] != "paper":
            text += f" The models were trained at {summary['scale']} scale."
        return text
    if summary["scale"] != "paper":
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
        if cell is not None and column.model != ROUNDTRIP and (comparable or column.kind != "printed")
    ]
    top = max((float(cell.value) + float(cell.error or 0) for _, cell in found), default=0.0)
    top = 1.04 * max([top, *(2 * float(cell.floor or 0) for _, cell in found)])
    if top <= 0:
        return []

    def percent(value: float) -> str:
        return f"{100 * value / top:.1f}"

    bars = []
    for column, cell in found:
        value, error, floor = float(cell.value), float(cell.error or 0), float(cell.floor or 0)
        low = max(value - error, 0)
        bars.append(
            Bar(
                column.label,
                column.kind,
                cell.value,
                percent(value),
                percent(low) if error else "",
                percent(value + error - low) if error else "",
                percent(2 * floor) if floor else "",
            )
        )
    return bars


def _table(name: str, frame: pd.DataFrame, statmorph: str) -> dict[str, Any]:
    """A table as the template wants it."""
    return {
        "name": name,
        "about": TABLES[name],
        # Said once, at the top, and again where the page tells how to read it.
        "remarks": [each for each in remarks(TABLES[name], frame, statmorph) if each != PATHS or "headline" in name],
        "blocks": layout.blocks(TABLES[name], frame),
    }


def _picture(figure: Figure) -> _Picture:
    if figure.kind not in FIGURES:
        raise PageError(f"{figure.path}: kind {figure.kind!r} is not one of {', '.join(FIGURES)}")
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
