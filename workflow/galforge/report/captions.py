"""Captions and notes of tables, and the sentence about what measured morphology."""

import pandas as pd

from galforge.compare.kind import REAL, ROUNDTRIP
from galforge.drawing.names import PUBLISHED_NETWORK, listed, model_label, network_label
from galforge.papers.assembly import engines
from galforge.papers.overall import IN_FLOORS
from galforge.papers.table import Table
from galforge.report.given import said
from galforge.report.snapshots import chosen

DEFINITIONS = "0.7.2"  # of statmorph, which the engine numba has, whatever version the lock holds
ENGINES = {
    "numba": f"galforge's numba engine (statmorph {DEFINITIONS}'s definitions)",
    "statmorph": "statmorph {statmorph}",
}
LINE = "gaussian"
"""The model that others are said to beat or not: the one of this name, if it was run."""
PATHS = (
    "“Store and decode” is no model: it compares galaxies that were never resized with the same galaxies after storing "
    "them at one size and decoding them. It says what that path alone costs, has no floor (the two samples are not "
    "independent; metrics that take them for it are left out) and no part in any ranking."
)


def caption(table: Table, frame: pd.DataFrame, scale: str) -> str:
    """What a table shows, in three sentences of plain text: its title, its numbers, its sources with their origin.

    Args:
        table: what it is.
        frame: its rows.
        scale: the configuration's scale.
    """
    run = frame[frame["seeds" if "seeds" in frame else "replicates"].notna() & (frame["metric"] != "count")]
    sources = []
    for dataset, rows in run.groupby("dataset", sort=False):
        largest = rows["n_source"].max()
        size = "" if pd.isna(largest) else f", up to {int(largest)} {table.things}"
        sources.append(f"{dataset} ({', '.join(dict.fromkeys(rows['origin']))}{size})")
    title = table.title if table.title.endswith("?") else f"{table.title}."
    numbers = f"{table.quantity}, in {table.unit}; {table.reading}."
    return f"{title} {numbers} Sources: {'; '.join(sources)}; scale: {scale}."


def notes(table: Table, frame: pd.DataFrame, statmorph: str) -> list[str]:
    """How to read a table: its cells, units, protocols and sizes, and what ``remarks`` says.

    Args:
        table: what it is.
        frame: its rows.
        statmorph: version of statmorph in the lock.
    """
    protocol = table.protocol
    if protocol and frame["published"].notna().any():
        protocol += (
            "; “printed” is the value in the paper, from its own full-size data, to be compared with “published” only"
        )
    units = table.units and f"Units: {table.units}."
    found = [table.cells, units, protocol and f"{protocol}.", table.sizes, *remarks(table, frame, statmorph)]
    return list(filter(None, found))


def remarks(table: Table, frame: pd.DataFrame, statmorph: str) -> list[str]:
    """Further notes of a table: what it means, what stands for a model in it, which networks measured, which models
    do not beat the Gaussian, which snapshots were chosen, whose images were given, which models were trained once, and
    which engines measured."""
    further = table.function("remarks")(frame) if table.remarks else []
    out = [table.about, *further, PATHS if (frame["model"] == ROUNDTRIP).any() else "", networks(table, frame)]
    out += [
        beside_line(table, frame),
        chosen(frame, table.models, compared=bool((frame["metric"] != "cost").any())),
        said(frame, table.models),
        single_seeds(table, frame),
        measured_by(frame, statmorph) if "engine" in frame else "",
    ]
    return list(filter(None, out))


def beside_line(table: Table, frame: pd.DataFrame) -> str:
    """In how many rows models have a better rank than the Gaussian; empty where it has no rank.

    Rows in which the Gaussian is at the floor are left out, because nothing is better than that.
    """
    if "rank" not in frame:
        return ""
    said, beaten_by_none = [], []
    # Values over their floors are the same rows again.
    ranks = frame[frame["rank"].notna() & (frame["metric"] != IN_FLOORS)]
    for dataset, rows in ranks.groupby("dataset", sort=False):
        key = ["metric", "property", "protocol"]
        lines = rows.loc[(rows["model"] == LINE) & ~rows["at_floor"], [*key, "rank"]]
        beside = rows[rows["model"] != LINE].merge(lines, on=key, suffixes=("", "_line"), validate="many_to_one")
        better = (beside["rank"] < beside["rank_line"]).groupby(beside["model"], sort=False).agg(["sum", "size"])
        names = {model: table.models.get(model, model_label(model)) for model in better.index}
        counts = [f"{names[each.Index]} in {each.sum} of {each.size}" for each in better.itertuples() if each.sum]
        beaten_by_none += [f"{names[model]} ({dataset})" for model in better.index[better["sum"] == 0]]
        if counts:
            said.append(f"{', '.join(counts)} ({dataset})")
    if not said and not beaten_by_none:
        return ""
    out = "The Gaussian (mean, principal components and white noise, fitted in seconds) is the line to beat."
    if said:
        out += f" Better beyond the error: {'; '.join(said)}."
    return f"{out} In no row better: {', '.join(beaten_by_none)}." if beaten_by_none else out


def single_seeds(table: Table, frame: pd.DataFrame) -> str:
    """Which models have one seed, whose errors hold no scatter of training, as a sentence; empty where none has."""
    if "seeds" not in frame:
        return ""
    trained = frame[frame["standard_error"].notna() & ~frame["model"].isin([REAL, ROUNDTRIP])]
    once = trained[trained["seeds"] == 1]
    if once.empty:
        return ""
    named = []
    for dataset, rows in once.groupby("dataset", sort=False):
        models = [table.models.get(model, model_label(model)) for model in dict.fromkeys(rows["model"])]
        named.append(f"{listed(models)} ({dataset})")
    who = f"One seed: {', '.join(named)}" if (trained["seeds"] > 1).any() else "Every model here has one seed"
    return f"{who}. Such errors are of the images alone, and say nothing of how far another training would come out."


def networks(table: Table, frame: pd.DataFrame) -> str:
    """Which network saw the stamps, and why cells of the published one are empty where they are."""
    if not table.by_network or not table.printed:
        return ""
    run = frame.loc[frame["seeds"].notna(), "property"]
    if PUBLISHED_NETWORK in set(run):
        return ""
    names = " and ".join(map(network_label, dict.fromkeys(run)))
    empty = " its cells are empty and" if frame["published"].notna().any() else ""
    return f"Here {names} saw the stamps. Inception-v3 was not run:{empty} no value stands beside a printed one."


def measured_by(frame: pd.DataFrame, statmorph: str) -> str:
    """Which engine measured the morphology of a table's rows, as a sentence; empty where no row has an engine.

    Args:
        frame: rows of an assembled table.
        statmorph: version of statmorph in the lock.
    """
    known = frame.assign(engine=engines(frame)).loc[lambda rows: rows["engine"].isin(ENGINES), ["protocol", "engine"]]
    words = {row.protocol: ENGINES[row.engine].format(statmorph=statmorph) for row in known.itertuples()}
    if len(set(words.values())) == 1:
        return f"Morphology was measured by {next(iter(words.values()))}."
    engines_said = " and ".join(f"by {engine} under the {protocol} protocol" for protocol, engine in words.items())
    return f"Morphology was measured {engines_said}." if words else ""
