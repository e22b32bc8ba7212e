"""Papers, found by the names of their folders, as families are: adding one edits no other file."""

import importlib
from dataclasses import replace
from functools import cache
from pathlib import Path

from galforge.compare.kind import kinds
from galforge.errors import GalforgeError
from galforge.papers.overall import NAME, overall
from galforge.papers.paper import Paper
from galforge.papers.table import Table

FOLDER = Path(__file__).resolve().parent


def names() -> list[str]:
    """Names of the papers, in the order of the page: folders with a module ``paper``."""
    found = [file.parent.name for file in FOLDER.glob("*/paper.py")]
    return sorted(found, key=lambda name: (paper(name).place, name))


@cache
def paper(name: str) -> Paper:
    """A paper by the name of its folder."""
    return importlib.import_module(f"galforge.papers.{name}.paper").PAPER


@cache
def tables() -> dict[str, Table]:
    """Tables by name, ``<paper>/<file>``: those of every paper, and that of all generators, ``all``.

    Each knows how its metrics are read: its comparisons say it, or it says so itself.
    """
    found = {}
    for of in names():
        for file, table in paper(of).tables.items():
            declared = (kinds()[name].readings.items() for name in table.comparisons if name in kinds())
            readings = {metric: how for each in declared for metric, how in each if metric in (*table.metrics, "count")}
            found[f"{of}/{file}"] = replace(table, name=f"{of}/{file}", readings={**readings, **table.readings})
    return found | {NAME: overall(found)}


def table(name: str) -> Table:
    """A table by name.

    Raises:
        GalforgeError: there is none of that name.
    """
    if name not in tables():
        raise GalforgeError(f"table {name!r} is not one of {', '.join(tables())}")
    return tables()[name]


def figure_names(name: str) -> list[str]:
    """Names of a paper's figures: the modules of its folder ``figures``."""
    return sorted(file.stem for file in FOLDER.glob(f"{name}/figures/[!_]*.py"))
