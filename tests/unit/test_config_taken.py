"""Images of the configuration itself as a model: what is refused, and what is planned."""

import pytest
import yaml
from tree import ROOT

from galforge.config.parse import ConfigError, parse
from galforge.config.problems import merged
from galforge.plan import comparisons
from galforge.plan.figures import Figures
from galforge.plan.stages import Stages

BASE = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
SKIRT = {"source": "mock", "mock": {"count": 100}, "measuring": {"expected_count": 100}}
FRESH = {"family": "skirt", **SKIRT, "mock": {"count": 80, "seed": 7}}


def oracle(run=None, fresh=None, sources=None, datasets=None, **changes):
    """SKIRT galaxies of another seed as a model's."""
    theirs = {"family": "taken", "sources": sources or [{"dataset": "skirt-fresh"}], "count": 60, **changes}
    overlay = {
        "datasets": {"skirt": SKIRT, "skirt-fresh": merged(FRESH, fresh or {}), **(datasets or {})},
        "models": {"oracle": theirs},
        "sampling": {"count": 60},
        "run": [{"dataset": "skirt", "model": "oracle", **(run or {})}, {"dataset": "skirt", "model": "gaussian"}],
    }
    return parse(merged(BASE, overlay))


def refused(make, says, **given):
    with pytest.raises(ConfigError) as caught:
        make(**given)
    assert says in str(caught.value)


def test_stamps_of_another_data_set_are_judged_like_a_models_and_nothing_is_trained():
    config = oracle(run={"denoise": ["denoiser"]})
    stages = Stages(config)
    assert config.trainings == [("skirt", "gaussian", 0)]
    assert stages.facts.segments("skirt", "oracle") == 0
    assert comparisons.compared(config, "skirt", "properties")[:2] == [("oracle", 0), ("gaussian", 0)]
    figures = {figure.name: figure.needs for figure in Figures(stages.facts).planned}
    assert figures["history"].told["models"] == [["gaussian", 0]]
    assert figures["stamps"].told["models"] == [["oracle", 0], ["gaussian", 0]]
    assert [sweep.name for sweep in config.sweeps] == ["skirt-oracle-seed0-denoiser"]
    assert stages.stage("take_sources", {"dataset": "skirt", "model": "oracle", "seed": "0"}).spec == {
        "sources": ["skirt-fresh"],
        "count": 60,
        "columns": [],
    }
    assert stages.facts.taken_from("skirt", "oracle", 0) == ["results/paper/stamps/skirt-fresh.h5"]


def test_a_data_set_that_is_only_a_source_is_made_and_not_judged():
    config = oracle()
    assert config.used_datasets == ["skirt"]
    assert config.made_datasets == ["skirt", "skirt-fresh"]
    assert Stages(config).stage("page", {}).spec["datasets"] == ["skirt"]


def test_tables_say_what_the_images_are_and_cost_nothing():
    stages = Stages(oracle())
    said = "taken within this configuration, the first 60 stamps of skirt-fresh"
    job = next(job for job in stages.tables.planned.jobs.values() if "weights" in job.inputs)
    spec = stages.tables.stage(f"tables_{job.name}").spec
    assert spec["given"] == [["skirt", "oracle", said]]
    assert [entry[:2] for entry in spec["trainings"]] == [["skirt", "gaussian"]]
    rule = next(f"tables_{name}" for name in stages.tables.planned.jobs if "headline" in name)
    assert stages.tables.stage(rule).spec["given"] == [["skirt", "oracle", said]]
    assert stages.stage("card", {}).spec["given"] == {"skirt/oracle": said}


def test_columns_that_models_can_be_conditioned_on_go_along():
    fresh = {"family": "sersic", "count": 50, "seed": 1}
    overlay = {
        "datasets": {"fresh": fresh},
        "models": {"oracle": {"family": "taken", "sources": [{"dataset": "fresh"}]}},
        "run": [{"dataset": "sersic", "model": "oracle"}],
    }
    stages = Stages(parse(merged(BASE, overlay)))
    spec = stages.stage("take_sources", {"dataset": "sersic", "model": "oracle", "seed": "0"}).spec
    assert spec["columns"] == ["n", "q", "radius", "PA", "x", "y"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"training": {"images_total": 10}}, "models.oracle.training: images are taken and nothing is trained"),
        ({"colour": 1}, "models.oracle.colour: unknown key"),
        ({"sources": [{"dataset": "hubble"}]}, "models.oracle.sources[0].dataset: 'hubble' is not described"),
        ({"sources": [{"dataset": "skirt"}]}, "models.oracle.sources[0].dataset: skirt is what oracle is compared"),
        ({"sources": [{"dataset": "skirt-fresh"}] * 2}, "name each once"),
        (
            {"sources": [{"dataset": "skirt-fresh"}, {"dataset": "skirt", "model": "gaussian"}]},
            "some are data sets and some are models",
        ),
        (
            {"sources": [{"dataset": "skirt-fresh", "model": "vae"}]},
            "models.oracle.sources[0].model: no run has 'vae' on skirt-fresh (its models: none)",
        ),
        ({"sources": [{"dataset": "skirt", "model": "oracle"}]}, "sources[0].model: oracle is taken from elsewhere"),
        ({"sources": [{"dataset": "cosmos"}]}, "cosmos is of the family cosmos, but skirt of skirt"),
        ({"fresh": {"size": 128}}, "datasets.skirt-fresh.size: 128, but skirt"),
        ({"fresh": {"sides": [2.0, 1024.0]}}, "datasets.skirt-fresh.sides"),
        ({"fresh": {"mock": {"seed": 99}}}, "skirt-fresh and skirt draw the same galaxies, with the seed 99"),
        ({"fresh": {"mock": {"count": 59}}}, "models.oracle.count: 60, but skirt-fresh is made of 59 galaxies"),
        ({"run": {"seeds": [0, 1]}}, "run[0].seeds: [0, 1]: oracle takes stamps, which have no seeds"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_its_key(given, says):
    refused(oracle, says, **given)


def test_denoisers_take_galaxies_of_another_seed_only():
    refused(
        oracle,
        "known only where both are drawn here",
        run={"denoise": ["denoiser"]},
        fresh={"source": "path", "path": "somewhere"},
    )
    oracle(fresh={"source": "path", "path": "somewhere"})
    refused(
        oracle,
        "models.oracle.count: 10: the largest alpha of the denoising study needs about 60",
        run={"denoise": ["denoiser"]},
        count=10,
    )


def test_weights_of_taken_images_cannot_be_exported():
    with pytest.raises(Exception, match="its images are taken from other data sets"):
        Stages(oracle()).stage("export_weights", {"dataset": "skirt", "model": "oracle", "seed": "0"})
