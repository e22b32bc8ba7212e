"""Two tables of measurements compared without a workflow: distances with errors, floors and limits.

The comparisons are those of the workflow, by the same code, and so are their numbers for the same tables.
"""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from galforge.compare.engines import common_engine
from galforge.compare.joined import check_alike, joined
from galforge.compare.kind import Kind, kinds
from galforge.compare.settings import CompareSettings
from galforge.compare.wasserstein import columns_of, compare_properties, tidy
from galforge.errors import GalforgeError
from galforge.measure.stored import read

MARKS = {
    "morphology": ("gini", "segmented"),
    "power_spectrum": ("mode_00", "mode_14"),
    "photometry": ("log_flux", "sky_rms"),
}
"""Columns that tell of which families of measures a table is."""
PROTOCOLS = ("corrected", "published")
AXES = ("orientation_", "sersic_theta")
"""Angles of axes, which are the same after half a turn."""
SHOWN = ("comparison", "metric", "property", "value", "standard_error", "floor")
Tables = pd.DataFrame | str | Path | Sequence[pd.DataFrame | str | Path]


def compare_tables(
    real: Tables,
    generated: Tables,
    *,
    comparisons: Sequence[str] = (),
    columns: Sequence[str] = (),
    protocol: str = "",
    **settings: Any,
) -> pd.DataFrame:
    """Distances between real and generated galaxies that were measured alike.

    Args:
        real, generated: a table, or its path (Parquet or CSV); or several of the same stamps, one per measure, which
            comparisons of several measures need.
        comparisons: names of modules of ``galforge.compare``; none: all that the tables allow, without those by
            redshift.
        columns: columns that are compared one by one instead, by Wasserstein-1 distances in their own units (angles of
            axes on the circle), where galaxies without a value count (``wasserstein.compare_properties``).
        protocol: ``corrected`` or ``published``; empty: as the tables say, else corrected.
        settings: fields of ``CompareSettings``: bootstrap, halvings, seed and others.

    Returns:
        One row per metric and property: `comparison`, `protocol`, and the columns of ``galforge.compare.rows``. Of
        these `standard_error` is over images, `floor` is what a perfect model scores on average with as many galaxies,
        and 95 % of perfect models are within `limit`.

    Raises:
        GalforgeError: a table cannot be read or lacks columns, the tables were not measured alike, or there is no
            comparison of them.
    """
    first, second = _read(real, "real"), _read(generated, "generated")
    check_alike(first, second)
    if all("engine" in table.attrs for table in (first, second)):
        common_engine(first, second)
    protocol = protocol or _protocol(first, second)
    if protocol not in PROTOCOLS:
        raise GalforgeError(f"there is no protocol {protocol!r}: choose of {', '.join(PROTOCOLS)}")
    try:
        chosen = CompareSettings(**settings)
    except ValidationError as error:
        raise GalforgeError(f"settings of comparisons: {error}") from error
    if columns:
        sides = [_numbers(table, list(columns), side) for table, side in ((first, "real"), (second, "generated"))]
        periods = np.array([np.pi if name.startswith(AXES) else 0.0 for name in columns])
        found = compare_properties(*sides, chosen, periods, complete=protocol == "corrected")
        rows = tidy([found.row(name, [place]) for place, name in enumerate(columns)])
        return _told(rows, "columns", protocol)
    names = list(comparisons) or _allowed(first, second, protocol)
    found = []
    for name in names:
        if name not in kinds():
            raise GalforgeError(f"there is no comparison {name!r}: choose of {', '.join(kinds())}")
        if protocol not in kinds()[name].protocols:
            raise GalforgeError(f"the comparison {name} has no protocol {protocol}, only {kinds()[name].protocols}")
        own = chosen.of(name, protocol, published_cuts=False)
        rows = importlib.import_module(f"galforge.compare.{name}").compare(first, second, own)
        found.append(_told(rows, name, protocol))
    return pd.concat(found, ignore_index=True)


def _read(tables: Tables, side: str) -> pd.DataFrame:
    """The tables of one side, joined."""
    each = [tables] if isinstance(tables, pd.DataFrame | str | Path) else list(tables)
    if not each:
        raise GalforgeError(f"the {side} side has no table")
    read = [table if isinstance(table, pd.DataFrame) else _file(Path(table)) for table in each]
    for table in read:
        if len(table) == 0:
            raise GalforgeError(f"the {side} side has a table without rows")
        if len(read) > 1 and "index" not in table:
            raise GalforgeError(f"the {side} side: tables that are joined need the column index: measure again")
    protocols = {table.attrs.get("protocol", "") for table in read} - {""}
    if len(protocols) > 1:
        raise GalforgeError(f"the {side} side has tables of both protocols: join those of one")
    whole = joined(read).copy(deep=False)
    whole.attrs["protocol"] = next(iter(protocols), "")
    return whole


def _file(path: Path) -> pd.DataFrame:
    """A table of measurements from its file."""
    readers = {".parquet": read, ".csv": pd.read_csv}
    if path.suffix.lower() not in readers:
        raise GalforgeError(f"{path}: a table ends in .parquet or .csv")
    try:
        return readers[path.suffix.lower()](path)
    except (OSError, ValueError) as error:
        raise GalforgeError(f"{path}: no table can be read: {error}") from error


def _protocol(first: pd.DataFrame, second: pd.DataFrame) -> str:
    said = {table.attrs["protocol"] for table in (first, second)} - {""}
    if len(said) > 1:
        raise GalforgeError("the real side was measured by another protocol than the generated one: measure one again")
    return said.pop() if said else "corrected"


def _numbers(table: pd.DataFrame, columns: list[str], side: str) -> np.ndarray:
    """Columns (n, len(columns)) as numbers."""
    try:
        return columns_of(table, columns, side)
    except ValueError as error:
        raise GalforgeError(f"the {side} measurements have text in {', '.join(columns)}: {error}") from error


def _allowed(first: pd.DataFrame, second: pd.DataFrame, protocol: str) -> list[str]:
    """The comparisons that the columns of both tables allow."""
    shared = set(first.columns) & set(second.columns)
    there = {family for family, marks in MARKS.items() if set(marks) <= shared}

    def fits(kind: Kind) -> bool:
        bands = {f"magnitude_{band}" for band in kind.bands} <= shared
        return set(kind.families) <= there and protocol in kind.protocols and bands and not kind.by_redshift

    found = [name for name, kind in kinds().items() if fits(kind)]
    if not found:
        raise GalforgeError(
            f"no comparison knows these tables; their common columns are {', '.join(sorted(shared)[:8])}...: give "
            "tables of galforge.measure, or name columns to compare (columns=[...], --columns)"
        )
    return found


def _told(rows: pd.DataFrame, comparison: str, protocol: str) -> pd.DataFrame:
    rows = rows.drop(columns="replicates")
    rows.insert(0, "comparison", comparison)
    rows.insert(1, "protocol", protocol)
    return rows


def summary(rows: pd.DataFrame) -> str:
    """Value, error and floor of every row, as lines of text."""
    short = rows.loc[np.isfinite(rows["value"]), list(SHOWN)]
    return short.to_string(index=False, float_format=lambda value: f"{value:.3g}", na_rep="")
