"""Images in FITS files: read from files that may be gzipped, damaged or no FITS files at all, and written for mocks."""

import gzip
import io
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
from astropy.io import fits
from astropy.io.fits.hdu.compressed._compression import CfitsioException
from astropy.io.fits.verify import VerifyError

from galforge.raw.rejections import Rejected

# What astropy, gzip and numpy raise on damaged files.
DAMAGE = (
    OSError, EOFError, zlib.error, ValueError, TypeError, IndexError, KeyError, AttributeError, MemoryError,
    CfitsioException, VerifyError,
)  # fmt: skip
_GZIP = b"\x1f\x8b"


@contextmanager
def reading(what: str = "truncated or damaged") -> Iterator[None]:
    """Read FITS files in this block without astropy's warnings: it warns of a truncated file before it raises.

    Raises:
        Rejected: what is read is damaged; ``what`` comes before the reason.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except DAMAGE as error:
        raise Rejected("unreadable FITS", f"{what} ({error})") from error


def image_of(content: bytes, extension: int) -> tuple[np.ndarray, list[fits.Header]]:
    """The image in HDU ``extension`` of a FITS file's bytes, and the headers of that HDU and of the first one.

    Raises:
        Rejected: the bytes are damaged, or the HDU holds no image.
    """
    if not content:
        raise Rejected("unreadable FITS", "the file is empty")
    with reading():
        if content[:2] == _GZIP:
            content = gzip.decompress(content)
        with fits.open(io.BytesIO(content), memmap=False) as hdus:
            if extension >= len(hdus):
                raise Rejected("no image", f"the file has {len(hdus)} HDUs, none of number {extension}")
            data = hdus[extension].data
            headers = [hdus[extension].header, hdus[0].header]
            pixels = None if data is None or data.dtype.names else np.array(data)
    if pixels is None:
        raise Rejected("no image", f"HDU {extension} holds none; set `extension` to the HDU that does")
    return pixels, headers


def first_header(file: BinaryIO) -> fits.Header:
    """The first header of an open FITS file, without reading the pixels.

    Raises:
        Rejected: it is damaged.
    """
    with reading():
        start = file.read(len(_GZIP))
        file.seek(0)
        if not start:
            raise Rejected("unreadable FITS", "the file is empty")
        return fits.Header.fromfile(gzip.GzipFile(fileobj=file) if start == _GZIP else file)


def finite(pixels: np.ndarray) -> np.ndarray:
    """Pixels of any shape and type of number as float32.

    Raises:
        Rejected: they are no numbers, or not finite in float32.
    """
    if pixels.dtype.kind not in "iuf":
        raise Rejected("no image", f"pixels of type {pixels.dtype}")
    with np.errstate(over="ignore"):
        pixels = pixels.astype(np.float32)
    if bad := pixels.size - int(np.isfinite(pixels).sum()):
        raise Rejected("pixels that are not finite", f"{bad} of {pixels.size} are NaN, infinite or beyond float32")
    return pixels


def content_of(pixels: np.ndarray, cards: dict[str, Any]) -> bytes:
    """The bytes of a FITS file with one image; ``cards`` go to its header, a value or (value, comment) by keyword."""
    content, header = io.BytesIO(), fits.Header()
    header.update(cards)
    fits.PrimaryHDU(pixels, header).writeto(content)
    return content.getvalue()
