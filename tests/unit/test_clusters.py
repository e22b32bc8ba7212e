"""Clusters of sparse images: by hand, against scipy's own measurements, and on the real image."""

import numpy as np
import scipy.ndimage
from PIL import Image

from galforge.datasets.sparse.clusters import CENTRE, PATCH, find, inside, patch, positions


def made() -> np.ndarray:
    image = np.zeros((96, 96), dtype=np.uint8)
    image[40, 40:43] = (10, 200, 10)
    image[41, 43] = 20  # touches by a corner
    image[5, 5] = 6
    image[5, 7] = 5  # not above the threshold
    image[90, 20:22] = 30  # equally bright: the first counts
    return image


def test_a_hand_made_image():
    found = find(made(), 5)
    assert found.size.tolist() == [1, 4, 2]
    assert found.peak.tolist() == [6, 200, 30]
    assert found.flux.tolist() == [6, 240, 60]
    assert list(zip(found.row, found.column, strict=True)) == [(5, 5), (40, 41), (90, 20)]


def test_patches_need_room_and_have_their_centre_where_it_should_be():
    image = made()
    found = find(image, 5)
    assert inside(found, image.shape).tolist() == [False, True, False]
    cut = patch(image, 40, 41)
    assert cut.shape == (PATCH, PATCH)
    assert cut[CENTRE, CENTRE] == 200
    assert patch(np.pad(np.full((1, 1), 9, np.uint8), ((15, 16), (15, 16))), 15, 15)[CENTRE, CENTRE] == 9


def test_a_patch_may_touch_the_upper_and_left_edge_but_not_the_lower_and_right_one():
    """The authors keep a patch of rows r - 15 to r + 16 where r - 15 >= 0 and r + 17 < side, and so for columns."""
    side = 50
    image = np.zeros((side, side), dtype=np.uint8)
    image[::2, ::2] = 9  # none touches another
    found = find(image, 5)
    kept = inside(found, image.shape)
    wanted = [
        (row, column)
        for row in range(0, side, 2)
        for column in range(0, side, 2)
        if row - 15 >= 0 and row + 17 < side and column - 15 >= 0 and column + 17 < side
    ]
    assert list(zip(found.row[kept], found.column[kept], strict=True)) == wanted
    assert (wanted[0], wanted[-1]) == ((16, 16), (32, 32))
    for padding, fits in (((15, 16), False), ((15, 17), True), ((14, 17), False)):
        alone = np.pad(np.full((1, 1), 9, dtype=np.uint8), padding)
        assert inside(find(alone, 5), alone.shape).tolist() == [fits]


def test_the_grid_has_the_largest_cluster_of_each_cell():
    image = made()
    image[33, 33] = 9
    grid = positions(find(image, 5))
    assert grid.shape == (32, 32)
    assert grid.sum() == 7
    assert (grid[0, 0], grid[1, 1], grid[2, 0]) == (1, 4, 2)


def test_an_empty_image_has_none():
    assert len(find(np.zeros((64, 64), dtype=np.uint8), 0)) == 0


def test_equals_scipys_measurements_of_a_crowded_image():
    random = np.random.default_rng(3)
    image = (random.exponential(8, (200, 180)) * (random.random((200, 180)) < 0.2)).astype(np.uint8)
    labels, count = scipy.ndimage.label(image > 5, np.ones((3, 3)))
    index = np.arange(1, count + 1)
    found = find(image, 5)
    assert count > 300
    np.testing.assert_array_equal(found.size, scipy.ndimage.sum_labels(image > 5, labels, index))
    np.testing.assert_array_equal(found.flux, scipy.ndimage.sum_labels(image, labels, index))
    np.testing.assert_array_equal(found.peak, scipy.ndimage.maximum(image, labels, index))
    assert (image[found.row, found.column] == found.peak).all()
    assert (labels[found.row, found.column] == index).all()


def test_the_real_image(sparse_image):
    image = np.asarray(Image.open(sparse_image))
    found = find(image, 5)
    assert (image.shape, image.dtype, len(found)) == ((1000, 1000), np.uint8, 18)
    assert inside(found, image.shape).sum() == 16
    assert (positions(found) > 0).sum() == 18
    # Half of the clusters above the background are hardly lit.
    assert len(find(image, 0)) == 50
