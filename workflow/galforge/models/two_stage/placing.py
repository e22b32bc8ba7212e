"""Places galaxies at their positions: whole images of grids and patches."""

import numpy as np
import torch
from torch import Tensor

from galforge.models.two_stage.networks import CELLS as PATCH

CENTRE = 15
"""Row and column of a galaxy's centre in its patch, as ``galforge.datasets.sparse.clusters`` cuts them."""
_MARGIN = PATCH


def room(side: int, centred: bool) -> Tensor:
    """Pixels along each of the 32 cells of a row, (32,) int64, on which the centre of a galaxy can lie in an image.

    With ``centred`` that is one pixel, or none if the centre of the cell is beyond the image.
    """
    inside = (side - PATCH * torch.arange(PATCH)).clamp(0, PATCH)
    return (inside > CENTRE).long() if centred else inside


def in_order(positions: Tensor) -> tuple[Tensor, Tensor]:
    """The lit cells of grids (n, 32, 32) row by row: their kinds (n, k), padded with 0, and their indices (n, k)."""
    flat = positions.flatten(1)
    count = int((flat > 0).sum(1).max())
    # A stable sort keeps the order of the rows.
    cells = torch.argsort((flat == 0).to(torch.uint8), dim=1, stable=True)[:, :count]
    return flat.gather(1, cells), cells


def place(positions: Tensor, galaxies: Tensor, side: int, offsets: Tensor | None = None) -> Tensor:
    """Images (n, 1, side, side) uint8 on the CPU. Where patches overlap, the brighter pixel counts.

    Args:
        positions: grids (n, 32, 32); cells above 0 are lit.
        galaxies: patches (n, k, 32, 32) uint8 of the lit cells, row by row.
        side: of the images [px]; what lies beyond is cut off.
        offsets: (n, 2, 32, 32) int64, row and column of the centre of a patch within each cell [px]; None for patches
            that fill their cells.
    """
    images, rows, columns = (positions > 0).nonzero(as_tuple=True)
    tops, lefts = PATCH * rows, PATCH * columns
    if offsets is not None:
        tops = tops + offsets[images, 0, rows, columns] - CENTRE
        lefts = lefts + offsets[images, 1, rows, columns] - CENTRE
    lit = (positions > 0).flatten(1).sum(1).tolist()
    patches = np.concatenate([own[:count] for own, count in zip(galaxies.cpu().numpy(), lit, strict=True)])
    width = side + 2 * _MARGIN
    canvas = np.zeros((len(lit), width, width), dtype=np.uint8)
    # Slices in a loop take a tenth of the time of scattering pixels.
    places = zip(images.tolist(), (tops + _MARGIN).tolist(), (lefts + _MARGIN).tolist(), patches, strict=True)
    for image, top, left, patch in places:
        own = canvas[image, top : top + PATCH, left : left + PATCH]
        np.maximum(own, patch[: own.shape[0], : own.shape[1]], out=own)
    inside = slice(_MARGIN, _MARGIN + side)
    return torch.from_numpy(np.ascontiguousarray(canvas[:, None, inside, inside]))
