"""Sparse images.

Whole images: real ones in the first row, below what each model drew, picked by the seed and not by eye. Each pixel
shows the brightest of the pixels that it stands for, and the stretch is a cube root, both so that faint galaxies can
be seen: there is less light in the images than it seems.

Rows of whole sparse images of {dataset}: real ones above, one row per model below
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galforge.errors import GalforgeError
from galforge.papers.figure import Needs

if TYPE_CHECKING:
    import numpy as np

    from galforge.papers.figure import Files, Subject

ACROSS = 4
_LARGEST = 200  # [px] of a side that is drawn
_WHITE = 255


class SparseImagesError(GalforgeError):
    """Images cannot be drawn."""


def plot(rows: Sequence[tuple[str, np.ndarray]], png: str | Path, pdf: str | Path) -> None:
    """Rows of the first 4 images of each sample; which come first is for the caller to leave to chance.

    Images larger than 200 px are brought below by the maximum over square blocks, in which a galaxy of one pixel does
    not drown as it would in a mean. Grey is the cube root of the level over 255, in all rows.

    Args:
        rows: (label, images (n, side, side) uint8) of the real images and of each model.

    Raises:
        SparseImagesError: there are no rows, or one is no such array.
    """
    from galforge.drawing.mosaic import Row, draw_rows

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
    import numpy as np

    if images.ndim != 3 or images.shape[1] != images.shape[2] or images.dtype != np.uint8 or not images.size:
        raise SparseImagesError(
            f"{label}: images of shape {images.shape} and type {images.dtype}, where 8-bit squares (n, side, side) are "
            "drawn; sample the model again"
        )


def _block(side: int) -> int:
    return -(-side // _LARGEST)


def _reduced(image: np.ndarray) -> np.ndarray:
    """An image (side, side) by the maximum over blocks; those at the lower and right edge may be cut."""
    import numpy as np

    block = _block(image.shape[0])
    left = -image.shape[0] % block
    side = (image.shape[0] + left) // block
    return np.pad(image, (0, left)).reshape(side, block, side, block).max(axis=(1, 3))


def _grey(image: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.cbrt(image / _WHITE)


def needs(subject: Subject) -> Needs | None:
    """Images of the source and of the first training of each model."""
    if not subject.scored:
        return None
    told = {**subject.labels(first=True), **subject.scored_labels(), "seed": subject.report.seed}
    return Needs({"stamps": subject.stamps(first=True)}, told, libraries=())


def draw(files: Files, told: dict[str, Any], out: dict[str, str]) -> None:
    """Read the files and plot them."""
    from galforge.drawing.labels import model_labels, source_label
    from galforge.drawing.picked import whole_images

    labels = [source_label(told["dataset"], told["origin"], told["scale"]), *model_labels(told["models"])]
    samples = [whole_images(path, ACROSS, told["seed"]) for path in files["stamps"]]
    plot(list(zip(labels, samples, strict=True)), out["png"], out["pdf"])
