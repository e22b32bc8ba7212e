"""Images that were generated elsewhere, read as stamps like a source's: what is converted, and what is refused."""

import csv
import re

import numpy as np
import pytest

from galforge.errors import GalforgeError
from galforge.models.given.settings import ModelSettings
from galforge.sampling.given import take
from galforge.stamps.file import Header, Stamps, StampsWriter

SIDE = 16
HEADER = Header(("g", "r"), 0.2, "arcsec", "nanomaggy", (22.5, 22.5), 2.0, "observed")


def images(count=24, side=SIDE, channels=2, seed=1):
    return np.random.default_rng(seed).lognormal(size=(count, channels, side, side)).astype(np.float32)


@pytest.fixture
def source(tmp_path):
    return written(tmp_path / "source.h5", HEADER, images(seed=0))


def written(path, header, pixels):
    with StampsWriter(path, pixels.shape[1:], header, len(pixels)) as writer:
        for index, image in enumerate(pixels):
            writer.append(image, name=f"real{index}", split="train")
    return path


def settings(**changes):
    known = {"path": "x", "unit": "flux", "pixel_scale": 0.2, "bands": ["g", "r"], "zero_points": [22.5, 22.5]}
    return ModelSettings(**{**known, **changes})


def taken(tmp_path, source, pixels, catalogue=None, names=(), said=None, **changes):
    changes |= {"catalogue": str(catalogue)} if catalogue else {}
    np.savez(tmp_path / "mine.npz", images=pixels, **({"name": names} if names else {}), **(said or {}))
    out = tmp_path / "out.h5"
    counts = take(settings(**changes), tmp_path / "mine.npz", catalogue, source, out, tmp_path / "rejected.csv")
    with Stamps(out) as stamps:
        return stamps.images[:], stamps.header, {name: stamps.catalog(name) for name in stamps.columns}, counts


def refused(tmp_path, source, pixels, says, **changes):
    with pytest.raises(GalforgeError) as caught:
        taken(tmp_path, source, pixels, **changes)
    assert says in str(caught.value)
    assert not (tmp_path / "out.h5").exists()
    return str(caught.value)


def test_images_in_the_sources_unit_are_kept_bit_for_bit(tmp_path, source):
    pixels = images()
    found, header, columns, counts = taken(tmp_path, source, pixels)
    assert np.array_equal(found, pixels)
    assert header.origin == "generated"
    assert (header.unit, header.zero_points, header.gain) == (HEADER.unit, HEADER.zero_points, HEADER.gain)
    assert counts == {"were": 24, "taken": 24}
    assert columns["index"].tolist() == list(range(24))
    assert len(set(columns["name"])) == 24


def test_fluxes_go_from_one_zero_point_to_another(tmp_path, source):
    found, *_ = taken(tmp_path, source, images(), zero_points=[25.0, 22.5])
    factors = np.array([0.1, 1.0])[None, :, None, None]  # 2.5 magnitudes are a factor of 10
    assert np.allclose(found, images() * factors, rtol=1e-6)


def test_a_declared_factor_is_applied(tmp_path, source):
    found, *_ = taken(tmp_path, source, images(), unit="relative", zero_points=[], factor=3.0)
    assert np.allclose(found, 3 * images(), rtol=1e-6)


def test_bands_are_put_into_the_sources_order_and_others_left_out(tmp_path, source):
    pixels = images(channels=3)
    found, *_ = taken(tmp_path, source, pixels, bands=["r", "z", "g"], zero_points=[22.5] * 3)
    assert np.array_equal(found, pixels[:, [2, 0]])


def test_channels_may_come_last(tmp_path, source):
    pixels = images()
    assert np.array_equal(taken(tmp_path, source, pixels.transpose(0, 2, 3, 1))[0], pixels)


def test_larger_images_give_their_middle(tmp_path, source):
    pixels = images(side=SIDE + 4)
    assert np.array_equal(taken(tmp_path, source, pixels)[0], pixels[:, :, 2:-2, 2:-2])


def test_the_first_images_may_be_taken_alone(tmp_path, source):
    found, _, _, counts = taken(tmp_path, source, images(), count=5)
    assert len(found) == 5
    assert counts == {"were": 5, "taken": 5}


@pytest.mark.parametrize(
    ("side", "says"), [(SIDE - 2, "smaller than the stamps"), (SIDE + 1, "cannot be cropped evenly")]
)
def test_images_of_other_sides_are_refused(tmp_path, source, side, says):
    refused(tmp_path, source, images(side=side), says)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"pixel_scale": 0.3}, "nothing is resampled"),
        ({"zero_points": [], "pixel_unit": "electron/s"}, "cannot be converted"),
        ({"zero_points": [], "unit": "display"}, "they do not compare"),
        ({"zero_points": [], "unit": "normalised"}, "they do not compare"),
        ({"bands": ["g", "i"]}, "no band r"),
        ({"sides": [8.0, 16.0]}, "codes the size"),
    ],
)
def test_what_does_not_agree_with_the_source_is_refused(tmp_path, source, changes, says):
    refused(tmp_path, source, images(), says, **changes)


def test_units_of_one_name_agree_where_there_are_no_zero_points(tmp_path):
    header = Header(("g", "r"), 0.2, "arcsec", "electron", (), 1.0, "simulated")
    source = written(tmp_path / "source.h5", header, images(seed=0))
    found, *_ = taken(tmp_path, source, images(), zero_points=[], pixel_unit="electron")
    assert np.array_equal(found, images())


def test_pictures_called_fluxes_are_refused_with_the_remedy(tmp_path, source):
    refused(tmp_path, source, np.random.default_rng(0).integers(0, 256, (24, 2, SIDE, SIDE)), "unit: display")


def test_pictures_are_compared_with_pictures(tmp_path):
    header = Header(("g", "r"), 0.2, "arcsec", "display", (), 1.0, "observed")
    levels = np.random.default_rng(0).integers(0, 256, (24, 2, SIDE, SIDE)).astype(np.uint8)
    source = written(tmp_path / "source.h5", header, levels[::-1].astype(np.float32) / 2)
    found, *_ = taken(tmp_path, source, levels, unit="display", zero_points=[])
    assert np.array_equal(found, levels)
    refused_path = tmp_path / "more"
    refused_path.mkdir()
    refused(refused_path, source, levels * 2.0, "expected 0 to 255", unit="display", zero_points=[])


SCALED = {
    "maximum": lambda each: each / each.max(axis=(1, 2, 3), keepdims=True),
    "sum": lambda each: each / each.sum(axis=(1, 2, 3), keepdims=True),
    "sd": lambda each: (each - each.mean(axis=(1, 2, 3), keepdims=True)) / each.std(axis=(1, 2, 3), keepdims=True),
    "norm": lambda each: each / np.sqrt(np.square(each).sum(axis=(1, 2, 3), keepdims=True)),
}


@pytest.mark.parametrize("how", SCALED)
def test_images_that_were_scaled_one_by_one_are_found_out(tmp_path, source, how):
    refused(tmp_path, source, SCALED[how](images()), f"the {how} of every image")


def test_copies_of_source_galaxies_are_named(tmp_path, source):
    pixels = images()
    pixels[3] = images(seed=0)[7]
    message = refused(tmp_path, source, pixels, "1 of 24 images equal source galaxies")
    assert "is real7" in message


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_pixels_that_are_not_finite_are_listed_and_stop_the_job_unless_allowed(tmp_path, source, value):
    pixels = images()
    pixels[5, 0, 0, 0] = value
    refused(tmp_path, source, pixels, "not finite")
    rows = list(csv.reader((tmp_path / "rejected.csv").open()))
    assert len(rows) == 2
    found, *_, counts = taken(tmp_path, source, pixels, max_rejected_share=0.1)
    assert len(found) == 23
    assert counts == {"were": 24, "taken": 23}


def test_columns_of_the_catalogue_go_in_the_order_of_images_without_names(tmp_path, source):
    (tmp_path / "t.csv").write_text("id,redshift\n" + "\n".join(f"{i},{i / 10}" for i in range(24)))
    _, _, columns, _ = taken(tmp_path, source, images(), catalogue=tmp_path / "t.csv", columns=["redshift"])
    assert np.allclose(columns["redshift"], np.arange(24) / 10)
    assert "id" not in columns


def test_columns_of_the_catalogue_go_by_the_names_of_images_that_have_them(tmp_path, source):
    names = [f"g{i}" for i in range(24)]
    (tmp_path / "t.csv").write_text("name,redshift\n" + "\n".join(f"g{i},{i / 10}" for i in reversed(range(24))))
    arguments = {"catalogue": tmp_path / "t.csv", "names": names, "columns": ["redshift"]}
    _, _, columns, _ = taken(tmp_path, source, images(), **arguments)
    assert np.allclose(columns["redshift"], np.arange(24) / 10)
    assert columns["name"].tolist() == names


def test_columns_go_in_the_order_of_the_images_where_the_catalogue_has_no_names(tmp_path, source):
    (tmp_path / "t.csv").write_text("redshift\n" + "\n".join(f"{i / 10}" for i in range(24)))
    arguments = {"catalogue": tmp_path / "t.csv", "names": [f"g{i}" for i in range(24)], "columns": ["redshift"]}
    _, _, columns, _ = taken(tmp_path, source, images(), **arguments)
    assert np.allclose(columns["redshift"], np.arange(24) / 10)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([f"{i / 10}" for i in range(23)], "23 rows for 24 images"),
        ([*("0.1" for _ in range(23)), "nan"], "row 24 of redshift is nan"),
        ([*("0.1" for _ in range(23)), "blue"], "which is no finite number"),
    ],
)
def test_a_catalogue_that_does_not_fit_the_images_is_refused(tmp_path, source, rows, says):
    (tmp_path / "t.csv").write_text("redshift\n" + "\n".join(rows))
    with pytest.raises(GalforgeError, match=says):
        taken(tmp_path, source, images(), catalogue=tmp_path / "t.csv", columns=["redshift"])


def test_an_image_without_a_row_is_named(tmp_path, source):
    (tmp_path / "t.csv").write_text("name,redshift\n" + "\n".join(f"g{i},0.1" for i in range(23)))
    with pytest.raises(GalforgeError, match="no row for 1 of 24 images, such as g23"):
        taken(tmp_path, source, images(), tmp_path / "t.csv", [f"g{i}" for i in range(24)], columns=["redshift"])


def test_a_pickled_array_is_never_loaded(tmp_path, source):
    np.save(tmp_path / "mine.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(GalforgeError, match="pickle"):
        take(settings(), tmp_path / "mine.npy", None, source, tmp_path / "out.h5", tmp_path / "rejected.csv")


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"pixel_scale": 0.5}, "another pixel scale.*0.5 arcsec .pixel_scale of mine.npz., `pixel_scale` is 0.2"),
        ({"bands": ["r", "g"]}, "wrong band.*r/g .bands of mine.npz."),
        ({"zero_points": [22.5, 25.0]}, "pixels times 1, 0.1 are in the source's unit nJy, by the settings times 1:"),
        ({"unit": "Jy"}, r"pixels times 1e\+09 are in the source's unit nJy"),
        ({"unit": "electron/s"}, "another unit: electron/s .unit of mine.npz., the source's is nJy"),
    ],
)
def test_what_files_say_of_given_images_is_compared_with_the_settings(tmp_path, said, says):
    zero_points = (22.5, 22.5) if "zero_points" in said else ()
    header = Header(("g", "r"), 0.2, "arcsec", "nJy", zero_points, 2.0, "observed")
    source = written(tmp_path / "source.h5", header, images(seed=0))
    relative = {"unit": "relative", "zero_points": []}
    message = refused(tmp_path, source, images(), "", said=said, **relative)
    assert re.search(says, message, re.DOTALL)
    agreeing = {"pixel_scale": 0.2, "bands": ["HSC-G", "HSC-R"], "zero_points": [22.5, 22.5], "unit": "nJy"}
    assert np.array_equal(taken(tmp_path, source, images(), said=agreeing, **relative)[0], images())


def test_the_factor_that_a_file_implies_may_be_the_declared_one(tmp_path):
    header = Header(("g", "r"), 0.2, "arcsec", "nJy", (31.4, 31.4), 2.0, "observed")
    source = written(tmp_path / "source.h5", header, images(seed=0))
    for said in ({"unit": "uJy"}, {"zero_points": [23.9]}):
        arguments = {"said": said, "unit": "relative", "zero_points": [], "factor": 1000.0}
        assert np.allclose(taken(tmp_path, source, images(), **arguments)[0], 1000 * images())


def test_a_band_of_one_value_is_named(tmp_path, source):
    pixels = images()
    pixels[:, 1] = 0
    refused(tmp_path, source, pixels, "every pixel of r is 0")


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_pixels_that_leave_single_precision_are_named(tmp_path, source, kind):
    refused(tmp_path, source, images().astype(kind) * kind(1e30), "pixels out of range: 000000")


def test_images_far_from_the_source_s_brightness_and_repeated_ones_are_said(tmp_path, source, caplog):
    pixels = images() * np.float32(1e-5)
    pixels[4] = pixels[3]
    taken(tmp_path, source, pixels)
    assert "check the unit: `factor`" in caplog.text
    assert "1 of 24 images repeat another one pixel by pixel" in caplog.text


def test_levels_from_0_to_1_are_not_compared_with_those_to_255(tmp_path):
    header = Header(("g", "r"), 0.2, "arcsec", "display", (), 1.0, "observed")
    levels = np.random.default_rng(0).integers(0, 256, (24, 2, SIDE, SIDE)).astype(np.uint8)
    source = written(tmp_path / "source.h5", header, levels[::-1].astype(np.float32))
    refused(
        tmp_path,
        source,
        levels / 255 * 0.9,
        "levels go up to 0.9, those of the source to 255",
        unit="display",
        zero_points=[],
    )


def test_the_catalogue_of_all_images_serves_the_first_ones(tmp_path, source):
    (tmp_path / "t.csv").write_text("redshift\n" + "\n".join(f"{i / 10}" for i in range(24)))
    arguments = {"catalogue": tmp_path / "t.csv", "columns": ["redshift"], "count": 5}
    _, _, columns, _ = taken(tmp_path, source, images(), **arguments)
    assert np.allclose(columns["redshift"], np.arange(5) / 10)


def test_images_of_one_name_do_not_share_a_row(tmp_path, source):
    (tmp_path / "t.csv").write_text("name,redshift\ng,0.1\n")
    with pytest.raises(GalforgeError, match="several images are called g"):
        taken(tmp_path, source, images(), tmp_path / "t.csv", ["g"] * 24, columns=["redshift"])
