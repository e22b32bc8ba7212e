"""Rows of galaxies made for a redshift: those of several image networks are told apart by their names."""

import pandas as pd

from galforge.drawing.names import PUBLISHED_NETWORK


def named_by_network(runs: pd.DataFrame) -> pd.DataFrame:
    """Distances with the network in the property of band scores, as ``g@efficientnet-lite0``.

    Properties of the published network keep their names, which are those of the printed values.
    """
    other = (runs["comparison"] == "band_scores") & (runs["engine"] != PUBLISHED_NETWORK)
    named = runs["property"] + "@" + runs["engine"]
    return runs.assign(property=runs["property"].where(~other, named))
