"""What figures show: picked by the seed, and named."""

import numpy as np
import pytest

from galforge.drawing.picked import generated_patches, real_patches, whole_images
from galforge.stamps.file import Header, StampsWriter
from toys import realism as toys


def numbered(count, side=32, first=0):
    """Images that are their own number."""
    return np.full((count, side, side), first, np.uint8) + np.arange(count, dtype=np.uint8)[:, None, None]


def write_parts(path, count):
    header = Header(("positions", "galaxy", "size"), 1.0, "arcsec", "8-bit level", (), 1.0, "mock")
    images = np.zeros((count, 3, 32, 32), np.float32)
    images[:, 1] = numbered(count)
    images[:, 0], images[:, 2] = 200, 100
    with StampsWriter(path, (3, 32, 32), header, count) as writer:
        writer.append_block(images, {"index": np.arange(count)})
    return path


def picked(images):
    assert all((image == image[0, 0]).all() for image in images)
    return images[:, 0, 0].tolist()


@pytest.fixture
def paths(tmp_path):
    return {
        "whole": toys.write_stamps(tmp_path / "whole.h5", numbered(90, 64)),
        "parts": write_parts(tmp_path / "parts.h5", 90),
    }


@pytest.mark.parametrize(("name", "read"), [("whole", whole_images), ("parts", real_patches)])
def test_the_seed_picks(paths, name, read):
    one, again, other = (picked(read(paths[name], 12, seed)) for seed in (1, 1, 2))
    assert one == again
    assert one == sorted(set(one))
    assert len(one) == 12
    assert one != other
    assert one != list(range(12))
    # Over many seeds every image is shown.
    assert set().union(*(picked(read(paths[name], 12, seed)) for seed in range(60))) == set(range(90))


@pytest.mark.parametrize(("name", "read", "side"), [("whole", whole_images, 64), ("parts", real_patches, 32)])
def test_levels_come_as_they_are(paths, name, read, side):
    """Of parts the galaxy alone, not its position or its size."""
    found = read(paths[name], 5, 0)
    assert found.dtype == np.uint8
    assert found.shape == (5, side, side)
    assert max(picked(found)) < 90


def test_fewer_than_asked_for_are_all_shown(paths):
    assert picked(whole_images(paths["whole"], 1000, 0)) == list(range(90))


def test_patches_are_named_by_size_class(tmp_path):
    asked = np.repeat([1, 2, 3], 20)
    path = toys.write_stamps(tmp_path / "galaxies.h5", numbered(60), asked=asked)
    rows = generated_patches("Model", path, 4, 0)
    assert [label for label, _ in rows] == ["Model, small", "Model, medium", "Model, large"]
    for number, (_, patches) in enumerate(rows):
        assert patches.dtype == np.uint8
        assert patches.shape == (4, 32, 32)
        assert set(picked(patches)) <= set(range(20 * number, 20 * number + 20))
    again = generated_patches("Model", path, 4, 0)
    other = generated_patches("Model", path, 4, 1)
    assert all(np.array_equal(one[1], two[1]) for one, two in zip(rows, again, strict=True))
    assert any(not np.array_equal(one[1], two[1]) for one, two in zip(rows, other, strict=True))


def test_one_class_is_not_named(tmp_path):
    path = toys.write_stamps(tmp_path / "galaxies.h5", numbered(10), asked=np.ones(10, dtype=int))
    ((label, patches),) = generated_patches("Model", path, 4, 0)
    assert label == "Model"
    assert len(patches) == 4


def test_other_numbers_of_classes_are_counted(tmp_path):
    path = toys.write_stamps(tmp_path / "galaxies.h5", numbered(10), asked=np.repeat([1, 2], 5))
    assert [label for label, _ in generated_patches("Model", path, 4, 0)] == ["Model, class 1", "Model, class 2"]
