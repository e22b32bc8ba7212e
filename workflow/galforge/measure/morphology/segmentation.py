"""Segmentation map of the one galaxy that a stamp shows.

The recipe is that of the released code of Holzschuh et al. 2022 (MNRAS 515, 652): threshold and detection of photutils
(3.0, `detect_threshold` and `detect_sources`), then the segment of largest area, smoothed by a uniform filter. The maps
equal photutils' to the last pixel at a fraction of the time.
"""

import numpy as np
from scipy import ndimage

from galforge.measure.morphology.settings import MeasureSettings

REFERENCE_SIDE = 256  # px; side of the stamps for which the published filter size was chosen
SMALLEST_FILTER = 3  # px
CLIPPED_AT = 3.0  # sd about the median
CLIPPINGS = 10  # at most
TOUCHING = np.ones((3, 3), dtype=bool)  # pixels of one source touch along edges or corners


def filter_size(side: int, settings: MeasureSettings) -> int:
    """Side [px] of the uniform filter for stamps of `side` px.

    The published size is fixed, which in stamps of 64 px deletes all segments below about 50 px; the corrected one is
    the same fraction of every stamp, and at least 3 px.
    """
    if settings.protocol == "published":
        return settings.filter_size
    return max(SMALLEST_FILTER, round(settings.filter_size * side / REFERENCE_SIDE))


def segment(image: np.ndarray, settings: MeasureSettings) -> np.ndarray:
    """Boolean segmentation map (H, W) of the largest source in `image` (H, W); all False where there is none.

    The filter sees the segment mirrored beyond the edges, so that a galaxy that runs off the stamp is not eroded there.
    """
    mean, deviation = clipped_statistics(image)
    labels, _ = ndimage.label(image > mean + settings.detection_sigma * deviation, TOUCHING, output=np.intp)
    areas = np.bincount(labels.ravel())
    areas[0] = 0
    label = int(np.argmax(areas))
    if areas[label] < settings.detection_pixels:
        return np.zeros(image.shape, dtype=bool)
    return _smoothed(labels == label, filter_size(image.shape[0], settings))


def clipped_statistics(image: np.ndarray) -> tuple[float, float]:
    """Mean and sd of the finite pixels (H, W) left by up to ten clippings at 3 sd about the median; NaN for none.

    Pixels are summed in the order of the image: another order changes the last digit, and in a constant image the last
    digit decides which pixels lie above the threshold.
    """
    kept = image[np.isfinite(image)]
    # Sorted once: what is kept is always a range of it, whose middle is the median.
    ordered, first = np.sort(kept), 0
    for _ in range(CLIPPINGS):
        count = len(kept)
        if not count:
            return np.nan, np.nan
        median, reach = (ordered[first + (count - 1) // 2] + ordered[first + count // 2]) / 2, CLIPPED_AT * kept.std()
        kept = kept[(kept >= median - reach) & (kept <= median + reach)]
        if len(kept) == count:
            break
        first = max(first, int(np.searchsorted(ordered, median - reach)))
    return float(kept.mean()), float(kept.std())


def _smoothed(segment: np.ndarray, size: int) -> np.ndarray:
    """Smooth `segment` (bool, H, W) with a uniform filter of `size` px; True above one half.

    Only the segment and a margin of the filter's size are filtered, because the rest is empty and stays empty.
    """
    smooth = np.zeros(segment.shape, dtype=bool)
    inside = tuple(
        slice(max(0, reached[0] - size), reached[-1] + size + 1)
        for reached in (np.flatnonzero(segment.any(axis=1)), np.flatnonzero(segment.any(axis=0)))
    )
    smooth[inside] = ndimage.uniform_filter(segment[inside].astype(float), size) > 0.5
    return smooth
