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


def check_range(stamps: Stamps, start: int, stop: int, *bands: int) -> None:
    """Make sure that there are stamps `start` to `stop` (exclusive), which can be measured in the bands given.

    Raises:
        GalforgeError: the range does not lie within the file; and as `check_band`.
    """
    for band in bands:
        check_band(stamps, band)
    if not 0 <= start <= stop <= len(stamps):
        raise GalforgeError(f"{stamps.path}: stamps {start} to {stop} were asked for, but there are {len(stamps)}")


def check_finite(stamps: Stamps, index: int, images: np.ndarray) -> None:
    """Make sure that all pixels of images (n, ...), which begin with stamp `index`, are finite.

    Raises:
        GalforgeError: a pixel is not.
    """
    finite = np.isfinite(images).reshape(len(images), -1).all(axis=1)
    if not finite.all():
        index += int(np.argmin(finite))
        raise GalforgeError(f"{stamps.path}: stamp {index} has pixels that are not finite; make the stamps again")


def batches(start: int, stop: int, size: int) -> Iterator[tuple[int, int]]:
    """The first index of each batch of stamps `start` to `stop` (exclusive) and that after its last; logs progress."""
    counter = Progress(stop - start, "stamps measured")
    for low in range(start, stop, size):
        high = min(low + size, stop)
        yield low, high
        counter.advance(high - low)


def blocks(stamps: Stamps, start: int, stop: int, band: int) -> Iterator[tuple[int, np.ndarray]]:
    """Stamps `start` to `stop` (exclusive) in blocks of one side: index of the first, images (n, l, l) as float64.

    Raises:
        GalforgeError: the range does not lie within the file, or the stamps cannot be measured in that band.
    """
    check_range(stamps, start, stop, band)
    one_size = side_of(stamps) > 0
    for low, high in batches(start, stop, BLOCK if one_size else 1):
        yield low, stamps.images[low:high, band].astype(np.float64) if one_size else galaxy(stamps, low, band)


def unpadded(stamps: Stamps, start: int, stop: int) -> np.ndarray | None:
    """Sides (n,) of the middle squares of stamps `start` to `stop` (exclusive) that hold what was observed [px].

    What lies around them is noise that the stamp was padded with. None where nothing was padded, as in generated
    stamps.
    """
    native = ("native_height", "native_width")
    if not {"padded", *native} <= set(stamps.columns):
        return None
    sides = np.full(stop - start, side_of(stamps))
    padded = np.asarray(stamps.catalog("padded")[start:stop], dtype=bool)
    for name in native:
        sides = np.minimum(sides, np.where(padded, stamps.catalog(name)[start:stop], sides))
    return sides if padded.any() else None


def middle(images: np.ndarray, side: int) -> np.ndarray:
    """The middle squares (..., side, side) of images (..., H, W), where padding leaves them."""
    top, left = ((length - side) // 2 for length in images.shape[-2:])
    return images[..., top : top + side, left : left + side]
