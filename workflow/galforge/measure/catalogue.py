"""What measures read of a stamps file beside pixels: its catalogue, and a sample of its rows."""

import numpy as np
import pandas as pd

from galforge.errors import GalforgeError
from galforge.stamps.file import Stamps

LOOKED_AT = 256  # source stamps on which a stretch is measured


def catalogue_of(stamps: Stamps, start: int, stop: int, *, redshift: bool) -> pd.DataFrame:
    """`index` and `split` of stamps `start` to `stop` (exclusive), and `redshift` (float64) where asked for.

    Where the catalogue lacks them, the split is empty and the redshift NaN; generated stamps have no split.
    """
    count = stop - start
    split = stamps.catalog("split")[start:stop] if "split" in stamps.columns else np.full(count, "")
    columns = {"index": np.arange(start, stop), "split": pd.Series(split, dtype="str")}
    if redshift:
        there = "redshift" in stamps.columns
        values = stamps.catalog("redshift")[start:stop] if there else np.full(count, np.nan)
        columns["redshift"] = np.asarray(values, dtype=np.float64)
    return pd.DataFrame(columns)


def rows_for_stretch(stamps: Stamps) -> np.ndarray:
    """Rows (n,) of at most 256 stamps, evenly spread over the file.

    Raises:
        GalforgeError: there are no stamps.
    """
    if len(stamps) == 0:
        raise GalforgeError(f"{stamps.path}: no stamps to measure a stretch on: check the cuts of the data set")
    return np.unique(np.linspace(0, len(stamps) - 1, LOOKED_AT).astype(np.int64))
