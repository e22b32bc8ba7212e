"""Tracks: what they fix has the digest that is written down, and a configuration that changes it is refused."""

import copy

import pytest
import yaml
from tree import ROOT

from galforge.config.parse import ConfigError, parse
from galforge.config.problems import merged
from galforge.plan.stages import Stages
from galforge.plan.tracks import DIGESTS, FOLDER, check_track, digest, track_of

TRACKS = sorted(path.stem for path in FOLDER.glob("*-v*.yaml"))
BASE = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())


def configured(track_name, **over):
    return merged(copy.deepcopy(BASE), merged(yaml.safe_load((FOLDER / f"{track_name}.yaml").read_text()), over))


def test_every_track_is_listed():
    assert sorted(yaml.safe_load(DIGESTS.read_text())) == TRACKS


@pytest.mark.parametrize("name", TRACKS)
def test_a_track_is_what_it_was(name):
    config = parse(configured(name))
    assert config.overall.track == name
    check_track(config)
    assert Stages(config).stage("card", {}).spec["track"] == {"name": name, "digest": digest(config)}


@pytest.mark.parametrize(
    "over",
    [
        {"datasets": {"sersic": {"seed": 1}}},
        {"datasets": {"sersic": {"splits": {"train": 0.7, "validation": 0.1, "test": 0.2}}}},
        {"datasets": {"sersic": {"measuring": {"seed": 5}}}},
        {"measures": {"morphology": {"filter_size": 7}}},
        {"measures": {"photometry": None}},
        {"compare": {"bootstrap": 20}},
        {"sampling": {"count": 999}},
    ],
)
def test_a_configuration_that_changes_what_a_track_fixes_is_refused(over):
    with pytest.raises(ConfigError, match="track: the configuration changes"):
        check_track(parse(configured("sersic64-v1", **over)))


def test_models_names_and_the_cutting_into_jobs_are_free():
    over = {"name": "mine", "measures": {"morphology": {"chunk": 10}}, "run": [{"dataset": "sersic", "model": "vae"}]}
    check_track(parse(configured("sersic64-v1", **over)))


def test_an_unknown_track_is_refused_with_those_there_are():
    with pytest.raises(ConfigError, match=r"is no track; there are .*sersic64-v1"):
        check_track(parse(configured("sersic64-v1", track="sersic64-v9")))


def test_a_configuration_without_a_track_follows_none():
    config = parse(copy.deepcopy(BASE))
    check_track(config)
    assert track_of(config) is None
