"""The galaxies of chosen files, by format."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from galforge.raw import arrays, files, fits_files, hdf5, parquet, pictures, real_galaxy
from galforge.raw.forms import Entry, Layout


def entries(path: Path, chosen: files.Chosen, settings: Layout, stack: ExitStack) -> Iterator[list[Entry]]:
    """The galaxies of each file, or all galaxies of the files of a pattern with ``{band}``.

    Args:
        path: where the files are.
        chosen: the files.
        settings: how to read them.
        stack: closes what stays open while galaxies are read.

    Raises:
        GalforgeError: a file with many galaxies is damaged or of another layout.
    """
    if chosen.format == "FITS":
        if chosen.single and real_galaxy.is_catalogue(path):
            yield stack.enter_context(real_galaxy.opened(path))
        elif chosen.single and (many := fits_files.of_single(chosen.files[0], settings)) is not None:
            yield many
        else:
            groups = list((chosen.groups or {}).items()) or [(files.stem(e.name), [e]) for e in chosen.files]
            yield [
                Entry(name, partial(fits_files.of_files, group, settings), name.rpartition("/")[2])
                for name, group in groups
            ]
    elif chosen.format == "pictures":
        for file in chosen.files:
            yield [_single(file.name, partial(pictures.of_file, file, settings))]
    else:
        reader = {"numpy": arrays, "HDF5": hdf5, "Parquet": parquet}[chosen.format]
        for file in chosen.files:
            yield reader.entries_of(path, file, settings, stack, len(chosen.files) > 1)


def _single(name: str, reader: partial) -> Entry:
    own = files.stem(name)
    return Entry(own, reader, own.rpartition("/")[2])
