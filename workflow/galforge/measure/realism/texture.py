"""Levels and texture of 8-bit images: histogram, oriented gradients, local binary patterns (Gantastic 4, II-C, 3-4).

Gradients and patterns are scikit-image's: those of Dalal & Triggs (2005), and the uniform, rotation-invariant ones of
Ojala et al. (2002).
"""

import numpy as np
from skimage.feature import hog, local_binary_pattern

LEVELS = 256
ORIENTATIONS = 9


def histogram(image: np.ndarray) -> np.ndarray:
    """Number of pixels (256,) int64 at each level of an image (H, W) uint8; counts, not shares, as published."""
    return np.bincount(image.ravel(), minlength=LEVELS)


def gradients(image: np.ndarray, cell: int, block: int) -> np.ndarray:
    """Histograms of oriented gradients (`count`,) float64 of an image (H, H) uint8.

    In all whole cells of `cell` px, normalised in each square of `block` cells that overlap, as many times as there are
    such squares around a cell.
    """
    return hog(image, ORIENTATIONS, (cell, cell), (block, block))


def count(side: int, cell: int, block: int) -> int:
    """Number of values of `gradients` of an image of a side [px]; 68,121 at 1000 px, cells of 32 px, blocks of 3."""
    return (side // cell - block + 1) ** 2 * block**2 * ORIENTATIONS


def patterns(image: np.ndarray, points: int, radius: float) -> np.ndarray:
    """Shares of the pixels with each uniform local binary pattern (points + 2,) float64; their sum is 1."""
    codes = local_binary_pattern(image, points, radius, method="uniform").astype(np.intp)
    return np.bincount(codes.ravel(), minlength=points + 2) / image.size
