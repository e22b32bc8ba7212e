"""Values that the paper prints, at the rows that they belong to."""

import pandas as pd

from galforge.papers.li2024.rows import printed_model
from galforge.papers.readings import HEADLINE, TABLES

COLUMNS = ("study", "table", "dataset", "model", "metric", "property", "value")
KEY = ["dataset", "model", "metric", "property"]
ORIGIN = {
    "sersic": "analytic",
    "cosmos": "observed",
    "skirt": "simulated",
    "galaxiesml": "observed",
    "sparse": "observed",
}
"""What the printed values were measured on, for models not run.

Holzschuh et al. (2022), abstract; Li et al. (2024); Gantastic 4 (2020), who take their images for those of telescopes.
"""


def printed(table: str, published: pd.DataFrame) -> pd.DataFrame:
    """The printed values that belong to a table, under the names of its rows."""
    about = TABLES[table]
    published = published[published["study"] == about.study]
    own = published[published["table"] == (about.file or table)]
    if table == "headline":
        averages = published[published["table"].isin(HEADLINE) & (published["property"] == "average")]
        own = pd.concat([own, averages.assign(property=averages["table"])])
    own = own[own["metric"].isin(about.metrics)]
    return own[[*KEY, "value"]].rename(columns={"value": "published"})


def with_printed(rows: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """Rows with the printed value of the same data set, model, metric and property, whatever their protocol.

    A model ``<printed model>-published`` counts as the printed one: it is trained as the paper says.
    Printed values of these data sets that find no row follow as rows of their own, without value.
    """
    key = rows[KEY].assign(model=rows["model"].map(printed_model))
    beside = key.merge(values, on=KEY, how="left", validate="many_to_one")["published"]
    joined = rows.assign(published=beside.to_numpy(float))
    values = values[values["dataset"].isin(rows["dataset"])]
    left = values.merge(key.drop_duplicates(), on=KEY, how="left", indicator=True)
    left = left[left["_merge"] == "left_only"].drop(columns="_merge")
    origin = left["dataset"].map(ORIGIN)
    left = left.assign(origin=origin, protocol="published", at_floor=False, engine="")
    return pd.concat([joined, left], ignore_index=True)
