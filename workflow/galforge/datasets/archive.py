"""The files of a survey's release, one at a time, out of a tar or a folder; nothing is ever extracted to disk."""

import os
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePath, PurePosixPath
from typing import BinaryIO

from galforge.datasets.rejections import Rejected
from galforge.errors import GalforgeError


@dataclass(frozen=True)
class Entry:
    """One file of a release.

    Attributes:
        name: what its stamp is called.
        open: opens it for reading, from its first byte; raises Rejected where it cannot be.
    """

    name: str
    open: Callable[[], BinaryIO]

    def content(self) -> bytes:
        """All bytes of the file.

        Raises:
            Rejected: it cannot be read, or it is no plain file inside the archive's own folder.
        """
        try:
            with self.open() as file:
                return file.read()
        except (tarfile.TarError, OSError, EOFError) as error:
            raise Rejected("unreadable FITS", str(error)) from error


@contextmanager
def opened(path: Path, patterns: Sequence[tuple[str, ...]], remedy: str) -> Iterator[list[Entry]]:
    """The files at ``path``, a tar (plain or compressed) or a folder, in the order of the tar or of their names.

    Of the groups of patterns, the first that any file matches counts.

    Raises:
        GalforgeError: there is nothing there, it is neither tar nor folder, or no file matches: ``remedy`` says what
            to do then.
    """
    if path.is_dir():
        yield _folder(path, patterns, remedy)
    elif not path.exists():
        raise GalforgeError(f"{path}: no such file or folder; set `path` of the data set to the raw stamps")
    else:
        try:
            # No `with`: this try must not catch what the caller raises inside the yielded block.
            archive = tarfile.open(path)  # noqa: SIM115
        except (tarfile.TarError, OSError, EOFError) as error:
            raise GalforgeError(
                f"{path}: neither a tar (plain or compressed) nor a folder of FITS files ({error}); "
                "if its download broke off, remove it and run again"
            ) from error
        try:
            yield _tar(path, archive, patterns, remedy)
        finally:
            archive.close()


def stem(name: str) -> str:
    """A file's name without its folder and without .fits or .fits.gz."""
    return PurePath(name).name.removesuffix(".gz").removesuffix(".fits")


def _folder(path: Path, patterns: Sequence[tuple[str, ...]], remedy: str) -> list[Entry]:
    # os.walk does not follow links to folders, so that a loop of links ends.
    files = sorted(Path(folder) / name for folder, _, names in os.walk(path) for name in names)
    chosen = _matching([file.name for file in files], patterns, path, remedy)
    files = [file for file in files if file.name in chosen]
    names = _names([file.relative_to(path).as_posix() for file in files])
    return [Entry(name, lambda file=file: _file(file)) for name, file in zip(names, files, strict=True)]


def _tar(path: Path, archive: tarfile.TarFile, patterns: Sequence[tuple[str, ...]], remedy: str) -> list[Entry]:
    try:
        members = archive.getmembers()
    except (tarfile.TarError, OSError, EOFError) as error:
        raise GalforgeError(f"{path}: the archive is truncated or damaged ({error}); fetch it again") from error
    members = [member for member in members if not member.isdir()]
    chosen = _matching([PurePosixPath(member.name).name for member in members], patterns, path, remedy)
    members = [member for member in members if PurePosixPath(member.name).name in chosen]
    names = _names([member.name for member in members])
    return [
        Entry(name, lambda member=member: _member(archive, member)) for name, member in zip(names, members, strict=True)
    ]


def _names(paths: list[str]) -> list[str]:
    """A stamp is called like its file; with its folder where files of several folders are called alike."""
    folders: dict[str, set[str]] = {}
    for path in paths:
        folders.setdefault(stem(path), set()).add(str(PurePosixPath(path).parent))
    parents = [PurePosixPath(path).parent for path in paths]
    return [
        stem(path) if len(folders[stem(path)]) == 1 else (parent / stem(path)).as_posix()
        for path, parent in zip(paths, parents, strict=True)
    ]


def _matching(names: list[str], patterns: Sequence[tuple[str, ...]], path: Path, remedy: str) -> set[str]:
    if not names:
        raise GalforgeError(f"{path}: is empty; there are no stamps in it")
    # Editors and file managers leave files that begin with a dot.
    visible = [name for name in names if not name.startswith(".")]
    for group in patterns:
        if chosen := {name for name in visible if any(fnmatchcase(name, pattern) for pattern in group)}:
            return chosen
    raise GalforgeError(
        f"{path}: none of its {len(names)} files matches {' or '.join(patterns[-1])}; the first is {names[0]}. {remedy}"
    )


def _file(path: Path) -> BinaryIO:
    try:
        return open(path, "rb")
    except OSError as error:
        raise Rejected("unreadable FITS", str(error)) from error


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> BinaryIO:
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or "\\" in member.name:
        raise Rejected("unsafe archive member", f"{member.name!r} would write outside its folder")
    if not member.isfile():
        kind = "a link" if member.islnk() or member.issym() else "no regular file"
        target = f" to {member.linkname!r}, which" if member.linkname else ", which"
        raise Rejected("unsafe archive member", f"{member.name!r} is {kind}{target} would write outside its folder")
    return archive.extractfile(member)  # type: ignore[return-value]
