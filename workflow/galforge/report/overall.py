"""The table of every generator on the data sets that they share: one number per model and metric."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from galforge.papers.readings import REAL, ROUNDTRIP, TABLES
from galforge.report import tables

COLUMNS = tables.COLUMNS
_AVERAGES = ("morphology", "power_spectrum")
_IN_FLOORS = "in_floors"
# Table: the metric taken from it; what is planned follows comparisons.OF_ALL.
TAKEN = {
    **dict.fromkeys(_AVERAGES, "wasserstein"),
    "fid": "fid",
    "kid": "kid",
    "gantastic_table2": "mean_score",
}


def assemble(distances: Sequence[pd.DataFrame], published: pd.DataFrame) -> pd.DataFrame:
    """One row per data set, model and metric under the corrected protocol, with the columns COLUMNS.

    The average Wasserstein-1 distances of morphology and of the power spectrum (property: the group), FID and KID
    (property: the network) and the mean score of sparse images (property: the scorer), which has no corrected protocol,
    as the tables of each give them. ``in_floors`` is the ratio of each to its floor where it has one (property: the
    group, or ``fid@<network>``), with the error of the value alone and the same ``at_floor``. Galaxies compared with
    themselves are left out, and models that were not run.

    Args:
        distances: frames of the columns that ``galforge.report.tables.read_distances`` asks for.
        published: printed values as ``galforge.report.tables.read_published`` gives them.

    Raises:
        TablesError: there is none of these metrics, or as ``galforge.report.tables.assemble``.
    """
    found = [_taken(table, metric, distances, published) for table, metric in TAKEN.items()]
    rows = [own for own in found if len(own)]
    if not rows:
        raise tables.TablesError(
            "table all: the distances hold no average of morphology or power spectrum under the corrected protocol, no "
            "FID, KID or mean score; run one of these measures"
        )
    together = pd.concat(rows, ignore_index=True)
    together = pd.concat([together, _in_floors(together)], ignore_index=True)
    return _ordered(together, pd.concat([frame[["dataset", "model"]] for frame in distances]))


def _taken(table: str, metric: str, distances: Sequence[pd.DataFrame], published: pd.DataFrame) -> pd.DataFrame:
    """The rows of one table that belong here; none where the distances hold nothing for it."""
    comparisons = TABLES[table].comparisons
    own = [frame[frame["comparison"].isin(comparisons)] for frame in distances]
    own = [frame for frame in own if (frame["metric"] == metric).any()]
    if not own:
        return pd.DataFrame(columns=list(COLUMNS))
    rows = tables.assemble(table, own, published)
    rows = rows[rows["seeds"].notna() & (rows["metric"] == metric) & (rows["model"] != ROUNDTRIP)]
    if metric != "mean_score":
        rows = rows[rows["protocol"] == "corrected"]
    return rows[rows["property"] == "average"].assign(property=table) if table in _AVERAGES else rows


def _in_floors(rows: pd.DataFrame) -> pd.DataFrame:
    """Values over their floors, where these are above 0: an unbiased estimate has a floor of 0."""
    own = rows[rows["floor"] > 0]
    named = own["property"].where(own["property"].isin(_AVERAGES), own["metric"] + "@" + own["property"])
    return own.assign(
        metric=_IN_FLOORS,
        property=named,
        value=own["value"] / own["floor"],
        standard_error=own["standard_error"] / own["floor"],
        floor=np.nan,
        published=np.nan,
    )


def _ordered(rows: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Data sets and models in the order of the runs, real images first; rows of a model as they were made."""
    datasets = {name: index for index, name in enumerate(dict.fromkeys(runs["dataset"]))}
    models = {name: index for index, name in enumerate(dict.fromkeys([REAL, *runs["model"]]))}
    keys = pd.DataFrame({"dataset": rows["dataset"].map(datasets), "model": rows["model"].map(models)})
    return rows.loc[keys.sort_values(["dataset", "model"], kind="stable").index, list(COLUMNS)].reset_index(drop=True)
