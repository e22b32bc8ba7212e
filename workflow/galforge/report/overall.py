"""How the table of every generator is made: one number per model and metric, from the tables that say it best."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from galforge.compare.kind import REAL, ROUNDTRIP
from galforge.compare.rows import MORE
from galforge.papers import assembly
from galforge.papers.overall import IN_FLOORS
from galforge.papers.table import Table

AVERAGE = "average"


def make(
    table: Table, inputs: Mapping[str, Sequence[str]], published: pd.DataFrame, spec: Mapping[str, Any]
) -> pd.DataFrame:
    """The table from distances, the rows of scores, and the tables in its spec that it takes something from."""
    taken = [Table.from_spec(name, about) for name, about in spec["taken"]]
    return assemble(taken, assembly.read_distances(inputs["distances"], inputs["replicates"]), published)


def assemble(taken: Iterable[Table], distances: Sequence[pd.DataFrame], published: pd.DataFrame) -> pd.DataFrame:
    """One row per data set, model and metric under the corrected protocol, with the columns of tables.

    Of each table the averages of the metric that it is taken for (property: the table's file), or all rows of the
    metric where there are no averages, such as FID and KID (property: the network) and scores (property: the scorer,
    which has no corrected protocol). ``in_floors`` is the ratio of each to its floor where it has one (property: the
    file, or ``fid@<network>``), with the error of the value alone and the same ``at_floor``. Galaxies compared with
    themselves are left out, and models that were not run.

    Args:
        taken: tables with the field ``overall``.
        distances: frames of the columns that ``galforge.papers.assembly.read_distances`` asks for.
        published: printed values as ``galforge.papers.assembly.read_published`` gives them.

    Raises:
        TablesError: there is none of these metrics, or as ``galforge.papers.assembly.assemble``.
    """
    taken = list(taken)
    rows = [own for table in taken if len(own := _taken(table, distances, published))]
    if not rows:
        metrics = ", ".join(f"{table.overall.metric} of {table.name}" for table in taken if table.overall)
        raise assembly.TablesError(
            f"table all: the distances hold nothing of what it shows under the corrected protocol ({metrics}); run one "
            "of these measures"
        )
    together = pd.concat(rows, ignore_index=True)
    averages = {table.file for table in taken}
    together = pd.concat([together, _in_floors(together, averages)], ignore_index=True)
    return _ordered(together, pd.concat([frame[["dataset", "model"]] for frame in distances]))


def _taken(table: Table, distances: Sequence[pd.DataFrame], published: pd.DataFrame) -> pd.DataFrame:
    """The rows of one table that belong here; none where the distances hold nothing for it."""
    metric = table.overall.metric if table.overall else ""
    own = [frame[frame["comparison"].isin(table.comparisons)] for frame in distances]
    own = [frame for frame in own if (frame["metric"] == metric).any()]
    if not own:
        return pd.DataFrame(columns=list(assembly.COLUMNS))
    rows = assembly.assemble(table, own, published)
    rows = rows[rows["seeds"].notna() & (rows["metric"] == metric) & (rows["model"] != ROUNDTRIP)]
    rows = rows[rows["protocol"] == table.protocols[0]]
    averages = rows["property"] == AVERAGE
    return rows[averages].assign(property=table.file) if averages.any() else rows


def _in_floors(rows: pd.DataFrame, averages: set[str]) -> pd.DataFrame:
    """Values over their floors, where these are above 0: an unbiased estimate has a floor of 0."""
    own = rows[rows["floor"] > 0]
    named = own["property"].where(own["property"].isin(averages), own["metric"] + "@" + own["property"])
    return own.assign(
        metric=IN_FLOORS,
        property=named,
        floor=np.nan,
        published=np.nan,
        **dict.fromkeys(MORE, np.nan),
        **{name: own[name] / own["floor"] for name in ("value", "standard_error", "error_images", "error_seeds")},
    )


def _ordered(rows: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Data sets and models in the order of the runs, real images first; rows of a model as they were made."""
    datasets = {name: index for index, name in enumerate(dict.fromkeys(runs["dataset"]))}
    models = {name: index for index, name in enumerate(dict.fromkeys([REAL, *runs["model"]]))}
    keys = pd.DataFrame({"dataset": rows["dataset"].map(datasets), "model": rows["model"].map(models)})
    order = keys.sort_values(["dataset", "model"], kind="stable").index
    return rows.loc[order, list(assembly.COLUMNS)].reset_index(drop=True)
