"""Cutouts of a GalSim RealGalaxy catalogue: a FITS table that names an image file and an HDU per galaxy."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

import numpy as np
from astropy.io import fits

from galforge.datasets.cosmos.cutout import Cutout
from galforge.datasets.fits_image import DAMAGE
from galforge.datasets.rejections import Rejected
from galforge.errors import GalforgeError

NEEDED = ("IDENT", "GAL_FILENAME", "GAL_HDU")
COLUMNS = {
    "MAG": "magnitude",
    "WEIGHT": "weight",
    "RA": "ra",
    "DEC": "dec",
    "NOISE_MEAN": "noise_mean",
    "NOISE_VARIANCE": "noise_variance",
}


class _Images:
    """The image file that is being read; rows come sorted by file, so one at a time is open."""

    def __init__(self, folder: Path):
        self.folder, self.name, self.hdus = folder, "", None

    def read(self, name: str, number: int) -> np.ndarray:
        if name != self.name or self.hdus is None:
            self.close()
            self.hdus = fits.open(self.folder / name, memmap=False)
            self.name = name
        hdu = self.hdus[number]
        data = hdu.data
        if data is None:
            raise Rejected("no image", f"HDU {number} of {name} holds none")
        pixels = np.array(data)
        del hdu.data  # astropy would otherwise keep every image of the file
        return pixels

    def close(self) -> None:
        if self.hdus is not None:
            self.hdus.close()
            self.hdus = None


@contextmanager
def opened(path: Path) -> Iterator[tuple[int, Iterator[tuple[str, Callable[[], Cutout]]]]]:
    """The number of rows of the catalogue ``path``, and (IDENT, function that reads the cutout) for each.

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
            f"{', '.join(missing)}; files that end in _fits.fits or _selection.fits go with one"
        )
    if not len(table):
        raise GalforgeError(f"{path}: is empty; the catalogue has no rows")
    images = _Images(path.parent)
    try:
        yield len(table), ((str(row["IDENT"]), _reader(images, row, names)) for row in table)
    finally:
        images.close()


def _reader(images: _Images, row: fits.FITS_record, names: tuple[str, ...]) -> Callable[[], Cutout]:
    def read() -> Cutout:
        name = str(row["GAL_FILENAME"]).strip()
        if PurePath(name).is_absolute() or ".." in PurePath(name).parts:
            raise Rejected("unsafe image file", f"{name!r} lies outside the catalogue's folder")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                pixels = images.read(name, int(row["GAL_HDU"]))
        except DAMAGE as error:
            raise Rejected("unreadable FITS", f"HDU {row['GAL_HDU']} of {name} ({error})") from error
        bands = [str(row["BAND"]).strip()] if "BAND" in names else []
        columns = {ours: float(row[theirs]) for theirs, ours in COLUMNS.items() if theirs in names}
        return Cutout(pixels, bands, None, columns)

    return read
