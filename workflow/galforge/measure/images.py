"""One band of the stamps, as every measurement reads it."""

from collections.abc import Iterator

import numpy as np

from galforge.errors import GalforgeError
from galforge.logs import Progress
from galforge.stamps import Stamps

BLOCK = 16  # stamps at a time: larger blocks of 256 px fall out of the processor's cache


def square_side(stamps: Stamps, band: int) -> int:
    """Side of the stamps [px].

    Raises:
        GalforgeError: they are not square, or have no band `band`.
    """
    bands, height, width = stamps.shape
    if not 0 <= band < bands:
        raise GalforgeError(
            f"{stamps.path}: band {band} was asked for, but there are {bands} "
            f"({', '.join(stamps.header.bands)}): choose one from 0 to {bands - 1}"
        )
    if height != width:
        raise GalforgeError(
            f"{stamps.path}: stamps must be square to be measured, found {height} x {width} px: crop or pad them"
        )
    return height


def blocks(stamps: Stamps, start: int, stop: int, band: int) -> Iterator[tuple[int, np.ndarray]]:
    """Stamps `start` to `stop` (exclusive) in blocks: index of the first, images (n, H, W) as float64.

    Raises:
        GalforgeError: the range does not lie within the file.
    """
    if not 0 <= start <= stop <= len(stamps):
        raise GalforgeError(f"{stamps.path}: stamps {start} to {stop} were asked for, but there are {len(stamps)}")
    counter = Progress(stop - start, "stamps measured")
    for low in range(start, stop, BLOCK):
        high = min(low + BLOCK, stop)
        yield low, stamps.images[low:high, band].astype(np.float64)
        counter.advance(high - low)
