"""How stamps become the RGB images that a feature network takes.

published: as in the released code of Holzschuh et al. (2022). The r band is resized to 256 px, scaled from its own
minimum to its own maximum, and shown in matplotlib's colour map magma with 8 bits. A model whose galaxies are all too
faint gets the same score.

corrected: an asinh stretch (Lupton et al. 1999, AJ 118, 1406). Its three numbers per band are measured on the source
and used for every stamp that is compared with it, so that wrong fluxes and colours count. Red, green and blue are the
bands that ``stamps.colours`` names, or all three the only band. Nothing is rounded to 8 bits.
"""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps

from galforge.errors import GalforgeError
from galforge.logs import progress
from galforge.measure.catalogue import rows_for_stretch
from galforge.measure.features.settings import MeasureSettings
from galforge.measure.images import check_band
from galforge.stamps.colours import red_green_blue
from galforge.stamps.file import Header, Stamps
from galforge.stamps.galaxies import galaxy
from galforge.stamps.sizes import resized

SIDE = 256  # px, of every image before the network resizes it to its own
PUBLISHED_BAND = 1  # r of g, r, i, z and of g, r, i, z, y
DARKEST = 0.1  # per cent of the source's pixels that become black
INNER = (16.0, 84.0)  # percentiles; half of their difference is the sd of a normal distribution
BRIGHTEST = 99.0  # percentile of the source stamps' brightest pixels
NOISE_DEPTH = 3.0  # the stretch is linear up to this many sd, or the noise of the sky would fill the image
RANGE = 1000.0  # largest white over softening; the pixels of a noiseless sky have no spread


def channels_of(header: Header, band: int, protocol: str) -> tuple[int, ...]:
    """Indices of the bands that an image is made of: one, or three for red, green and blue.

    published: r where there are several bands. corrected: those of `red_green_blue`; of fewer than three
    bands, the one that is measured.
    """
    bands = header.bands
    if protocol == "published":
        return (PUBLISHED_BAND,) if len(bands) > 1 else (0,)
    return red_green_blue(bands) or (band,)


def bands_of(stamps: Stamps, index: int, bands: tuple[int, ...]) -> np.ndarray:
    """Some bands (n, l, l) float64 of one stamp at its own size; the other bands are not resized."""
    return np.concatenate([galaxy(stamps, index, band) for band in bands])


def stretch_of(stamps: Stamps, bands: tuple[int, ...]) -> dict[str, Any]:
    """The stretch of source stamps, which is also used for all stamps that are compared with them.

    Per band [image units]: `black`, which 0.1 % of the pixels are below; `softening`, three times half of the range of
    the central 68 % of the pixels (the noise, where a stamp is mostly sky), at least a thousandth of white; `white`,
    which 1 % of the stamps reach. It is measured on 256 stamps, resized as for the network. `bands` are those of
    `channels_of`; the entry `bands` has their names.

    Raises:
        GalforgeError: stamps are not square or lack a band, there are none, or a band is dark in all of them.
    """
    for band in bands:
        check_band(stamps, band)
    looked_at, names = rows_for_stretch(stamps), [stamps.header.bands[band] for band in bands]
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


def stretch_for(
    stamps: Stamps, bands: list[str], stretch: dict[str, Any] | None, settings: MeasureSettings
) -> dict[str, Any] | None:
    """The stretch of the source for these bands of the stamps, changed as the settings say; None if not needed.

    Raises:
        GalforgeError: the corrected protocol needs a stretch, which is missing or of other bands.
    """
    if settings.protocol == "published":
        return None
    if stretch is None:
        raise GalforgeError(f"{stamps.path}: the corrected protocol needs the stretch of the source stamps: give it")
    if list(stretch["bands"]) != bands:
        raise GalforgeError(
            f"{stamps.path}: images of bands {', '.join(bands)}, but the stretch is of {', '.join(stretch['bands'])}: "
            "take it from the source stamps of the same data set"
        )
    return with_settings(stretch, settings)


def with_settings(stretch: dict[str, Any], settings: MeasureSettings) -> dict[str, Any]:
    """A stretch with the softening and white of the settings where these are not 0.

    Raises:
        GalforgeError: white is not above black.
    """
    given = {name: getattr(settings, name) for name in ("softening", "white") if getattr(settings, name) > 0}
    changed = stretch | {name: [value] * len(stretch["bands"]) for name, value in given.items()}
    for name, black, white in zip(changed["bands"], changed["black"], changed["white"], strict=True):
        if white <= black:
            raise GalforgeError(
                f"white is {white:g}, but black is {black:g} in band {name} of the source: raise white, or set it to 0"
            )
    return changed


def published(galaxy: np.ndarray) -> np.ndarray:
    """Image (3, 256, 256) uint8 of a galaxy (1, l, l); a constant one gets the lowest colour of the colour map.

    Values are truncated to 8 bits, not rounded, as in the released code.
    """
    image = resized(galaxy, SIDE)[0]
    low, high = image.min(), image.max()
    scaled = (image - low) / (high - low) if high > low else np.zeros_like(image)
    # Look up the 256 colours by number: the same colours as matplotlib's, in a tenth of the time.
    return _magma()[np.minimum((scaled * 256).astype(np.int64), 255)].transpose(2, 0, 1)


@cache
def _magma() -> np.ndarray:
    return (colormaps["magma"](np.arange(256))[:, :3] * 255).astype(np.uint8)


def corrected(galaxy: np.ndarray, stretch: dict[str, Any]) -> np.ndarray:
    """Image (3, 256, 256) float32 in [0, 255] of the bands (1 or 3, l, l) of a galaxy.

    255 (asinh(x / b) - asinh(k / b)) / (asinh(w / b) - asinh(k / b)) with softening b, black k and white w, clipped to
    [0, 255]; a single band is shown gray.
    """
    black, softening, white = (np.array(stretch[name])[:, None, None] for name in ("black", "softening", "white"))
    return np.broadcast_to(stretched(resized(galaxy, SIDE), black, softening, white), (3, SIDE, SIDE))


def stretched(image: np.ndarray, black: Any, softening: Any, white: Any) -> np.ndarray:
    """The asinh stretch of `corrected` on pixels of any shape: float32 in [0, 255]; the numbers are broadcast."""
    low, high = np.arcsinh(black / softening), np.arcsinh(white / softening)
    return (255 * np.clip((np.arcsinh(image / softening) - low) / (high - low), 0, 1)).astype(np.float32)
