"""Arrays of any order of axes as planes (C, H, W)."""

import numpy as np

from galforge.raw.rejections import Rejected

LAYOUTS = ("auto", "nchw", "nhwc")


def as_planes(pixels: np.ndarray, channels: int, layout: str = "auto") -> np.ndarray:
    """An image (H, W), (C, H, W) or (H, W, C) as (C, H, W).

    Args:
        pixels: the image.
        channels: C.
        layout: ``nchw`` or ``nhwc`` says where the channels are; ``auto`` takes the axis that is C long.

    Raises:
        Rejected: no axis is C long, or both may be.
    """
    shape = pixels.shape
    if len(shape) == 2 and channels == 1:
        return pixels[None]
    if len(shape) == 3:
        first, last = shape[0] == channels and layout != "nhwc", shape[2] == channels and layout != "nchw"
        if first and last:
            raise Rejected("ambiguous axes", f"shape {shape} for {channels} bands: set `layout` to nchw or nhwc")
        if first or last:
            return pixels if first else np.moveaxis(pixels, -1, 0)
    raise Rejected("other bands", f"shape {shape} for {channels} band{'s' if channels > 1 else ''}")


def holds_many(shape: tuple[int, ...], channels: int, layout: str = "auto") -> bool:
    """Whether an array is of many galaxies, (N, H, W) or of four axes, and not of one.

    Raises:
        Rejected: it is neither, or may be of one band whose galaxies or colours come last.
    """
    if len(shape) == 3 and channels == 1 and shape[2] == 1 < shape[0]:
        return False
    if len(shape) == 3 and channels == 1 and layout == "auto" and shape[0] == shape[1] != shape[2]:
        raise Rejected(
            "ambiguous axes",
            f"shape {shape} for 1 band: if the first axis counts galaxies, set `layout` to nchw; a colour picture has "
            "3 bands, and an array with galaxies last needs numpy.moveaxis(images, -1, 0)",
        )
    if len(shape) == 4 or (len(shape) == 3 and channels == 1):
        return True
    if len(shape) in (2, 3):
        return False
    raise Rejected("no image", f"an array of shape {shape}")
