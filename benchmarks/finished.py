"""What scripts about a finished run read: rows of its tables, and which of two models is better."""

import sys
from pathlib import Path

import pandas as pd

from galforge.compare.kind import REAL, ROUNDTRIP
from galforge.drawing.names import model_label
from galforge.papers.ranks import difference

NOT_MODELS = (REAL, ROUNDTRIP)


def table_of(results: Path, table: str) -> pd.DataFrame:
    """A table of the run.

    Raises:
        SystemExit: the run has no such table.
    """
    path = results / "tables" / f"{table}.csv"
    if not path.exists():
        sys.exit(f"{path} is missing: finish the run first (snakemake with its configuration)")
    return pd.read_csv(path)


def rows_of(results: Path, table: str, metric: str, dataset: str) -> pd.DataFrame:
    """Rows of one metric of a table of the run under the corrected protocol, of what was run.

    Raises:
        SystemExit: the run has no such table.
    """
    rows = table_of(results, table)
    return rows[
        (rows["metric"] == metric)
        & (rows["dataset"] == dataset)
        & (rows["protocol"] == "corrected")
        & rows["seeds"].notna()
    ]


def verdict(rows: pd.DataFrame, first: str, second: str) -> tuple[float, float, str]:
    """The value of one model less that of another, its error, and the label of the better one beyond twice that.

    Args:
        rows: by model, as ``galforge.papers.ranks.difference`` takes them; smaller values are better.
    """
    apart, error = difference(rows.loc[first], rows.loc[second])
    better = model_label(first if apart < 0 else second) if abs(apart) > 2 * error else "neither"
    return apart, error, better
