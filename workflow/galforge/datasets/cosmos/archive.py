"""Raw cutouts, one at a time, from a tar, a folder of FITS files, or a GalSim RealGalaxy catalogue."""

import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from galforge.datasets.cosmos import real_galaxy
from galforge.datasets.cosmos.cutout import Cutout, Rejected, parse, stem
from galforge.errors import GalforgeError

RELEASE_PATTERN = "*_processed.fits.gz"
ANY_FITS = ("*.fits", "*.fits.gz")


@dataclass(frozen=True)
class Source:
    """Raw cutouts: how many there are, and an iterator of (name, function that reads the cutout)."""

    count: int
    cutouts: Iterator[tuple[str, Callable[[], Cutout]]]


@contextmanager
def opened(path: Path, pattern: str, extension: int) -> Iterator[Source]:
    """The raw cutouts at ``path``; nothing is ever extracted to disk, and one cutout at a time is in memory.

    Raises:
        GalforgeError: there is nothing there, it is of no known kind, or no file matches the pattern.
    """
    if path.is_dir():
        yield _folder(path, pattern, extension)
    elif not path.exists():
        raise GalforgeError(f"{path}: no such file or folder; set `path` of the data set to the raw stamps")
    elif path.suffix.lower() == ".fits":
        with real_galaxy.opened(path) as (count, cutouts):
            yield Source(count, cutouts)
    else:
        try:
            # No `with`: this try must not catch what the caller raises inside the yielded block.
            archive = tarfile.open(path)  # noqa: SIM115
        except (tarfile.TarError, OSError, EOFError) as error:
            raise GalforgeError(
                f"{path}: neither a tar (plain or compressed), nor a folder, nor a RealGalaxy catalogue "
                f"({error}); if its download broke off, remove it and run again"
            ) from error
        try:
            yield _tar(path, archive, pattern, extension)
        finally:
            archive.close()


def _folder(path: Path, pattern: str, extension: int) -> Source:
    # os.walk does not follow links to folders, so that a loop of links ends.
    files = sorted(Path(folder) / name for folder, _, names in os.walk(path) for name in names)
    chosen = _matching([file.name for file in files], pattern, path)
    files = [file for file in files if file.name in chosen]
    named = zip(_names([file.relative_to(path).as_posix() for file in files]), files, strict=True)
    return Source(len(files), ((name, _reader(file.read_bytes, extension)) for name, file in named))


def _tar(path: Path, archive: tarfile.TarFile, pattern: str, extension: int) -> Source:
    try:
        members = archive.getmembers()
    except (tarfile.TarError, OSError, EOFError) as error:
        raise GalforgeError(f"{path}: the archive is truncated or damaged ({error}); fetch it again") from error
    members = [member for member in members if not member.isdir()]
    chosen = _matching([PurePosixPath(member.name).name for member in members], pattern, path)
    members = [member for member in members if PurePosixPath(member.name).name in chosen]
    named = zip(_names([member.name for member in members]), members, strict=True)
    return Source(len(members), ((name, _member(archive, member, extension)) for name, member in named))


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


def _matching(names: list[str], pattern: str, path: Path) -> set[str]:
    if not names:
        raise GalforgeError(f"{path}: is empty; there are no stamps in it")
    patterns = (pattern,)
    if pattern == "auto":
        release = any(fnmatchcase(name, RELEASE_PATTERN) for name in names)
        patterns = (RELEASE_PATTERN,) if release else ANY_FITS
    # Editors and file managers leave files that begin with a dot.
    chosen = {
        name for name in names if not name.startswith(".") and any(fnmatchcase(name, pattern) for pattern in patterns)
    }
    if not chosen:
        raise GalforgeError(
            f"{path}: none of its {len(names)} files matches {' or '.join(patterns)}; the first is "
            f"{names[0]}. Set `pattern` of the data set to what its stamps are called"
        )
    return chosen


def _reader(content: Callable[[], bytes], extension: int) -> Callable[[], Cutout]:
    def read() -> Cutout:
        try:
            return parse(content(), extension)
        except OSError as error:
            raise Rejected("unreadable FITS", str(error)) from error

    return read


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo, extension: int) -> Callable[[], Cutout]:
    def read() -> Cutout:
        name = PurePosixPath(member.name)
        if name.is_absolute() or ".." in name.parts or "\\" in member.name:
            raise Rejected("unsafe archive member", f"{member.name!r} would write outside its folder")
        if not member.isfile():
            kind = "a link" if member.islnk() or member.issym() else "no regular file"
            target = f" to {member.linkname!r}, which" if member.linkname else ", which"
            raise Rejected("unsafe archive member", f"{member.name!r} is {kind}{target} would write outside its folder")
        try:
            content = archive.extractfile(member).read()  # type: ignore[union-attr]
        except (tarfile.TarError, OSError, EOFError) as error:
            raise Rejected("unreadable FITS", f"the archive ends or is damaged within it ({error})") from error
        if len(content) < member.size:
            raise Rejected("unreadable FITS", "the archive ends within it")
        return parse(content, extension)

    return read
