"""Files of the GalaxiesML layout, good and bad, on the way to stamps."""

import csv
import logging
import re
import tarfile
import tracemalloc
from pathlib import Path

import h5py
import numpy as np
import pytest

from galforge.datasets.galaxiesml import release
from galforge.datasets.galaxiesml.dataset import binned, build
from galforge.datasets.galaxiesml.release import NEEDED
from galforge.datasets.galaxiesml.settings import BANDS, CONDITIONS, PARTS, DatasetSettings, conditions_of
from galforge.errors import GalforgeError
from galforge.stamps import file as stamps_module
from galforge.stamps.file import Stamps

SIDE, ROWS = 16, 4
COLOURS = np.array([1.5, 0.8, 0.0, -0.4, -0.7])  # of g, r, i, z, y against i [mag]


def rows_of(count: int, first: int, side: int = SIDE) -> dict[str, np.ndarray]:
    """Root data sets of a file: bright galaxies whose light agrees with their magnitudes, from redshift 0.1 on."""
    random = np.random.default_rng(first)
    magnitudes = random.uniform(18, 21, (count, 1)) + COLOURS * random.uniform(0.7, 1.3, (count, 1))
    offset = np.arange(side) - (side - 1) / 2
    blob = np.exp(-(offset[:, None] ** 2 + offset**2) / 8)
    flux = 10 ** (0.4 * (27 - magnitudes))
    image = flux[..., None, None] * blob / blob.sum() + 0.05 * random.standard_normal((count, len(BANDS), side, side))
    data = {
        "image": image.astype("<f4"),
        "object_id": first + np.arange(count),
        "specz_redshift": 0.1 + 0.01 * (np.arange(count) % 300),
        "specz_redshift_err": np.full(count, 1e-4),
        "specz_name": np.array([b"someone's"] * count),
    }
    data |= {f"{band}_cmodel_mag": magnitudes[:, channel] for channel, band in enumerate(BANDS)}
    return data | {name: random.uniform(1, 2, count) for name in NEEDED if name not in data}


def write(path: Path, data: dict[str, np.ndarray]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for name, values in data.items():
            file[name] = values
    return path


def release_in(folder: Path, side: int = SIDE, rows: int = ROWS, **changed: dict[str, np.ndarray]) -> Path:
    """The three files; ``changed`` replaces the rows of a part."""
    for number, part in enumerate(PARTS):
        data = changed.get(part) or rows_of(rows, 100 * (number + 1), side)
        write(folder / f"5x{side}x{side}_{part}_with_morphology.hdf5", data)
    return folder


def settings(**given) -> DatasetSettings:
    base = {"source": "path", "path": "given", "size": SIDE, "image_side": SIDE, "max_rejected_share": 1.0}
    return DatasetSettings.model_validate(base | given)


def run(tmp_path: Path, *raw: Path, **given) -> dict[str, str]:
    """Build the stamps; what was rejected, by name."""
    build(settings(**given), list(raw), tmp_path / "out.h5", tmp_path / "rejected.csv")
    with open(tmp_path / "rejected.csv", newline="") as file:
        return {row["name"]: row["reason"] for row in csv.DictReader(file)}


def stamps_in(tmp_path: Path) -> Stamps:
    return Stamps(tmp_path / "out.h5")


def tar_of(folder: Path, path: Path, mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for file in sorted(folder.iterdir()):
            archive.add(file, f"galaxiesml/{file.name}")
    return path


@pytest.mark.parametrize("kind", ["folder", "tar", "files"])
def test_the_files_are_the_splits(tmp_path, kind):
    folder = release_in(tmp_path / "raw")
    raw = {
        "folder": [folder],
        "tar": [tar_of(folder, tmp_path / "raw.tar")],
        # As downloaded, in any order.
        "files": sorted(folder.iterdir()),
    }[kind]
    assert run(tmp_path, *raw) == {}
    with stamps_in(tmp_path) as stamps:
        assert list(stamps.catalog("split")) == ["train"] * ROWS + ["validation"] * ROWS + ["test"] * ROWS
        expected = [100 * part + row for part in (1, 2, 3) for row in range(ROWS)]
        assert list(stamps.catalog("object_id")) == expected
        assert list(stamps.catalog("name")) == [str(number) for number in expected]
        data = rows_of(ROWS, 200)
        np.testing.assert_array_equal(stamps.images[ROWS : 2 * ROWS], data["image"])
        np.testing.assert_array_equal(stamps.catalog("redshift")[ROWS : 2 * ROWS], data["specz_redshift"])
        for name in ("g_isophotal_area", "i_ellipticity", "z_major_axis", "y_sersic_index", "r_cmodel_mag"):
            np.testing.assert_array_equal(stamps.catalog(name)[ROWS : 2 * ROWS], data[name])
        numbers = {name for name in stamps.columns if stamps.catalog(name).dtype.kind == "f"}
        assert set(CONDITIONS) == numbers, "what models can be conditioned on is what the stamps have"
        assert stamps.header.bands == tuple(BANDS)
        assert (stamps.header.pixel_scale, stamps.header.pixel_unit) == (0.168, "arcsec")
        assert (stamps.header.origin, stamps.header.zero_points) == ("observed", (27.0,) * 5)


def test_a_single_file_is_divided_by_shares(tmp_path):
    file = write(tmp_path / "mine.hdf5", rows_of(300, 100))
    assert run(tmp_path, file, splits={"train": 0.5, "validation": 0.3, "test": 0.2}) == {}
    with stamps_in(tmp_path) as stamps:
        split = stamps.catalog("split")
        shares = [np.mean(split == name) for name in ("train", "validation", "test")]
    assert shares == pytest.approx([0.5, 0.3, 0.2], abs=0.1)
    # Rows that are cut move no other into another split.
    data = rows_of(300, 100)
    data["specz_redshift"][::7] = 5
    run(tmp_path, write(tmp_path / "mine.hdf5", data), splits={"train": 0.5, "validation": 0.3, "test": 0.2})
    with stamps_in(tmp_path) as stamps:
        np.testing.assert_array_equal(stamps.catalog("split"), np.delete(split, np.s_[::7]))


def test_bands_that_are_left_out(tmp_path):
    run(tmp_path, release_in(tmp_path / "raw"), bands=["g", "i"])
    with stamps_in(tmp_path) as stamps:
        np.testing.assert_array_equal(stamps.images[:ROWS], rows_of(ROWS, 100)["image"][:, [0, 2]])
        assert "i_sersic_index" in stamps.columns
        assert "r_sersic_index" not in stamps.columns
        numbers = {name for name in stamps.columns if stamps.catalog(name).dtype.kind == "f"}
        assert set(conditions_of(settings(bands=["g", "i"]))) == numbers
        assert stamps.header.zero_points == (27.0, 27.0)


def test_the_files_of_one_size_are_taken_from_a_folder_with_both(tmp_path):
    release_in(tmp_path / "raw", side=21)
    folder = release_in(tmp_path / "raw")
    run(tmp_path, folder)
    with stamps_in(tmp_path) as stamps:
        assert stamps.shape == (5, SIDE, SIDE)
    run(tmp_path, folder, image_side=21)
    with stamps_in(tmp_path) as stamps:
        np.testing.assert_array_equal(stamps.images[:ROWS], rows_of(ROWS, 100, 21)["image"][:, :, 2:18, 2:18])
    with pytest.raises(
        GalforgeError, match="no file with images of 64 px; there are some of 16, 21 px: set image_side"
    ):
        run(tmp_path, folder, image_side=64)


def test_binning_sums(tmp_path):
    """Flux and zero point stay; the pixel grows."""
    folder = release_in(tmp_path / "raw", side=37)
    run(tmp_path, folder, image_side=37, size=16, bin=2)
    # 32 of 37 pixels, from the third on.
    image = rows_of(ROWS, 100, 37)["image"][:, :, 2:34, 2:34].astype(float)
    expected = image[:, :, 0::2, 0::2] + image[:, :, 1::2, 0::2] + image[:, :, 0::2, 1::2] + image[:, :, 1::2, 1::2]
    with stamps_in(tmp_path) as stamps:
        np.testing.assert_allclose(stamps.images[:ROWS], expected, rtol=1e-5, atol=1e-4)
        assert stamps.header.pixel_scale == pytest.approx(0.336)
        assert stamps.header.zero_points == (27.0,) * 5
    images = np.random.default_rng(1).normal(size=(3, 5, 64, 64)).astype(np.float32)
    np.testing.assert_allclose(binned(images, 32, 2).sum(axis=(2, 3)), images.sum(axis=(2, 3)), atol=1e-2)


def test_the_authors_cuts(tmp_path):
    """Each bound, its open side included; what is cut is named with its column, value and row."""
    data = rows_of(15, 100)
    bad = {
        0: ("specz_redshift", 0.01, "0.01 is not in 0.01 to 4"),
        1: ("specz_redshift", 4.0, "4 is not in 0.01 to 4"),
        2: ("specz_redshift", np.nan, "is missing"),
        3: ("specz_redshift_err", 0.0, "0 is not in 0 to 0.005 (1 + z)"),
        4: ("specz_redshift_err", 0.005 * (1 + data["specz_redshift"][4]), "0.0057 is not in"),
        5: ("y_cmodel_mag", 50.0, "50 is not in 0 to 50"),
        6: ("g_cmodel_mag", -99.0, "-99 is not in 0 to 50"),
        7: ("z_cmodel_mag", np.nan, "is missing"),
    }
    for row, (name, value, _) in bad.items():
        data[name][row] = value
    data["specz_redshift"][8:10] = 0.0101, 3.999
    data["g_sersic_index"][11] = np.nan  # no cut: the value is missing, the galaxy is not
    folder = release_in(tmp_path / "raw", training=data)
    refused = run(tmp_path, folder, max_rejected_share=0.0)
    assert sorted(refused) == [str(100 + row) for row in bad]
    for row, (name, _, said) in bad.items():
        assert refused[str(100 + row)].startswith(f"cut in {name}: ")
        assert said in refused[str(100 + row)]
        assert refused[str(100 + row)].endswith(f"row {row} of 5x16x16_training_with_morphology.hdf5")
    with stamps_in(tmp_path) as stamps:
        assert len(stamps) == 7 + 2 * ROWS
        assert list(np.isnan(stamps.catalog("g_sersic_index"))) == [False] * 3 + [True] + [False] * (3 + 2 * ROWS)


def test_faulty_rows_are_named_and_too_many_stop_the_build(tmp_path):
    training, testing = rows_of(6, 100), rows_of(6, 300)
    training["image"][2, 3, 5, 5] = np.nan
    training["image"][4, [0, 4], 0, 0] = np.inf
    testing["object_id"][1] = 101
    folder = release_in(tmp_path / "raw", training=training, testing=testing)
    refused = run(tmp_path, folder)
    name = "5x16x16_{}_with_morphology.hdf5"
    assert refused == {
        "102": f"pixels that are not finite: in z, row 2 of {name.format('training')}",
        "104": f"pixels that are not finite: in g, y, row 4 of {name.format('training')}",
        "101": f"duplicate object_id: row 1 of {name.format('testing')} is row 1 of {name.format('training')} already",
    }
    with stamps_in(tmp_path) as stamps:
        assert list(stamps.catalog("object_id")[:4]) == [100, 101, 103, 105]
        np.testing.assert_array_equal(stamps.images[2], training["image"][3])
    with pytest.raises(GalforgeError, match=r"(?s)3 of 16 rows are faulty.*max_rejected_share 0.15.*102 \(pixels"):
        run(tmp_path, folder, max_rejected_share=0.15)
    assert len((tmp_path / "rejected.csv").read_text().splitlines()) == 4, "the list is written all the same"


def test_nothing_left_is_an_error(tmp_path):
    data = rows_of(ROWS, 100) | {"specz_redshift": np.full(ROWS, 7.0)}
    with pytest.raises(GalforgeError, match=r"none of the 4 rows became a stamp \(4 cut in specz_redshift\)"):
        run(tmp_path, write(tmp_path / "mine.h5", data))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data.pop("r_cmodel_mag"), "lacks r_cmodel_mag .1 of the data sets"),
        (lambda data: data.pop("image"), "lacks image"),
        (lambda data: data.update(image=data["image"][:, :4]), r"shape \(4, 4, 16, 16\), not \(rows, 5, side, side\)"),
        (lambda data: data.update(ra=data["ra"][:3]), r"'ra' has shape \(3,\) for 4 images"),
        (lambda data: data.update(object_id=data["object_id"] + 0.5), "'object_id' is of type float64"),
    ],
)
def test_another_layout_is_refused(tmp_path, change, said):
    data = rows_of(ROWS, 100)
    change(data)
    folder = release_in(tmp_path / "raw", training=data)
    with pytest.raises(GalforgeError, match=f"5x16x16_training_with_morphology.hdf5: .*{said}"):
        run(tmp_path, folder)


@pytest.mark.parametrize("order", ["rgizy", "yzirg", "gizry"])
def test_channels_in_another_order_are_noticed(tmp_path, order):
    data = rows_of(60, 100)
    data["image"] = data["image"][:, [BANDS.index(band) for band in order]]
    file = write(tmp_path / "mine.hdf5", data)
    said = f"mine.hdf5: by the light in them, the channels of 'image' are {', '.join(order)}, and not g, r, i, z, y"
    with pytest.raises(GalforgeError, match=re.escape(said)):
        run(tmp_path, file)


def test_a_missing_part_a_second_one_and_an_unnamed_one_are_refused(tmp_path):
    folder = release_in(tmp_path / "raw")
    validation = folder / "5x16x16_validation_with_morphology.hdf5"
    (folder / "copy of testing.hdf5").write_bytes((folder / "5x16x16_testing_with_morphology.hdf5").read_bytes())
    with pytest.raises(GalforgeError, match="both hold testing galaxies; leave one of them"):
        run(tmp_path, folder)
    (folder / "copy of testing.hdf5").rename(folder / "other.hdf5")
    with pytest.raises(GalforgeError, match=r"other\.hdf5: which split is it"):
        run(tmp_path, folder)
    (folder / "other.hdf5").unlink()
    validation.unlink()
    with pytest.raises(GalforgeError, match="the validation file is missing"):
        run(tmp_path, folder)


def test_damaged_and_foreign_files_are_named(tmp_path):
    folder = release_in(tmp_path / "raw")
    whole = tar_of(folder, tmp_path / "raw.tar").read_bytes()
    testing = folder / "5x16x16_testing_with_morphology.hdf5"
    testing.write_bytes(testing.read_bytes()[:5000])
    with pytest.raises(GalforgeError, match=r"5x16x16_testing_with_morphology.hdf5: not a readable HDF5 .*truncated"):
        run(tmp_path, folder)
    (tmp_path / "cut.tar").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(GalforgeError, match=r"cut\.tar.*(truncated|damaged)"):
        run(tmp_path, tmp_path / "cut.tar")
    with pytest.raises(GalforgeError, match=r"raw\.tar\.gz: neither an HDF5 file nor a plain tar .*unpack it"):
        run(tmp_path, tar_of(folder, tmp_path / "raw.tar.gz", "w:gz"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(GalforgeError, match=r"empty: holds no file of \.hdf5 or \.h5"):
        run(tmp_path, tmp_path / "empty")
    with pytest.raises(GalforgeError, match="nowhere: no such file or folder"):
        run(tmp_path, tmp_path / "nowhere")


def test_rows_that_cannot_be_read_are_named(tmp_path):
    """The layout is whole, and a compressed block in the middle is not."""
    data = rows_of(40, 100)
    file = tmp_path / "mine.hdf5"
    with h5py.File(file, "w") as made:
        for name, values in data.items():
            packed = {"chunks": (8, 5, SIDE, SIDE), "compression": "gzip"} if name == "image" else {}
            made.create_dataset(name, data=values, **packed)
        block = made["image"].id.get_chunk_info(3)
    with open(file, "r+b") as content:
        content.seek(block.byte_offset)
        content.write(bytes(block.size))
    with pytest.raises(GalforgeError, match=r"mine.hdf5: 'image' of the rows \d+ to \d+ cannot be read"):
        run(tmp_path, file)


def test_memory_does_not_grow_with_the_release(tmp_path, monkeypatch):
    """52 MB of images, read 1 MB at a time."""
    monkeypatch.setattr(release, "BLOCK_BYTES", 2**20)
    # What is written is read once more for its digest, by blocks of this many stamps.
    monkeypatch.setattr(stamps_module, "_COPY_BYTES", 2**16)
    count, side = 640, 64
    small = rows_of(count, 100)
    del small["image"]
    file = write(tmp_path / "mine.hdf5", small)
    with h5py.File(file, "r+") as made:
        image = made.create_dataset("image", (count, 5, side, side), "<f4")
        for start in range(0, count, 64):
            image[start : start + 64] = rows_of(64, start, side)["image"]
        # The light must still agree with the catalogue.
        for channel, band in enumerate(BANDS):
            made[f"{band}_cmodel_mag"][:] = 27 - 2.5 * np.log10(image[:, channel].sum(axis=(1, 2)).clip(1))
    tracemalloc.start()
    try:
        assert run(tmp_path, file, image_side=side, size=32, bin=2, max_rejected_share=0.0) == {}
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    with stamps_in(tmp_path) as stamps:
        assert len(stamps) == count
    assert peak < 12e6, f"{peak / 1e6:.0f} MB for {count * 5 * side**2 * 4 / 1e6:.0f} MB of images"


def test_too_few_bright_galaxies_to_check_the_bands_are_said(tmp_path, caplog):
    with caplog.at_level(logging.INFO, "galforge"):
        run(tmp_path, write(tmp_path / "mine.hdf5", rows_of(ROWS, 100)))
    assert "mine.hdf5: too few bright galaxies to see whether its bands are in the right order" in caplog.text
