"""Placing galaxies at their positions: by hand, and against a loop over galaxies."""

import numpy as np
import pytest
import torch

from galforge.models.two_stage.placing import in_order, place


def grid(**cells: int) -> torch.Tensor:
    """A grid (1, 32, 32) of kinds at cells such as r1c2."""
    out = torch.zeros(1, 32, 32, dtype=torch.int64)
    for name, kind in cells.items():
        row, column = name[1:].split("c")
        out[0, int(row), int(column)] = kind
    return out


def dots(*levels: int) -> torch.Tensor:
    """Patches (1, k, 32, 32) with one lit pixel each, in the centre."""
    out = torch.zeros(1, len(levels), 32, 32, dtype=torch.uint8)
    out[0, :, 15, 15] = torch.tensor(levels, dtype=torch.uint8)
    return out


def lit(image: torch.Tensor) -> dict[tuple[int, int], int]:
    return {(row, column): int(image[0, 0, row, column]) for _, _, row, column in image.nonzero().tolist()}


def offsets(**cells: tuple[int, int]) -> torch.Tensor:
    out = torch.full((1, 2, 32, 32), 15)
    for name, (down, right) in cells.items():
        row, column = map(int, name[1:].split("c"))
        out[0, :, row, column] = torch.tensor([down, right])
    return out


def test_cells_are_filled_row_by_row_with_their_galaxies():
    positions = grid(r2c0=3, r0c2=1, r0c1=2)
    kinds, cells = in_order(positions)
    assert kinds.tolist() == [[2, 1, 3]]
    assert cells.tolist() == [[1, 2, 64]]
    image = place(positions, dots(10, 20, 30), 100)
    assert image.shape == (1, 1, 100, 100)
    assert lit(image) == {(15, 47): 10, (15, 79): 20, (79, 15): 30}


def test_rows_with_fewer_galaxies_than_others_are_filled_up_with_none():
    positions = torch.cat([grid(r0c0=1), grid(), grid(r0c0=2, r1c1=1)])
    kinds, _ = in_order(positions)
    assert kinds.tolist() == [[1, 0], [0, 0], [2, 1]]
    image = place(positions, dots(50, 60).repeat(3, 1, 1, 1), 64)
    assert [lit(each[None]) for each in image] == [{(15, 15): 50}, {}, {(15, 15): 50, (47, 47): 60}]


def test_offsets_say_where_in_its_cell_the_centre_is():
    positions = grid(r1c1=1, r2c1=1, r1c2=1)
    where = offsets(r1c1=(0, 0), r1c2=(31, 0), r2c1=(7, 20))
    assert lit(place(positions, dots(10, 20, 30), 128, where)) == {(32, 32): 10, (63, 64): 20, (71, 52): 30}


def test_of_overlapping_pixels_the_brighter_one_counts():
    positions = grid(r0c0=1, r0c1=1)
    galaxies = torch.zeros(1, 2, 32, 32, dtype=torch.uint8)
    galaxies[0, 0, 15, 15:18] = torch.tensor([100, 50, 50], dtype=torch.uint8)
    galaxies[0, 1, 15, 14:16] = torch.tensor([40, 70], dtype=torch.uint8)
    # The second centre, at the left end of its cell, is a pixel to the right of the first, at the right end.
    image = place(positions, galaxies, 64, offsets(r0c0=(5, 31), r0c1=(5, 0)))
    assert lit(image) == {(5, 31): 100, (5, 32): 70, (5, 33): 50}


@pytest.mark.parametrize("side", [64, 100, 1024])
def test_what_lies_beyond_the_image_is_cut_off(side):
    last = (side - 1) // 32
    white = torch.full((1, 2, 32, 32), 255, dtype=torch.uint8)
    image = place(grid(r0c0=1, **{f"r{last}c{last}": 1}), white, side, offsets(r0c0=(0, 0)))
    # The first centre is the first pixel of the image, and 15 pixels of its patch lie before it.
    expected = torch.zeros(side, side, dtype=torch.uint8)
    expected[:17, :17] = 255
    expected[32 * last : 32 * last + 32, 32 * last : 32 * last + 32] = 255
    assert torch.equal(image[0, 0], expected)


def test_no_galaxies_make_an_empty_image():
    image = place(grid(), torch.zeros(1, 0, 32, 32, dtype=torch.uint8), 64)
    assert image.shape == (1, 1, 64, 64)
    assert not image.any()


def test_placing_is_what_a_loop_over_galaxies_does():
    draw = np.random.default_rng(5)
    positions = torch.from_numpy(draw.integers(0, 2, (3, 32, 32)) * draw.integers(1, 4, (3, 32, 32)))
    positions[:, 4:] = 0
    count = in_order(positions)[0].shape[1]
    galaxies = torch.from_numpy(draw.integers(0, 256, (3, count, 32, 32), dtype=np.uint8))
    where = torch.from_numpy(draw.integers(0, 32, (3, 2, 32, 32)))
    expected = np.zeros((3, 1000, 1000), dtype=np.uint8)
    for image in range(3):
        for number, (row, column) in enumerate(np.argwhere(positions[image].numpy() > 0)):
            down, right = where[image, :, row, column].tolist()
            top, left = 32 * row + down - 15, 32 * column + right - 15
            for y, x in np.ndindex(32, 32):
                if 0 <= top + y < 1000 and 0 <= left + x < 1000:
                    value = galaxies[image, number, y, x].item()
                    expected[image, top + y, left + x] = max(value, expected[image, top + y, left + x])
    assert np.array_equal(place(positions, galaxies, 1000, where)[:, 0].numpy(), expected)
