"""Clusters of lit pixels in sparse 8-bit images, each of which Gantastic 4 (2020) take for a galaxy.

A cluster is a set of pixels above a threshold that touch each other, also at corners. Its centre is its brightest
pixel, and of equally bright ones the first in the order of rows.
"""

from dataclasses import dataclass

import numpy as np
import scipy.ndimage

PATCH = 32
"""Side of the patch that is cut out around a centre, and of the cells of the grid of positions [px]."""
CENTRE = 15
"""Row and column of the centre in a patch."""
_TOUCHING = np.ones((3, 3), dtype=bool)


@dataclass(frozen=True)
class Clusters:
    """The clusters of one image, in the order of their first pixels; arrays (k,).

    Attributes:
        size: pixels of each.
        peak: its brightest pixel [8-bit level].
        flux: sum of its pixels [8-bit level].
        row, column: where the brightest pixel is.
    """

    size: np.ndarray
    peak: np.ndarray
    flux: np.ndarray
    row: np.ndarray
    column: np.ndarray

    def __len__(self) -> int:
        return len(self.size)


def find(image: np.ndarray, threshold: int) -> Clusters:
    """The clusters of an image (H, W) uint8 above a threshold [8-bit level]."""
    labels, count = scipy.ndimage.label(image > threshold, _TOUCHING)
    rows, columns = np.nonzero(labels)
    label, value = labels[rows, columns] - 1, image[rows, columns].astype(np.int64)
    # By cluster, the brightest first; the sort is stable, so that equally bright pixels keep their order.
    order = np.lexsort((-value, label))
    first = order[np.searchsorted(label[order], np.arange(count))]
    return Clusters(
        size=np.bincount(label, minlength=count),
        peak=value[first],
        flux=np.bincount(label, weights=value, minlength=count).astype(np.int64),
        row=rows[first],
        column=columns[first],
    )


def inside(clusters: Clusters, shape: tuple[int, int]) -> np.ndarray:
    """Whether the patch around each cluster lies within an image of a shape (H, W): (k,) bool.

    As in the authors' code (``crop_patch`` of ``common/image_processing.py``), a patch that touches the lower or the
    right edge does not, though one that touches the upper or the left edge does.
    """
    low, high = CENTRE, PATCH - CENTRE
    rows, columns = clusters.row, clusters.column
    return (rows >= low) & (rows + high < shape[0]) & (columns >= low) & (columns + high < shape[1])


def patch(image: np.ndarray, row: int, column: int) -> np.ndarray:
    """The patch (32, 32) around a centre that is far enough from the edges (see ``inside``)."""
    top, left = row - CENTRE, column - CENTRE
    return image[top : top + PATCH, left : left + PATCH]


def positions(clusters: Clusters) -> np.ndarray:
    """The grid (32, 32) int64 of cells of 32 px: the size of the largest cluster centred in each, 0 for none [px].

    Where an image is smaller than 1024 px, the cells beyond it stay empty.
    """
    grid = np.zeros((PATCH, PATCH), dtype=np.int64)
    np.maximum.at(grid, (clusters.row // PATCH, clusters.column // PATCH), clusters.size)
    return grid
