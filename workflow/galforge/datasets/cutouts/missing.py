"""Which pixels of an image are missing: not finite, or parts of regions of exactly one value."""

import numpy as np
from scipy import ndimage

SMALLEST = 4  # px; noise in floating point never has so many equal neighbours
BLOCK, LINE = 5, 24
"""Side of a square and length of a line [px] that a region of one value has where neighbours are often equal."""
FEW = 0.5  # share of different values below which pixels are in few levels


def missing_pixels(image: np.ndarray, constant: bool = True) -> np.ndarray:
    """Pixels (H, W) bool of an image (H, W) that hold no measurement.

    These are pixels that are not finite in single precision and, with ``constant``, connected regions of exactly one
    value: edges of a mosaic, masked stars, saturated cores. Noise in floating point has no four equal neighbours by
    chance. Where pixels have few levels (whole numbers, lossy compression), a region holds a square of 5 x 5 pixels, or
    a line of 24 or from edge to edge.
    """
    with np.errstate(over="ignore"):
        missing = ~np.isfinite(image.astype(np.float32))
    if not constant:
        return missing
    values, counts = np.unique(image[~missing], return_counts=True)
    regions = np.zeros(image.shape, bool)
    repeated = values[counts >= SMALLEST]
    if repeated.size == 0:
        return missing
    # The commonest value may be that of what is missing.
    few = len(values) - 1 < FEW * (counts.sum() - counts.max())
    for value in repeated:
        equal = image == value
        labels, count = ndimage.label(equal)
        if count == 0:
            continue
        areas = np.bincount(labels.ravel())
        areas[0] = 0
        if few:
            height, width = image.shape
            shapes = (BLOCK, BLOCK), (1, min(LINE, width)), (min(LINE, height), 1)
            seeds = np.any([ndimage.binary_erosion(equal, np.ones(shape)) for shape in shapes], axis=0)
            areas = np.where(np.bincount(labels[seeds], minlength=count + 1) > 0, areas, 0)
        regions |= areas[labels] >= SMALLEST
    return missing | regions
