"""make score: what it sees in two files, the configuration it writes, and what it refuses to guess."""

import argparse
import copy
from pathlib import Path

import numpy as np
import pytest
import yaml
from tree import ROOT

from galforge.config.parse import parse
from galforge.config.problems import merged
from galforge.errors import GalforgeError
from galforge.operate.score import lines, look, overlay

BASE = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())


def asked(**changes):
    known = {
        "real": Path("real.npz"),
        "generated": Path("mine.npz"),
        "name": "Mine, v2",
        "catalogue": None,
        "bands": None,
    }
    known |= {"pixel_scale": 0.03, "unit": "", "zero_points": [], "gain": None, "factor": 1.0}
    return argparse.Namespace(**{**known, **changes})


def saved(path, pixels, **said):
    np.savez(path, images=pixels, **said)
    return path


@pytest.fixture
def fluxes(tmp_path):
    draws = np.random.default_rng(0)
    return [saved(tmp_path / f"{name}.npz", draws.normal(size=(7, 32, 32)).astype("f4")) for name in ("real", "mine")]


def configured(files, **changes):
    tree, assumed = overlay(asked(real=files[0], generated=files[1], **changes), *map(look, files))
    return parse(merged(copy.deepcopy(BASE), tree)), tree, assumed


def test_arrays_of_one_band_become_a_configuration_that_says_what_was_assumed(fluxes):
    config, tree, assumed = configured(fluxes)
    assert config.overall.name == "score_mine_v2"
    assert [(run.dataset, run.model) for run in config.run] == [("real", "mine_v2")]
    assert tree["datasets"]["real"] == {
        "family": "cutouts",
        "path": str(fluxes[0]),
        "size": 32,
        "bands": ["band1"],
        "pixel_scale": 0.03,
        "measuring": {"expected_count": 7},
        "unit": "relative",
    }
    assert tree["models"]["mine_v2"]["factor"] == 1.0
    assert tree["sampling"]["count"] == 7
    assert any("one unit" in line for line in assumed)


def test_what_is_said_is_not_assumed(fluxes):
    config, tree, assumed = configured(
        fluxes, factor=2.5, bands=["F814W"], unit="electron/s", zero_points=[25.94], gain=2028.0
    )
    assert assumed == []
    assert tree["models"]["mine_v2"]["factor"] == 2.5
    source = config.datasets["real"].settings
    assert (source.unit, source.zero_points, source.gains, source.bands) == ("electron/s", [25.94], [2028.0], ["F814W"])


def test_pictures_are_compared_as_pictures_without_measures_of_fluxes(tmp_path):
    draws = np.random.default_rng(0)
    files = [
        saved(tmp_path / f"{name}.npz", draws.integers(0, 255, (6, 32, 32, 3)).astype(np.uint8)) for name in ("r", "g")
    ]
    config, tree, assumed = configured(files)
    assert tree["datasets"]["real"]["unit"] == tree["models"]["mine_v2"]["unit"] == "display"
    assert tree["datasets"]["real"]["bands"] == ["red", "green", "blue"]
    assert "photometry" not in config.taken("real")
    assert "morphology" in config.taken("real")
    assert any("rendered alike" in line for line in assumed)


def test_the_side_of_a_pixel_is_never_guessed(fluxes):
    with pytest.raises(GalforgeError, match="PIXEL_SCALE="):
        configured(fluxes, pixel_scale=None)


def test_pictures_and_fluxes_are_not_compared(fluxes, tmp_path):
    picture = saved(tmp_path / "p.npz", np.random.default_rng(0).integers(0, 255, (6, 32, 32)).astype(np.uint8))
    with pytest.raises(GalforgeError, match="give both as one of them"):
        configured([fluxes[0], picture])


def test_images_of_other_bands_are_not_compared(fluxes, tmp_path):
    three = saved(tmp_path / "p.npz", np.random.default_rng(0).normal(size=(6, 3, 32, 32)))
    with pytest.raises(GalforgeError, match=r"1 channels, .* has 3"):
        configured([fluxes[0], three])


@pytest.mark.parametrize(
    ("real", "made", "factor", "says"),
    [
        (
            {"pixel_scale": 0.03},
            {"pixel_scale": 0.06},
            1.0,
            r"pixels of 0.03 arcsec .pixel_scale of real.npz., .* 0.06",
        ),
        ({"zero_points": [31.4]}, {"zero_points": [8.9]}, 1.0, r"times 1e\+09 is in the unit of .*: give FACTOR="),
        ({"zero_points": [31.4]}, {"zero_points": [8.9]}, 1e9, ""),
    ],
)
def test_what_both_files_say_is_compared(tmp_path, real, made, factor, says):
    pixels = np.random.default_rng(0).normal(size=(7, 32, 32))
    files = [saved(tmp_path / "real.npz", pixels, **real), saved(tmp_path / "mine.npz", pixels, **made)]
    if not says:
        assert configured(files, factor=factor)[1]["models"]["mine_v2"]["factor"] == factor
        return
    with pytest.raises(GalforgeError, match=says):
        configured(files, factor=factor)


def test_bands_are_those_that_either_file_names(tmp_path, fluxes):
    pixels = np.random.default_rng(0).normal(size=(7, 32, 32))
    named = saved(tmp_path / "named.npz", pixels, bands=["F814W"])
    for files in ([named, fluxes[1]], [fluxes[0], named]):
        assert configured(files)[1]["datasets"]["real"]["bands"] == ["F814W"]


def test_a_first_file_that_is_damaged_says_nothing_of_the_others(tmp_path):
    for name in ("b", "c"):
        np.save(tmp_path / f"{name}.npy", np.random.default_rng(0).normal(size=(32, 32)))
    (tmp_path / "a.npy").write_bytes(b"")
    found = look(tmp_path)
    assert (found.count, found.channels, found.side) == (3, 1, 32)
    for name in ("b", "c"):
        (tmp_path / f"{name}.npy").write_bytes(b"")
    with pytest.raises(GalforgeError, match="a: unreadable array: the file is empty"):
        look(tmp_path)


def test_a_file_without_images_is_named(tmp_path):
    (tmp_path / "mine.npz").write_bytes(b"nothing")
    with pytest.raises(GalforgeError, match=r"mine\.npz"):
        look(tmp_path / "mine.npz")


def test_each_number_has_a_line_with_error_floor_and_judgement():
    number = {"label": "FID: FID", "value": 1.25, "standard_error": 0.5, "floor": 2.0, "at_floor": True}
    other = {"label": "KID", "value": 1.25, "standard_error": None, "floor": None, "at_floor": False}
    first, second = lines({"numbers": [number, other]})
    assert first.split() == ["FID:", "FID", "1.25", "±", "0.5", "floor", "2", "at", "floor"]
    assert second.split() == ["KID", "1.25"]
