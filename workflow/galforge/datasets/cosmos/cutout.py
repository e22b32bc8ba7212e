"""One raw cutout: read from FITS, checked, and cropped or padded to the stamps' size."""

from dataclasses import dataclass, field

import numpy as np
from astropy.io import fits

from galforge.datasets.cosmos.settings import DatasetSettings
from galforge.raw.fits_image import finite, image_of
from galforge.raw.rejections import Rejected
from galforge.seeds import generator

BAND_KEYWORDS = ("FILTER", "FILTER1", "FILTER2")


@dataclass
class Cutout:
    """A raw image (height, width) and what its file says about it; ``columns`` are copied to the catalogue."""

    pixels: np.ndarray
    bands: list[str] = field(default_factory=list)
    exposure_time: float | None = None
    columns: dict[str, float] = field(default_factory=dict)


def parse(content: bytes, extension: int) -> Cutout:
    """The cutout in the bytes of a FITS file, gzipped or not.

    Raises:
        Rejected: the bytes are damaged, or HDU ``extension`` holds no image.
    """
    pixels, headers = image_of(content, extension)
    return Cutout(pixels, _bands(headers), _exposure_time(headers))


def _bands(headers: list[fits.Header]) -> list[str]:
    for header in headers:
        found = [str(header[key]).strip() for key in BAND_KEYWORDS if str(header.get(key, "")).strip()]
        # ACS has two filter wheels; for the unused one the header says CLEAR.
        found = [band for band in found if not band.upper().startswith("CLEAR")]
        if found:
            return found
    return []


def _exposure_time(headers: list[fits.Header]) -> float | None:
    for header in headers:
        value = header.get("EXPTIME")
        if isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value) and value > 0:
            return float(value)
    return None


def checked(cutout: Cutout, settings: DatasetSettings) -> np.ndarray:
    """The cutout's pixels (height, width) float32, if they can become a stamp.

    Raises:
        Rejected: it is not two-dimensional, of another band, constant or too small, or has pixels that are not finite.
    """
    pixels = cutout.pixels
    if pixels.ndim != 2:
        raise Rejected("not a 2-D image", f"shape {pixels.shape}")
    wanted = settings.bands[0].upper()
    if cutout.bands and wanted not in (band.upper() for band in cutout.bands):
        raise Rejected("wrong band", f"{'/'.join(cutout.bands)}, expected {settings.bands[0]}")
    pixels = finite(pixels)
    height, width = pixels.shape
    smaller = min(height, width)
    if smaller == 0:
        raise Rejected("not a 2-D image", f"shape {pixels.shape}")
    if pixels.min() == pixels.max():
        raise Rejected("constant image", f"every pixel is {pixels.flat[0]:g}")
    if smaller < settings.min_size:
        raise Rejected("below the size cut", f"{height} x {width} px, both sides must be >= {settings.min_size}", True)
    if smaller < settings.size and settings.pad == "refuse":
        raise Rejected(
            "smaller than the stamps",
            f"{height} x {width} px, size is {settings.size} and pad is refuse",
            True,
        )
    return pixels


def to_size(pixels: np.ndarray, settings: DatasetSettings, name: str) -> np.ndarray:
    """The central (size, size) of an image; a smaller one is padded with noise that has the rms of its border.

    The noise is white and of zero mean, because the images are sky-subtracted; it follows from the seed and the name.
    """
    size = settings.size
    height, width = pixels.shape
    if min(height, width) < size:
        border = np.concatenate([pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1]]).astype(float)
        random = generator(settings.seed, "cosmos", "padding", name)
        canvas = random.normal(0.0, border.std(), (max(size, height), max(size, width))).astype(np.float32)
        top, left = (canvas.shape[0] - height) // 2, (canvas.shape[1] - width) // 2
        canvas[top : top + height, left : left + width] = pixels
        pixels = canvas
    top, left = (pixels.shape[0] - size) // 2, (pixels.shape[1] - size) // 2
    return pixels[top : top + size, left : left + size]
