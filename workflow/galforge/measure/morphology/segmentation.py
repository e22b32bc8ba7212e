"""Segmentation map of the one galaxy that a stamp shows.

The recipe is that of the released code of Holzschuh et al. 2022 (MNRAS 515, 652): threshold and detection of photutils
(3.0, `detect_threshold` and `detect_sources`), then the segment of largest area, smoothed by a uniform filter. The maps
equal photutils' to the last pixel at a fraction of the time: pixels are sorted and summed once, and every step of the
clipping finds its median, sd and bounds in the sorted values.
"""

import math

import numpy as np
from scipy import ndimage

from galforge.compiled import compiled
from galforge.measure.morphology.filters import uniform_filter
from galforge.measure.morphology.settings import MeasureSettings

REFERENCE_SIDE = 256  # px; side of the stamps for which the published filter size was chosen
SMALLEST_FILTER = 3  # px
CLIPPED_AT = 3.0  # sd about the median
CLIPPINGS = 10  # at most
EPSILON = np.finfo(np.float64).eps
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
    ordered = np.sort(image, axis=None)
    ordered = ordered[np.searchsorted(ordered, -np.inf, side="right") : np.searchsorted(ordered, np.inf)]
    decided, first, last = _clip(ordered)
    if not decided:
        first, last = _clip_in_order(image, ordered)
    if first == last:
        return np.nan, np.nan
    kept = image[(image >= ordered[first]) & (image <= ordered[last - 1])]
    return float(kept.mean()), float(kept.std())


@compiled()
def _clip(ordered):
    """Clip sorted values (n,) by their running sums.

    Returns:
        Whether the result is certain, and the range of the values that are kept, end excluded. It is not certain where
        a value is so near to a bound that rounding errors of the bound matter.
    """
    first, last = 0, ordered.size
    sums, squares = np.zeros(ordered.size + 1), np.zeros(ordered.size + 1)
    middle = ordered[ordered.size // 2] if ordered.size else 0.0
    for i in range(ordered.size):
        offset = ordered[i] - middle
        sums[i + 1] = sums[i] + offset
        squares[i + 1] = squares[i] + offset * offset
    for _ in range(CLIPPINGS):
        count = last - first
        if count == 0:
            break
        median = 0.5 * (ordered[first + (count - 1) // 2] + ordered[first + count // 2])
        mean = (sums[last] - sums[first]) / count
        variance = (squares[last] - squares[first]) / count - mean * mean
        # A running sum of n terms has an error of at most n roundings of the sum of their sizes; the mean has a
        # smaller one.
        rounding = 4.0 * EPSILON * ordered.size * squares[last] / count
        if variance <= 2.0 * rounding:
            return False, first, last
        deviation = math.sqrt(variance)
        reach = CLIPPED_AT * deviation
        slack = CLIPPED_AT * rounding / deviation + 8.0 * EPSILON * (abs(median) + reach)
        kept = ordered[first:last]
        low, high = np.searchsorted(kept, median - reach - slack), np.searchsorted(kept, median + reach - slack)
        if low != np.searchsorted(kept, median - reach + slack) or high != np.searchsorted(
            kept, median + reach + slack
        ):
            return False, first, last
        if low == 0 and high == count:
            break
        first, last = first + low, first + high
    return True, first, last


def _clip_in_order(image: np.ndarray, ordered: np.ndarray) -> tuple[int, int]:
    """The range of sorted values (n,) that the clippings keep, with all sums in the order of the image (H, W)."""
    first, last = 0, len(ordered)
    kept = image[np.isfinite(image)]
    for _ in range(CLIPPINGS):
        count = last - first
        if count == 0:
            break
        median = (ordered[first + (count - 1) // 2] + ordered[first + count // 2]) / 2
        reach = CLIPPED_AT * kept.std()
        low, high = median - reach, median + reach
        kept = kept[(kept >= low) & (kept <= high)]
        if len(kept) == count:
            break
        first = max(first, int(np.searchsorted(ordered, low)))
        last = first + len(kept)
    return first, last


def _smoothed(segment: np.ndarray, size: int) -> np.ndarray:
    """Smooth `segment` (bool, H, W) with a uniform filter of `size` px; True above one half.

    Only the segment and a margin of the filter's size are filtered, because the rest is empty and stays empty.
    """
    smooth = np.zeros(segment.shape, dtype=bool)
    inside = tuple(
        slice(max(0, reached[0] - size), reached[-1] + size + 1)
        for reached in (np.flatnonzero(segment.any(axis=1)), np.flatnonzero(segment.any(axis=0)))
    )
    smooth[inside] = uniform_filter(segment[inside].astype(float), size) > 0.5
    return smooth
