"""One band of the stamps, as every measurement reads it."""

from collections.abc import Iterator

import numpy as np

from galforge.errors import GalforgeError
from galforge.logs import Progress
from galforge.stamps.file import Stamps
from galforge.stamps.galaxies import galaxy, side_of

BLOCK = 16  # stamps at a time: larger blocks of 256 px fall out of the processor's cache


def check_band(stamps: Stamps, band: int) -> None:
    """Make sure that stamps can be measured in a band.

    Raises:
        GalforgeError: they are not square, or have no band `band`.
    """
    bands = stamps.header.bands
    if not 0 <= band < len(bands):
        raise GalforgeError(
            f"{stamps.path}: band {band} was asked for, but there are {len(bands)} "
            f"({', '.join(bands)}): choose one from 0 to {len(bands) - 1}"
        )
    if stamps.shape is not None and stamps.shape[1] != stamps.shape[2]:
        _, height, width = stamps.shape
        raise GalforgeError(
            f"{stamps.path}: stamps must be square to be measured, found {height} x {width} px: crop or pad them"
        )


def check_range(stamps: Stamps, start: int, stop: int) -> None:
    """Make sure that there are stamps `start` to `stop` (exclusive).

    Raises:
        GalforgeError: the range does not lie within the file.
    """
    if not 0 <= start <= stop <= len(stamps):
        raise GalforgeError(f"{stamps.path}: stamps {start} to {stop} were asked for, but there are {len(stamps)}")


def blocks(stamps: Stamps, start: int, stop: int, band: int) -> Iterator[tuple[int, np.ndarray]]:
    """Stamps `start` to `stop` (exclusive) in blocks of one side: index of the first, images (n, l, l) as float64.

    Raises:
        GalforgeError: the range does not lie within the file, or the stamps cannot be measured in that band.
    """
    check_band(stamps, band)
    check_range(stamps, start, stop)
    counter = Progress(stop - start, "stamps measured")
    step = BLOCK if side_of(stamps) else 1
    for low in range(start, stop, step):
        high = min(low + step, stop)
        if step == 1:
            yield low, galaxy(stamps, low, band)
        else:
            yield low, stamps.images[low:high, band].astype(np.float64)
        counter.advance(high - low)
