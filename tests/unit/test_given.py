"""Images that were generated elsewhere, read as stamps like a source's: what is converted, and what is refused."""

import csv

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


def taken(tmp_path, source, pixels, catalogue=None, names=(), **changes):
    changes |= {"catalogue": str(catalogue)} if catalogue else {}
    np.savez(tmp_path / "mine.npz", images=pixels, **({"name": names} if names else {}))
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
