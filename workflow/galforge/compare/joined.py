"""Joining several measurements of the same stamps, and checking that two samples can be compared."""

import numpy as np
import pandas as pd

from galforge.errors import GalforgeError


def joined(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Tables of measurements of the same stamps side by side: one row per stamp, in the order of the first table.

    Of several columns with one name, the first is taken. Attributes are those of the first table, but `engine` names
    all engines.

    Raises:
        GalforgeError: the tables are not of the same stamps.
    """
    first = tables[0]
    if len(tables) == 1:
        return first
    for table in tables[1:]:
        if len(table) != len(first) or (table["index"].to_numpy() != first["index"].to_numpy()).any():
            raise GalforgeError(
                f"two measurements are of different stamps ({len(first)} and {len(table)} of them), so they cannot be "
                "joined; measure both again"
            )
    out = pd.concat([table.reset_index(drop=True) for table in tables], axis=1)
    out = out.loc[:, ~out.columns.duplicated()]
    engines = dict.fromkeys(table.attrs.get("engine", "") for table in tables)
    out.attrs = {**first.attrs, "engine": ", ".join(filter(None, engines))}
    return out


def check_alike(source: pd.DataFrame, generated: pd.DataFrame) -> None:
    """Make sure that two samples have the same bands and the same side, where their measurements say these.

    Raises:
        GalforgeError: they differ, so the distance would be between two kinds of stamps.
    """
    for what, name in (("bands", "bands"), ("side [px]", "side")):
        first, second = (table.attrs.get(name) for table in (source, generated))
        # The side is 0 where galaxies have sides of their own.
        if first and second and not np.array_equal(first, second):
            raise GalforgeError(
                f"the source's stamps have {what} {first}, the generated ones {second}: compare stamps of one kind "
                "(train the model on this data set)"
            )
