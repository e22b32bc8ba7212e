"""Images out of FITS files that may be gzipped, truncated or no FITS files at all."""

import gzip
import io
import tarfile
import warnings
import zlib
from typing import BinaryIO

import numpy as np
from astropy.io import fits
from astropy.io.fits.verify import VerifyError

from galforge.datasets.rejections import Rejected

# What astropy, gzip and numpy raise on damaged files.
DAMAGE = (OSError, EOFError, zlib.error, ValueError, TypeError, IndexError, KeyError, VerifyError)
_GZIP = b"\x1f\x8b"


def image_of(content: bytes, extension: int) -> tuple[np.ndarray, list[fits.Header]]:
    """The image in HDU ``extension`` of a FITS file's bytes, and the headers of that HDU and of the first.

    Raises:
        Rejected: the bytes are damaged, or the HDU holds no image.
    """
    if not content:
        raise Rejected("unreadable FITS", "the file is empty")
    try:
        if content[:2] == _GZIP:
            content = gzip.decompress(content)
        # A truncated file is announced by a warning first, by an error only when its pixels are read.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with fits.open(io.BytesIO(content), memmap=False) as hdus:
                if extension >= len(hdus):
                    raise Rejected("no image", f"the file has {len(hdus)} HDUs, none of number {extension}")
                data = hdus[extension].data
                headers = [hdus[extension].header, hdus[0].header]
                pixels = None if data is None or data.dtype.names else np.array(data)
    except DAMAGE as error:
        raise Rejected("unreadable FITS", f"truncated or damaged ({error})") from error
    if pixels is None:
        raise Rejected("no image", f"HDU {extension} holds none; set `extension` to the HDU that does")
    return pixels, headers


def first_header(file: BinaryIO) -> fits.Header:
    """The first header of a FITS file, which may lie in a tar, without reading its pixels.

    Raises:
        Rejected: it is damaged.
    """
    try:
        start = file.read(len(_GZIP))
        file.seek(0)
        if not start:
            raise Rejected("unreadable FITS", "the file is empty")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return fits.Header.fromfile(gzip.GzipFile(fileobj=file) if start == _GZIP else file)
    except (*DAMAGE, tarfile.TarError) as error:
        raise Rejected("unreadable FITS", f"truncated or damaged ({error})") from error
