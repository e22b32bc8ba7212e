"""Which engine measured: two samples are compared only where the same one did."""

import pandas as pd

from galforge.errors import GalforgeError


def common_engine(source: pd.DataFrame, generated: pd.DataFrame) -> str:
    """The engine of two tables of measurements, as their attribute ``engine`` says; empty where the measure has none.

    Raises:
        GalforgeError: they were measured by different engines, so their distance would be between the engines too.
    """
    first, second = (table.attrs["engine"] for table in (source, generated))
    if first != second:
        raise GalforgeError(
            f"the source was measured by engine {first or 'none'}, the generated stamps by {second or 'none'}: "
            "measure both with one engine (key `engine` of the measure)"
        )
    return first
