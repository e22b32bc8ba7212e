"""Images of galaxies as people have them, one at a time, whatever the format: ``opened`` is the door to all readers."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath

from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.raw import files, formats
from galforge.raw.forms import Entry as Entry
from galforge.raw.forms import Image as Image
from galforge.raw.forms import Layout as Layout
from galforge.raw.forms import Said as Said
from galforge.raw.forms import some as some


@contextmanager
def opened(path: Path, settings: Layout) -> Iterator[Sequence[Entry]]:
    """The galaxies at ``path``; none is read yet.

    Args:
        path: a folder or tar of FITS files, npz, npy, HDF5, Parquet or picture files (links to folders are followed);
            or a single file: FITS (a cube or table of extensions, a GalSim RealGalaxy catalogue), npz, npy, HDF5 or
            Parquet.
        settings: how to read it.

    Raises:
        GalforgeError: there is nothing there, no file matches, or a file with many galaxies is damaged or of another
            layout.
    """
    with ExitStack() as stack:
        found = stack.enter_context(files.listed(path))
        chosen = files.chosen(path, found, settings)
        if chosen.passed_over:
            log.warning("%s: %s", path, chosen.remark())
        yield unique(path, [entry for each in formats.entries(path, chosen, settings, stack) for entry in each])


def unique(path: Path, entries: list[Entry]) -> list[Entry]:
    """The entries, of which those whose name another folder's file has too get their folder's name in front.

    Raises:
        GalforgeError: there are none.
    """
    if not entries:
        raise GalforgeError(f"{path}: holds no image; set `path` of the data set to where the images are")
    places = [(PurePosixPath(entry.name).name, PurePosixPath(entry.name).parent) for entry in entries]
    folders = Counter(name for name, _ in set(places))
    names = [name if folders[name] == 1 else (folder / name).as_posix() for name, folder in places]
    return [Entry(name, entry.reader, entry.own_name) for name, entry in zip(names, entries, strict=True)]
