"""How stamps become 8-bit fields, on which scorers of realism are trained.

Stamps of 8-bit levels are not changed. Stamps of another unit are clipped to [0, white], with one white measured on the
source and used for every stamp that is compared with it, so that wrong fluxes count.
"""

from pathlib import Path
from typing import Any

import numpy as np

from galforge.errors import GalforgeError
from galforge.logs import progress
from galforge.measure.catalogue import rows_for_stretch
from galforge.measure.images import check_band
from galforge.stamps.file import Header, Stamps
from galforge.stamps.galaxies import galaxy

UNIT = "8-bit level"
WHITE = 255
BRIGHTEST = 99.0  # percentile of the source stamps' brightest pixels


def stretch_of(stamps: Stamps, band: int) -> dict[str, Any]:
    """The stretch of source stamps: `band`, its name, and `white`, which 1 % of the stamps reach [image units].

    White is 255 for stamps of 8-bit levels, which are not changed.

    Raises:
        GalforgeError: stamps are not square or lack the band, there are none, or all of them are dark.
    """
    check_band(stamps, band)
    name = stamps.header.bands[band]
    if stamps.header.unit == UNIT:
        return {"band": name, "white": float(WHITE)}
    looked_at = rows_for_stretch(stamps)
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
    """Check that stamps can be converted to 8 bits.

    Raises:
        GalforgeError: they are not 8-bit levels, and the stretch is missing or of another band.
    """
    if header.unit == UNIT:
        return
    if stretch is None:
        raise GalforgeError(f"{path}: pixels are in {header.unit}; to convert them to 8 bits give the source's stretch")
    if stretch["band"] != header.bands[band]:
        raise GalforgeError(
            f"{path}: band {header.bands[band]} is measured, but the stretch is of {stretch['band']}: take it from "
            "the source stamps of the same data set"
        )


def levels(image: np.ndarray, white: float) -> np.ndarray:
    """255 clip(x, 0, w) / w of pixels x and white w [image units], rounded to uint8."""
    return np.rint(WHITE * (np.clip(image, 0, white) / white)).astype(np.uint8)


def level_image(stamps: Stamps, index: int, band: int, stretch: dict[str, Any] | None) -> np.ndarray:
    """Image (l, l) uint8 of one stamp, at its own size.

    Raises:
        GalforgeError: the unit is 8-bit levels, but pixels are not.
    """
    if stamps.header.unit != UNIT:
        return levels(galaxy(stamps, index, band)[0], stretch["white"])
    if stamps.images is not None and stamps.images.dtype == np.uint8 and not stamps.header.sides:
        return stamps.images[index, band]
    image = galaxy(stamps, index, band)[0]
    rounded = np.rint(np.clip(image, 0, WHITE))
    if not np.array_equal(rounded, image):
        raise GalforgeError(
            f"{stamps.path}: stamp {index} has pixels that are no whole levels from 0 to 255: round them"
        )
    return rounded.astype(np.uint8)


def field(image: np.ndarray, size: int) -> np.ndarray:
    """The image (l, l) in the middle of a black field (size, size) uint8; the image itself where l is `size`.

    Raises:
        ValueError: the image is larger than the field, or not square.
    """
    height, width = image.shape
    if height != width or height > size:
        raise ValueError(f"an image of {height} x {width} px does not fit into a square field of {size} px")
    low = (size - height) // 2
    return image if height == size else np.pad(image, (low, size - height - low))
