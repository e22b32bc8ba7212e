"""Which HDUs of a FITS file are images, and which pixels its masks, weights and errors say have no value."""

import re

import numpy as np
from astropy.io import fits

from galforge.raw import files
from galforge.raw.forms import Layout
from galforge.raw.rejections import Rejected

MASKS = frozenset(["mask", "masks", "dq", "quality", "flag", "flags", "bpm"])
WEIGHTS = frozenset(["wht", "weight", "weights", "ivar", "invvar"])
ERRORS = frozenset(["err", "error", "errors", "rms", "sigma", "unc", "var", "variance"])
LSST_BAD = ("MP_BAD", "MP_SAT", "MP_CR", "MP_NO_DATA", "MP_INTRP", "MP_UNMASKEDNAN")
"""Planes of an LSST or HSC mask that say that a pixel is not to be used; others say what was detected there."""


def is_image(hdu: fits.hdu.base._BaseHDU) -> bool:
    return bool(getattr(hdu, "is_image", False) or isinstance(hdu, fits.CompImageHDU)) and len(hdu.shape) >= 1


def squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without degenerate axes, but never of fewer than two."""
    shape = list(shape)
    while len(shape) > 2 and 1 in shape:
        shape.remove(1)
    return tuple(shape)


def science_of(hdus: fits.HDUList, images: list[int]) -> list[int]:
    """Those HDUs of images that say that they are the image, beside models and the like."""
    return [i for i in images if hdus[i].name.lower() in ("sci", "science")]


def _words(name: str) -> list[str]:
    return re.split(r"[^a-z]+", name.lower())


def auxiliary(name: str) -> bool:
    return any(word in files.NO_SCIENCE or word in MASKS | WEIGHTS | ERRORS for word in _words(name))


def missing_of(
    hdus: fits.HDUList, chosen: list[int], shape: tuple[int, ...], settings: Layout, row: int | None = None
) -> np.ndarray | None:
    """Pixels (C, H, W) for which a mask, weight or error plane says that there is no value; None without planes.

    A plane whose name ends in a band's belongs to that band, others to all. Of a cube with a plane for each of many
    galaxies, that of ``row`` counts.

    Raises:
        Rejected: such a plane has another shape.
    """
    missing = np.zeros(shape, bool)
    found = False
    for number, hdu in enumerate(hdus):
        words = set(_words(hdu.name))
        if number in chosen or not words & (MASKS | WEIGHTS | ERRORS) or not is_image(hdu) or hdu.data is None:
            continue
        plane = hdu.data.reshape(squeezed(hdu.data.shape))
        count = squeezed(hdus[chosen[0]].shape)[0]
        if row is not None and plane.shape in ((count, *shape), (count, *shape[1:])):
            plane = plane[row]
        plane = np.array(plane)
        if plane.shape not in (shape, shape[1:]):
            raise Rejected("other shapes", f"{hdu.name} has shape {plane.shape} for an image of {shape}")
        if words & MASKS:
            bad = _flagged(plane, hdu.header, settings.bad_bits)
        else:
            bad = ~np.isfinite(plane) | ((plane <= 0) if words & WEIGHTS else False)
        end = hdu.name.lower().rpartition("_")[2]
        of_band = [i for i, band in enumerate(settings.bands) if band.lower() == end]
        missing[of_band if of_band and bad.ndim == 2 else slice(None)] |= bad
        found = True
    return missing if found else None


def _flagged(plane: np.ndarray, header: fits.Header, bad_bits: int) -> np.ndarray:
    if bad_bits == 0:
        bad_bits = sum(1 << int(header[key]) for key in LSST_BAD if isinstance(header.get(key), int))
    if bad_bits == 0 or plane.dtype.kind not in "iu":
        return plane != 0
    return (plane.astype(np.int64) & bad_bits) != 0
