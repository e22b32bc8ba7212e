"""Images that are taken from other data sets of the same configuration: what is copied, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from galforge.errors import GalforgeError
from galforge.sampling.taken import take
from galforge.stamps.file import Header, Stamps, StampsWriter

HEADER = Header(("g", "r"), 0.2, "arcsec", "nanomaggy", (22.5, 22.5), 2.0, "mock")


def images(count, seed, side=8, channels=2):
    return np.random.default_rng(seed).normal(size=(count, channels, side, side)).astype(np.float32)


def written(path, pixels, header=HEADER, **columns):
    with StampsWriter(path, pixels.shape[1:], header, len(pixels)) as writer:
        writer.append_block(pixels, columns)
    return path


def galaxies(path, count, seed, header=HEADER, **more):
    names = np.array([f"{path.stem}{i}" for i in range(count)])
    known = {"name": names, "split": np.full(count, "test"), "redshift": np.linspace(seed, seed + 0.5, count)}
    return written(path, images(count, seed), header, **{**known, **more})


def drawn(path, count, seed, header=HEADER):
    return written(path, images(count, seed), replace(header, origin="generated"), index=np.arange(count))


@pytest.fixture
def compared(tmp_path):
    return galaxies(tmp_path / "real.h5", 6, 0, gain=np.array([1.0, 1.0, 3.0, 3.0, 3.0, 9.0]))


def read(path):
    with Stamps(path) as stamps:
        return stamps.images[:], stamps.header, {name: stamps.catalog(name) for name in stamps.columns}


def test_stamps_of_another_data_set_are_copied_bit_for_bit_in_their_order(tmp_path, compared):
    fresh = galaxies(tmp_path / "fresh.h5", 5, 1)
    assert take({"fresh": fresh}, compared, tmp_path / "out.h5", 3, ["redshift"]) == {"fresh": 3}
    found, header, columns = read(tmp_path / "out.h5")
    assert np.array_equal(found, images(5, 1)[:3])
    # As of a model's images: the median gain of the galaxies that they are compared with, and no split.
    assert header == replace(HEADER, origin="generated", gain=3.0)
    assert sorted(columns) == ["index", "name", "redshift"]
    assert columns["index"].tolist() == [0, 1, 2]
    assert columns["name"].tolist() == ["fresh/fresh0", "fresh/fresh1", "fresh/fresh2"]
    assert np.array_equal(columns["redshift"], np.linspace(1, 1.5, 5)[:3])


def test_images_of_several_models_come_one_behind_the_other_equally_many_of_each(tmp_path, compared):
    sources = {f"hst{fold}/edm": drawn(tmp_path / f"{fold}.h5", 4 + fold, fold + 1) for fold in range(3)}
    assert take(sources, compared, tmp_path / "out.h5", 4) == dict.fromkeys(sources, 4)
    found, _, columns = read(tmp_path / "out.h5")
    assert np.array_equal(found, np.concatenate([images(4 + fold, fold + 1)[:4] for fold in range(3)]))
    assert columns["index"].tolist() == list(range(12))
    assert columns["name"][[0, 4, 11]].tolist() == ["hst0/edm/0", "hst1/edm/0", "hst2/edm/3"]
    assert take(sources, compared, tmp_path / "all.h5") == {"hst0/edm": 4, "hst1/edm": 5, "hst2/edm": 6}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"pixel_scale": 0.3}, "pixel_scale 0.3 and 0.2"),
        ({"unit": "electron"}, "unit 'electron' and 'nanomaggy'"),
        ({"bands": ("g", "i")}, "bands"),
        ({"zero_points": (25.0, 25.0)}, "zero_points"),
        ({"pixel_unit": "kpc"}, "pixel_unit"),
    ],
)
def test_another_header_is_refused_before_anything_is_written(tmp_path, compared, changes, says):
    good, other = galaxies(tmp_path / "good.h5", 3, 1), galaxies(tmp_path / "b.h5", 3, 2, replace(HEADER, **changes))
    with pytest.raises(GalforgeError, match=says):
        take({"good": good, "other": other}, compared, tmp_path / "out.h5")
    assert not (tmp_path / "out.h5").exists()


def test_another_gain_is_none_of_the_headers_differences(tmp_path, compared):
    # That of a model's images is the median of the galaxies of its own fold.
    take({"other": drawn(tmp_path / "b.h5", 3, 2, replace(HEADER, gain=7.0))}, compared, tmp_path / "out.h5")
    assert read(tmp_path / "out.h5")[1].gain == 3.0


def test_images_of_another_shape_too_few_images_and_missing_columns_are_refused(tmp_path, compared):
    wide = written(tmp_path / "wide.h5", images(3, 1, side=10), name=np.array(["a", "b", "c"]))
    with pytest.raises(GalforgeError, match=r"shape \(2, 10, 10\)"):
        take({"wide": wide}, compared, tmp_path / "out.h5")
    few = drawn(tmp_path / "few.h5", 3, 1)
    with pytest.raises(GalforgeError, match="3 images, but 4 of few are asked for"):
        take({"few": few}, compared, tmp_path / "out.h5", 4)
    with pytest.raises(GalforgeError, match="no catalogue column redshift"):
        take({"few": few}, compared, tmp_path / "out.h5", 2, ["redshift"])


def test_galaxies_that_they_are_compared_with_are_named(tmp_path, compared):
    pixels = images(4, 1)
    pixels[2] = images(6, 0)[5]
    fresh = written(tmp_path / "fresh.h5", pixels, name=np.array(["a", "b", "c", "d"]))
    with pytest.raises(GalforgeError, match=r"fresh/c is real5 of .*real\.h5, pixel by pixel"):
        take({"fresh": fresh}, compared, tmp_path / "out.h5")
    assert not (tmp_path / "out.h5").exists()
    # Those behind `count` are not taken.
    take({"fresh": fresh}, compared, tmp_path / "out.h5", 2)


def test_images_that_two_sources_share_are_refused(tmp_path, compared):
    sources = {"a": galaxies(tmp_path / "a.h5", 3, 1), "b": galaxies(tmp_path / "b.h5", 3, 1)}
    with pytest.raises(GalforgeError, match="b/b0 is a/a0, pixel by pixel"):
        take(sources, compared, tmp_path / "out.h5")
