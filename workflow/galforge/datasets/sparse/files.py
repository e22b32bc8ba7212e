"""The files of the release in a folder or a zip, read without extracting any to disk."""

import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NoReturn

from galforge.errors import GalforgeError
from galforge.raw.archive import unsafe
from galforge.raw.rejections import Rejected

SETS = ("labeled", "scored", "query")
TABLES = ("labeled.csv", "scored.csv", "mock.csv")
LARGEST_FILE = 2**26
"""No file of the release comes near this size; members of a damaged or hostile zip are read up to it [bytes]."""
# zipfile raises RuntimeError for encrypted members and NotImplementedError for unknown compressions.
_UNREADABLE = (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, ValueError)

Opener = Callable[[], BinaryIO]


@dataclass(frozen=True)
class Files:
    """What is found of the release.

    Attributes:
        images: by set and Id, the function that opens ``<Id>.png``; a set whose folder is absent has no key.
        tables: by file name, the function that opens each table; a table that is absent has no key.
        others: other files among the images, ``<set>/<name>``.
    """

    images: dict[str, dict[str, Opener]]
    tables: dict[str, Opener]
    others: list[str]


def content(open_file: Opener) -> bytes:
    """All bytes of one file of the release.

    Raises:
        Rejected: it cannot be read, or is far larger than any file of the release.
    """
    try:
        with open_file() as file:
            found = file.read(LARGEST_FILE + 1)
    except _UNREADABLE as error:
        raise Rejected("unreadable file", str(error)) from error
    if len(found) > LARGEST_FILE:
        raise Rejected("file too large", f"more than {LARGEST_FILE // 2**20} MiB")
    return found


@contextmanager
def opened(path: Path) -> Iterator[Files]:
    """The files at ``path``, a folder or a zip of any name; they may be in one top folder.

    Raises:
        GalforgeError: there is nothing there, it is neither folder nor zip, the zip is damaged or has members outside
            its own folder, or no part of the release is in it.
    """
    if path.is_dir():
        yield _sorted_out(path, _in_folder(path))
    elif not path.exists():
        raise GalforgeError(f"{path}: no such file or folder; set `path` of the data set to the release")
    elif not zipfile.is_zipfile(path):
        raise GalforgeError(
            f"{path}: neither a folder nor a zip, or a zip that is cut short; set `path` of the data set to the "
            "release, or fetch it again"
        )
    else:
        try:
            # No `with`: this try must not catch what the caller raises inside the yielded block.
            archive = zipfile.ZipFile(path)
        except _UNREADABLE as error:
            raise GalforgeError(f"{path}: the zip is damaged ({error}); fetch it again") from error
        with archive:
            yield _sorted_out(path, _in_zip(path, archive))


def _in_folder(path: Path) -> dict[PurePosixPath, Opener | None]:
    """Files and folders (None) at ``path``, deep enough for the images of a release in a top folder."""
    found: dict[PurePosixPath, Opener | None] = {}
    # Links are followed, so that images may lie on another disk; the depth is limited, so that a loop of links ends.
    for folder, folders, names in os.walk(path, onerror=_cannot_be_read, followlinks=True):
        here = PurePosixPath(Path(folder).relative_to(path).as_posix())
        found.update({here / name: None for name in folders})
        found.update({here / name: partial(open, Path(folder) / name, "rb") for name in names})
        if len(here.parts) == 2:
            folders.clear()
    return found


def _cannot_be_read(error: OSError) -> NoReturn:
    raise GalforgeError(f"{error.filename}: the folder cannot be read ({error.strerror}); mend its permissions")


def _in_zip(path: Path, archive: zipfile.ZipFile) -> dict[PurePosixPath, Opener | None]:
    found: dict[PurePosixPath, Opener | None] = {}
    for member in archive.infolist():
        name = PurePosixPath(member.filename)
        if unsafe(member.filename):
            raise GalforgeError(
                f"{path}: the member {member.filename!r} would lie outside the zip's own folder; make the zip anew"
            )
        # zipfile's own tools see the last of two members of one name; here they are a fault, like two rows of one Id.
        if name in found and not member.is_dir():
            raise GalforgeError(f"{path}: the zip has two members {member.filename!r}; make the zip anew")
        found.update({folder: None for folder in name.parents if folder.parts})
        found[name] = None if member.is_dir() else partial(archive.open, member)
    return found


def _sorted_out(path: Path, found: dict[PurePosixPath, Opener | None]) -> Files:
    top = _top(path, found)
    release = Files({}, {}, [])
    for name, open_file in found.items():
        parts = name.relative_to(top).parts if name.is_relative_to(top) else ()
        if len(parts) == 1 and parts[0] in SETS and open_file is None:
            release.images.setdefault(parts[0], {})
        elif len(parts) == 1 and parts[0] in TABLES and open_file is not None:
            release.tables[parts[0]] = open_file
        # Editors and file managers leave files that begin with a dot.
        elif len(parts) == 2 and parts[0] in SETS and open_file and not parts[1].startswith("."):
            if name.suffix == ".png":
                release.images.setdefault(parts[0], {})[name.stem] = open_file
            else:
                release.others.append("/".join(parts))
    release.others.sort()
    return release


def _top(path: Path, found: dict[PurePosixPath, Opener | None]) -> PurePosixPath:
    """The folder that the parts of the release are in: the input itself, or the one folder in it that has any."""
    known = {*SETS, *TABLES}
    tops = {name.parent for name in found if name.name in known and len(name.parts) <= 2}
    tops = {top for top in tops if top.name not in SETS and top.name != "__MACOSX"}
    if PurePosixPath() in tops:
        return PurePosixPath()
    if len(tops) == 1:
        return tops.pop()
    remedy = (
        "set `path` of the data set to the folder or zip with labeled/, scored/, query/, labeled.csv and scored.csv"
    )
    if tops:
        names = ", ".join(sorted(top.as_posix() for top in tops))
        raise GalforgeError(f"{path}: parts of the release are in several folders ({names}); {remedy}")
    raise GalforgeError(f"{path}: no part of the release is in it; {remedy}")
