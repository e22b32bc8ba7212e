"""What readers of images give and take: an image, what its file says of it, and how a file is to be read."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

LEVELS = 255
"""The highest level of a picture."""
LARGEST = 1e15
"""Squares and sums of brighter pixels would leave single precision."""
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
        odd: by field, what stands there and is no number.
    """

    bands: tuple[str, ...] | None = None
    unit: str | None = None
    zero_points: tuple[float, ...] | None = None
    pixel_scale: float | None = None
    exposure_time: tuple[float, ...] | None = None
    gain: tuple[float, ...] | None = None
    where: dict[str, str] = field(default_factory=dict)
    odd: dict[str, str] = field(default_factory=dict)


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


def are_bands(wanted: Sequence[str], said: tuple[str, ...]) -> bool:
    """Whether a file says these bands in their order; a single image may name several filters, one for each wheel."""
    found = [said] if len(wanted) == 1 else [(each,) for each in said]
    return len(found) == len(wanted) and all(map(_is_band, wanted, found))


def _is_band(wanted: str, found: tuple[str, ...]) -> bool:
    """Whether one of several names is the band's, or has it as a word (``HSC-G`` is g)."""
    words = [word for name in found for word in (name, *re.split(r"[^A-Za-z0-9]+", name))]
    return wanted.upper() in (word.upper() for word in words)


def some(names: Sequence[str]) -> str:
    """The first few of some names, for messages."""
    rest = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + rest
