"""One galaxy of the release: read from FITS, checked, and cut to its central half."""

import re
from typing import BinaryIO

import numpy as np
from astropy.io import fits

from galforge.datasets.skirt.settings import DatasetSettings
from galforge.raw.fits_image import finite, first_header, image_of
from galforge.raw.rejections import Rejected
from galforge.stamps.sizes import central_half

_ID = re.compile(r"broadband_(\d+)$")


def subfind_id(name: str) -> int:
    """The subhalo's number in the Subfind catalogue of the snapshot, from a file's name without its ending.

    Raises:
        Rejected: there is none in it.
    """
    found = _ID.search(name)
    if found is None:
        raise Rejected("no subfind id", "the file's name is not broadband_<number>")
    return int(found.group(1))


def original_side(file: BinaryIO, settings: DatasetSettings) -> tuple[int, fits.Header]:
    """Side of the original image [px], from the file's header alone, and that header.

    Raises:
        Rejected: the header is damaged, or its image has another number of bands, is not square or is below the size
            cut.
    """
    header = first_header(file)
    shape = tuple(header.get(f"NAXIS{axis}", 0) for axis in range(header.get("NAXIS", 0), 0, -1))
    if len(shape) != 3 or shape[0] != len(settings.bands):
        bands = ", ".join(settings.bands)
        raise Rejected("other bands", f"shape {shape}, expected ({len(settings.bands)}, side, side): {bands}")
    _, height, width = shape
    if height != width:
        raise Rejected("not square", f"{height} x {width} px")
    if height < settings.smallest_side:
        raise Rejected("below the size cut", f"{height} px, must be >= {settings.smallest_side}", selection=True)
    return height, header


def central_half_of(content: bytes) -> np.ndarray:
    """The central half (bands, l, l) float32 of the image in a FITS file's bytes [image units].

    Raises:
        Rejected: the file is damaged, or the image holds pixels that are not finite or is constant in a band.
    """
    pixels, _ = image_of(content, 0)
    half = np.ascontiguousarray(central_half(finite(pixels)))
    if (half.min(axis=(1, 2)) == half.max(axis=(1, 2))).any():
        raise Rejected("constant image", "every pixel of the central half has one value in a band")
    return half
