"""Whole sparse images: real ones, and below what each model drew."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from galforge.drawing.mosaic import Row, draw_rows
from galforge.errors import GalforgeError

ACROSS = 4
_LARGEST = 200  # [px] of a side that is drawn
_WHITE = 255


class SparseImagesError(GalforgeError):
    """Images cannot be drawn."""


def draw(rows: Sequence[tuple[str, np.ndarray]], png: str | Path, pdf: str | Path) -> None:
    """Rows of the first 4 images of each sample; which come first is for the caller to leave to chance.

    Images larger than 200 px are brought below by the maximum over square blocks, in which a galaxy of one pixel does
    not drown as it would in a mean. Grey is the cube root of the level over 255, in all rows.

    Args:
        rows: (label, images (n, side, side) uint8) of the real images and of each model.

    Raises:
        SparseImagesError: there are no rows, or one is no such array.
    """
    if not rows:
        raise SparseImagesError("sparse images: no samples were given; name the real images at least")
    for label, images in rows:
        _check(label, images)
    shown = [Row(label, [_grey(_reduced(image)) for image in images[:ACROSS]]) for label, images in rows]
    factors = sorted({_block(images.shape[-1]) for _, images in rows})
    blocks = " or ".join(f"{factor} x {factor}" for factor in factors)
    words = "Grey: cube root of the level over 255"
    if factors != [1]:
        words += f"; each pixel is the brightest of {blocks}"
    draw_rows(shown, ACROSS, words, png, pdf)


def _check(label: str, images: np.ndarray) -> None:
    if images.ndim != 3 or images.shape[1] != images.shape[2] or images.dtype != np.uint8 or not images.size:
        raise SparseImagesError(
            f"{label}: images of shape {images.shape} and type {images.dtype}, where 8-bit squares (n, side, side) are "
            "drawn; sample the model again"
        )


def _block(side: int) -> int:
    return -(-side // _LARGEST)


def _reduced(image: np.ndarray) -> np.ndarray:
    """An image (side, side) by the maximum over blocks; those at the lower and right edge may be cut."""
    block = _block(image.shape[0])
    left = -image.shape[0] % block
    side = (image.shape[0] + left) // block
    return np.pad(image, (0, left)).reshape(side, block, side, block).max(axis=(1, 3))


def _grey(image: np.ndarray) -> np.ndarray:
    return np.cbrt(image / _WHITE)
