"""Files that say odd things or lack something: read right, or refused by name."""

from pathlib import Path

import h5py
import numpy as np
import pyarrow as arrow
import pyarrow.parquet
import pytest
from astropy.io import fits
from PIL import Image as Pillow

from galforge.errors import GalforgeError
from galforge.raw.images import Layout, opened
from galforge.raw.rejections import Rejected

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


def table(**columns) -> fits.BinTableHDU:
    forms = {"i": "K", "f": "E", "U": "8A"}
    kinds = {name: np.asarray(values) for name, values in columns.items()}
    return fits.BinTableHDU.from_columns([fits.Column(n, forms[v.dtype.kind], array=v) for n, v in kinds.items()])


def test_whole_numbers_of_a_fits_table_are_names_to_the_last_digit(tmp_path):
    ids = 2**53 + 1 + np.arange(5)
    for column in ("ID", "OBJECT_ID"):
        path = tmp_path / f"{column}.fits"
        fits.HDUList([fits.PrimaryHDU(IMAGES), table(**{column: ids})]).writeto(path)
        assert list(read(path)) == [str(each) for each in ids]


def test_the_column_of_names_of_a_fits_table_can_be_chosen(tmp_path):
    columns = table(ID=np.arange(5), OTHER=[f"g{i}" for i in range(5)])
    fits.HDUList([fits.PrimaryHDU(IMAGES), columns]).writeto(tmp_path / "a.fits")
    assert list(read(tmp_path / "a.fits")) == ["0", "1", "2", "3", "4"]
    assert list(read(tmp_path / "a.fits", names="OTHER")) == ["g0", "g1", "g2", "g3", "g4"]
    with pytest.raises(GalforgeError, match="has no column 'missing' of names; there are id, other"):
        read(tmp_path / "a.fits", names="missing")


@pytest.mark.parametrize("common", [False, True])
def test_masks_beside_a_cube_of_galaxies_count(tmp_path, common):
    masks = np.zeros(IMAGES.shape, np.uint8)
    masks[2, 3:5] = 1
    planes = masks[2] if common else masks
    fits.HDUList([fits.PrimaryHDU(IMAGES), fits.ImageHDU(planes, name="MASK")]).writeto(tmp_path / "a.fits")
    found = [image.missing[0] for image in read(tmp_path / "a.fits").values()]
    np.testing.assert_array_equal(found, np.broadcast_to(planes, masks.shape) != 0)


def test_masks_beside_an_extension_per_galaxy_are_named(tmp_path, caplog):
    parts = [fits.ImageHDU(image, name=f"G{i}") for i, image in enumerate(IMAGES)]
    parts.append(fits.ImageHDU(np.ones((12, 12), np.uint8), name="G0_MASK"))
    fits.HDUList([fits.PrimaryHDU(), *parts]).writeto(tmp_path / "a.fits")
    assert list(read(tmp_path / "a.fits")) == ["G0", "G1", "G2", "G3", "G4"]
    assert "not known whose they are: G0_MASK" in caplog.text


def test_damaged_tiles_and_headers_of_arrays_cost_their_file_alone(tmp_path):
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(IMAGES[0])]).writeto(tmp_path / "a.fits")
    content = (tmp_path / "a.fits").read_bytes()
    start = len(content) - 2880
    (tmp_path / "a.fits").write_bytes(content[:start] + bytes(len(content) - start))
    for name in ("b", "c"):
        np.save(tmp_path / f"{name}.npy", IMAGES[0])
    (tmp_path / "b.npy").write_bytes((tmp_path / "b.npy").read_bytes().replace(b"}", b" "))
    for pattern, why in (("*.fits", "unreadable FITS"), ("*.npy", "unreadable array")):
        with pytest.raises(Rejected, match=why), opened(tmp_path, Layout(("r",), pattern=pattern)) as entries:
            entries[0].read()


def test_a_damaged_file_of_many_galaxies_is_named_among_others(tmp_path):
    for name in ("a", "b"):
        np.save(tmp_path / f"{name}.npy", IMAGES)
    (tmp_path / "b.npy").write_bytes((tmp_path / "b.npy").read_bytes()[:-1000])
    with pytest.raises(GalforgeError, match=r": b.npy: unreadable array: .*; mend or remove it"):
        read(tmp_path)


def parquet(path: Path, **columns) -> Path:
    arrow.parquet.write_table(arrow.table({"image": IMAGES.tolist(), **columns}), path)
    return path


@pytest.mark.parametrize("names", [[None, "g1", "g2", "g3", "g4"], [None, 1, 2, 3, 2**53 + 1]])
def test_columns_of_parquet_with_gaps_are_no_less_columns(tmp_path, names):
    columns = {"name": arrow.array(names), "label": arrow.array([0, None, 2, 3, 4]), "flag": [True, None] + [False] * 3}
    path = parquet(tmp_path / "a.parquet", **columns)
    found = read(path)
    assert list(found) == ["000000", *map(str, names[1:])]
    labels = [image.columns["label"] for image in found.values()]
    np.testing.assert_array_equal(labels, [0, np.nan, 2, 3, 4])
    assert [image.columns["flag"] for image in found.values()][::2] == [1, 0, 0]


def test_categories_of_parquet_are_the_words_that_they_stand_for(tmp_path):
    words = arrow.array(["a", "b", "c", "d", "e"]).dictionary_encode()
    found = read(parquet(tmp_path / "a.parquet", name=words, kind=words))
    assert list(found) == ["a", "b", "c", "d", "e"]
    assert found["c"].columns["kind"] == "c"


def test_identifiers_keep_every_digit_in_columns(tmp_path):
    ids = 2**53 + 1 + np.arange(5)
    np.savez(tmp_path / "a.npz", images=IMAGES, tract=ids)
    hdf5(tmp_path / "a.h5", {}, images=IMAGES, tract=ids)
    parquet(tmp_path / "a.parquet", tract=ids)
    fits.HDUList([fits.PrimaryHDU(IMAGES), table(tract=ids)]).writeto(tmp_path / "a.fits")
    for name in ("a.npz", "a.h5", "a.parquet", "a.fits"):
        found = read(tmp_path / name).values()
        assert [image.columns["tract"] for image in found] == [str(each) for each in ids]


STEP = 0.06 / 3600


@pytest.mark.parametrize(
    ("cards", "scale", "odd"),
    [
        ({"CD1_1": -STEP, "CD2_2": STEP, "CUNIT1": "degree"}, 0.06, ""),
        ({"CD1_2": STEP, "CD2_1": STEP}, 0.06, ""),
        ({"CDELT1": -STEP, "CDELT2": STEP, "PC1_1": 0.6, "PC1_2": 0.8, "PC2_1": -0.8, "PC2_2": 0.6}, 0.06, ""),
        ({"CDELT1": -STEP, "CDELT2": STEP / 2}, None, "0.06 x 0.03 arcsec, no square (CDELT1 in HDU 0 of g.fits)"),
        ({"CD1_1": -STEP, "CD2_2": STEP / 2}, None, "0.06 x 0.03 arcsec, no square (CD1_1 in HDU 0 of g.fits)"),
        ({"CTYPE1": "LINEAR", "PIXSCALE": "small"}, None, "'small' (PIXSCALE in HDU 0 of g.fits)"),
    ],
)
def test_pixel_scales_of_odd_world_coordinates(tmp_path, cards, scale, odd):
    hdu = fits.PrimaryHDU(IMAGES[0])
    hdu.header.update({"CTYPE1": "RA---TAN"} | cards)
    hdu.writeto(tmp_path / "g.fits")
    said = read(tmp_path)["g"].said
    assert said.pixel_scale == (pytest.approx(scale) if scale else None)
    assert said.odd.get("pixel_scale", "") == odd


@pytest.mark.parametrize("single", [True, False])
def test_the_science_image_is_taken_wherever_it_stands(tmp_path, single):
    parts = [fits.PrimaryHDU(np.zeros((2, 2), np.float32)), fits.ImageHDU(IMAGES[1], name="MODEL")]
    fits.HDUList([*parts, fits.ImageHDU(IMAGES[0], name="SCI")]).writeto(tmp_path / "g.fits")
    found = read(tmp_path / "g.fits" if single else tmp_path)
    assert list(found) == ["g"]
    np.testing.assert_array_equal(found["g"].pixels[0], IMAGES[0])


def test_of_two_science_images_none_is_taken_unasked(tmp_path):
    parts = [fits.ImageHDU(image, name="SCI", ver=i + 1) for i, image in enumerate(IMAGES[:2])]
    fits.HDUList([fits.PrimaryHDU(), *parts]).writeto(tmp_path / "g.fits")
    with pytest.raises(Rejected, match="several images: HDUs 1, 2 are science: set `extension` to one"):
        read(tmp_path)
    np.testing.assert_array_equal(read(tmp_path, extension="2")["g"].pixels[0], IMAGES[1])


def test_no_page_of_a_picture_is_lost(tmp_path):
    pages = [Pillow.fromarray(image) for image in IMAGES[:2]]
    pages[0].save(tmp_path / "g.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(Rejected, match="several pictures: 2 pages"):
        read(tmp_path)


def test_galaxies_that_come_last_are_not_taken_for_rows(tmp_path):
    last = np.moveaxis(IMAGES, 0, -1)
    np.save(tmp_path / "a.npy", last)
    for path in (tmp_path / "a.npy", hdf5(tmp_path / "a.h5", {}, images=last)):
        with pytest.raises(GalforgeError, match=r"shape \(12, 12, 5\) for 1 band: .* set `layout` to nchw"):
            read(path)
        assert len(read(path, layout="nchw")) == 12


def test_a_row_of_parquet_without_pixels_is_named(tmp_path):
    arrow.parquet.write_table(arrow.table({"image": [[[]], IMAGES[0].tolist()]}), tmp_path / "a.parquet")
    with opened(tmp_path / "a.parquet", Layout(("r",))) as entries:
        with pytest.raises(Rejected, match="no image: an empty list"):
            entries[0].read()
        assert entries[1].read().pixels.shape == (1, 12, 12)


def test_arrays_that_may_be_masks_are_named(tmp_path, caplog):
    np.savez(tmp_path / "a.npz", images=IMAGES, mask=IMAGES > 0)
    read(tmp_path / "a.npz")
    read(hdf5(tmp_path / "a.h5", {}, images=IMAGES, weights=IMAGES))
    assert "a.npz: arrays passed over: mask; if" in caplog.text
    assert "a.h5: arrays passed over: weights; if" in caplog.text


@pytest.mark.parametrize("name", ["a.npy", "b.h5", "folder"])
def test_a_single_image_may_have_its_one_channel_last(tmp_path, name):
    image = IMAGES[0][..., None]
    if name == "b.h5":
        hdf5(tmp_path / name, {}, images=image)
    elif name == "folder":
        (tmp_path / name).mkdir()
        for each in ("a", "b"):
            np.save(tmp_path / name / f"{each}.npy", image)
    else:
        np.save(tmp_path / name, image)
    found = read(tmp_path / name)
    assert len(found) == 1 + (name == "folder")
    np.testing.assert_array_equal(next(iter(found.values())).pixels[0], IMAGES[0])


def test_metadata_of_parquet_may_be_no_text(tmp_path):
    table = arrow.table({"image": IMAGES.tolist()}).replace_schema_metadata({b"\xff": b"\xfe", b"gain": b"2.5"})
    arrow.parquet.write_table(table, tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet")["000000"].said.gain == (2.5,)
