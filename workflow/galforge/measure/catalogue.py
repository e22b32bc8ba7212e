"""What tables of measurements take over from the catalogue of the stamps."""

import numpy as np
import pandas as pd

from galforge.stamps.file import Stamps


def catalogue_of(stamps: Stamps, start: int, stop: int, *, redshift: bool) -> pd.DataFrame:
    """`index` and `split` of stamps `start` to `stop` (exclusive), and where asked for their `redshift` (float64).

    The split is empty and the redshift NaN where the catalogue has none: generated stamps have no split.
    """
    count = stop - start
    split = stamps.catalog("split")[start:stop] if "split" in stamps.columns else np.full(count, "")
    columns = {"index": np.arange(start, stop), "split": pd.Series(split, dtype="str")}
    if redshift:
        there = "redshift" in stamps.columns
        values = stamps.catalog("redshift")[start:stop] if there else np.full(count, np.nan)
        columns["redshift"] = np.asarray(values, dtype=np.float64)
    return pd.DataFrame(columns)
