"""Exports: which PSF a catalogue for GalSim has, what is refused before anything runs, and what a card is made of."""

from typing import Any

import pytest
import yaml

from galforge.config import files
from galforge.config.parse import ConfigError, parse
from galforge.config.problems import merged
from galforge.datasets.galaxiesml.light import FWHM_ARCSEC, MOFFAT_BETA
from galforge.errors import GalforgeError
from galforge.plan.stages import Stages

BASE = yaml.safe_load(files.CONFIG.read_text(encoding="utf-8"))


def stages(**overlay: Any) -> Stages:
    return Stages(parse(merged(BASE, overlay)))


def psf_of(found: Stages, dataset: str, band: str) -> dict[str, float]:
    return found.stage("export_realgalaxy", {"dataset": dataset, "who": "source", "band": band}).spec["psf"]


@pytest.fixture(scope="module")
def paper() -> Stages:
    return stages()


def test_the_psf_is_that_of_the_band(paper: Stages) -> None:
    for band, fwhm in zip("grizy", FWHM_ARCSEC, strict=True):
        assert psf_of(paper, "galaxiesml", band) == {"fwhm": fwhm, "beta": MOFFAT_BETA}
    one = stages(datasets={"galaxiesml": {"measuring": {"psf_fwhm": [0.7], "psf_beta": 2.0}}})
    assert psf_of(one, "galaxiesml", "y") == {"fwhm": 0.7, "beta": 2.0}
    assert psf_of(paper, "sersic", "F606W") == {"fwhm": 0.0, "beta": 2.5}


def test_a_mock_knows_its_psf_and_what_is_stated_comes_first(paper: Stages) -> None:
    mock = {"source": "mock", "url": "", "mock": {"psf_fwhm": 0.12}}
    assert psf_of(stages(datasets={"cosmos": mock}), "cosmos", "F814W")["fwhm"] == 0.12
    stated = {**mock, "measuring": {"psf_fwhm": [0.1]}}
    assert psf_of(stages(datasets={"cosmos": stated}), "cosmos", "F814W")["fwhm"] == 0.1
    # Its mock is no part of what is downloaded.
    with pytest.raises(GalforgeError, match=r"datasets\.cosmos\.measuring\.psf_fwhm: .* give its FWHM in arcsec"):
        psf_of(paper, "cosmos", "F814W")


def test_what_has_no_angles_or_magnitudes_is_refused_before_anything_runs(paper: Stages) -> None:
    for dataset, band in (("skirt", "g"), ("sparse", "intensity")):
        with pytest.raises(GalforgeError, match=rf"datasets\.{dataset}: there is no catalogue for GalSim.*FITS or npz"):
            psf_of(paper, dataset, band)
    with pytest.raises(GalforgeError, match=r"datasets\.galaxiesml: no band F814W; there are g, r, i, z, y"):
        psf_of(paper, "galaxiesml", "F814W")


def test_psfs_of_other_bands_than_there_are_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"datasets\.galaxiesml\.measuring\.psf_fwhm: 2 values for 5 bands"):
        stages(datasets={"galaxiesml": {"measuring": {"psf_fwhm": [0.7, 0.8]}}})
    with pytest.raises(ConfigError, match="psf_fwhm"):
        stages(datasets={"cosmos": {"measuring": {"psf_fwhm": [-0.1]}}})


def test_photometry_is_that_of_the_data_set() -> None:
    mine = stages(measures={"photometry": {"aperture": 0.3}})
    found = mine.stage("export_realgalaxy", {"dataset": "sersic", "who": "source", "band": "F606W"})
    assert found.spec["photometry"]["aperture"] == 0.3
    none = stages(datasets={"sersic": {"measuring": {"measures": ["power_spectrum"]}}})
    found = none.stage("export_realgalaxy", {"dataset": "sersic", "who": "source", "band": "F606W"})
    assert found.spec["photometry"]["aperture"] == 0.4


def test_a_card_is_made_of_the_distances_that_there_are(paper: Stages) -> None:
    told = paper.exports.weights_told("galaxiesml", "cvae", "0")
    folder = "results/paper/distances/galaxiesml/cvae/seed0"
    assert f"{folder}/properties.csv" in told["distances"]
    assert f"{folder}/conditional.csv" in told["distances"]
    sparse = paper.exports.weights_told("sparse", "baseline1", "0")
    assert sparse["distances"] == ["results/paper/distances/sparse/baseline1/seed0/properties.csv"]
    assert sparse["record"].endswith(f"state_{len(sparse['segments']) - 1}.json")
    spec = paper.stage("export_weights", {"dataset": "galaxiesml", "model": "cvae", "seed": "3"}).spec
    assert (spec["seed"], spec["training"], spec["licence"]) == (3, {"splits": ["train"]}, "unknown")


def test_a_new_limit_or_psf_trains_and_measures_nothing(paper: Stages) -> None:
    """Settings of exports are in the specs of exports alone."""
    other = stages(
        report={"fits_stamps": 7, "licence": "mit"}, datasets={"galaxiesml": {"measuring": {"psf_fwhm": [0.5]}}}
    )
    key = {"dataset": "galaxiesml", "model": "cvae", "seed": "0"}
    for rule, wildcards in (
        ("train_segment", {**key, "segment": "0"}),
        ("sample", key),
        ("distances", {**key, "group": "properties"}),
        ("stamps_galaxiesml", {"dataset": "galaxiesml"}),
        ("page", {}),
    ):
        rule = paper.facts.stamps_rule("galaxiesml") if rule.startswith("stamps") else rule
        assert other.stage(rule, wildcards).spec == paper.stage(rule, wildcards).spec, rule
