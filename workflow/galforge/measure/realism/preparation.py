"""How stamps become 8-bit fields, which scorers of realism are trained on.

Stamps of 8-bit levels are taken as they are. Those of another unit are cut off at 0 and at one level of white, the
source's, which holds for every stamp that is compared with it, so that wrong fluxes are seen.
"""

from pathlib import Path
from typing import Any

import numpy as np

from galforge.errors import GalforgeError
from galforge.logs import progress
from galforge.measure.images import check_band
from galforge.stamps.file import Header, Stamps
from galforge.stamps.galaxies import galaxy

UNIT = "8-bit level"
WHITE = 255
LOOKED_AT = 256  # source stamps, evenly spread over the file, that white is taken from
BRIGHTEST = 99.0  # percentile of the source's brightest pixels, one of each stamp


def stretch_of(stamps: Stamps, band: int) -> dict[str, Any]:
    """The stretch of source stamps: `band`, its name, and `white`, which 1 % of the stamps reach [image units].

    White is 255 where the stamps are 8-bit levels: they stay what they are.

    Raises:
        GalforgeError: stamps that are not square or without the band, no stamps, or no light in any of them.
    """
    check_band(stamps, band)
    name = stamps.header.bands[band]
    if stamps.header.unit == UNIT:
        return {"band": name, "white": float(WHITE)}
    if len(stamps) == 0:
        raise GalforgeError(f"{stamps.path}: no stamps to take a stretch from: check the data set's cuts")
    looked_at = np.unique(np.linspace(0, len(stamps) - 1, LOOKED_AT).astype(np.int64))
    counted = progress(looked_at, len(looked_at), "source stamps looked at for their stretch")
    white = float(np.percentile([galaxy(stamps, index, band).max() for index in counted], BRIGHTEST))
    if not white > 0:
        raise GalforgeError(f"{stamps.path}: band {name} is dark in all stamps looked at: check the data set")
    return {"band": name, "white": white}


def stretch_from(path: str | Path, band: int) -> dict[str, Any]:
    """`stretch_of` a file of source stamps."""
    with Stamps(path) as stamps:
        return stretch_of(stamps, band)


def check_stretch(stretch: dict[str, Any] | None, path: Path, header: Header, band: int) -> None:
    """Make sure that stamps can be brought to 8 bits.

    Raises:
        GalforgeError: they are no 8-bit levels, and the stretch is missing or of another band.
    """
    if header.unit == UNIT:
        return
    if stretch is None:
        raise GalforgeError(f"{path}: pixels are in {header.unit}; to bring them to 8 bits give the source's stretch")
    if stretch["band"] != header.bands[band]:
        raise GalforgeError(
            f"{path}: band {header.bands[band]} is measured, but the stretch is of {stretch['band']}: take it from "
            "the source stamps of the same data set"
        )


def levels(image: np.ndarray, white: float) -> np.ndarray:
    """255 clip(x, 0, w) / w of image units x and white w, rounded to uint8."""
    return np.rint(WHITE * (np.clip(image, 0, white) / white)).astype(np.uint8)


def level_image(stamps: Stamps, index: int, band: int, stretch: dict[str, Any] | None) -> np.ndarray:
    """Image (l, l) uint8 of one stamp, at its own size.

    Raises:
        GalforgeError: pixels that are said to be 8-bit levels and are not.
    """
    if stamps.header.unit != UNIT:
        return levels(galaxy(stamps, index, band)[0], stretch["white"])
    if stamps.images is not None and stamps.images.dtype == np.uint8 and not stamps.header.sides:
        return stamps.images[index, band]
    image = galaxy(stamps, index, band)[0]
    rounded = np.rint(np.clip(image, 0, WHITE))
    if not np.array_equal(rounded, image):
        raise GalforgeError(f"{stamps.path}: stamp {index} has pixels that are no whole levels from 0 to 255: round it")
    return rounded.astype(np.uint8)


def field(image: np.ndarray, size: int) -> np.ndarray:
    """The image in the middle of a black field (size, size) uint8; the image itself where it fills it.

    Raises:
        ValueError: it is larger, or not square.
    """
    height, width = image.shape
    if height != width or height > size:
        raise ValueError(f"an image of {height} x {width} px does not fit into a square field of {size} px")
    if height == size:
        return image
    low = (size - height) // 2
    whole = np.zeros((size, size), dtype=np.uint8)
    whole[low : low + height, low : low + height] = image
    return whole
