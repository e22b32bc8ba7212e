"""The release: three folders of images and the tables of what is known of them, checked before any image is read.

Layout of the competition's archive (Gantastic 4, ETH Zurich, 2020): ``labeled/<Id>.png`` with ``labeled.csv``
(Id, Actual: 1 real, 0 not), ``scored/<Id>.png`` with ``scored.csv`` (Id, Actual: a score of at least 0), and
``query/<Id>.png`` without a table. The mock has ``mock.csv`` besides: how each image was corrupted.
"""

import csv
import io
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from galforge.datasets.rejections import Rejected
from galforge.datasets.sparse.files import SETS, Files, content
from galforge.datasets.sparse.files import opened as files_opened
from galforge.errors import GalforgeError

_EXAMPLES = 3


@dataclass(frozen=True)
class Picture:
    """One image of the release and what is known of it.

    Attributes:
        name: ``<set>/<Id>``.
        set: labeled, scored or query.
        label: 1 real, 0 not; NaN where there is none.
        score: of its realism; NaN where there is none.
        kind: of a mock image, its corruptions joined by "+"; else empty.
        truth: of a mock image of the query, the score that it would have; else NaN.
        open: opens its file.
    """

    name: str
    set: str
    label: float
    score: float
    kind: str
    truth: float
    open: Callable[[], BinaryIO]


@dataclass
class _Faults:
    """What is wrong with the release, by kind of fault."""

    found: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, where: str) -> None:
        self.found.setdefault(kind, []).append(where)

    def raise_any(self, path: Path) -> None:
        """Raises GalforgeError if there are any."""
        if not self.found:
            return
        count = sum(map(len, self.found.values()))
        lines = []
        for kind, places in self.found.items():
            more = f"; and {len(places) - _EXAMPLES} more" if len(places) > _EXAMPLES else ""
            lines.append(f"  {len(places)} {kind}: {'; '.join(places[:_EXAMPLES])}{more}")
        raise GalforgeError(
            f"{path}: {count} {'fault' if count == 1 else 'faults'} in the tables and folders of the release; mend or "
            "remove these rows and files, or fetch the release again. Found:\n" + "\n".join(lines)
        )


@contextmanager
def opened(path: Path, largest_score: float) -> Iterator[list[Picture]]:
    """All images at ``path``, a folder or a zip, in the order of their names; none is read yet.

    Raises:
        GalforgeError: nothing there that can be read, or faults in tables and folders, which are listed together: a
            table, folder or column that is missing, rows twice, rows without a file, files without a row or that are no
            ``<Id>.png``, a label other than 0 or 1, and a score that is no number, negative or above ``largest_score``.
    """
    with files_opened(path) as files:
        yield _pictures(path, files, largest_score)


def _pictures(path: Path, files: Files, largest_score: float) -> list[Picture]:
    faults = _Faults()
    values = {
        "labeled": _values(files, "labeled", faults, _label),
        "scored": _values(files, "scored", faults, lambda text: _score(text, largest_score)),
    }
    for name in SETS:
        if name not in files.images:
            faults.add("folders missing", f"{name}/")
        elif name in values and values[name] is not None:
            _same(name, values[name], files.images[name], faults)
    for name in files.others:
        faults.add("files that are no <Id>.png", name)
    known = _mock(files, faults)
    faults.raise_any(path)
    pictures = []
    for name, images in files.images.items():
        for identifier, open_file in images.items():
            kind, truth = known.get((name, identifier), ("", math.nan))
            pictures.append(
                Picture(
                    name=f"{name}/{identifier}",
                    set=name,
                    label=values["labeled"][identifier] if name == "labeled" else math.nan,
                    score=values["scored"][identifier] if name == "scored" else math.nan,
                    kind=kind,
                    truth=truth if name == "query" else math.nan,
                    open=open_file,
                )
            )
    if not pictures:
        raise GalforgeError(f"{path}: its folders hold no <Id>.png; give the release with its images")
    return sorted(pictures, key=lambda picture: picture.name)


def _label(text: str) -> float:
    value = float(text)
    if value not in (0, 1):
        raise ValueError("neither 0 nor 1")
    return value


def _score(text: str, largest: float) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("not finite")
    if value < 0:
        raise ValueError("negative")
    if value > largest:
        raise ValueError(f"above largest_score {largest:g}")
    return value


def _values(files: Files, name: str, faults: _Faults, convert: Callable[[str], float]) -> dict[str, float] | None:
    """The value of each Id in a table, None without it; a faulty one is NaN: its file has a row."""
    table, found = f"{name}.csv", {}
    rows = _rows(files, table, ("Id", "Actual"), faults)
    if rows is None:
        return None
    for number, (identifier, text) in rows:
        if identifier in found:
            faults.add("rows twice", f"{table} row {number} (Id {identifier})")
            continue
        try:
            found[identifier] = convert(text)
        except ValueError as error:
            found[identifier] = math.nan
            why = str(error) if not str(error).startswith("could not convert") else "not a number"
            faults.add("values that cannot be", f"{table} row {number} (Id {identifier}: Actual {text!r} is {why})")
    return found


def _rows(
    files: Files, table: str, columns: tuple[str, ...], faults: _Faults
) -> list[tuple[int, tuple[str, ...]]] | None:
    """The texts of some columns, row by row, with the number of the row in the file; None if they cannot be had."""
    if table not in files.tables:
        faults.add("tables missing", table)
        return None
    try:
        text = content(files.tables[table]).decode("utf-8-sig")
        rows = [(number, row) for number, row in enumerate(csv.reader(io.StringIO(text)), 1) if row]
    except (Rejected, UnicodeDecodeError, csv.Error) as error:
        faults.add("tables that cannot be read", f"{table} ({error})")
        return None
    header = [title.strip() for title in rows[0][1]] if rows else []
    if missing := [column for column in columns if column not in header]:
        faults.add("columns missing", f"{table} row 1 lacks {', '.join(missing)}; it has {', '.join(header) or 'none'}")
        return None
    places = [header.index(column) for column in columns]
    # A row that is cut short lacks its last values: they are empty, and said to be no numbers.
    return [
        (number, tuple(row[place].strip() if place < len(row) else "" for place in places)) for number, row in rows[1:]
    ]


def _same(name: str, values: dict[str, float], images: dict[str, Callable[[], BinaryIO]], faults: _Faults) -> None:
    for identifier in values:
        if identifier not in images:
            faults.add("rows without a file", f"{name}.csv Id {identifier}: no {name}/{identifier}.png")
    for identifier in sorted(images):
        if identifier not in values:
            faults.add("files without a row", f"{name}/{identifier}.png: no Id {identifier} in {name}.csv")


def _mock(files: Files, faults: _Faults) -> dict[tuple[str, str], tuple[str, float]]:
    """Kind of corruption and true score of mock images, by set and Id; the release has no such table: empty."""
    if "mock.csv" not in files.tables:
        return {}
    found = {}
    for number, (identifier, name, kind, text) in (
        _rows(files, "mock.csv", ("Id", "Set", "Kind", "Score"), faults) or []
    ):
        try:
            found[name, identifier] = kind, _score(text, math.inf)
        except ValueError:
            faults.add("values that cannot be", f"mock.csv row {number} (Id {identifier}: Score {text!r})")
    return found
