"""What a laid-out table consists of: blocks of rows and columns, and cells with numbers as they are shown."""

import math
from dataclasses import dataclass

import pandas as pd

from galforge.drawing.names import model_label

PROTOCOLS = {
    "reference": "no network",
    "brought": "brought from elsewhere",
    "corrected": "corrected protocol",
    "published": "published protocol",
    "printed": "printed in the paper",
    "cost": "per training",
}
"""Kinds of columns, in the order in which they stand."""


@dataclass(frozen=True)
class Cell:
    """A number for readers, rounded to its error. Every part is text, empty where it is missing.

    ``note`` stands below the number, such as that it supports no claim; ``missing`` says where fewer
    or more galaxies could be measured than of the source. ``rank`` is that among the models.
    ``limit`` is what one perfect model in twenty would exceed; only pictures show it. ``printed`` is what the paper
    prints for it.
    """

    value: str
    error: str = ""
    floor: str = ""
    at_floor: bool = False
    note: str = ""
    missing: str = ""
    rank: str = ""
    limit: str = ""
    printed: str = ""


@dataclass(frozen=True)
class Column:
    """A model under one protocol (``corrected``, ``published``), its ``printed`` values, or its ``cost``.

    In the denoising study it is the networks of one share of generated galaxies, a ``reference``, a method without a
    network, or a network that was ``brought``. ``name`` replaces the usual name of the model.
    """

    model: str
    kind: str
    sizes: str = ""
    engine: str = ""
    name: str = ""

    @property
    def label(self) -> str:
        """The model's name for readers."""
        return self.name or model_label(self.model)


@dataclass(frozen=True)
class Row:
    """A property: one cell per column, None where there is no value.

    Attributes:
        label: its name for readers.
        cells: in the order of the columns.
        heading: of a group of rows; empty without one.
        total: whether the page shows it first, the others folded away.
        floor: what the floor is called: ``ideal`` where a value may lie on either side of it.
    """

    label: str
    cells: list[Cell | None]
    heading: str = ""
    total: bool = False
    floor: str = "floor"


@dataclass(frozen=True)
class Count:
    """How many stamps of one sample came through each stage of measuring."""

    sample: str
    protocol: str
    stages: dict[str, str]


@dataclass(frozen=True)
class Block:
    """One data set of a table, or a part of its rows.

    Attributes:
        part: which part of the data set's rows it shows; empty where it shows all.
        folded: words under which the page folds the block away; empty where it does not.
    """

    dataset: str
    origin: str
    columns: list[Column]
    rows: list[Row]
    counts: list[Count]
    part: str = ""
    folded: str = ""

    @property
    def title(self) -> str:
        """The heading above the block."""
        return f"{self.dataset}, {self.part}" if self.part else self.dataset


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
    # Adding 0 makes a zero of what was rounded to a negative one.
    shown = [f"{round(each, decimals) + 0.0:.{decimals}f}" for each in (value, error, floor)]
    return shown[0], "" if pd.isna(error) else shown[1], "" if pd.isna(floor) else shown[2]


def _decimals(size: float, digits: int) -> int:
    return min(max(digits - 1 - math.floor(math.log10(abs(size))), 0), 6)
