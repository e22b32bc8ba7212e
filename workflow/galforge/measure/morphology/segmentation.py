"""Segmentation map of the one galaxy a stamp is about.

The recipe is that of the released code of Holzschuh et al. 2022 (MNRAS 515, 652): photutils threshold and
detection, the segment of largest area, smoothed by a uniform filter.
"""

import numpy as np
from photutils.segmentation import detect_sources, detect_threshold
from scipy import ndimage

from galforge.measure.morphology.settings import MeasureSettings

REFERENCE_SIDE = 256  # px; the stamps for which the published filter size was chosen
SMALLEST_FILTER = 3  # px


def filter_size(side: int, settings: MeasureSettings) -> int:
    """Side [px] of the uniform filter for stamps of `side` px.

    The published size is fixed, which at 64 px deletes every segment below about 50 px; the corrected one is
    the same fraction of the stamp, and at least 3 px.
    """
    if settings.protocol == "published":
        return settings.filter_size
    return max(SMALLEST_FILTER, round(settings.filter_size * side / REFERENCE_SIDE))


def segment(image: np.ndarray, settings: MeasureSettings) -> np.ndarray:
    """Boolean segmentation map (H, W) of the largest source of `image` (H, W); all False where there is none.

    Beyond the edges the filter sees the mirrored segment, so that a galaxy that runs off the stamp is not
    eroded there.
    """
    threshold = detect_threshold(image, settings.detection_sigma)
    sources = detect_sources(image, threshold, settings.detection_pixels)
    if sources is None:
        return np.zeros(image.shape, dtype=bool)
    areas = np.bincount(sources.data.ravel())
    areas[0] = 0
    largest = sources.data == np.argmax(areas)
    size = filter_size(image.shape[0], settings)
    return ndimage.uniform_filter(largest.astype(float), size=size) > 0.5
