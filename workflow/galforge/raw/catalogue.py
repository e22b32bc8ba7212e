"""A catalogue beside the images (CSV, ECSV, FITS table or Parquet), whose rows are found by the galaxies' names."""

import unicodedata
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet
from astropy.table import Table

from galforge.errors import GalforgeError
from galforge.raw.files import stem
from galforge.raw.forms import some
from galforge.raw.tables import NAMES, exact


@dataclass(frozen=True)
class Catalogue:
    """Columns of numbers and texts, by the names of galaxies.

    Attributes:
        path: the file.
        names: as the catalogue spells them.
        rows: number of the row by name, as names are compared.
        columns: values by column.
    """

    path: Path
    names: list[str]
    rows: dict[str, int]
    columns: dict[str, np.ndarray]

    def row(self, name: str) -> dict[str, float | str] | None:
        """The values of a galaxy by column; None where the catalogue has no such name. Missing numbers are NaN."""
        index = self.rows.get(key(name))
        if index is None:
            return None
        return {
            column: str(values[index]) if values.dtype.kind == "U" else float(values[index])
            for column, values in self.columns.items()
        }

    def without_image(self, names: list[str]) -> list[str]:
        """Names of rows that none of the images has.

        Raises:
            GalforgeError: no image has a row.
        """
        known = {key(name) for name in names}
        if not self.rows:
            raise GalforgeError(f"{self.path}: has no rows; give a row for each image, or leave the catalogue out")
        left = [self.names[index] for name, index in self.rows.items() if name not in known]
        if len(left) == len(self.rows):
            raise GalforgeError(
                f"{self.path}: none of its {len(self.rows)} names is that of an image: the catalogue has "
                f"{some(self.names)}, the images {some(names)}. Set `catalogue_names` to the column with the "
                "images' names"
            )
        return left


def key(name: str) -> str:
    """A name as it is compared: in one form of Unicode, without folders, blanks around it and a file's ending.

    Zeros before a number do not count, because tables of numbers lose them.
    """
    bare = unicodedata.normalize("NFC", stem(name.strip().rpartition("/")[2]))
    return str(int(bare)) if bare.isascii() and bare.isdigit() else bare


def read(path: Path, names: str = "auto") -> Catalogue:
    """A catalogue.

    Args:
        path: CSV, ECSV, FITS table or Parquet, by its ending.
        names: the column with the galaxies' names; auto: ``name``, ``id``, ``object_id`` and the like.

    Raises:
        GalforgeError: it cannot be read, has no such column, or a name twice.
    """
    columns = columns_of(path)
    column = names_column(columns) if names == "auto" else names
    if column not in columns:
        raise GalforgeError(
            f"{path}: no column {'of names' if names == 'auto' else repr(names)}; there are {', '.join(columns)}. Set "
            "`catalogue_names` to the one with the images' names"
        )
    spelt = [_whole(value) for value in columns.pop(column)]
    keys = [key(name) for name in spelt]
    rows = {name: index for index, name in enumerate(keys)}
    if len(rows) < len(keys):
        twice = sorted({name for name in keys if keys.count(name) > 1}) if len(keys) < 10_000 else ["some"]
        raise GalforgeError(f"{path}: {column} has {some(twice)} more than once; give each galaxy one row")
    return Catalogue(path, spelt, rows, columns)


def names_column(columns: Iterable[str]) -> str:
    """The column that has names by what it is called; empty where none is."""
    lower = {column.lower(): column for column in reversed(list(columns))}
    return next((lower[name] for name in NAMES if name in lower), "")


def columns_of(path: Path) -> dict[str, np.ndarray]:
    """Columns of numbers and of words, by name, in the order of the rows.

    Raises:
        GalforgeError: the file is missing, damaged, or of no known form.
    """
    if not path.is_file():
        raise GalforgeError(f"{path}: there is no such file; set `catalogue` of the data set to one, or leave it out")
    ending = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    forms = {"csv": "ascii.csv", "ecsv": "ascii.ecsv", "fits": "fits", "fit": "fits"}
    try:
        if ending in ("parquet", "pq"):
            table = pyarrow.parquet.read_table(path)
            flat = [name for name in table.column_names if not pyarrow.types.is_nested(table[name].type)]
            found = {name: np.asarray(table[name].to_pylist()) for name in flat}
        elif ending in forms:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                table = Table.read(path, format=forms[ending])
            found = {name: _filled(table[name]) for name in table.colnames if table[name].ndim == 1}
        else:
            raise GalforgeError(f"{path}: a catalogue ends in .csv, .ecsv, .fits or .parquet; save it as one of these")
    except GalforgeError:
        raise
    except Exception as error:
        # Readers of four formats raise dozens of kinds of errors.
        raise GalforgeError(f"{path}: not a readable catalogue ({type(error).__name__}: {error})") from error
    # Spreadsheets begin their files with a mark of the byte order.
    typed = {name.removeprefix("\ufeff"): _typed(values) for name, values in found.items()}
    return {name: column for name, column in typed.items() if column is not None}


def _filled(column: np.ndarray) -> np.ndarray:
    """A column of astropy's, NaN or empty where it is masked."""
    values, mask = np.asarray(column), getattr(column, "mask", None)
    if mask is None or not np.any(mask):
        return values
    return np.where(mask, "", values) if values.dtype.kind in "SU" else np.where(mask, np.nan, values.astype(float))


def _typed(values: np.ndarray) -> np.ndarray | None:
    """Whole numbers stay whole, because they may be names; what is neither number nor word is left out."""
    if values.dtype.kind == "S":
        return np.char.strip(np.char.decode(values, "utf-8", "backslashreplace"))
    if values.dtype.kind == "O":
        if all(value is None or isinstance(value, int | float) for value in values):
            return np.array([np.nan if value is None else value for value in values], float)
        words = all(value is None or isinstance(value, str) for value in values)
        return np.array([value or "" for value in values]) if words else None
    return exact(values) if values.dtype.kind in "iufUb" else None


def _whole(value: object) -> str:
    """A name as text; numbers that are whole have no fraction."""
    return str(int(value)) if isinstance(value, float | np.floating) and float(value).is_integer() else str(value)
