"""Levels and texture of 8-bit images: histogram, oriented gradients, local binary patterns (Gantastic 4, II-C, 3-4).

Gradients and patterns are scikit-image's: those of Dalal & Triggs (2005) with one cell per block, and the uniform,
rotation-invariant ones of Ojala et al. (2002).
"""

import numpy as np
from skimage.feature import hog, local_binary_pattern

LEVELS = 256
ORIENTATIONS = 9


def histogram(image: np.ndarray) -> np.ndarray:
    """Number of pixels (256,) int64 at each level of an image (H, W) uint8; counts, not shares, as published."""
    return np.bincount(image.ravel(), minlength=LEVELS)


def gradients(image: np.ndarray, cell: int) -> np.ndarray:
    """Histograms of oriented gradients (cells * cells * 9,) float64, in all whole cells of `cell` px."""
    return hog(image, ORIENTATIONS, (cell, cell), (1, 1))


def patterns(image: np.ndarray, points: int, radius: float) -> np.ndarray:
    """Shares of the pixels with each uniform local binary pattern (points + 2,) float64; their sum is 1."""
    codes = local_binary_pattern(image, points, radius, method="uniform").astype(np.intp)
    return np.bincount(codes.ravel(), minlength=points + 2) / image.size
