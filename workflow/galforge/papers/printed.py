"""Values that a paper prints, at the rows that they belong to."""

import pandas as pd

from galforge.papers.table import Table

COLUMNS = ("paper", "table", "dataset", "model", "metric", "property", "value")
KEY = ["dataset", "model", "metric", "property"]
ORIGIN = {
    "sersic": "analytic",
    "cosmos": "observed",
    "skirt": "simulated",
    "galaxiesml": "observed",
    "sparse": "observed",
}
"""What printed values were measured on, for models that were not run; empty for other data sets."""


def printed(table: Table, published: pd.DataFrame) -> pd.DataFrame:
    """The printed values that belong to a table, under the names of its rows: KEY and ``published``."""
    published = published[published["paper"] == table.paper]
    own = published[published["table"] == table.file]
    averages = published[published["table"].isin(table.averages) & (published["property"] == "average")]
    own = pd.concat([own, averages.assign(property=averages["table"])])
    own = own[own["metric"].isin(table.metrics)]
    return own[[*KEY, "value"]].rename(columns={"value": "published"})


def printed_model(model: str) -> str:
    """The name of a model in the printed values: that without ``-published``, which is trained as the paper says."""
    return model.removesuffix("-published")


def with_printed(rows: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """Rows with the printed value of the same data set, model, metric and property, whatever their protocol.

    A model ``<printed model>-published`` counts as the printed one: it is trained as the paper says.
    Printed values of these data sets that find no row follow as rows of their own, without value.
    """
    key = rows[KEY].assign(model=rows["model"].map(printed_model))
    beside = key.merge(values, on=KEY, how="left", validate="many_to_one")["published"]
    joined = rows.assign(published=beside.to_numpy(float))
    left = without_row(values, key)
    left = left.assign(origin=left["dataset"].map(ORIGIN), protocol="published", at_floor=False, engine="")
    return pd.concat([joined, left], ignore_index=True)


def without_row(values: pd.DataFrame, key: pd.DataFrame) -> pd.DataFrame:
    """Printed values of the data sets of some rows that find none among them by KEY."""
    values = values[values["dataset"].isin(key["dataset"])]
    left = values.merge(key.drop_duplicates(), on=KEY, how="left", indicator=True)
    return left[left["_merge"] == "left_only"].drop(columns="_merge")
