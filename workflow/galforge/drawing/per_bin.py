"""Rows of single redshift bins of a table, as lines of a figure: one per model, metric and property."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from galforge.compare.kind import REAL
from galforge.drawing.names import split_bin
from galforge.drawing.redshift import RedshiftFigureError


@dataclass(frozen=True)
class PerBin:
    """One metric of one property of one model in bins of redshift, by redshift, (bins,) each.

    Attributes:
        low, high: redshifts between which each bin lies.
        value, error, floor: of the metric; NaN where there are too few galaxies, no error or no floor.
        at_floor: whether no ranking may be claimed from a value.
    """

    model: str
    metric: str
    name: str
    low: np.ndarray
    high: np.ndarray
    value: np.ndarray
    error: np.ndarray
    floor: np.ndarray
    at_floor: np.ndarray


@dataclass(frozen=True)
class Lines:
    """All lines of a figure.

    Attributes:
        models: the real galaxies, whether they have lines or not, and the models in the order of the table.
        low, high: redshifts between which all bins lie, those without a value included.
    """

    found: list[PerBin]
    models: list[str]
    low: float
    high: float


def origin_of(frame: pd.DataFrame, dataset: str) -> str:
    """The origin of the source of a data set of an assembled table.

    Raises:
        RedshiftFigureError: there are no rows of the data set.
    """
    rows = frame[(frame["dataset"] == dataset) & frame["seeds"].notna()]
    if rows.empty:
        raise RedshiftFigureError(f"table of {dataset}: the data set has no rows in it; make the table again")
    return str(rows["origin"].iloc[0])


def read(frame: pd.DataFrame, dataset: str, protocols: Mapping[str, str]) -> Lines:
    """The lines of some metrics, each under one protocol.

    Args:
        frame: an assembled table, as it is or as read back from its file.
        protocols: of each metric.

    Raises:
        RedshiftFigureError: there is no row of a single redshift bin.
    """
    own = frame[(frame["dataset"] == dataset) & (frame["metric"].map(protocols) == frame["protocol"])]
    bins = [split_bin(str(name)) for name in own["property"]]
    there = np.array([each is not None for each in bins], dtype=bool)
    if not there.any():
        raise RedshiftFigureError(
            f"table of {dataset}: no rows of {', '.join(protocols)} in single redshift bins, such as all@0.5-1; "
            "compare again"
        )
    names, low, high = zip(*(each for each in bins if each is not None), strict=True)
    own = own[there].assign(name=names, low=low, high=high)
    found = []
    for (model, metric, name), rows in own.groupby(["model", "metric", "name"], sort=False):
        rows = rows.sort_values("low")
        if rows["value"].notna().any():
            value, error, floor = (rows[column].to_numpy(float) for column in ("value", "standard_error", "floor"))
            edges = rows["low"].to_numpy(), rows["high"].to_numpy()
            found.append(PerBin(model, metric, name, *edges, value, error, floor, rows["at_floor"].to_numpy(bool)))
    models = [REAL, *(model for model in dict.fromkeys(own["model"]) if model != REAL)]
    return Lines(found, models, min(low), max(high))
