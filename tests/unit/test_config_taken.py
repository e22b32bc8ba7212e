"""Images of the configuration itself as a model: what is refused, and what is planned."""

import pytest
import yaml
from tree import ROOT

from galforge.config.parse import ConfigError, parse
from galforge.config.problems import merged
from galforge.plan import comparisons
from galforge.plan.figures import Figures
from galforge.plan.stages import Stages
from galforge.plan.trainings import behind

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
    assert stages.stage("page", {}).spec["runs"] == [["skirt", "oracle", [0], said], ["skirt", "gaussian", [0], ""]]


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


HST = {"family": "cosmos", "source": "mock", "size": 64, "min_size": 0, "pad": "noise", "mock": {"count": 100}}
HST |= {"measuring": {"expected_count": 100}}
JOINED = [{"dataset": f"hst{fold}", "model": "gaussian"} for fold in range(3)]


def folds(whole=None, sources=JOINED, run=None, seeds=(0, 1), number=3, count=40, **changes):
    """Models that were trained on the folds of a data set, judged together; ``changes`` are of hst2."""
    of = [{**HST, "folds": {"of": number, "fold": fold}} for fold in range(3)]
    of[2] = merged(of[2], changes)
    whole = merged({**HST, "folds": {"of": 1}}, whole or {})
    overlay = {
        "datasets": {"hst": whole, **{f"hst{fold}": entry for fold, entry in enumerate(of)}},
        "models": {"joined": {"family": "taken", "sources": sources, "count": count}},
        "sampling": {"count": 40},
        "run": [
            {"dataset": "hst", "model": "joined", "seeds": [0, 1], **(run or {})},
            *({"dataset": f"hst{fold}", "model": "gaussian", "seeds": list(seeds)} for fold in range(3)),
        ],
    }
    return parse(merged(BASE, overlay))


def test_models_of_the_folds_are_judged_together_by_seed():
    config = folds()
    stages, wildcards = Stages(config), {"dataset": "hst", "model": "joined", "seed": "1"}
    assert comparisons.compared(config, "hst", "properties") == [("joined", 0), ("joined", 1)]
    assert stages.facts.taken_from("hst", "joined", 1) == [
        f"results/paper/samples/hst{fold}/gaussian/seed1.h5" for fold in range(3)
    ]
    spec = stages.stage("take_sources", wildcards).spec
    assert spec == {"sources": ["hst0/gaussian", "hst1/gaussian", "hst2/gaussian"], "count": 40, "columns": []}
    said = stages.stage("card", {}).spec["given"]["hst/joined"]
    assert said.endswith("the first 40 images each of gaussian on hst0, gaussian on hst1, gaussian on hst2")
    # Tables rest on the trainings behind the images.
    shown = behind(config, {"stamps": "results/paper/samples/hst/joined/seed1.h5"})
    assert shown == {("hst", "joined", "1"), *((f"hst{fold}", "gaussian", "1") for fold in range(3))}


def test_a_fold_is_cut_of_stamps_that_are_made_as_without_folds():
    stages = Stages(folds())
    assert {stages.facts.stamps_rule(name) for name in ("hst", "hst0")} == {"stamps_mock_folded"}
    plain = Stages(parse(merged(BASE, {"datasets": {"hst": HST}})))
    usual = plain.stage("stamps_mock", {"dataset": "hst"})
    for name in ("hst", "hst0"):
        made = stages.stage("stamps_mock_folded", {"dataset": name})
        assert (made.spec_param, made.code_param) == (usual.spec_param, usual.code_param)
    cut = [stages.stage("fold_stamps", {"dataset": name}).spec for name in ("hst", "hst1")]
    shares = {"seed": 2022, "train": 0.8, "validation": 0.1}
    assert cut == [{"of": 1, "fold": 0, **shares}, {"of": 3, "fold": 1, **shares}]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"whole": {"folds": {"of": 0}}}, "say datasets.hst.folds: {of: 1}, so that all count as held out"),
        ({"sources": JOINED[:2]}, "folds are hst0: 0 of 3; hst1: 1 of 3, but each of the same number"),
        ({"number": 4}, "each of the same number must be there once"),
        ({"folds": {"of": 3, "fold": 1}}, "hst2: 1 of 3, but each of the same number must be there once"),
        ({"folds": {"of": 0, "fold": 0}}, "say folds: {of: 3, fold: 0} and so on in each"),
        ({"folds": {"of": 3, "fold": 3}}, "datasets.hst2.folds: fold 3 of 3: folds are counted from 0"),
        ({"seed": 1}, "datasets.hst2.seed: 1, but hst, with which it is compared, has 2022"),
        ({"mock": {"count": 90}}, "datasets.hst2.mock"),
        ({"count": 41}, "models.joined.count: 41: each source has 40 images (sampling.count)"),
        ({"seeds": [0]}, "gaussian on hst0 has no seed 1, which joined on hst asks for"),
        ({"run": {"denoise": ["denoiser"]}}, "run[0].dataset: hst has all galaxies in its test split"),
        (
            {"run": {"model": "gaussian"}},
            "run[0].dataset: hst has all galaxies in its test split (folds: {of: 1}), so nothing can be trained on it",
        ),
    ],
)
def test_what_are_no_folds_of_the_same_galaxies_is_refused(given, says):
    refused(folds, says, **given)


def test_joined_models_are_refused_by_the_denoising_study_with_the_reason():
    refused(
        folds,
        "joined joins models, each of which was trained on galaxies that denoisers are tested on",
        whole={"folds": {"of": 0}},
        run={"denoise": ["denoiser"]},
    )
