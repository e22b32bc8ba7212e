"""Captions of tables and figures, alternative texts, and the sentence about what measured."""

import pandas as pd

from galforge.report.layout import blocks, engines
from galforge.report.metrics import NETWORKS, PUBLISHED_NETWORK, ROUNDTRIP, TABLES

DEFINITIONS = "0.7.2"  # of statmorph, which the engine numba has, whatever version the lock holds
ENGINES = {
    "numba": f"galforge's numba engine (statmorph {DEFINITIONS}'s definitions)",
    "statmorph": "statmorph {statmorph}",
}
PATHS = (
    "“Store and decode” is no model: it compares galaxies that were never resized with the same galaxies after storing "
    "them at one size and decoding them. It says what that path alone costs, has no floor (the two samples are not "
    "independent; metrics that take them for it are left out) and no part in any ranking."
)
CELLS = (
    "Each cell: value ± standard error, then the {floor}, which a perfect model would score at these sample sizes; a "
    "cell {too_close} says “at {floor}” and supports no ranking."
)
CAPTIONS = {
    "stamps": (
        "Source stamps in the first row, generated ones below, picked by the seed and not by eye, all at one asinh "
        "stretch that the source row sets; its numbers stand below the stamps."
    ),
    "interpolations": (
        "Above, held-out galaxies and what each model with an encoder makes of them; below, rows of galaxies on the "
        "way between two random latent vectors. A model that knows its galaxies only by heart jumps from one to the "
        "next. The stretch is that of the stamps."
    ),
    "distributions": (
        "The nine morphological properties of the corrected protocol, standardised by the source's mean and deviation; "
        "the legend gives the share of stamps that could be measured."
    ),
    "contours": (
        "Pairs of morphological properties of the corrected protocol: the areas of highest density that hold 30, 60 "
        "and 90 % of the source stamps (filled) and 60 and 90 % of each model's (lines). Few stamps are drawn as "
        "points."
    ),
    "planes": (
        "Above, the Gini-M20 plane with the lines of Lotz et al. (2008): mergers lie above the solid one, "
        "bulge-dominated galaxies above the dashed one (F = 0). Below, half-light radius against magnitude. Grey "
        "contours are the source's in every panel."
    ),
    "spectra": (
        "Median Fourier amplitude against wavenumber with the band that holds 68 % of the stamps, and each model's "
        "median over the source's."
    ),
    "colours": (
        "The colour g - i of early (F of 0 or more) and late types, and the bulge statistic F(G, M20) that tells them "
        "apart, of the stamps that the morphology rests on."
    ),
    "history": "Losses of the training against images seen; models with other losses have rows of their own.",
}
ALTERNATIVES = {
    "stamps": "Grid of galaxy stamps of {dataset}: source above, models below",
    "interpolations": "Rows of galaxies of {dataset} that models reconstruct, and that change step by step",
    "distributions": "Nine histograms of morphological properties of {dataset} and its models",
    "contours": "Contours of pairs of morphological properties of {dataset} and its models",
    "planes": "Gini against M20 and size against magnitude of {dataset} and its models",
    "spectra": "Power spectra of {dataset} and its models with their ratio to the source",
    "colours": "Histograms of colours and of the bulge statistic of {dataset} and its models",
    "history": "Training losses on {dataset} falling with images seen",
}
MEASURED = ("distributions", "contours", "planes", "colours")
"""Figures that show morphology."""


def caption(table: str, frame: pd.DataFrame, scale: str, statmorph: str) -> str:
    """What a table shows, in plain text: metric, unit, sources with their origin, scale, protocols, what measured.

    Args:
        frame: the assembled table.
        scale: the configuration's scale.
        statmorph: version of statmorph in the lock.
    """
    about, shown = TABLES[table], blocks(table, frame)
    sources = []
    for block in shown:
        rows = frame[(frame["dataset"] == block.dataset) & frame["seeds"].notna() & (frame["metric"] != "count")]
        largest = rows["n_source"].max()
        size = "" if pd.isna(largest) else f", up to {int(largest)} source stamps"
        sources.append(f"{block.dataset} ({block.origin}{size})")
    what = f"{about.title}. {about.quantity}, in {about.unit}; {about.reading}. Sources: {'; '.join(sources)}."
    if table == "cost":
        return f"{what} Scale: {scale}. {about.about}"
    kinds = {column.kind for block in shown for column in block.columns}
    protocols = "“Corrected” and “published” are the protocols of measuring"
    if "printed" in kinds:
        protocols += (
            "; “printed” is the value in the paper, from its own full-size data, to be compared with “published” only"
        )
    parts = [what, f"Scale: {scale}.", cells(table), f"{protocols}.", "Sizes are source v generated stamps."]
    return " ".join(filter(None, [*parts, *remarks(table, frame, statmorph)]))


def cells(table: str) -> str:
    """How to read a cell of a table."""
    if table == "coverage":
        ideal = CELLS.format(floor="ideal", too_close="within twice its error of it")
        return f"{ideal} Copying has the floor of a distance, on either side of 0."
    too_close = "below twice its error" if table == "kid" else "below twice its floor"
    return CELLS.format(floor="floor", too_close=too_close)


def remarks(table: str, frame: pd.DataFrame, statmorph: str) -> list[str]:
    """What a reader has to know of a table besides: its meaning, what stands for a model, networks, engines."""
    out = [TABLES[table].about, PATHS if (frame["model"] == ROUNDTRIP).any() else ""]
    return list(filter(None, [*out, networks(table, frame), measured_by(frame, statmorph)]))


def networks(table: str, frame: pd.DataFrame) -> str:
    """Which network saw the stamps, and why cells of the published one are empty where they are."""
    run = frame.loc[frame["seeds"].notna(), "property"]
    about = TABLES[table]
    if not about.by_network or not about.printed or PUBLISHED_NETWORK in set(run):
        return ""
    names = " and ".join(NETWORKS.get(name, name).partition(" (")[0] for name in dict.fromkeys(run))
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
    listed = " and ".join(f"by {engine} under the {protocol} protocol" for protocol, engine in words.items())
    return f"Morphology was measured {listed}." if words else ""
