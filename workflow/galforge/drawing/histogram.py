"""Histograms of one property: the source's as an area, each model's as a line over the same bins."""

import numpy as np
from matplotlib.axes import Axes

from galforge.drawing.style import FILL, SOURCE_COLOUR, look


def edges(low: float, high: float, count: int, limits: tuple[int, int]) -> np.ndarray:
    """Edges of bins from low to high: as many bins as the root of the number of values, between two limits."""
    return np.linspace(low, high, int(np.clip(np.sqrt(count), *limits)) + 1)


def draw(axis: Axes, index: int, values: np.ndarray, bins: np.ndarray, width: float = 1.8) -> None:
    """Draw the share of finite values (n,), n > 0, of the index-th sample in each bin; the source is the first.

    Values beyond the bins are counted in the outermost ones, so that every histogram holds all of them.
    """
    share = np.histogram(np.clip(values, bins[0], bins[-1]), bins)[0] / len(values)
    if index == 0:
        axis.stairs(share, bins, fill=True, color=FILL)
        axis.stairs(share, bins, color=SOURCE_COLOUR, linewidth=1.0)
    else:
        axis.stairs(share, bins, linewidth=width, **look(index))
