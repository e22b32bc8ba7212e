"""Tables of ``config/`` as CSV: a row is a dataclass, and its fields are the columns."""

import csv
import io
from collections.abc import Iterable
from dataclasses import astuple, fields
from pathlib import Path
from typing import TypeVar

from galforge.errors import GalforgeError

Row = TypeVar("Row")


def columns(kind: type) -> list[str]:
    """Names of the columns of a dataclass."""
    return [each.name for each in fields(kind)]


def read(path: Path, kind: type[Row], writer: str) -> list[Row]:
    """The rows of a file.

    Args:
        path: the file.
        kind: the dataclass; its fields are of type str, int or float.
        writer: the command that writes such a file, for the error.

    Raises:
        GalforgeError: a row cannot be read.
    """
    found, types = [], {each.name: each.type for each in fields(kind)}
    for number, row in enumerate(csv.DictReader(path.read_text(encoding="utf-8").splitlines()), start=2):
        try:
            found.append(kind(**{name: types[name](value) for name, value in row.items()}))
        except (KeyError, TypeError, ValueError) as error:
            raise GalforgeError(
                f"{path}, line {number}: cannot be read ({error}); {writer} writes this file"
            ) from error
    return found


def text(rows: Iterable[object], kind: type) -> str:
    """Rows, all of one dataclass, as ``read`` takes them."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns(kind))
    writer.writerows(map(astuple, rows))
    return out.getvalue()
