"""Galaxies that are stored at one size but measured at their own: the code of the size, storing and decoding.

Networks need images of one size, but a simulation gives galaxies in images of many sizes. Holzschuh et al. (2022,
released code) keep the central half of each image, resize it, and add a channel of which every pixel is

    s = (ln L - ln low) / (ln high - ln low),

where L is the side of the original image [px]. Before anything is measured, an image is resized back to L / 2.
"""

import math

import numpy as np
from skimage.transform import resize

_ROUNDING = 1e-3
"""In single precision, the code of a side may be slightly too small; without this, the galaxy would lose a pixel."""


def central_half(image: np.ndarray) -> np.ndarray:
    """The central half of an image (..., L, L) in each axis, as the released code cuts it: about L / 2 a side."""
    side = image.shape[-1]
    kept = slice(int(0.25 * side), int(0.75 * side))
    return image[..., kept, kept]


def code_of(side: float, sides: tuple[float, float]) -> float:
    """The code of an original side L [px]; ``sides`` are those with the codes 0 and 1."""
    low, high = sides
    return (math.log(side) - math.log(low)) / (math.log(high) - math.log(low))


def side_of(channel: np.ndarray, sides: tuple[float, float]) -> int:
    """Side [px] at which a galaxy is measured, from the size channel of its stamp: half of the side that it codes.

    The channel of a generated stamp is not constant: its mean is used. As in the released code, results are clipped to
    [low, high] = ``sides``.
    """
    low, high = sides
    coded = math.exp(float(np.mean(channel, dtype=np.float64)) * (math.log(high) - math.log(low)) + math.log(low))
    return int(min(max(math.floor(coded / 2 + _ROUNDING), low), high))


def store(galaxy: np.ndarray, original_side: int, size: int, sides: tuple[float, float]) -> np.ndarray:
    """A galaxy (C, l, l), cut from an image of ``original_side`` px, as a stamp (C + 1, size, size) float32."""
    code = np.full((1, size, size), code_of(original_side, sides))
    return np.concatenate([resized(galaxy, size), code]).astype(np.float32)


def decode(stamp: np.ndarray, sides: tuple[float, float], band: int | None = None) -> np.ndarray:
    """The galaxy (C, l, l) float64 of a stamp (C + 1, size, size); with ``band``, that band only: (1, l, l)."""
    bands = stamp[:-1] if band is None else stamp[band : band + 1]
    return resized(bands, side_of(stamp[-1], sides))


def resized(image: np.ndarray, side: int) -> np.ndarray:
    """Image (C, l, l) resized to (C, side, side) float64; surface brightness is kept, so flux goes as the area.

    Bilinear, and smoothed first where it becomes smaller (scikit-image's default, which the released code uses).
    """
    image = np.asarray(image, dtype=np.float64)
    if image.shape[-1] == side:
        return image
    return np.stack([resize(channel, (side, side), order=1) for channel in image])
