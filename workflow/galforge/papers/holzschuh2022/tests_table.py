"""The table of the tests of generators in the denoising study: gains, chances and verdicts, beside the oracle's."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from galforge.errors import GalforgeError
from galforge.papers.cells import Block, Cell, Column, Row, number
from galforge.papers.holzschuh2022.denoising_table import case_label
from galforge.papers.table import Table
from galforge.studies.denoising.judging import LONGER, ORACLE, TESTED

_READING = (
    "Each cell: gain ± standard error, over galaxies, networks and seeds of the generator in quadrature, and the "
    "verdict. “Helps” and “harms” are beyond chance at 5 % when all tests of all generators and data sets are "
    "corrected together (Holm). Where they are not, “not seen to help” says that the oracle gains in that test, and "
    "“no power” that even it is not seen to: the experiment then cannot tell a useful generator from a useless one."
)
_ORACLE = (
    "The oracle's galaxies are real ones that no network sees otherwise, as many as are generated: what a perfect "
    "generator would draw. Its chance stands alone, without a correction."
)
_LEAST = (
    "“Would count” is the smallest gain that would have been beyond chance as the first of all tests; of the oracle, "
    "alone."
)
_LONGER = (
    "Networks trained for longer saw real galaxies only; their gain over the others says what training still lacks."
)


def make(
    table: Table, inputs: Mapping[str, Sequence[str]], published: pd.DataFrame, spec: Mapping[str, Any]
) -> pd.DataFrame:
    """The table from its input file.

    Raises:
        GalforgeError: it holds no test.
    """
    (path,) = inputs["verdicts"]
    frame = pd.read_csv(path)
    if not (frame["metric"] == TESTED).any():
        raise GalforgeError(f"{path}: no test of a generator; run the job that made it again")
    return frame


def remarks(frame: pd.DataFrame) -> list[str]:
    """How to read the table."""
    tests = int((frame["metric"] == TESTED).sum())
    counts = frame.loc[frame["metric"] == TESTED, ["seeds", "replicates"]].max()
    said = f"{tests} tests; up to {int(counts['seeds'])} seeds and {int(counts['replicates'])} networks of each."
    return [_READING, _ORACLE, f"{_LEAST} {said}", *([_LONGER] if (frame["metric"] == LONGER).any() else [])]


def blocks(table: Table, frame: pd.DataFrame) -> list[Block]:
    """The blocks of the table: per data set and kind of network the oracle and the generators side by side."""
    out = []
    for (dataset, denoiser), rows in frame.groupby(["dataset", "denoiser"], sort=False):
        origin = str(rows["origin"].iloc[0])
        tested = rows[rows["metric"].isin([ORACLE, TESTED])]
        models = dict.fromkeys([*rows.loc[rows["metric"] == ORACLE, "model"], *tested["model"]])
        alpha = float(tested["alpha"].iloc[0])
        columns = [_column(tested[tested["model"] == model], str(model)) for model in models]
        out.append(Block(str(dataset), origin, columns, _rows(table, tested, list(models)), [], f"α = {alpha:.2f}"))
        longer = rows[rows["metric"] == LONGER]
        if len(longer):
            names = list(dict.fromkeys(longer["model"]))
            columns = [Column(name, str(longer["protocol"].iloc[0]), name=name) for name in names]
            part = f"longer training than {denoiser}, α = 0"
            out.append(Block(str(dataset), origin, columns, _rows(table, longer, names), [], part))
    return out


def _column(rows: pd.DataFrame, model: str) -> Column:
    first = rows.iloc[0]
    seeds = f"{int(first['seeds'])} seeds, " if first["metric"] == TESTED else ""
    name = "Oracle" if first["metric"] == ORACLE else ""
    sizes = f"{seeds}{int(first['replicates'])} networks, {int(first['n_source'])} galaxies"
    return Column(model, str(first["protocol"]), sizes, name=name)


def _rows(table: Table, rows: pd.DataFrame, models: Sequence[str]) -> list[Row]:
    out = []
    for _, own in rows.groupby("property", sort=False):
        first, by_model = own.iloc[0], {row["model"]: row for _, row in own.iterrows()}
        there = [by_model[model] for model in models]
        heading = case_label(first["pixel_size"], first["noise"])
        out.append(Row("Gain [%]", [_gain(table, row) for row in there], heading))
        out.append(Row("Chance", [_chance(row) for row in there], heading))
        out.append(Row("Would count [%]", [_least(row) for row in there], heading))
    return out


def _gain(table: Table, row: pd.Series) -> Cell:
    value, error, _ = number(row["value"], row["standard_error"], float("nan"), table.factor(row["metric"]))
    return Cell(value, error, note=str(row["verdict"]))


def _chance(row: pd.Series) -> Cell | None:
    corrected = row["metric"] == TESTED
    chance = row["p_adjusted" if corrected else "p"]
    if pd.isna(chance):
        return None
    return Cell("< 0.001" if chance < 0.001 else f"{chance:.3f}", note="corrected" if corrected else "")


def _least(row: pd.Series) -> Cell | None:
    return None if pd.isna(row["detectable"]) else Cell(f"{100 * row['detectable']:.0f}")
