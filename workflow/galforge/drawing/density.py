"""How densely galaxies lie in a plane of two properties, and contours that hold given shares of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from scipy.ndimage import gaussian_filter

FEWEST = 30  # galaxies of which contours are drawn; fewer are shown as points
_CELLS = 64  # per axis
_EXTREMES = (1.0, 99.0)  # percentiles of the source that a panel holds, and a margin
_MARGIN = 0.25  # of their distance, on either side
_NARROWEST = 0.7  # cells, of the smoothing


@dataclass(frozen=True)
class Plane:
    """Density in a plane.

    Attributes:
        x, y: centres of the cells, (cells,) each.
        share: (cells, cells) of the sample in each cell, smoothed; the first axis is x.
    """

    x: np.ndarray
    y: np.ndarray
    share: np.ndarray

    def levels(self, shares: Sequence[float]) -> list[float]:
        """Densities, ascending, above which these shares of the sample lie.

        Shares are of all galaxies, those outside the plane included, so that a level does not exist where too many lie
        there; it is left out then.
        """
        cells = np.sort(self.share.ravel())[::-1]
        within = np.cumsum(cells)
        found = {float(cells[np.searchsorted(within, share)]) for share in shares if share < within[-1]}
        return sorted(level for level in found if 0 < level < cells[0])


def window(values: np.ndarray) -> tuple[float, float]:
    """The range of an axis: the middle 98 % of finite source values (n,), and a quarter of it on either side."""
    low, high = (float(value) for value in np.percentile(values, _EXTREMES))
    margin = _MARGIN * (high - low) or max(abs(low), 1.0) * _MARGIN
    return low - margin, high + margin


def plane(x: np.ndarray, y: np.ndarray, across: tuple[float, float], up: tuple[float, float]) -> Plane:
    """Density of galaxies at (x, y), (n,) each, in a panel: a histogram, smoothed as Scott's rule says.

    The smoothing is n^(-1/6) of half of the range of the middle 68 %, which is the sd of a normal distribution.
    """
    share, *edges = np.histogram2d(x, y, _CELLS, (across, up))
    smoothing = []
    for values, (low, high) in ((x, across), (y, up)):
        spread = np.diff(np.percentile(values, (16, 84)))[0] / 2 if len(values) else 0.0
        smoothing.append(
            max(len(values) ** (-1 / 6) * spread / (high - low) * _CELLS if len(values) else 0, _NARROWEST)
        )
    smooth = gaussian_filter(share / max(len(x), 1), smoothing, mode="constant")
    x_centres, y_centres = ((edge[1:] + edge[:-1]) / 2 for edge in edges)
    return Plane(x_centres, y_centres, smooth)


def contours(axis: Axes, found: Plane, shares: Sequence[float], **lines: object) -> None:
    """Draw lines that enclose shares of a sample; nothing where there are no such levels."""
    levels = found.levels(shares)
    if levels:
        axis.contour(found.x, found.y, found.share.T, levels=levels, **lines)


def filled(axis: Axes, found: Plane, shares: Sequence[float], colours: Sequence[str]) -> None:
    """Fill the areas that enclose shares of a sample, the largest share in the first colour."""
    levels = found.levels(shares)
    if levels:
        axis.contourf(
            found.x,
            found.y,
            found.share.T,
            levels=[*levels, np.inf],
            colors=list(colours)[-len(levels) :],
            extend="neither",
        )
