"""How one band of a stamp becomes the gray image that an image network takes."""

from pathlib import Path
from typing import Any

import numpy as np

from galforge.measure.features.preparation import stretch_of
from galforge.stamps.file import Stamps

WHITE = 255.0


def stretch_from(path: str | Path, band: int) -> dict[str, Any]:
    """The stretch of every band of a file of source stamps; see ``galforge.measure.features.preparation.stretch_of``.

    `band` is not used.
    """
    with Stamps(path) as stamps:
        return stretch_of(stamps, tuple(range(len(stamps.header.bands))))


def published(image: np.ndarray) -> np.ndarray:
    """Gray image (l, l) float32 in [0, 255] of a band: divided by its own maximum and cut off at 0.

    The authors' notebook does this with real stamps and those of its CVAE, but scales those of its DDPM from their
    minimum to their maximum, so that the printed values cannot be compared; here all are treated alike. A stamp without
    a positive pixel is black.
    """
    top = image.max()
    return (WHITE * np.clip(image / top, 0, 1) if top > 0 else np.zeros_like(image)).astype(np.float32)
