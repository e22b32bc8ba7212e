"""Papers, found by the names of their folders, as families are: adding one edits no other file."""

import importlib
from functools import cache
from pathlib import Path

from galforge.papers.paper import Paper

FOLDER = Path(__file__).resolve().parent


def names() -> list[str]:
    """Names of the papers, in the order of the page: folders with a module ``paper``."""
    found = [file.parent.name for file in FOLDER.glob("*/paper.py")]
    return sorted(found, key=lambda name: (paper(name).place, name))


@cache
def paper(name: str) -> Paper:
    """A paper by the name of its folder."""
    return importlib.import_module(f"galforge.papers.{name}.paper").PAPER


def figure_names(name: str) -> list[str]:
    """Names of a paper's figures: the modules of its folder ``figures``."""
    return sorted(file.stem for file in FOLDER.glob(f"{name}/figures/[!_]*.py"))
