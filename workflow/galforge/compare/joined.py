"""Several measurements of the same stamps as one table, and two such tables that may be compared."""

import pandas as pd

from galforge.errors import GalforgeError


def joined(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Tables of measurements of the same stamps, side by side: one row per stamp, in the order of the first table.

    The attributes are those of the first one; `engine` names all that measured. Of columns with one name the first
    counts.

    Raises:
        GalforgeError: they are not of the same stamps.
    """
    first = tables[0]
    if len(tables) == 1:
        return first
    for table in tables[1:]:
        if len(table) != len(first) or (table["index"].to_numpy() != first["index"].to_numpy()).any():
            raise GalforgeError(
                f"measurements of {len(first)} and of {len(table)} stamps, or of others: they cannot be joined; "
                "measure both again"
            )
    out = pd.concat([table.reset_index(drop=True) for table in tables], axis=1)
    out = out.loc[:, ~out.columns.duplicated()]
    engines = dict.fromkeys(table.attrs.get("engine", "") for table in tables)
    out.attrs = {**first.attrs, "engine": ", ".join(filter(None, engines))}
    return out


def check_alike(source: pd.DataFrame, generated: pd.DataFrame) -> None:
    """Make sure that two samples have the same bands and the same side, as far as their measurements say.

    Raises:
        GalforgeError: they have not; the distance would be between two kinds of stamps.
    """
    for what, name in (("bands", "bands"), ("side [px]", "side")):
        first, second = (table.attrs.get(name) for table in (source, generated))
        # Galaxies at their own size have none in common.
        if first and second and list_of(first) != list_of(second):
            raise GalforgeError(
                f"the source's stamps have {what} {first}, the generated ones {second}: compare stamps of one kind "
                "(train the model on this data set)"
            )


def list_of(value: object) -> list:
    """A value, or the items of a sequence, as a list: attributes come back from files as lists."""
    return list(value) if isinstance(value, list | tuple) else [value]
