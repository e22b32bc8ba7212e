"""How stamps become the RGB images that a feature network takes.

published: as the released code of Holzschuh et al. (2022): the r band, resized to 256 px, scaled from its own minimum
to its own maximum, matplotlib's colour map magma, 8 bits. A model whose galaxies are all too faint scores the same.

corrected: an asinh stretch (Lupton et al. 1999, AJ 118, 1406) whose three numbers per band are the source's and hold
for every stamp that is compared with it, so that wrong fluxes and colours are seen; red, green and blue are the i, r
and g bands, or all three the one band there is; not rounded to 8 bits.
"""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps

from galforge.errors import GalforgeError
from galforge.logs import progress
from galforge.measure.features.settings import MeasureSettings
from galforge.measure.images import check_band
from galforge.stamps.file import Header, Stamps
from galforge.stamps.galaxies import galaxy
from galforge.stamps.sizes import resized

SIDE = 256  # px, of every image before the network resizes it to its own
PUBLISHED_BAND = 1  # r of g, r, i, z and of g, r, i, z, y
RED_GREEN_BLUE = ("i", "r", "g")
LOOKED_AT = 256  # source stamps, evenly spread over the file, that the stretch is taken from
DARKEST = 0.1  # per cent of the source's pixels that become black
INNER = (16.0, 84.0)  # percentiles: half of what is between them is the sd of a normal distribution
BRIGHTEST = 99.0  # percentile of the source's brightest pixels, one of each stamp
NOISE_DEPTH = 3.0  # times that sd up to which the stretch is linear: the sky's noise must not fill the image
RANGE = 1000.0  # white over softening at most: pixels of noiseless sky have no spread


def channels_of(header: Header, band: int, protocol: str) -> tuple[int, ...]:
    """The bands that an image is made of: one, or three for red, green and blue.

    published: r where there are several bands. corrected: i, r, g where stamps have them, or else the first three
    bands, the last of them red; the band that is measured where there are fewer than three.
    """
    bands = header.bands
    if protocol == "published":
        return (PUBLISHED_BAND,) if len(bands) > 1 else (0,)
    if len(bands) < 3:
        return (band,)
    if set(RED_GREEN_BLUE) <= set(bands):
        return tuple(bands.index(name) for name in RED_GREEN_BLUE)
    return (2, 1, 0)


def bands_of(stamps: Stamps, index: int, bands: tuple[int, ...]) -> np.ndarray:
    """Some bands (n, l, l) float64 of one stamp, as they are measured; no other is brought to the galaxy's own size."""
    return np.concatenate([galaxy(stamps, index, band) for band in bands])


def stretch_of(stamps: Stamps, bands: tuple[int, ...]) -> dict[str, Any]:
    """The stretch by which everything that is compared with these source stamps is prepared.

    Per band [image units]: `black`, which 0.1 % of the pixels are darker than; `softening`, three times half of the
    range of the central 68 % of the pixels (the noise, where a stamp is mostly sky), and a thousandth of white at
    least; `white`, which 1 % of the stamps reach. Taken from 256 stamps, resized as they are for the network. `bands`
    are those of `channels_of`; the entry `bands` holds their names.

    Raises:
        GalforgeError: stamps that are not square or without the band, no stamps, or no light in any of them.
    """
    for band in bands:
        check_band(stamps, band)
    if len(stamps) == 0:
        raise GalforgeError(f"{stamps.path}: no stamps to take a stretch from: check the data set's cuts")
    names = [stamps.header.bands[band] for band in bands]
    looked_at = np.unique(np.linspace(0, len(stamps) - 1, LOOKED_AT).astype(np.int64))
    images = np.empty((len(looked_at), len(bands), SIDE, SIDE), dtype=np.float32)
    for row, index in enumerate(progress(looked_at, len(looked_at), "source stamps looked at for their stretch")):
        images[row] = resized(bands_of(stamps, index, bands), SIDE)
    stretch: dict[str, Any] = {"bands": names, "black": [], "softening": [], "white": []}
    for name, pixels in zip(names, images.transpose(1, 0, 2, 3), strict=True):
        black, low, high = (float(value) for value in np.percentile(pixels, (DARKEST, *INNER)))
        white = float(np.percentile(pixels.max(axis=(1, 2)), BRIGHTEST))
        if not white > max(black, 0):
            raise GalforgeError(f"{stamps.path}: band {name} is dark in all stamps looked at: check the data set")
        stretch["black"].append(black)
        stretch["softening"].append(max(NOISE_DEPTH * (high - low) / 2, white / RANGE))
        stretch["white"].append(white)
    return stretch


def stretch_from(path: str | Path, band: int) -> dict[str, Any]:
    """`stretch_of` a file of source stamps, for the bands of the corrected images."""
    with Stamps(path) as stamps:
        return stretch_of(stamps, channels_of(stamps.header, band, "corrected"))


def with_settings(stretch: dict[str, Any], settings: MeasureSettings) -> dict[str, Any]:
    """A stretch in which what the settings give stands in place of the source's own."""
    given = {name: getattr(settings, name) for name in ("softening", "white") if getattr(settings, name) > 0}
    changed = stretch | {name: [value] * len(stretch["bands"]) for name, value in given.items()}
    for name, black, white in zip(changed["bands"], changed["black"], changed["white"], strict=True):
        if white <= black:
            raise GalforgeError(
                f"white is {white:g}, but {black:g} in band {name} of the source is black: raise white, or set it to 0"
            )
    return changed


def published(galaxy: np.ndarray) -> np.ndarray:
    """Image (3, 256, 256) uint8 of a galaxy (1, l, l); one of constant brightness has the colour map's lowest colour.

    Truncated to 8 bits and not rounded, as in the released code.
    """
    image = resized(galaxy, SIDE)[0]
    low, high = image.min(), image.max()
    scaled = (image - low) / (high - low) if high > low else np.zeros_like(image)
    # The colour map's 256 colours by their numbers, as matplotlib finds them, in a tenth of its time.
    return _magma()[np.minimum((scaled * 256).astype(np.int64), 255)].transpose(2, 0, 1)


@cache
def _magma() -> np.ndarray:
    return (colormaps["magma"](np.arange(256))[:, :3] * 255).astype(np.uint8)


def corrected(galaxy: np.ndarray, stretch: dict[str, Any]) -> np.ndarray:
    """Image (3, 256, 256) float32 in [0, 255] of the bands (1 or 3, l, l) of a galaxy.

    255 (asinh(x / b) - asinh(k / b)) / (asinh(w / b) - asinh(k / b)) of softening b, black k and white w, between 0 and
    255; one band is shown gray.
    """
    black, softening, white = (np.array(stretch[name])[:, None, None] for name in ("black", "softening", "white"))
    low, high = np.arcsinh(black / softening), np.arcsinh(white / softening)
    scaled = (np.arcsinh(resized(galaxy, SIDE) / softening) - low) / (high - low)
    return np.broadcast_to((255 * np.clip(scaled, 0, 1)).astype(np.float32), (3, SIDE, SIDE))
