"""Images of galaxies as people have them, one at a time, whatever the format: ``opened`` is the door to all readers."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from galforge.errors import GalforgeError
from galforge.logs import log

SHOWN = 5


@dataclass
class Said:
    """What a file says of an image; None where it is silent.

    Attributes:
        bands: one name per channel.
        unit: of a pixel, as the file spells it.
        zero_points: AB magnitude of one unit, one per channel.
        pixel_scale: side of a pixel [arcsec].
        exposure_time: one per channel [s]; as found, so it may be negative.
        gain: electrons per image unit, or per ADU where the unit is a count; one per channel, as found.
        where: by field, where it was read: file, HDU and keyword, or array.
    """

    bands: tuple[str, ...] | None = None
    unit: str | None = None
    zero_points: tuple[float, ...] | None = None
    pixel_scale: float | None = None
    exposure_time: tuple[float, ...] | None = None
    gain: tuple[float, ...] | None = None
    where: dict[str, str] = field(default_factory=dict)


@dataclass
class Image:
    """One galaxy.

    Attributes:
        pixels: (C, H, W), of the type of number that the file has, in its unit.
        missing: (C, H, W) bool, True where a mask, weights or errors say that there is no value; None without any.
            Pixels that are not finite are not in it.
        said: what the file says of the image.
        columns: what it says of the galaxy, by name.
    """

    pixels: np.ndarray
    missing: np.ndarray | None = None
    said: Said = field(default_factory=Said)
    columns: dict[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """A galaxy that has not been read yet.

    Attributes:
        name: of its stamp.
        reader: what ``read`` calls.
        own_name: the galaxy's own name, whatever else lies beside it; empty where ``name`` is only a row's number.
    """

    name: str
    reader: Callable[[], Image]
    own_name: str = ""

    def read(self) -> Image:
        """The image.

        Raises:
            Rejected: it is damaged, or not of the form that was asked for.
        """
        return self.reader()


@dataclass(frozen=True)
class Layout:
    """How a file is to be read.

    Attributes:
        bands: names of the channels, in the order of the stamps.
        pattern: names of the files, case aside, where there are several; ``{band}`` in it stands for a band's name, and
            a galaxy then has one file per band. auto: all files of the commonest format but those that are no images.
        release: a pattern that auto means where any file matches it.
        leave_out: patterns of files to leave out.
        extension: of FITS, the number or name of the HDU; several with commas, or a name with ``{band}`` in it.
        array: the array of an npz, data set of an HDF5 file or column of a Parquet file that holds the images.
        layout: order of axes of arrays, ``nchw`` or ``nhwc``; auto: the one that the number of bands allows.
        names: the array, data set or column with the galaxies' names.
        bad_bits: bits of a FITS mask that mean a pixel is missing; 0 for all.
    """

    bands: tuple[str, ...]
    pattern: str = "auto"
    release: str = ""
    leave_out: tuple[str, ...] = ()
    extension: str = "auto"
    array: str = "auto"
    layout: str = "auto"
    names: str = "auto"
    bad_bits: int = 0


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
    # Only here: a job loads the libraries of the format that it reads.
    from galforge.raw import files, formats

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


def some(names: Sequence[str]) -> str:
    """The first few of some names, for messages."""
    rest = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + rest
