"""Two samples are compared only if one engine measured both."""

import pandas as pd

from galforge.errors import GalforgeError


def common_engine(source: pd.DataFrame, generated: pd.DataFrame) -> str:
    """The engine of two tables of measurements, their attribute ``engine``; empty where the measure has none.

    Raises:
        GalforgeError: a table has no such attribute, or the engines differ, so the distance would be between engines
            too.
    """
    sides = {"source": source, "generated": generated}
    lacking = [side for side, table in sides.items() if "engine" not in table.attrs]
    if lacking:
        raise GalforgeError(
            f"the {' and '.join(lacking)} measurements do not say which engine made them: measure again"
        )
    first, second = (table.attrs["engine"] for table in sides.values())
    if first != second:
        raise GalforgeError(
            f"the source was measured by engine {first or 'none'}, the generated stamps by {second or 'none'}: "
            "measure both with one engine (key `engine` of the measure)"
        )
    return first
