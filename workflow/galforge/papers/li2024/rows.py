"""Names of rows of galaxies made for a redshift: of one bin of it, of one image network, of the model as printed."""

import re

import pandas as pd

from galforge.drawing.names import BANDS, SOURCES
from galforge.papers.table import PUBLISHED_NETWORK

_BIN = re.compile(r"(?P<name>[^@]+)@(?P<low>\d+(\.\d+)?)-(?P<high>\d+(\.\d+)?)")
_NAMES = (*SOURCES, *BANDS, *(f"sky_rms_{band}" for band in BANDS))


def split_bin(name: str) -> tuple[str, float, float] | None:
    """What a property ``<name>@<low>-<high>`` is of, and the redshifts between which; None where it is of all."""
    found = _BIN.fullmatch(name)
    return (found["name"], float(found["low"]), float(found["high"])) if found else None


def named_by_network(runs: pd.DataFrame) -> pd.DataFrame:
    """Distances with the network named in the property of band scores, as ``g@efficientnet-lite0``.

    Properties of the published network keep their names, which are those of the printed values.
    """
    other = (runs["comparison"] == "band_scores") & (runs["engine"] != PUBLISHED_NETWORK)
    named = runs["property"] + "@" + runs["engine"]
    return runs.assign(property=runs["property"].where(~other, named))


def printed_model(model: str) -> str:
    """The name of a model in the printed values: that without ``-published``, which is trained as the paper says."""
    return model.removesuffix("-published")


def place(name: str) -> tuple[object, ...]:
    """Where a property stands among those of its metric: galaxies, bands, all of them, each before its bins."""
    of, low, _ = split_bin(name) or (name, -1.0, 0.0)
    of, _, network = of.partition("@")
    return of == "all", _NAMES.index(of) if of in _NAMES else len(_NAMES), network, of, low
