"""Files that say odd things or lack something: read right, or refused by name."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from galforge.errors import GalforgeError
from galforge.raw.images import Layout, opened

IMAGES = np.random.default_rng(3).normal(0, 1, (5, 12, 12)).astype(np.float32)


def read(path: Path, bands=("r",), **layout) -> dict:
    with opened(path, Layout(bands, **layout)) as entries:
        return {entry.name: entry.read() for entry in entries}


def hdf5(path: Path, attributes: dict, **sets) -> Path:
    with h5py.File(path, "w") as file:
        for name, values in sets.items():
            file[name.replace("__", "/")] = values
        file.attrs.update(attributes)
    return path


@pytest.mark.parametrize("value", ["2.5 e/ADU", np.nan, [2.0, np.inf]])
@pytest.mark.parametrize("name", ["gain", "zero_points", "pixel_scale", "exposure_time"])
def test_what_is_said_and_is_no_number_is_kept_to_be_named(tmp_path, name, value):
    np.savez(tmp_path / "a.npz", images=IMAGES, **{name: value})
    for path in (hdf5(tmp_path / "a.h5", {name: value}, images=IMAGES), tmp_path / "a.npz"):
        said = read(path)["000000"].said
        assert getattr(said, name) is None
        assert f"({name} of " in said.odd[name]


def test_rows_without_a_scale_or_gain_have_those_of_the_file(tmp_path):
    columns = {"pxscale": [np.nan, 0.2, 0.2, 0.2, 0.2], "gain": [np.nan, 3.0, 3.0, 3.0, 3.0]}
    found = list(read(hdf5(tmp_path / "a.h5", {"gain": 2.0}, images=IMAGES, **columns)).values())
    assert [image.said.pixel_scale for image in found[:2]] == [None, 0.2]
    assert [image.said.gain for image in found[:2]] == [(2.0,), (3.0,)]


def test_hdf5_without_values_in_places_is_read(tmp_path):
    path = hdf5(tmp_path / "a.h5", {"pixel_scale": h5py.Empty("f")}, images=IMAGES, note=h5py.Empty("f"))
    assert read(path)["000000"].said.pixel_scale is None


def test_columns_of_hdf5_are_those_beside_the_images(tmp_path):
    rows = np.arange(5.0)
    sets = {"test__images": IMAGES[:, :11, :11], "test__z": rows, "train__images": IMAGES, "train__z": rows + 100}
    path = hdf5(tmp_path / "a.h5", {}, z=rows + 200, **sets, zero__z=rows + 300)
    for group, first in (("test", 0.0), ("train", 100.0)):
        assert read(path, array=f"{group}/images")["000000"].columns["z"] == first


def test_a_damaged_list_of_hdf5_is_named(tmp_path):
    path = hdf5(tmp_path / "a.h5", {}, images=IMAGES)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"SNOD", b"\0\0\0\0"))
    with pytest.raises(GalforgeError, match=r"a.h5: its list of data sets cannot be read .*fetch it again"):
        read(path)
