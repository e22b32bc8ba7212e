"""The sky of a stamp: a box without galaxy, and the brightness of the sky by clipping."""

import math

import numpy as np

from galforge.compiled import compiled

BOX = 32  # px, halved until a box is found
SMALLEST_BOX = 2
CLIP = 3.0  # sd
CLIPS_OF_MODE = 10


def sky_box(segmap: np.ndarray) -> tuple[int, int, int]:
    """Row, column and side of the first square without galaxy, row by row, of the largest possible of 32 to 2 px.

    The side is 0 where there is none. As in statmorph, a box never touches the last row or column.
    """
    counts = np.pad(segmap.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    size = BOX
    while size >= SMALLEST_BOX:
        down, right = (max(length - size, 0) for length in segmap.shape)
        below = counts[size : size + down]
        inside = below[:, size : size + right] - counts[:down, size : size + right]
        free = inside - below[:, :right] + counts[:down, :right] == 0
        if free.any():
            return *(int(place) for place in np.unravel_index(free.argmax(), free.shape)), size
        size //= 2
    return 0, 0, 0


@compiled(fastmath={"reassoc", "contract"})
def _moments(values, low, high):
    """Median, mean and sd of sorted values [low, high)."""
    count = high - low
    half = low + count // 2
    median = values[half] if count % 2 else (values[half - 1] + values[half]) / 2
    total, square = 0.0, 0.0
    for i in range(low, high):
        total += values[i]
    mean = total / count
    for i in range(low, high):
        square += (values[i] - mean) ** 2
    return median, mean, math.sqrt(square / count)


@compiled()
def _within(values, low, high, centre, sd):
    """Limits of those sorted values of [low, high) that are within CLIP sd of a centre."""
    while low < high and values[low] < centre - CLIP * sd:
        low += 1
    while low < high and values[high - 1] > centre + CLIP * sd:
        high -= 1
    return low, high


@compiled()
def _mode(values, low, high):
    """2.5 median - 1.5 mean (Bertin & Arnouts 1996, A&AS 117, 393) after up to ten clips about the median."""
    for _ in range(CLIPS_OF_MODE):
        median, _, sd = _moments(values, low, high)
        start, stop = _within(values, low, high, median, sd)
        if stop - start == high - low:
            break
        low, high = start, stop
    median, mean, _ = _moments(values, low, high)
    return 2.5 * median - 1.5 * mean


@compiled()
def one_sigma_level(values):
    """Mode plus one sd of sorted pixels that are clipped about their mode until nothing changes."""
    low, high = 0, values.size
    while True:
        centre = _mode(values, low, high)
        sd = _moments(values, low, high)[2]
        start, stop = _within(values, low, high, centre, sd)
        if start == stop:
            return math.nan
        if stop - start == high - low:
            break
        low, high = start, stop
    median, mean, sd = _moments(values, low, high)
    return 2.5 * median - 1.5 * mean + sd
