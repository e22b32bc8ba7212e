"""Compare the tables of two folders of results: every cell of their CSV files that differs is printed.

Rows are found by what they are of, not by where they stand: by all columns of text and by those that tell one row of a
sweep from another. Times and costs differ from run to run; leave them out with ``--without``.

    python benchmarks/compare_tables.py results/before results/after [--tolerance 1e-9] [--without cost time]
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

from galforge.compare.rows import MORE

VALUES = (
    *("value", "standard_error", "error_images", "error_seeds", "floor", *MORE, "at_floor", "rank"),
    *("n_source", "n_generated", "seeds", "published", "supported"),
)
"""Columns that are no part of what tells rows apart."""


def differences(before: Path, after: Path, tolerance: float = 0.0, without: Sequence[str] = ()) -> Iterator[str]:
    """Lines about tables, columns, rows and cells that differ.

    Args:
        before, after: folders of results, each with a folder ``tables``.
        tolerance: largest relative difference of numbers that counts as none.
        without: rows are left out whose metric or property, or whose table's path, contains one of these words.
    """
    files = [{path.relative_to(folder) for path in folder.glob("tables/**/*.csv")} for folder in (before, after)]
    yield from (f"{path}: only in {before}" for path in sorted(files[0] - files[1]))
    yield from (f"{path}: only in {after}" for path in sorted(files[1] - files[0]))
    for path in sorted(files[0] & files[1]):
        if not any(word in str(path) for word in without):
            frames = [_read(folder / path, without) for folder in (before, after)]
            yield from (f"{path}: {line}" for line in _cells(*frames, tolerance))


def _read(path: Path, without: Sequence[str]) -> pd.DataFrame:
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    named = frame["metric"] + " " + frame["property"]
    return frame[[not any(word in name for word in without) for name in named]]


def _cells(before: pd.DataFrame, after: pd.DataFrame, tolerance: float) -> Iterator[str]:
    columns = [list(frame.columns) for frame in (before, after)]
    shared = [name for name in columns[0] if name in columns[1]]
    for when, names in zip(("before", "after"), columns, strict=True):
        if only := [name for name in names if name not in shared]:
            yield f"columns only {when}: {', '.join(only)}"
    if shared != [name for name in columns[1] if name in shared]:
        yield "columns stand in another order"
    key = [name for name in shared if name not in VALUES]
    before, after = (frame[shared].set_index(key) for frame in (before, after))
    for frame in (before, after):
        if frame.index.has_duplicates:
            yield f"several rows are of {' '.join(frame.index[frame.index.duplicated()][0])}"
            return
    yield from (f"only before: {' '.join(row)}" for row in before.index.difference(after.index))
    yield from (f"only after: {' '.join(row)}" for row in after.index.difference(before.index))
    common = before.index.intersection(after.index, sort=False)
    if list(common) != list(after.index.intersection(before.index, sort=False)):
        yield "rows stand in another order"
    for column in before.columns:
        old, new = before.loc[common, column], after.loc[common, column]
        for row in common[~_alike(old, new, tolerance)]:
            yield f"{' '.join(row)}, {column}: {old[row]} is now {new[row]}"


def _alike(old: pd.Series, new: pd.Series, tolerance: float) -> np.ndarray:
    numbers = [pd.to_numeric(each, errors="coerce") for each in (old, new)]
    near = np.isclose(*(each.to_numpy(float) for each in numbers), rtol=tolerance, atol=0)
    return (old.to_numpy() == new.to_numpy()) | near


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--tolerance", type=float, default=0.0)
    parser.add_argument("--without", nargs="*", default=[])
    given = parser.parse_args()
    found = list(differences(given.before, given.after, given.tolerance, given.without))
    print("\n".join(found) or "no cell differs")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
