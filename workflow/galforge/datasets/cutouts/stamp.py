"""From an image as its file has it to a stamp: in the stamps' unit, cropped or padded, without missing pixels."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from galforge.datasets.cutouts.missing import missing_pixels
from galforge.datasets.cutouts.settings import DISPLAY, DatasetSettings
from galforge.datasets.cutouts.sky import Sky, sky_of
from galforge.raw.forms import LARGEST, LEVELS, Image
from galforge.raw.rejections import Rejected
from galforge.raw.units import COUNT, TOTAL
from galforge.seeds import generator

SMALLEST = 1e-10
"""Squares of images whose brightest pixel is fainter would leave single precision."""
NEAR = 2.0  # px, sd of the Gaussian by which light is carried into missing pixels of a galaxy
PHOTONS, ENOUGH = 25.0, 12
"""Factor in variance by which photon noise contradicts an image, and pixels that are needed to tell."""
PEDESTAL = 3.0  # rms; a sky farther from 0 was not subtracted
SUNKEN = 50.0  # rms by which a pixel is below its sky that is no noise
NO_SKY = (
    "too few pixels without a source: only with sky can it be padded or filled; set `pad: refuse` or a smaller `size`"
)
LAPLACIANS = np.outer([1.0, -2.0, 1.0], [1.0, -2.0, 1.0])


@dataclass
class Stamp:
    """A stamp.

    Attributes:
        pixels: (C, size, size) float32 [stamps' unit].
        padded: it is larger than its image.
        height, width: of the image [px].
        missing_share: largest share over the bands of pixels of the image within the stamp that were missing.
    """

    pixels: np.ndarray
    padded: bool
    height: int
    width: int
    missing_share: float


def checked(image: Image, unit: str, settings: DatasetSettings) -> np.ndarray:
    """The pixels (C, H, W) of an image, if they are numbers that can become a stamp.

    Raises:
        Rejected: another shape, 8-bit pictures where fluxes are asked for, a constant image, or too small.
    """
    pixels = image.pixels
    if pixels.ndim != 3 or len(pixels) != len(settings.bands) or 0 in pixels.shape:
        shape = pixels.shape[1:] if len(settings.bands) == 1 and len(pixels) == 1 else pixels.shape
        raise Rejected("not a 2-D image" if len(settings.bands) == 1 else "other bands", f"shape {shape}")
    if pixels.dtype.kind not in "iuf":
        raise Rejected("no image", f"pixels of type {pixels.dtype}")
    if unit != DISPLAY and _is_picture(pixels, unit):
        raise Rejected("8-bit picture", "8-bit levels are a picture and no fluxes: set `unit: display`")
    for plane in pixels:
        values = plane[np.isfinite(plane)]
        if unit == DISPLAY and values.size and not 0 <= values.min() <= values.max() <= LEVELS:
            raise Rejected(
                "no picture",
                f"levels from {values.min():g} to {values.max():g}, expected 0 to {LEVELS}: save 8-bit pictures, or "
                "set another `unit`",
            )
        if values.size and values.min() == values.max() and settings.constant == "missing":
            raise Rejected(
                "constant image",
                f"every pixel is {values[0]:g}; if it is no science image, leave it out with `leave_out`",
            )
    height, width = pixels.shape[1:]
    smaller = min(height, width)
    if smaller < settings.min_size:
        raise Rejected("below the size cut", f"{height} x {width} px, both sides must be >= {settings.min_size}", True)
    if smaller < settings.size and settings.pad == "refuse":
        raise Rejected(
            "smaller than the stamps", f"{height} x {width} px, size is {settings.size} and pad is refuse", True
        )
    return pixels


def stamp_of(image: Image, factors: np.ndarray, unit: str, settings: DatasetSettings, name: str) -> Stamp:
    """The stamp of an image.

    The centre is kept. Missing pixels, and those beyond a small image's edges, get noise with the level, rms and
    correlation of the image's own sky in the same band; missing pixels of a source also the light around them. The
    noise follows from the seed and the name.

    Args:
        image: the image.
        factors: (C,), what pixels are multiplied by.
        unit: of the stamp.
        settings: size, padding, and the share that may be missing.
        name: of the stamp.

    Raises:
        Rejected: see ``checked``; or too much is missing, there is no sky to fill it with, or pixels are beyond what
            single precision holds.
    """
    pixels = checked(image, unit, settings)
    height, width = pixels.shape[1:]
    constant = settings.constant == "missing" and unit != DISPLAY
    planes = [np.asarray(plane, float) * factor for plane, factor in zip(pixels, factors, strict=True)]
    missing = np.stack([missing_pixels(plane, constant) for plane in planes])
    if image.missing is not None:
        missing |= image.missing
    rows, columns = _middle(height, settings.size), _middle(width, settings.size)
    share = float(missing[:, rows, columns].mean(axis=(1, 2)).max())
    if share > settings.max_missing_share:
        bands = [b for b, m in zip(settings.bands, missing, strict=True) if m[rows, columns].mean() == share]
        raise Rejected(
            "missing pixels",
            f"{share:.1%} of {bands[0]}, more than max_missing_share {settings.max_missing_share:g} allows (not "
            "finite, masked by the file (`bad_bits`), or parts of regions of exactly one value, which are data by "
            "`constant: data`)",
            True,
        )
    padded = min(height, width) < settings.size
    size = settings.size
    out = np.empty((len(planes), size, size), np.float32)
    for band, (plane, gone) in enumerate(zip(planes, missing, strict=True)):
        _check_range(plane[~gone], unit, image.said.unit)
        if padded or gone.any() or settings.sky == "subtract":
            sky = sky_of(plane, gone)
            if sky is None:
                raise Rejected("no sky to fill with", NO_SKY, True)
            if padded or gone.any():
                random = generator(settings.seed, "cutouts", "sky", name, band)
                plane = _filled(plane, gone, sky, size, random)
            if settings.sky == "subtract":
                plane = plane - sky.plane(plane.shape)
        top, left = (plane.shape[0] - size) // 2, (plane.shape[1] - size) // 2
        out[band] = plane[top : top + size, left : left + size]
    return Stamp(out, padded, height, width, share)


def judged(image: np.ndarray, gain: float) -> tuple[bool, bool, bool]:
    """What the sky of an image (H, W) says.

    Whether it is farther from 0 than 3 times its rms; whether a gain contradicts it; and whether a pixel is so far
    below it that it is no noise.
    """
    sky = sky_of(image, np.zeros(image.shape, bool))
    if sky is None or sky.rms == 0:
        return False, False, False
    sunken = bool(image.min() < sky.level - SUNKEN * sky.rms)
    return abs(sky.level) > PEDESTAL * sky.rms, contradicts_photons(image, sky, gain), sunken


def contradicts_photons(image: np.ndarray, sky: Sky, gain: float) -> bool:
    """Whether photon noise by a gain is far larger than the noise of an image (H, W).

    Two signs: the sky's rms is below one electron; or, where photons alone should give 25 times the variance of the
    sky, the noise has less than a 25th of theirs. There the noise is told by a difference of two Laplacians (Immerkaer
    1996, Comput. Vis. Image Underst. 64, 300), which structure only makes larger, by comparison with the sky's own.
    """
    if sky.rms * gain < 1:
        return True
    photons = (image - sky.level) / gain
    bright = photons > PHOTONS * sky.rms**2
    if bright.sum() < ENOUGH:
        return False
    response = ndimage.correlate(image, LAPLACIANS, mode="nearest") ** 2
    # Correlated noise has less of it, in the sky as in the galaxy.
    of_sky = np.median(response[~sky.sources]) / sky.rms**2
    return bool(np.median(response[bright] / photons[bright]) < of_sky / PHOTONS)


def _filled(plane: np.ndarray, gone: np.ndarray, sky: Sky, size: int, random: np.random.Generator) -> np.ndarray:
    """The image in the middle of a canvas of at least the stamp's size, without missing pixels."""
    height, width = plane.shape
    canvas = sky.noise((max(size, height), max(size, width)), random)
    top, left = (canvas.shape[0] - height) // 2, (canvas.shape[1] - width) // 2
    inside = canvas[top : top + height, left : left + width]
    inside[:] = np.where(gone, inside + _light(plane, gone, sky), plane)
    return canvas


def _light(plane: np.ndarray, gone: np.ndarray, sky: Sky) -> np.ndarray:
    """Light above the sky that sources have in their missing pixels: the mean of what is near; 0 elsewhere."""
    grown = ndimage.binary_dilation(sky.sources, iterations=2) & gone
    if not grown.any():
        return np.zeros(plane.shape)
    there = ndimage.gaussian_filter((~gone).astype(float), NEAR)
    light = ndimage.gaussian_filter(np.where(gone, 0.0, plane - sky.plane(plane.shape)), NEAR)
    return np.where(grown & (there > 0.1), light / np.maximum(there, 0.1), 0.0)


def _middle(length: int, size: int) -> slice:
    """The part of an axis that lies in the stamp."""
    start = max((length - size) // 2, 0)
    return slice(start, start + min(size, length))


def _check_range(values: np.ndarray, unit: str, said: str | None) -> None:
    brightest = float(np.abs(values).max(initial=0.0))
    if unit != DISPLAY and brightest and not SMALLEST < brightest < LARGEST:
        raise Rejected(
            "pixels out of range",
            f"the brightest is {brightest:.2g} {unit}" + (f", and the header's unit is {said}" if said else "")
            + ": set `unit` (and `zero_points`) to what the pixels are in",
        )  # fmt: skip


def _is_picture(pixels: np.ndarray, unit: str) -> bool:
    """Whether pixels are 8-bit levels: by their type, or by their values, 0 to 255 or parts of 255."""
    if pixels.dtype.itemsize == 1:
        return True
    if pixels.dtype.kind != "f" or not np.isfinite(pixels).all() or pixels.min() < 0 or pixels.min() == pixels.max():
        return False
    top = float(pixels.max())
    if top <= 1:
        levels = pixels.astype(float) * 255
        return bool(np.abs(levels - np.round(levels)).max() < 1e-3)
    return top <= 255 and unit not in (COUNT, TOTAL) and bool((pixels == np.round(pixels)).all())
