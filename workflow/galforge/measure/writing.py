"""Tables of measurements and of distances, written as Parquet or CSV."""

import os
from pathlib import Path

import pandas as pd

from galforge.atomic import replacing
from galforge.errors import GalforgeError


def check_output(path: Path, endings: tuple[str, ...]) -> None:
    """Make sure that a table can be written, before hours are spent on it.

    Raises:
        GalforgeError: the name has another ending, or the folder cannot be written.
    """
    if path.suffix.lower() not in endings:
        raise GalforgeError(f"{path}: a table ends in {' or '.join(endings)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GalforgeError(f"{path}: its folder cannot be made: {error}") from error
    if not os.access(path.parent, os.W_OK) or path.is_dir():
        raise GalforgeError(f"{path}: cannot be written: choose another name or folder")


def write(table: pd.DataFrame, path: Path) -> None:
    """Write a table as Parquet or CSV, as the ending of the path says.

    Raises:
        GalforgeError: the disk is full, or the folder cannot be written.
    """
    try:
        with replacing(path) as temporary:
            if path.suffix.lower() == ".csv":
                table.to_csv(temporary, index=False, lineterminator="\n")
            else:
                table.to_parquet(temporary, index=False)
    except OSError as error:
        raise GalforgeError(f"{path}: cannot be written: {error}") from error
