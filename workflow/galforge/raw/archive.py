"""The files of a survey's release, read one at a time from a tar or a folder without extracting any; tars for mocks."""

import os
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path, PurePath, PurePosixPath
from typing import BinaryIO

from galforge.atomic import replacing
from galforge.errors import GalforgeError
from galforge.raw.rejections import Rejected

# What tarfile raises on damaged archives.
DAMAGE = (tarfile.TarError, OSError, EOFError)


@dataclass(frozen=True)
class Entry:
    """One file of a release.

    Attributes:
        name: of its stamp.
        opener: opens the file for reading; may raise Rejected.
    """

    name: str
    opener: Callable[[], BinaryIO]

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The open file, at its first byte.

        Raises:
            Rejected: it cannot be opened or read, or it is no plain file inside the archive's own folder.
        """
        try:
            with self.opener() as file:
                yield file
        except DAMAGE as error:
            raise Rejected("unreadable FITS", str(error)) from error

    def content(self) -> bytes:
        """All bytes of the file; raises as ``open``."""
        with self.open() as file:
            return file.read()


@contextmanager
def opened(path: Path, patterns: Sequence[tuple[str, ...]], remedy: str) -> Iterator[list[Entry]]:
    """The files at ``path`` that match, in the order of the tar (plain or compressed) or of the folder's names.

    Args:
        path: a tar or a folder.
        patterns: groups of file name patterns. The first group that any file matches is used alone.
        remedy: what to do if no file matches.

    Raises:
        GalforgeError: there is nothing there, it is neither tar nor folder, or no file matches.
    """
    if path.is_dir():
        # os.walk does not follow links to folders, so that a loop of links ends.
        found = sorted(Path(folder) / name for folder, _, names in os.walk(path) for name in names)
        yield _entries(
            path, [(file.relative_to(path).as_posix(), partial(open, file, "rb")) for file in found], patterns, remedy
        )
    elif not path.exists():
        raise GalforgeError(f"{path}: no such file or folder; set `path` of the data set to the raw stamps")
    else:
        try:
            # No `with`: this try must not catch what the caller raises inside the yielded block.
            archive = tarfile.open(path)  # noqa: SIM115
        except DAMAGE as error:
            raise GalforgeError(
                f"{path}: neither a tar (plain or compressed) nor a folder of FITS files ({error}); "
                "if its download broke off, remove it and run again; unpack other archives"
            ) from error
        with archive:
            files = [(member.name, partial(_member, archive, member)) for member in members(path, archive)]
            yield _entries(path, files, patterns, remedy)


def members(path: Path, archive: tarfile.TarFile) -> list[tarfile.TarInfo]:
    """All members of the tar at ``path`` but its folders.

    Raises:
        GalforgeError: the archive is truncated or damaged.
    """
    try:
        return [member for member in archive.getmembers() if not member.isdir()]
    except DAMAGE as error:
        raise GalforgeError(f"{path}: the archive is truncated or damaged ({error}); fetch it again") from error


@contextmanager
def written(path: Path) -> Iterator[Callable[[str, BinaryIO], None]]:
    """A function that adds a member (name, content) to a new tar at ``path``; equal members give equal bytes.

    Raises:
        OSError: the folder cannot be written, or the disk is full.
    """

    def add(name: str, content: BinaryIO) -> None:
        member = tarfile.TarInfo(name)
        member.size = content.seek(0, os.SEEK_END)
        content.seek(0)
        archive.addfile(member, content)

    with replacing(path) as temporary, tarfile.open(temporary, "w", format=tarfile.USTAR_FORMAT) as archive:
        yield add


def unsafe(name: str) -> bool:
    """Whether a file of this name would lie outside the folder or archive that names it."""
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or "\\" in name


def stem(name: str) -> str:
    """A file's name without its folder and without .fits or .fits.gz."""
    return PurePath(name).name.removesuffix(".gz").removesuffix(".fits")


def _entries(
    path: Path, files: list[tuple[str, Callable[[], BinaryIO]]], patterns: Sequence[tuple[str, ...]], remedy: str
) -> list[Entry]:
    """The files (name with folder, function that opens it) that match the patterns."""
    chosen = _matching([PurePosixPath(name).name for name, _ in files], patterns, path, remedy)
    files = [(name, open_file) for name, open_file in files if PurePosixPath(name).name in chosen]
    names = _names([name for name, _ in files])
    return [Entry(name, open_file) for name, (_, open_file) in zip(names, files, strict=True)]


def _names(paths: list[str]) -> list[str]:
    """Names of stamps: those of their files, with the folder where files in several folders have the same name."""
    places = [(stem(path), PurePosixPath(path).parent) for path in paths]
    folders = Counter(name for name, _ in set(places))
    return [name if folders[name] == 1 else (folder / name).as_posix() for name, folder in places]


def _matching(names: list[str], patterns: Sequence[tuple[str, ...]], path: Path, remedy: str) -> set[str]:
    if not names:
        raise GalforgeError(f"{path}: is empty; set `path` of the data set to where the raw stamps are")
    # Editors and file managers leave files that begin with a dot.
    visible = [name for name in names if not name.startswith(".")]
    for group in patterns:
        if chosen := {name for name in visible if any(fnmatchcase(name, pattern) for pattern in group)}:
            return chosen
    raise GalforgeError(
        f"{path}: none of its {len(names)} files matches {' or '.join(patterns[-1])}; the first is {names[0]}. {remedy}"
    )


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> BinaryIO:
    if unsafe(member.name):
        raise Rejected("unsafe archive member", f"{member.name!r} would write outside its folder")
    if not member.isfile():
        kind = "a link" if member.islnk() or member.issym() else "no regular file"
        target = f" to {member.linkname!r}, which" if member.linkname else ", which"
        raise Rejected("unsafe archive member", f"{member.name!r} is {kind}{target} would write outside its folder")
    return archive.extractfile(member)  # type: ignore[return-value]
