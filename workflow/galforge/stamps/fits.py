"""Stamps as FITS, for programs that read it: images with zero point and pixel scale, and their catalogue.

    0  PRIMARY   no data; ORIGIN, NSTAMPS, and the digest of the stamps file
    1  CATALOG   one row per stamp, with all columns of the stamps file
    2  IMAGES    (stamp, band, y, x) float32, where all stamps have one size; otherwise instead of it
    2  <name>    (band, y, x) float32, one extension per galaxy at its own size, in the order of the catalogue

Names are ASCII, as FITS asks: other letters are escaped (``_ascii``).

Each image extension has BUNIT, BAND1.. and, where known, MAGZP1.. (AB magnitude of one BUNIT in each band; MAGZERO too
where there is one band), PIXSCALE with PIXUNIT per pixel, and GAIN.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from astropy.io import fits

from galforge.atomic import replacing
from galforge.errors import GalforgeError
from galforge.logs import progress
from galforge.stamps.file import Header, Stamps
from galforge.stamps.galaxies import galaxy, side_of

_BLOCK = 64  # stamps in memory at a time


def write_fits(stamps: Path, out: Path, count: int | None) -> None:
    """Write the first stamps of a file as FITS; equal stamps give equal bytes.

    Galaxies whose stamps code their size, and those that are kept at their own size, are written at their own size, so
    that their fluxes are sums over pixels of PIXSCALE.

    Args:
        stamps: a stamps file.
        out: the FITS file to make.
        count: the most stamps to write; None for all.

    Raises:
        GalforgeError: there are no stamps, or the names of galaxies at their own size are not unique.
    """
    with Stamps(stamps) as source, replacing(out) as temporary:
        number = len(source) if count is None else min(count, len(source))
        if number == 0:
            raise GalforgeError(f"{stamps}: no stamps to export; sample the model, or make the data set, again")
        one_size = side_of(source) > 0
        names = [] if one_size else _names(source, number)
        primary = fits.PrimaryHDU()
        primary.header["ORIGIN"] = (f"galforge, {source.header.origin}", "writer, and origin of the stamps")
        primary.header["NSTAMPS"] = (number, "stamps in this file")
        primary.header["STAMPSHA"] = source.digest  # sha256; with a comment it would not fit
        fits.HDUList([primary, _catalogue(source, number, names)]).writeto(temporary)
        if one_size:
            # One number for all: the median, where the catalogue holds each stamp's own.
            header = _header(source.header, "IMAGES", (number, *source.shape), source.typical_header().gain)
            blocks = (source.images[low : min(low + _BLOCK, number)] for low in range(0, number, _BLOCK))
            _append(temporary, header, progress(blocks, -(-number // _BLOCK), f"blocks of {_BLOCK} stamps written"))
        else:
            gains = source.catalog("gain") if "gain" in source.columns else np.full(number, source.header.gain)
            for index in progress(range(number), number, "galaxies written"):
                image = galaxy(source, index)
                _append(temporary, _header(source.header, names[index], image.shape, float(gains[index])), [image])


def _append(out: Path, header: fits.Header, images: Iterable[np.ndarray]) -> None:
    """Add an image extension to a FITS file, block by block."""
    hdu = fits.StreamingHDU(str(out), header)
    for block in images:
        hdu.write(block.astype(np.float32))
    hdu.close()


def _header(common: Header, name: str, shape: tuple[int, ...], gain: float) -> fits.Header:
    """Header of an image extension of float32 pixels (the axes in numpy's order)."""
    header = fits.Header([("SIMPLE", True), ("BITPIX", -32), ("NAXIS", len(shape))])
    for axis, length in enumerate(reversed(shape), start=1):
        header[f"NAXIS{axis}"] = length
    header["EXTNAME"] = name
    header["BUNIT"] = (common.unit, "unit of a pixel value")
    header["PIXSCALE"] = (common.pixel_scale, f"[{common.pixel_unit}] side of a pixel")
    header["PIXUNIT"] = (common.pixel_unit, "unit of PIXSCALE")
    header["GAIN"] = (gain, "electrons per BUNIT")
    for number, band in enumerate(common.bands, start=1):
        header[f"BAND{number}"] = (band, f"band of plane {number}")
    for number, zero_point in enumerate(common.zero_points, start=1):
        header[f"MAGZP{number}"] = (zero_point, f"[mag] AB magnitude of 1 BUNIT in plane {number}")
    if len(common.zero_points) == 1:
        header["MAGZERO"] = (common.zero_points[0], "[mag] AB magnitude of 1 BUNIT")
    return header


def _catalogue(source: Stamps, number: int, names: list[str]) -> fits.BinTableHDU:
    columns = {name: _ascii(source.catalog(name)[:number]) for name in source.columns}
    if names:
        columns["extname"] = np.array(names)
    if not columns:
        columns["index"] = np.arange(number)
    return fits.BinTableHDU(np.rec.fromarrays(list(columns.values()), names=list(columns)), name="CATALOG")


def _ascii(values: np.ndarray) -> np.ndarray:
    """A column as FITS can hold it: letters beyond ASCII as Python's escapes (\\xdc), from which they come back."""
    return np.char.encode(values, "ascii", "backslashreplace") if values.dtype.kind == "U" else values


def _names(source: Stamps, number: int) -> list[str]:
    """Names of the galaxies' extensions, in capitals, because FITS ignores case."""
    if "name" not in source.columns:
        return [f"GALAXY-{index:06d}" for index in range(number)]
    names = [name.decode().upper() for name in _ascii(source.catalog("name")[:number])]
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise GalforgeError(
            f"{source.path}: two galaxies are called {twice[0]}, and FITS tells extensions apart by name; give each "
            "a name of its own"
        )
    return names
