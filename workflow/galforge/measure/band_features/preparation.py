"""How one band of a stamp becomes the gray image that an image network takes."""

from pathlib import Path
from typing import Any

import numpy as np

from galforge.measure.features.preparation import stretch_of
from galforge.stamps.file import Stamps

WHITE = 255.0


def stretch_from(path: str | Path, band: int) -> dict[str, Any]:
    """The stretch of every band of a file of source stamps; see ``galforge.measure.features.preparation.stretch_of``.

    `band`, which every measure is given, is for those that see one band.
    """
    del band
    with Stamps(path) as stamps:
        return stretch_of(stamps, tuple(range(len(stamps.header.bands))))


def published(image: np.ndarray) -> np.ndarray:
    """Gray image (l, l) float32 in [0, 255] of a band: divided by its own maximum, nothing below 0.

    As the authors' notebook did with its real stamps and those of its CVAE. Those of its DDPM were scaled from their
    minimum to their maximum, which made the printed values incomparable; here all are treated alike. A stamp without
    a positive pixel is black.
    """
    top = image.max()
    return (WHITE * np.clip(image / top, 0, 1) if top > 0 else np.zeros_like(image)).astype(np.float32)


def corrected(image: np.ndarray, black: float, softening: float, white: float) -> np.ndarray:
    """Gray image (l, l) float32 in [0, 255] of a band, by the source's asinh stretch [image units]."""
    low, high = np.arcsinh(black / softening), np.arcsinh(white / softening)
    return (WHITE * np.clip((np.arcsinh(image / softening) - low) / (high - low), 0, 1)).astype(np.float32)
