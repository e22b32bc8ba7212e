"""Galaxy patches of sparse images: real ones, and below those of two-stage models and of their size classes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from galforge.datasets.sparse.clusters import PATCH
from galforge.drawing.mosaic import Row, draw_rows
from galforge.errors import GalforgeError

_WHITE = 255


class SparseGalaxiesError(GalforgeError):
    """Patches cannot be drawn."""


def draw(rows: Sequence[tuple[str, np.ndarray]], png: str | Path, pdf: str | Path, *, count: int) -> None:
    """Rows of the first ``count`` patches of each sample; which come first is for the caller to leave to chance.

    Grey is linear from black at level 0 to white at 255 in all rows: only so can their brightness be compared.

    Args:
        rows: (label, patches (n, 32, 32) uint8) of the real galaxies, of each model and of its size classes; fewer
            are drawn where a sample has fewer, and none of a size class that never came up.
        count: patches per row.

    Raises:
        SparseGalaxiesError: there are no rows or no patches at all, or one row is no such array.
    """
    if not sum(len(patches) for _, patches in rows):
        raise SparseGalaxiesError("sparse galaxies: no patches were given; name the real galaxies at least")
    for label, patches in rows:
        if patches.ndim != 3 or patches.shape[1:] != (PATCH, PATCH) or patches.dtype != np.uint8:
            raise SparseGalaxiesError(
                f"{label}: patches of shape {patches.shape} and type {patches.dtype}, where 8-bit patches "
                f"(n, {PATCH}, {PATCH}) are drawn; draw them again"
            )
    shown = []
    for label, patches in rows:
        heading = label if len(patches) else f"{label}: none"
        shown.append(Row(heading, [patch / _WHITE for patch in patches[:count]]))
    draw_rows(shown, count, "Grey: linear from level 0 (black) to 255 (white)", png, pdf)
