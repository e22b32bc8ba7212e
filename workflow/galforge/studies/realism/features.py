"""Sets of features, as columns of the tables of the measure ``realism``."""

import pandas as pd

from galforge.errors import GalforgeError

BLOCKS = {
    "basic_3": ("basic",),
    "individual": ("individual",),
    "individual_interaction": ("individual", "interaction"),
    "histogram": ("histogram",),
    "histogram_hog_lbp": ("histogram", "hog", "lbp"),
    "fourier": ("fourier",),
    "power_spectrum": ("spectrum",),
    "histogram_power_spectrum": ("histogram", "spectrum"),
}
"""Blocks of columns of each set."""


def columns_of(table: pd.DataFrame, features: str) -> list[str]:
    """Columns of a set of features in a table.

    Raises:
        GalforgeError: the table lacks a block of the set.
    """
    found: list[str] = []
    for block in BLOCKS[features]:
        own = [name for name in table.columns if name.startswith(f"{block}_")]
        if not own:
            raise GalforgeError(
                f"features {features}: the table has no columns {block}_...; add {block} to the blocks of the measure"
            )
        found += own
    return found


def scored(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of the images with a score, on which scorers are trained.

    Raises:
        GalforgeError: no image has a score.
    """
    rows = table[table["set"].eq("scored") & table["score"].notna()]
    if rows.empty:
        raise GalforgeError("no images with a score to train a scorer on; the data release has them in scored/")
    return rows
