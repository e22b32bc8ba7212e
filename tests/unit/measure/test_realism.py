"""Features for scorers of realism, the table of them, and how stamps become 8-bit fields."""

from typing import get_args

import numpy as np
import pandas as pd
import pytest
import scipy.ndimage
from skimage.feature import hog
from skimage.io import imread

from galforge.errors import GalforgeError
from galforge.measure.realism import preparation, properties
from galforge.measure.realism.measure import BLOCKS, columns, features_of, flat, measure
from galforge.measure.realism.settings import Block, MeasureSettings
from galforge.stamps.file import Header, Stamps, StampsWriter

SIDE = 96
ALL = MeasureSettings(size=SIDE, blocks=list(BLOCKS))
DEFAULT = MeasureSettings(size=SIDE)


def sparse(seed: int, side: int = SIDE) -> np.ndarray:
    """A few round sources and single pixels on black."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side]
    image = np.zeros((side, side))
    for _ in range(4):
        row, column = rng.uniform(10, side - 10, 2)
        image += rng.uniform(30, 200) * np.exp(-((y - row) ** 2 + (x - column) ** 2) / rng.uniform(4, 20))
    image[tuple(rng.integers(0, side, (2, 5)))] += rng.integers(1, 4, 5)
    return np.clip(image, 0, 255).astype(np.uint8)


@pytest.fixture
def write(tmp_path):
    def stamps(images, unit="8-bit level", dtype="u1", catalog=None, bands=("intensity",)):
        images = np.asarray(images)
        images = images[:, None] if images.ndim == 3 else images
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.h5"
        header = Header(bands, 1.0, "arcsec", unit, (), 1.0, "mock")
        with StampsWriter(path, images.shape[1:], header, len(images), dtype=dtype) as writer:
            writer.append_block(images, {"name": np.arange(len(images)).astype(str), **(catalog or {})})
        return Stamps(path)

    return stamps


def by_hand() -> np.ndarray:
    """On a background of 1: a cross of 5 px with peak 40, a faint single pixel, a bar of 60 px with peak 20."""
    image = np.ones((SIDE, SIDE), dtype=np.uint8)
    image[10, 9:12] = image[9:12, 10] = 10
    image[10, 10] = 40
    image[10, 30] = 3
    image[50, 10:70] = 20
    return image


def named(values, names):
    return dict(zip(names, values, strict=True))


def test_properties_of_an_image_made_by_hand():
    found = features_of(by_hand(), ALL)
    assert found["basic"].tolist() == [3, 22, 21]
    values = named(found["individual"], properties.INDIVIDUAL)
    expected = {
        "count": 3, "bright": 2, "single": 1 / 3, "cut": 1, "background": 1,
        "size_mean": 22, "size_sd": np.std([5, 1, 60]), "size_low": 3, "size_median": 5, "size_high": 32.5,
        "size_max": 60, "peak_mean": 21, "peak_sd": np.std([40, 3, 20]), "peak_low": 11.5, "peak_median": 20,
        "peak_high": 30, "peak_max": 40, "row_mean": 70 / 3, "row_sd": np.std([10, 10, 50]), "column_mean": 50 / 3,
        "column_sd": np.std([10, 30, 10]), "level_mean": (80 / 5 + 3 + 20) / 3, "flux": 80 + 3 + 1200,
    }  # fmt: skip
    assert values == pytest.approx(expected)
    values = named(found["interaction"], properties.INTERACTION)
    correlation = np.corrcoef([5, 1, 60], [40, 3, 20])[0, 1]
    assert values == pytest.approx(
        {
            "large_bright": 0,
            "large_faint": 1,
            "small_bright": 1,
            "small_faint": 1,
            "size_peak": correlation,
            "neighbour": (20 + 20 + 40) / 3,
        }
    )
    assert found["lit_share"] == pytest.approx(66 / SIDE**2)
    assert found["faint_share"] == pytest.approx(1 / 3)


def test_there_are_29_properties_in_all():
    assert len(properties.INDIVIDUAL) + len(properties.INTERACTION) == 29
    assert len(columns(MeasureSettings(blocks=["interaction", "individual"]))) == 29 + 2


def test_clusters_are_above_the_level_that_covers_the_share():
    image = np.zeros((64, 64), dtype=np.uint8)
    image[:16] = 7  # a quarter: level 0 covers only 75 %
    image[2:4, 2:4] = 90
    found = features_of(image, MeasureSettings(size=64))
    values = named(found["individual"], properties.INDIVIDUAL)
    assert (values["cut"], values["background"], values["count"], values["size_max"]) == (7, 0, 1, 4)
    lower = features_of(image, MeasureSettings(size=64, share=0.7))
    assert named(lower["individual"], properties.INDIVIDUAL)["size_max"] == 16 * 64
    assert found["faint_share"] == 0  # of one cluster above the background, the band
    exactly = properties.cut_of(np.array([80, 20]), 0.8)
    assert exactly == 1  # more than the share, not as much


def test_clusters_are_those_of_scipy():
    image = sparse(3)
    labels, count = scipy.ndimage.label(image > 0, np.ones((3, 3)))
    peaks = scipy.ndimage.maximum(image, labels, np.arange(1, count + 1))
    sizes = np.bincount(labels.ravel())[1:]
    assert features_of(image, DEFAULT)["basic"] == pytest.approx([count, sizes.mean(), np.mean(peaks)])
    faint = np.mean((sizes == 1) & (np.asarray(peaks) <= 3))
    assert features_of(image, DEFAULT)["faint_share"] == pytest.approx(faint)


def test_faint_clusters_are_counted_above_the_background_whatever_covers_the_share():
    image = np.zeros((64, 64), dtype=np.uint8)
    image[::2, ::2] = 3  # a quarter of the pixels, none touching: level 3 is the first that covers 80 %
    image[0, 0] = 4
    found = features_of(image, MeasureSettings(size=64))
    assert named(found["individual"], properties.INDIVIDUAL)["cut"] == 3
    assert found["faint_share"] == pytest.approx(1023 / 1024)
    assert found["lit_share"] == 0.25


@pytest.mark.parametrize("level", [0, 2, 255])
def test_an_image_without_clusters_has_missing_values_and_no_warning(level):
    found = features_of(np.full((SIDE, SIDE), level, dtype=np.uint8), ALL)
    assert found["basic"][0] == 0
    assert np.isnan(found["basic"][1:]).all()
    values = named(found["individual"], properties.INDIVIDUAL)
    assert {name for name, value in values.items() if not np.isnan(value)} == {
        "count", "bright", "cut", "background", "flux",
    }  # fmt: skip
    assert np.isnan(found["interaction"][4:]).all()
    assert not found["spectrum"][1:].any()
    assert found["lit_share"] == 0
    assert np.isnan(found["faint_share"])


def test_one_cluster_has_no_neighbour_and_no_correlation():
    image = np.zeros((SIDE, SIDE), dtype=np.uint8)
    image[5, 5] = 9
    values = named(features_of(image, DEFAULT)["interaction"], properties.INTERACTION)
    assert np.isnan([values["size_peak"], values["neighbour"]]).all()
    assert values["small_faint"] == 1


def test_table_has_a_row_per_stamp_in_single_precision(write):
    images = [sparse(seed) for seed in range(5)]
    catalog = {
        "set": np.array(["scored"] * 5), "label": np.full(5, np.nan), "score": np.linspace(0, 4, 5),
        "background": np.arange(5), "other": np.arange(5),
    }  # fmt: skip
    table = measure(write(images, catalog=catalog), 1, 5, ALL, 0, 0.5, 1)
    assert table["index"].tolist() == [1, 2, 3, 4]
    assert list(table.columns) == ["index", *columns(ALL), "set", "label", "score", "background"]
    assert (table[columns(ALL)].dtypes == np.float32).all()
    assert table["set"].tolist() == ["scored"] * 4
    assert table["score"].tolist() == [1, 2, 3, 4]
    assert table["background"].tolist() == [1, 2, 3, 4]
    for row, image in enumerate(images[1:]):
        assert np.array_equal(table[columns(ALL)].iloc[row].to_numpy(), flat(features_of(image, ALL)))


def test_cut_otherwise_the_rows_are_the_same(write):
    stamps = write([sparse(seed) for seed in range(5)], catalog={"kind": np.array(["", "noise", "", "", "sizes"])})
    whole = measure(stamps, 0, 5, ALL, 0, 0.0, 0)
    parts = [measure(stamps, low, high, ALL, 0, 0.0, 0) for low, high in ((0, 2), (2, 2), (2, 5))]
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole, check_exact=True)


def test_columns_do_not_depend_on_the_order_of_the_blocks():
    names = columns(MeasureSettings(size=SIDE, blocks=["spectrum", "basic"]))
    assert names[:3] == ["basic_00", "basic_01", "basic_02"]
    assert names[3:-2] == [f"spectrum_{i:03d}" for i in range(44)]
    assert get_args(Block) == BLOCKS
    published = columns(MeasureSettings(blocks=list(BLOCKS)))
    assert {"histogram_255", "spectrum_495", "hog_68120", "lbp_25", "fourier_499"} <= set(published)
    assert not {"histogram_256", "spectrum_496", "hog_68121", "lbp_26", "fourier_500"} & set(published)
    # What scikit-image makes of an image of the release with the authors' cells and its own default blocks.
    whole = hog(np.zeros((1000, 1000), np.float32), orientations=9, pixels_per_cell=(32, 32))
    assert sum(name.startswith("hog_") for name in published) == len(whole) == 68_121


def test_smaller_stamps_are_put_into_the_middle_of_a_black_field(write):
    image = sparse(1, 65)
    table = measure(write([image]), 0, 1, ALL, 0, 0.0, 0)
    whole = np.zeros((SIDE, SIDE), dtype=np.uint8)
    whole[15:80, 15:80] = image
    assert np.array_equal(table[columns(ALL)].iloc[0].to_numpy(), flat(features_of(whole, ALL)))


def test_larger_stamps_are_refused(write):
    with pytest.raises(GalforgeError, match=r"stamps of 96 px do not fit .* of 64 px: set size .* to 96 or more"):
        measure(write([sparse(0)]), 0, 1, MeasureSettings(size=64), 0, 0.0, 0)
    with pytest.raises(ValueError, match="does not fit"):
        features_of(sparse(0), MeasureSettings(size=64))


def test_stamps_of_another_unit_are_brought_to_8_bits_by_the_source_s_white(write):
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 3, (40, 2, SIDE, SIDE))
    stamps = write(images, unit="electron/s", dtype="<f4", bands=("g", "i"))
    stretch = preparation.stretch_from(stamps.path, 1)
    stored = stamps.images[:, 1].astype(np.float64)
    assert stretch == {"band": "i", "white": pytest.approx(np.percentile(stored.max(axis=(1, 2)), 99))}
    table = measure(stamps, 2, 4, DEFAULT, 1, 0.0, 0, stretch)
    levels = np.round(255 * np.clip(stored[3] / stretch["white"], 0, 1)).astype(int)
    found = table.iloc[1][[f"histogram_{i:03d}" for i in range(256)]].to_numpy(int)
    assert found.tolist() == np.bincount(levels.ravel(), minlength=256).tolist()
    assert preparation.levels(np.array([-1.0, 0.0, 0.5, 1.0, 2.0, 9.0]), 2.0).tolist() == [0, 0, 64, 128, 255, 255]


def test_a_missing_or_foreign_stretch_is_said(write):
    stamps = write(np.ones((1, 2, 64, 64)), unit="electron/s", dtype="<f4", bands=("g", "i"))
    with pytest.raises(GalforgeError, match=r"electron/s; .* give the source's stretch"):
        measure(stamps, 0, 1, DEFAULT, 0, 0.0, 0)
    with pytest.raises(GalforgeError, match="band g is measured, but the stretch is of i"):
        measure(stamps, 0, 1, DEFAULT, 0, 0.0, 0, {"band": "i", "white": 1.0})
    dark = write(np.zeros((1, 64, 64)), unit="electron/s", dtype="<f4")
    with pytest.raises(GalforgeError, match="band intensity is dark in all stamps"):
        preparation.stretch_from(dark.path, 0)


def test_levels_need_no_stretch_and_keep_any_that_is_given(write):
    image = sparse(0)
    stamps, floats = write([image]), write([image.astype(float)], dtype="<f4")
    assert preparation.stretch_from(stamps.path, 0) == {"band": "intensity", "white": 255.0}
    first = measure(stamps, 0, 1, DEFAULT, 0, 0.0, 0)
    pd.testing.assert_frame_equal(measure(floats, 0, 1, DEFAULT, 0, 0.0, 0), first)
    pd.testing.assert_frame_equal(measure(stamps, 0, 1, DEFAULT, 0, 0.0, 0, {"band": "r", "white": 3.0}), first)


@pytest.mark.parametrize("value", [0.5, 256.0, -1.0])
def test_levels_that_are_none_are_refused(write, value):
    with pytest.raises(GalforgeError, match="stamp 0 has pixels that are no whole levels"):
        measure(write(np.full((1, 64, 64), value), dtype="<f4"), 0, 1, DEFAULT, 0, 0.0, 0)


def test_bad_ranges_and_bands_are_refused(write):
    stamps = write([sparse(0)])
    with pytest.raises(GalforgeError, match="stamps 0 to 2 were asked for, but there are 1"):
        measure(stamps, 0, 2, DEFAULT, 0, 0.0, 0)
    with pytest.raises(GalforgeError, match="band 1 was asked for"):
        measure(stamps, 0, 1, DEFAULT, 1, 0.0, 0)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"blocks": ["basic", "basic"]}, "names one twice"),
        ({"blocks": []}, "at least 1"),
        ({"blocks": ["colour"]}, "Input should be"),
        ({"size": 64, "hog_cell": 65}, "larger than the field"),
        ({"size": 64, "blocks": ["hog"]}, r"hog_block: 3 cells of 32 px \(hog_cell\) are larger than the field of 64"),
        ({"size": 64, "lbp_radius": 40.0}, "too large for a field"),
        ({"size": 2000}, "less than or equal to 1024"),
        ({"protocol": "published"}, "Extra inputs"),
    ],
)
def test_settings_that_make_no_sense_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        MeasureSettings(**values)


@pytest.mark.real
def test_a_real_image_passes_every_block(sparse_image, write):
    image = imread(sparse_image)
    assert image.shape == (1000, 1000)
    settings = MeasureSettings(blocks=list(BLOCKS))
    table = measure(write([image]), 0, 1, settings, 0, 0.0, 0)
    row = table.iloc[0]
    assert np.isfinite(table[columns(settings)].to_numpy()).all()
    assert row[[f"histogram_{i:03d}" for i in range(256)]].sum() == 10**6
    background = np.bincount(image.ravel()).argmax()
    assert row["lit_share"] == pytest.approx(np.mean(image > background), rel=1e-5)
    count = scipy.ndimage.label(image > row["individual_003"], np.ones((3, 3)))[1]
    assert row["basic_00"] == row["individual_000"] == count > 0
