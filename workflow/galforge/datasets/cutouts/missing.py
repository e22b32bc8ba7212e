"""Which pixels of an image are missing: not finite, or parts of regions of exactly one value."""

import numpy as np
from scipy import ndimage

SMALLEST = 4  # px; noise in floating point never has so many equal neighbours
SMALLEST_OF_LEVELS = 64  # px, of pixels in whole or few levels, where neighbours are often equal
BLOCK = 5  # px; of these a region of one value has to hold a square
FEW = 0.5  # share of different values below which pixels are in few levels


def missing_pixels(image: np.ndarray, constant: bool = True) -> np.ndarray:
    """Pixels (H, W) bool of an image (H, W) that hold no measurement.

    These are pixels that are not finite in single precision and, with ``constant``, connected regions of exactly one
    value: edges of a mosaic, masked stars, saturated cores. Noise in floating point has no four equal neighbours by
    chance. Where pixels have few levels (whole numbers, lossy compression), a region has at least 64 pixels and holds a
    square of 5 x 5.
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
    smallest = SMALLEST_OF_LEVELS if few else SMALLEST
    for value in values[counts >= smallest]:
        equal = image == value
        labels, count = ndimage.label(equal)
        if count == 0:
            continue
        areas = np.bincount(labels.ravel())
        areas[0] = 0
        if few:
            squares = ndimage.binary_erosion(equal, np.ones((BLOCK, BLOCK)), border_value=0)
            solid = np.bincount(labels[squares], minlength=count + 1) > 0
            areas = np.where(solid, areas, 0)
        regions |= areas[labels] >= smallest
    return missing | regions
