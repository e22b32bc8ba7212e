"""Putting galaxies where their positions are: whole images of grids and patches, without a loop over galaxies."""

import torch
from torch import Tensor

from galforge.clusters import CENTRE, PATCH

_MARGIN = PATCH


def in_order(positions: Tensor) -> tuple[Tensor, Tensor]:
    """The lit cells of grids (n, 32, 32) row by row: their kinds (n, k), 0 behind the last one, and cells (n, k)."""
    flat = positions.flatten(1)
    count = int((flat > 0).sum(1).max())
    # A stable sort keeps the order of the rows.
    cells = torch.argsort((flat == 0).to(torch.uint8), dim=1, stable=True)[:, :count]
    return flat.gather(1, cells), cells


def place(positions: Tensor, galaxies: Tensor, side: int, offsets: Tensor | None = None) -> Tensor:
    """Images (n, 1, side, side) uint8 of grids (n, 32, 32) and patches (n, k, 32, 32) uint8 for their lit cells.

    Where patches overlap the brighter pixel counts; what lies beyond the image is cut off.

    Args:
        offsets: (n, 2, 32, 32) int64, row and column of the centre of a patch within each cell [px]; None for patches
            that fill their cells.
    """
    kinds, cells = in_order(positions)
    count = kinds.shape[1]
    image, number, row, column = galaxies[:, :count].nonzero(as_tuple=True)
    value = galaxies[image, number, row, column]
    lit = kinds[image, number] > 0
    image, number, row, column, value = (each[lit] for each in (image, number, row, column, value))
    cell = cells[image, number]
    shift = torch.zeros(2, len(cell), dtype=torch.int64, device=cell.device)
    if offsets is not None:
        shift = offsets.flatten(2)[image, :, cell].T - CENTRE
    width = PATCH * PATCH + 2 * _MARGIN
    at_row = cell // PATCH * PATCH + row + shift[0] + _MARGIN
    at_column = cell % PATCH * PATCH + column + shift[1] + _MARGIN
    canvas = torch.zeros(len(positions) * width**2, dtype=torch.uint8, device=galaxies.device)
    where = (image * width + at_row) * width + at_column
    canvas.scatter_reduce_(0, where, value, "amax")
    inside = slice(_MARGIN, _MARGIN + side)
    return canvas.view(len(positions), 1, width, width)[:, :, inside, inside].contiguous()
