"""Answers to the questions of the page: sentences that rules make from the numbers of tables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from galforge.compare.kind import REAL, ROUNDTRIP
from galforge.drawing.names import listed, model_label, network_label, split_bin
from galforge.papers.ranks import RANKED
from galforge.papers.readings import FLOORS
from galforge.papers.table import Table

_MEANS = ("overall", "average", "all")  # rows that stand for a whole table, the first of them that is there


@dataclass(frozen=True)
class Filled:
    """A table and its rows, as its CSV file holds them."""

    table: Table
    frame: pd.DataFrame

    def name(self, model: str) -> str:
        """A model's name for readers."""
        return self.table.models.get(model, model_label(model))

    @property
    def models(self) -> pd.DataFrame:
        """Rows of models that were run and have a value.

        Rows of single bins of redshift, and what stands for a model without being one, are left out.
        """
        frame = self.frame[self.frame["seeds"].notna() & self.frame["value"].notna()]
        frame = frame[~frame["model"].isin((REAL, ROUNDTRIP)) & (frame["metric"] != "count")]
        return frame[[split_bin(str(name)) is None for name in frame["property"]]]

    @property
    def compared(self) -> pd.DataFrame:
        """Those under the first protocol of the table that has any."""
        frame = self.models
        protocols = [name for name in self.table.protocols if (frame["protocol"] == name).any()]
        return frame[frame["protocol"] == protocols[0]] if protocols else frame

    def read_as(self, rows: pd.DataFrame, readings: Sequence[str]) -> pd.DataFrame:
        """Those rows whose metric is read in one of these ways."""
        return rows[[self.table.readings.get(metric) in readings for metric in rows["metric"]]]


def by_rank(filled: Sequence[Filled]) -> str:
    """Who is best on each data set by the first table: the models of rank 1, how far they are, and who follows.

    The row that averages over the others decides, of networks the first. Where no row does, the answer counts in how
    many rows a model has rank 1. Metrics without ranks are answered by how many are as good as can be told.
    """
    if not filled:
        return ""
    first = filled[0]
    rows = first.compared
    ranked = first.read_as(rows, RANKED)
    if ranked.empty:
        return _by_dataset(rows, lambda own: _near(first, own))
    metric = next(name for name in first.table.metrics if (ranked["metric"] == name).any())
    return _by_dataset(ranked[ranked["metric"] == metric], lambda own: _of_metric(first, own))


def by_count(filled: Filled) -> dict[str, str]:
    """By data set in how many ranked rows each model has rank 1, or, without ranks, in how many it is as good as can be
    told."""
    return {str(name): sentence(_firsts(filled, own)) for name, own in filled.models.groupby("dataset", sort=False)}


def sentence(text: str) -> str:
    """A text with a capital and a full stop; an empty one stays so."""
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def distance(row: pd.Series, factor: float = 1.0) -> str:
    """How far a row's value is from what a perfect model scores, in floors where there is one above 0."""
    if row["at_floor"]:
        return "at the floor"
    if row["floor"] > 0:
        return f"{shortened(row['value'] / row['floor'])} floors"
    return shortened(row["value"] * factor)


def shortened(value: float) -> str:
    """A number to two digits, or to the unit where it is larger."""
    return f"{value:.0f}" if abs(value) >= 10 else f"{value:.2g}"


def ordinals(filled: Filled, own: pd.DataFrame) -> str:
    """The models of one ranking: who has rank 1, tied with whom, at how many floors, and who follows."""
    own = own.sort_values("value", kind="stable")
    factor = filled.table.factor(str(own["metric"].iloc[0]))
    said = [f"{filled.name(row['model'])} ({distance(row, factor)})" for _, row in own.iterrows()]
    if len(own) == 1:
        row = own.iloc[0]
        alone = "cannot be told from a perfect one" if row["at_floor"] else f"lies at {distance(row, factor)}"
        return f"{filled.name(row['model'])}, the only model, {alone}"
    if own["at_floor"].all():
        return f"{listed([filled.name(model) for model in own['model']])} cannot be told from a perfect model"
    first = [text for text, rank in zip(said, own["rank"].astype(float), strict=True) if rank == 1]
    rest = [text for text, rank in zip(said, own["rank"].astype(float), strict=True) if rank != 1]
    best = f"{listed(first)} share rank 1" if len(first) > 1 else f"{first[0]} is best"
    if len(rest) > 2:
        return f"{best}, before {rest[0]} and {len(rest) - 1} more"
    return f"{best}, before {listed(rest)}" if rest else best


def _by_dataset(rows: pd.DataFrame, said: Callable[[pd.DataFrame], str]) -> str:
    found = [f"on {dataset} {said(own)}" for dataset, own in rows.groupby("dataset", sort=False)]
    return sentence("; ".join(found))


def _of_metric(filled: Filled, own: pd.DataFrame) -> str:
    """What is said of the rows of one metric and data set."""
    names = list(dict.fromkeys(own["property"]))
    mean = next((name for name in _MEANS if name in names), names[0] if len(names) == 1 else None)
    if mean is None and filled.table.by_network:
        mean = names[0]
    if mean is None:
        return _firsts(filled, own)
    seen = f"as {network_label(mean)} sees them, " if filled.table.by_network else ""
    return seen + ordinals(filled, own[own["property"] == mean])


def _firsts(filled: Filled, own: pd.DataFrame) -> str:
    """In how many rows each model has rank 1; ties count for all that share it."""
    several = own[own["rank"].notna()]
    if several.empty:
        return _near(filled, own)
    rows = several.groupby(["metric", "property"], sort=False).ngroups
    by_model = several.assign(first=several["rank"] == 1).groupby("model", sort=False)
    found = by_model.agg(first=("first", "sum"), mean=("rank", "mean"))
    found = found.sort_values(["first", "mean"], ascending=[False, True], kind="stable")
    (best, most), *others = [(str(model), int(count)) for model, count in found["first"].items() if count]
    floors = _floors(several[several["model"] == best])
    said = "".join(f", {filled.name(model)} in {count}" for model, count in others)
    tied = "; ties count for all" if most + sum(count for _, count in others) > rows else ""
    return f"{filled.name(best)} has rank 1 in {most} of {rows} numbers{floors}{said}{tied}"


def _near(filled: Filled, own: pd.DataFrame) -> str:
    """In how many rows each model is as good as can be told."""
    counts = (
        own.groupby("model", sort=False)["at_floor"]
        .agg(["sum", "size"])
        .sort_values("sum", ascending=False, kind="stable")
    )
    name = FLOORS.get(filled.table.reading_of(str(own["metric"].iloc[0])), "floor")
    at = f"at {name}" if name.startswith("the ") else f"at the {name}"
    there = [
        f"{filled.name(each.Index)} ({each.sum} of {each.size} numbers)" for each in counts.itertuples() if each.sum
    ]
    if len(counts) == 1:
        (only,) = counts.itertuples()
        alone = f"{filled.name(only.Index)}, the only model, is {at} in {only.sum} of {only.size} numbers"
        return alone + _floors(filled.read_as(own, RANKED))
    others = len(counts) - len(there)
    if not there:
        return f"no model is {at} in any of {counts['size'].max()} numbers"
    rest = f", {others} other {'model' if others == 1 else 'models'} in none" if others else ""
    return f"as good as can be told, {at}: {listed(there)}{rest}"


def _floors(own: pd.DataFrame) -> str:
    """From how many to how many floors the values are that have one above 0, in brackets; empty where none has."""
    own = own[own["floor"] > 0]
    ratios = sorted(own["value"] / own["floor"])
    ends = list(dict.fromkeys(shortened(ratio) for ratio in (ratios[:1] + ratios[-1:])))
    return f" (at {' to '.join(ends)} floors)" if ends else ""
