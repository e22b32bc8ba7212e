"""Raw cutouts, one at a time, from a tar, a folder of FITS files, or a GalSim RealGalaxy catalogue."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from galforge.datasets.cosmos import real_galaxy
from galforge.datasets.cosmos.cutout import Cutout, parse
from galforge.raw import archive

RELEASE = ("*_processed.fits.gz",)
ANY_FITS = ("*.fits", "*.fits.gz")


@contextmanager
def opened(path: Path, pattern: str, extension: int) -> Iterator[list[tuple[str, Callable[[], Cutout]]]]:
    """The raw cutouts at ``path``: (name, function that reads the cutout) for each; none is read yet.

    Args:
        path: a tar, a folder or a catalogue.
        pattern: names of the files; ``auto`` for those of the release, or else any FITS files.
        extension: number of the HDU that holds the image.

    Raises:
        GalforgeError: there is nothing there, it is of no known kind, or no file matches the pattern.
    """
    if path.is_file() and path.suffix.lower() == ".fits":
        with real_galaxy.opened(path) as cutouts:
            yield cutouts
        return
    # The release has other files beside its stamps.
    patterns = (RELEASE, ANY_FITS) if pattern == "auto" else ((pattern,),)
    with archive.opened(path, patterns, "Set `pattern` of the data set to the names of its stamps") as entries:
        yield [(entry.name, lambda entry=entry: parse(entry.content(), extension)) for entry in entries]
