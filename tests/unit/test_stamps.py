"""Stamps files: contents, atomicity, refusals."""

import h5py
import numpy as np
import pytest

from galforge.errors import GalforgeError
from galforge.seeds import generator
from galforge.stamps.file import Header, Stamps, StampsWriter, split_of

HEADER = Header(("g", "r"), 0.03, "arcsec", "electron/s", (25.9, 26.0), 2028.0, "mock")


def images(n, shape=(2, 8, 8)):
    return generator(1, "images").normal(size=(n, *shape)).astype(np.float32)


def write(path, n, capacity, header=HEADER):
    data = images(n)
    with StampsWriter(path, (2, 8, 8), header, capacity) as writer:
        writer.append_block(data[:2], {"name": np.array(["å", "bb"]), "x": np.arange(2.0)})
        for i in range(2, n):
            writer.append(data[i], name=f"stamp{i}", x=float(i))
    return data


@pytest.mark.parametrize("capacity", [5, 9])
def test_what_is_written_is_read_and_is_contiguous(tmp_path, capacity):
    data = write(tmp_path / "a.h5", 5, capacity)
    with Stamps(tmp_path / "a.h5") as stamps:
        assert len(stamps) == 5
        assert stamps.header == HEADER
        assert stamps.shape == (2, 8, 8)
        np.testing.assert_array_equal(stamps.images[1:4], data[1:4])
        assert list(stamps.catalog("name")) == ["å", "bb", "stamp2", "stamp3", "stamp4"]
        assert list(stamps.catalog("x")) == [0, 1, 2, 3, 4]
        assert stamps.images.chunks is None
        assert stamps.images.compression is None


def test_equal_stamps_are_equal_bytes(tmp_path):
    write(tmp_path / "a.h5", 5, 5)
    write(tmp_path / "b.h5", 5, 5)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_the_digest_sees_pixels_catalogue_and_header(tmp_path):
    digests = set()
    for i, change in enumerate(["none", "pixel", "column", "header"]):
        data, header = images(3), HEADER
        names = np.array(["a", "b", "c"])
        if change == "pixel":
            data[2, 1, 3, 3] += 1e-3
        if change == "column":
            names[1] = "z"
        if change == "header":
            header = Header(("g", "r"), 0.04, "arcsec", "electron/s", (25.9, 26.0), 2028.0, "mock")
        with StampsWriter(tmp_path / f"{i}.h5", (2, 8, 8), header, 3) as writer:
            writer.append_block(data, {"name": names})
        with Stamps(tmp_path / f"{i}.h5") as stamps:
            digests.add(stamps.digest)
    assert len(digests) == 4


def test_nothing_bears_the_name_after_an_error(tmp_path):
    path = tmp_path / "a.h5"

    def interrupted():
        with StampsWriter(path, (2, 8, 8), HEADER, 3) as writer:
            writer.append(images(1)[0], name="a")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_pixels_that_are_not_finite_are_refused_with_their_row(tmp_path):
    data = images(3)
    data[1, 0, 2, 2] = np.nan
    with (
        pytest.raises(GalforgeError, match="stamp 1"),
        StampsWriter(tmp_path / "a.h5", (2, 8, 8), HEADER, 3) as writer,
    ):
        writer.append_block(data, {})


def test_wrong_shapes_columns_and_counts_are_refused(tmp_path):
    with StampsWriter(tmp_path / "a.h5", (2, 8, 8), HEADER, 2) as writer:
        writer.append(images(1)[0], name="a")
        with pytest.raises(GalforgeError, match="shape"):
            writer.append(np.zeros((1, 8, 8)), name="a")
        with pytest.raises(GalforgeError, match="columns"):
            writer.append(images(1)[0], other="a")
        with pytest.raises(GalforgeError, match="more than"):
            writer.append_block(images(2), {"name": np.array(["a", "b"])})


@pytest.mark.parametrize(
    ("field", "value"), [("origin", "invented"), ("pixel_unit", "light-year"), ("zero_points", (1.0,))]
)
def test_headers_that_mean_nothing_are_refused(field, value):
    values = {**HEADER.__dict__, field: value}
    with pytest.raises(GalforgeError):
        Header(**values)


def test_truncated_and_foreign_files_are_refused_with_a_remedy(tmp_path):
    write(tmp_path / "a.h5", 5, 5)
    content = (tmp_path / "a.h5").read_bytes()
    (tmp_path / "a.h5").write_bytes(content[: len(content) // 2])
    with pytest.raises(GalforgeError, match="remove it"):
        Stamps(tmp_path / "a.h5")
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(GalforgeError, match="no stamps file"):
        Stamps(tmp_path / "b.h5")


def test_a_split_depends_on_seed_and_index_alone_and_keeps_its_shares():
    fractions = {"train": 0.8, "validation": 0.1, "test": 0.1}
    splits = [split_of(3, i, fractions) for i in range(4000)]
    assert splits[:50] == [split_of(3, i, fractions) for i in range(50)]
    assert np.mean([s == "train" for s in splits]) == pytest.approx(0.8, abs=0.03)
    assert np.mean([s == "test" for s in splits]) == pytest.approx(0.1, abs=0.02)
    assert splits[:50] != [split_of(4, i, fractions) for i in range(50)]


def test_the_typical_header_has_the_median_gain_of_the_stamps(tmp_path):
    with StampsWriter(tmp_path / "a.h5", (2, 8, 8), HEADER, 3) as writer:
        writer.append_block(images(3), {"gain": np.array([500.0, 507.0, 2000.0])})
    with Stamps(tmp_path / "a.h5") as stamps:
        assert stamps.typical_header().gain == 507.0
        assert stamps.header.gain == HEADER.gain
    write(tmp_path / "b.h5", 3, 3)
    with Stamps(tmp_path / "b.h5") as stamps:
        assert stamps.typical_header() == HEADER
