"""Raw cutouts, one at a time, from a tar, a folder of FITS files, or a GalSim RealGalaxy catalogue."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from galforge.datasets import archive
from galforge.datasets.cosmos import real_galaxy
from galforge.datasets.cosmos.cutout import Cutout, parse

RELEASE = ("*_processed.fits.gz",)
ANY_FITS = ("*.fits", "*.fits.gz")


@dataclass(frozen=True)
class Source:
    """Raw cutouts: how many there are, and an iterator of (name, function that reads the cutout)."""

    count: int
    cutouts: Iterator[tuple[str, Callable[[], Cutout]]]


@contextmanager
def opened(path: Path, pattern: str, extension: int) -> Iterator[Source]:
    """The raw cutouts at ``path``; one cutout at a time is in memory.

    Raises:
        GalforgeError: there is nothing there, it is of no known kind, or no file matches the pattern.
    """
    if path.is_file() and path.suffix.lower() == ".fits":
        with real_galaxy.opened(path) as (count, cutouts):
            yield Source(count, cutouts)
        return
    # The release has other files beside its stamps.
    patterns = (RELEASE, ANY_FITS) if pattern == "auto" else ((pattern,),)
    with archive.opened(path, patterns, "Set `pattern` of the data set to what its stamps are called") as entries:
        yield Source(len(entries), ((entry.name, _reader(entry, extension)) for entry in entries))


def _reader(entry: archive.Entry, extension: int) -> Callable[[], Cutout]:
    return lambda: parse(entry.content(), extension)
