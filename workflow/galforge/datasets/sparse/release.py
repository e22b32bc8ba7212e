"""The release: three folders of images and the tables of labels and scores, checked before any image is read.

Layout of the competition's archive (Gantastic 4, ETH Zurich, 2020): ``labeled/<Id>.png`` with ``labeled.csv``
(Id, Actual: 1 real, 0 not), ``scored/<Id>.png`` with ``scored.csv`` (Id, Actual: a score of at least 0), and
``query/<Id>.png`` without a table. The mock has ``mock.csv`` besides: how each image was corrupted.
"""

import csv
import io
import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from galforge.datasets.sparse.files import SETS, Files, content
from galforge.datasets.sparse.files import opened as files_opened
from galforge.errors import GalforgeError
from galforge.raw.rejections import Rejected

_EXAMPLES = 3
_Faults = defaultdict[str, list[str]]
"""Where something is wrong with the release, by kind of fault."""


@dataclass(frozen=True)
class Picture:
    """One image of the release and what is known of it.

    Attributes:
        name: ``<set>/<Id>``.
        set: labeled, scored or query.
        label: 1 for real, 0 for not real; NaN where there is no label.
        score: of its realism; NaN where there is none.
        kind: the corruptions of a mock image, joined by "+"; else empty.
        truth: the score that a mock image of the query would have; else NaN.
        open: opens its file.
    """

    name: str
    set: str
    label: float
    score: float
    kind: str
    truth: float
    open: Callable[[], BinaryIO]


@contextmanager
def opened(path: Path, largest_score: float) -> Iterator[list[Picture]]:
    """All images at ``path``, a folder or a zip, in the order of their names; none is read yet.

    Raises:
        GalforgeError: nothing there can be read, or tables and folders have faults, which are listed together: a
            missing table, folder or column, a row twice, a row without a file, a file without a row or that is no
            ``<Id>.png``, a label other than 0 or 1, or a score that is no number, negative or above ``largest_score``.
    """
    with files_opened(path) as files:
        yield _pictures(path, files, largest_score)


def _pictures(path: Path, files: Files, largest_score: float) -> list[Picture]:
    faults = _Faults(list)
    values = {
        "labeled": _table(files, "labeled", ("Id", "Actual"), faults, _label),
        "scored": _table(files, "scored", ("Id", "Actual"), faults, lambda text: _score(text, largest_score)),
    }
    for name in SETS:
        if name not in files.images:
            faults["folders missing"].append(f"{name}/")
        elif name in values and values[name] is not None:
            rows, images = {identifier for (identifier,) in values[name]}, files.images[name]
            for identifier in sorted(rows - set(images)):
                faults["rows without a file"].append(f"{name}.csv Id {identifier}: no {name}/{identifier}.png")
            for identifier in sorted(set(images) - rows):
                faults["files without a row"].append(f"{name}/{identifier}.png: no Id {identifier} in {name}.csv")
    for name in files.others:
        faults["files that are no <Id>.png"].append(name)
    known = {}
    if "mock.csv" in files.tables:  # the release has none
        rows = _table(files, "mock", ("Id", "Set", "Kind", "Score"), faults, lambda text: _score(text, math.inf))
        known = {key[:2]: (key[2], truth) for key, truth in (rows or {}).items()}
    if faults:
        raise _error(path, faults)
    pictures = []
    for name, images in files.images.items():
        for identifier, open_file in images.items():
            kind, truth = known.get((identifier, name), ("", math.nan))
            label = values["labeled"][identifier,] if name == "labeled" else math.nan
            score = values["scored"][identifier,] if name == "scored" else math.nan
            truth = truth if name == "query" else math.nan
            pictures.append(Picture(f"{name}/{identifier}", name, label, score, kind, truth, open_file))
    if not pictures:
        raise GalforgeError(f"{path}: its folders hold no <Id>.png; give the release with its images")
    return sorted(pictures, key=lambda picture: picture.name)


def _error(path: Path, faults: _Faults) -> GalforgeError:
    lines = []
    for kind, places in faults.items():
        more = f"; and {len(places) - _EXAMPLES} more" if len(places) > _EXAMPLES else ""
        lines.append(f"  {len(places)} {kind}: {'; '.join(places[:_EXAMPLES])}{more}")
    count = sum(map(len, faults.values()))
    return GalforgeError(
        f"{path}: {count} {'fault' if count == 1 else 'faults'} in the tables and folders of the release; mend or "
        "remove these rows and files, or fetch the release again. Found:\n" + "\n".join(lines)
    )


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


def _table(
    files: Files, name: str, columns: tuple[str, ...], faults: _Faults, convert: Callable[[str], float]
) -> dict[tuple[str, ...], float] | None:
    """The value in the last of some columns by those in the others, Id first; None if the table has a fault.

    Faulty values are NaN, for their files do have a row.
    """
    table, found = f"{name}.csv", {}
    if table not in files.tables:
        faults["tables missing"].append(table)
        return None
    try:
        text = content(files.tables[table]).decode("utf-8-sig")
        rows = [(number, row) for number, row in enumerate(csv.reader(io.StringIO(text)), 1) if row]
    except (Rejected, UnicodeDecodeError, csv.Error) as error:
        faults["tables that cannot be read"].append(f"{table} ({error})")
        return None
    header = [title.strip() for title in rows[0][1]] if rows else []
    if missing := [column for column in columns if column not in header]:
        there = ", ".join(header) or "none"
        faults["columns missing"].append(f"{table} row 1 lacks {', '.join(missing)}; it has {there}")
        return None
    places = [header.index(column) for column in columns]
    for number, row in rows[1:]:
        # A row that is cut short lacks its last values: they are read as empty, and refused as no numbers.
        *key, text = (row[place].strip() if place < len(row) else "" for place in places)
        key, place = tuple(key), f"{table} row {number} (Id {key[0]}"
        if key in found:
            faults["rows twice"].append(f"{place})")
            continue
        try:
            found[key] = convert(text)
        except ValueError as error:
            found[key] = math.nan
            why = str(error) if not str(error).startswith("could not convert") else "not a number"
            faults["values that cannot be"].append(f"{place}: {columns[-1]} {text!r} is {why})")
    return found
