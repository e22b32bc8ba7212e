"""Captions and alternative texts of the figures on the page, and the sentence about the engine that measured."""

import pandas as pd

DEFINITIONS = "0.7.2"  # of statmorph, which the engine numba has, whatever version the lock holds
ENGINES = {
    "numba": f"galforge's numba engine (statmorph {DEFINITIONS}'s definitions)",
    "statmorph": "statmorph {statmorph}",
}

CAPTIONS = {
    "stamps": (
        "Source stamps in the first row, generated ones below, picked by the seed and not by eye, all at one asinh "
        "stretch that the source row sets."
    ),
    "distributions": (
        "The nine morphological properties of the corrected protocol, standardised by the source's mean and deviation; "
        "the legend gives the share of stamps that could be measured."
    ),
    "spectra": (
        "Median Fourier amplitude against wavenumber with the band that holds 68 % of the stamps, and each model's "
        "median over the source's."
    ),
    "history": "Losses of the training against images seen.",
}
ALTERNATIVES = {
    "stamps": "Grid of galaxy stamps of {dataset}: source above, models below",
    "distributions": "Nine histograms of morphological properties of {dataset} and its models",
    "spectra": "Power spectra of {dataset} and its models with their ratio to the source",
    "history": "Training losses on {dataset} falling with images seen",
}


def measured_by(frame: pd.DataFrame, statmorph: str) -> str:
    """Which engine measured the morphology of a table's rows, as a sentence; empty where no row has an engine.

    Args:
        frame: rows of an assembled table.
        statmorph: version of statmorph in the lock.
    """
    known = frame.loc[frame["engine"].isin(ENGINES), ["protocol", "engine"]].drop_duplicates()
    words = {row.protocol: ENGINES[row.engine].format(statmorph=statmorph) for row in known.itertuples()}
    if len(set(words.values())) == 1:
        return f"Morphology was measured by {next(iter(words.values()))}."
    listed = " and ".join(f"by {engine} under the {protocol} protocol" for protocol, engine in words.items())
    return f"Morphology was measured {listed}." if words else ""
