"""Cutouts of a GalSim RealGalaxy catalogue: a FITS table that gives the image file and the HDU of each galaxy."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from astropy.io import fits

from galforge.errors import GalforgeError
from galforge.raw.archive import unsafe
from galforge.raw.fits_image import DAMAGE, reading
from galforge.raw.forms import Entry, Image, Said
from galforge.raw.rejections import Rejected

NEEDED = ("IDENT", "GAL_FILENAME", "GAL_HDU")
COLUMNS = {
    "MAG": "magnitude",
    "WEIGHT": "weight",
    "RA": "ra",
    "DEC": "dec",
    "NOISE_MEAN": "noise_mean",
    "NOISE_VARIANCE": "noise_variance",
}


def is_catalogue(path: Path) -> bool:
    """Whether a FITS file is a table of galaxies and holds no image; a damaged one is not."""
    try:
        with fits.open(path) as hdus:
            images = any(hdu.is_image and len(hdu.shape) > 1 for hdu in hdus)
            return not images and any(isinstance(hdu, fits.BinTableHDU) for hdu in hdus)
    except DAMAGE:
        return False


@contextmanager
def opened(path: Path) -> Iterator[list[Entry]]:
    """The rows of the catalogue ``path``, named by IDENT.

    Raises:
        GalforgeError: the file is damaged, is no such catalogue, or has no rows.
    """
    try:
        table = fits.getdata(path, 1)
        names = table.dtype.names
    except DAMAGE as error:
        raise GalforgeError(
            f"{path}: no readable FITS table in HDU 1 ({error}). A .fits file given as `path` must be a "
            "GalSim RealGalaxy catalogue; for single images give the folder they are in"
        ) from error
    missing = [name for name in NEEDED if name not in (names or ())]
    if missing:
        raise GalforgeError(
            f"{path}: no RealGalaxy catalogue, it lacks the column{'s' if len(missing) > 1 else ''} "
            f"{', '.join(missing)}; files that end in _fits.fits or _selection.fits accompany the catalogue, give that"
        )
    if not len(table):
        raise GalforgeError(f"{path}: is empty: the catalogue has no rows; give another")
    with ExitStack() as stack:

        @lru_cache(maxsize=1)
        def image_file(name: str) -> fits.HDUList:
            """Rows come sorted by file, so one file at a time is open."""
            hdus = fits.open(path.parent / name, memmap=False)
            stack.close()
            return stack.enter_context(hdus)

        yield [Entry(str(row["IDENT"]), partial(_read, image_file, row, names), str(row["IDENT"])) for row in table]


def _read(image_file: Callable[[str], fits.HDUList], row: fits.FITS_record, names: tuple[str, ...]) -> Image:
    name = str(row["GAL_FILENAME"]).strip()
    if unsafe(name):
        raise Rejected("unsafe image file", f"{name!r} lies outside the catalogue's folder")
    with reading(f"HDU {row['GAL_HDU']} of {name}"):
        hdu = image_file(name)[int(row["GAL_HDU"])]
        if hdu.data is None:
            raise Rejected("no image", f"HDU {row['GAL_HDU']} of {name} holds none")
        pixels = np.array(hdu.data)
        del hdu.data  # astropy would otherwise keep every image of the file
    columns: dict[str, float | str] = {ours: float(row[theirs]) for theirs, ours in COLUMNS.items() if theirs in names}
    said = Said(where=dict.fromkeys(("bands", "pixel_scale"), "the RealGalaxy catalogue"))
    if "BAND" in names:
        said.bands = (str(row["BAND"]).strip(),)
    if "PIXEL_SCALE" in names:
        said.pixel_scale = float(row["PIXEL_SCALE"])
    return Image(pixels[None] if pixels.ndim == 2 else pixels, None, said, columns)
