"""What the denoising study asks of the configuration, and what is refused before anything runs."""

import dataclasses
from pathlib import Path

import pytest
import yaml

from galforge.config.parse import ConfigError, parse
from galforge.config.problems import merged
from galforge.config.tree import Config
from galforge.estimate.work import Job, Workload
from galforge.plan.stages import Stages

ROOT = Path(__file__).resolve().parents[2]
BASE = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
DEMO = merged(BASE, yaml.safe_load((ROOT / "config/demo.yaml").read_text(encoding="utf-8")))


def with_run(tree: dict, **over: object) -> dict:
    run = {"dataset": "skirt", "model": "stylegan", "seeds": [3, 4], "denoise": ["denoiser"], **over}
    return {**tree, "run": [run]}


def refused(tree: dict, *words: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(tree)
    for word in words:
        assert word in str(error.value)


def test_a_sweep_is_of_a_runs_first_seed_where_nothing_is_said():
    config: Config = parse(with_run(DEMO))
    (sweep,) = config.sweeps
    assert (sweep.who, sweep.name) == ("stylegan-seed3", "skirt-stylegan-seed3-denoiser")
    assert list(config.denoising) == ["skirt"]


def test_every_seed_of_a_run_is_swept_where_it_says_so():
    stages = Stages(parse(with_run(DEMO, denoise_seeds="all")))
    sweeps = stages.config.sweeps
    assert [sweep.name for sweep in sweeps] == ["skirt-stylegan-seed3-denoiser", "skirt-stylegan-seed4-denoiser"]
    first, second = (set(stages.facts.networks(sweep)) for sweep in sweeps)
    assert first & second == {("source", "0.00", 0), ("source", "0.00", 1)}, "they see no generated galaxy"
    assert {who for who, _, _ in first ^ second} == {"stylegan-seed3", "stylegan-seed4"}
    named = [stages.stage("summarise_denoising", {"sweep": sweep.name}).spec["model"] for sweep in sweeps]
    assert named == ["stylegan-seed3", "stylegan-seed4"]


def test_a_single_swept_seed_is_not_named_and_its_networks_are_those_of_all():
    first, every = (Stages(parse(with_run(DEMO, denoise_seeds=which))) for which in ("first", "all"))
    sweep = first.config.sweeps[0]
    assert first.stage("summarise_denoising", {"sweep": sweep.name}).spec["model"] == "stylegan"
    names = {"dataset": "skirt", "denoiser": "denoiser", "who": "stylegan-seed3", "alpha": "0.50", "replicate": "0"}
    for rule in ("train_denoiser", "evaluate_denoiser"):
        assert first.stage(rule, names).spec == every.stage(rule, names).spec


def test_later_seeds_may_have_fewer_shares_and_are_in_no_figure_of_a_sweep():
    tree = with_run(DEMO, denoise_seeds="all")
    tree["denoising"] = {**tree["denoising"], "alphas": [0.0, 0.25, 0.5], "other_seeds": [0.0, 0.5]}
    stages = Stages(parse(tree))
    assert [sweep.alphas for sweep in stages.config.sweeps] == [(0.0, 0.25, 0.5), (0.0, 0.5)]
    drawn = [name for name in stages.figures.jobs if "denoiser" in name]
    assert drawn == ["figures_holzschuh2022_skirt_stylegan_seed3_denoiser"]
    (table,) = [job for job in stages.tables.planned.jobs.values() if job.name == "holzschuh2022_denoising"]
    assert [Path(file).stem for file in table.inputs["summaries"]] == ["skirt-stylegan-seed3-denoiser"]


def test_shares_may_differ_between_data_sets():
    tree = with_run(DEMO)
    tree["datasets"] = {**tree["datasets"], "few": {"subset_of": "skirt", "train_images": 20}}
    tree["run"].append({**tree["run"][0], "dataset": "few"})
    over = {"few": {"alphas": [0.0, 0.5], "replicates": 1}}
    tree["denoising"] = {**tree["denoising"], "alphas": [0.0, 0.25, 0.5], "replicates": 2, "overrides": over}
    stages = Stages(parse(tree))
    assert [len(stages.facts.networks(sweep)) for sweep in stages.config.sweeps] == [6, 2]


def test_a_kind_of_network_may_have_shares_of_its_own():
    tree = with_run(DEMO, denoise=["denoiser", "denoiser-long"])
    longer = {**tree["denoisers"]["denoiser"], "epochs": 4, "alphas": [0.0]}
    tree["denoisers"] = {**tree["denoisers"], "denoiser-long": longer}
    stages = Stages(parse(tree))
    plain, longer = stages.config.sweeps
    assert plain.alphas == tuple(tree["denoising"]["alphas"])
    assert stages.facts.networks(longer) == [("source", "0.00", 0), ("source", "0.00", 1)]
    assert not any("denoiser_long" in name for name in stages.figures.jobs), "there is no share to draw a gain against"
    names = {"dataset": "skirt", "denoiser": "denoiser", "who": "source", "alpha": "0.00", "replicate": "0"}
    assert "alphas" not in stages.stage("train_denoiser", names).spec["settings"]


@pytest.mark.parametrize("alphas", [[0.5], [0.5, 0.0], [0.0, 0.5, 0.5], [0.0, 1.5]])
def test_shares_that_cannot_be_used_are_refused_wherever_they_stand(alphas):
    tree = with_run(DEMO)
    own = {**tree["denoisers"]["denoiser"], "alphas": alphas}
    refused({**tree, "denoisers": {**tree["denoisers"], "denoiser": own}}, "denoisers.denoiser: alphas")
    refused({**tree, "denoising": {**tree["denoising"], "other_seeds": alphas}}, "denoising: other_seeds")


def test_networks_of_alpha_0_are_shared_between_models():
    tree = with_run(DEMO)
    tree["run"].append({"dataset": "skirt", "model": "vae", "seeds": [0], "denoise": ["denoiser"]})
    config = parse(tree)
    first, second = (set(Stages(config).facts.networks(sweep)) for sweep in config.sweeps)
    assert first & second == {("source", "0.00", 0), ("source", "0.00", 1)}
    assert len(first) == len(second) == 6


def test_networks_read_nothing_of_the_grid():
    """So that another alpha, replicate or test trains none of them again."""
    stages = Stages(parse(with_run(DEMO)))
    over = {"denoising": {"alphas": [0.0, 0.25, 0.5, 1.0], "replicates": 9, "test_images": 3, "pixel_curve": []}}
    others = Stages(parse(with_run(merged(DEMO, over))))
    names = {"dataset": "skirt", "denoiser": "denoiser", "who": "stylegan-seed3", "alpha": "0.50", "replicate": "1"}
    assert stages.stage("train_denoiser", names).spec == others.stage("train_denoiser", names).spec
    assert stages.stage("evaluate_denoiser", names).spec != others.stage("evaluate_denoiser", names).spec


def test_a_generator_that_saw_the_validation_split_is_refused_but_for_the_published_protocol():
    seen = {"training": {"splits": ["train", "validation"]}}
    refused(with_run(DEMO, overrides=seen), "run[0].denoise: denoiser (corrected)", "splits: [train]")
    parse(with_run(DEMO, overrides=seen, denoise=["denoiser-published"]))


def test_a_generator_asked_for_conditions_of_the_test_split_is_refused_but_for_the_published_protocol():
    network = {"conditions": ["radius"]}
    told = {"dataset": "sersic", "model": "vae", "overrides": {"network": network}}
    refused(with_run(DEMO, **told), "run[0].denoise: denoiser (corrected)", "asked for radius of the test split")
    parse(with_run(DEMO, **told, denoise=["denoiser-published"]))
    uniform = {"source": "uniform", "low": 1.0, "high": 4.0}
    parse(with_run(DEMO, **told | {"overrides": {"network": network, "conditions": uniform}}))
    parse(with_run(DEMO, dataset="sersic", model="vae"))


def test_too_few_generated_images_are_refused():
    tree = with_run({**DEMO, "sampling": {**DEMO["sampling"], "count": 60, "chunk": 60}})
    refused(tree, "sampling.count: 60", "about 90 distinct images")
    half = {**tree, "denoising": {**tree["denoising"], "alphas": [0.0, 0.5]}}
    parse(half)


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"alphas": [0.5, 1.0]}, "0 among them"),
        ({"alphas": [0.0, 0.333]}, "at most 2 decimals"),
        ({"alphas": [0.0, 1.0, 0.5]}, "ascending"),
        ({"alphas": [0.0, 1.5]}, "from 0 to 1"),
        ({"cases": {"in_domain": {"noise": 2.0}}}, "noise 1"),
        ({"cases": {"in_domain": None}}, "in_domain must be there"),
        ({"cases": {"other": {"nois": 2.0}}}, "unknown key"),
        ({"examples": 20}, "more than test_images"),
        ({"psf_sigm": 1.0}, "unknown key"),
    ],
)
def test_an_impossible_sweep_is_refused(over: dict, words: str):
    refused(with_run(merged(DEMO, {"denoising": over})), "denoising", words)


def test_overrides_hold_for_their_data_set():
    over = {"denoising": {"overrides": {"skirt": {"noise_sigma": 2.5}}}}
    tree = with_run(merged(DEMO, over))
    tree["run"].append({"dataset": "cosmos", "model": "vae", "seeds": [0], "denoise": ["denoiser"]})
    config = parse(tree)
    assert {name: settings.noise_sigma for name, settings in config.denoising.items()} == {"skirt": 2.5, "cosmos": 4.0}
    refused(
        with_run(merged(DEMO, {"denoising": {"overrides": {"skirt": {"noise": 1.0}}}})), "denoising.overrides.skirt"
    )


def test_unknown_and_doubled_denoisers_are_refused():
    refused(with_run(DEMO, denoise=["unet"]), "'unet' is not described under denoisers; there are denoiser")
    refused(with_run(DEMO, denoise=["denoiser", "denoiser"]), "each kind of network once")


def test_a_data_set_without_a_test_split_is_refused():
    over = {"datasets": {"skirt": {"splits": {"train": 0.8, "validation": 0.2, "test": 0.0}}}}
    refused(with_run(merged(DEMO, over)), "no galaxies in one of its splits")


def test_a_null_test_or_denoiser_is_not_there():
    config = parse(with_run(merged(DEMO, {"denoisers": {"denoiser-published": None}})))
    assert list(config.denoisers) == ["denoiser"]
    assert "noise_shift_code" not in config.denoising["skirt"].cases


BROUGHT = {"denoisers": {"released": {"weights": "data/3q7b0j7s.h5"}, "other": {"weights": "data/other.h5"}}}


def test_a_brought_network_belongs_to_no_model_and_is_in_the_sweeps_of_its_runs():
    tree = with_run(merged(DEMO, BROUGHT), denoise=["released", "denoiser", "other"])
    tree["run"].append({"dataset": "skirt", "model": "vae", "seeds": [0], "denoise": ["denoiser"]})
    config = parse(tree)
    assert [(sweep.name, sweep.brought) for sweep in config.sweeps] == [
        ("skirt-stylegan-seed3-denoiser", ("released", "other")),
        ("skirt-vae-seed0-denoiser", ()),
    ]
    stages = Stages(config)
    spec = stages.stage("evaluate_brought", {"dataset": "skirt", "denoiser": "released"}).spec
    assert spec["network"] == {"width": 32, "blocks": 5, "kernel": 5, "bottleneck": 2}
    assert spec["input_scale"] == 1.0
    assert not {"alpha", "alphas", "replicates", "examples", "model"} & set(spec)
    names = [
        stages.stage("summarise_denoising", {"sweep": sweep.name}).spec.get("brought", []) for sweep in config.sweeps
    ]
    assert names == [["released", "other"], []]


def test_a_brought_network_changes_no_job_of_others():
    plain, more = (Stages(parse(tree)) for tree in (with_run(DEMO), with_run(merged(DEMO, BROUGHT))))
    asked = Stages(parse(with_run(merged(DEMO, BROUGHT), denoise=["denoiser", "released"])))
    networks = {"dataset": "skirt", "denoiser": "denoiser", "who": "source", "alpha": "0.00", "replicate": "0"}
    (sweep,) = plain.config.sweeps
    jobs = [
        ("train_denoiser", networks),
        ("evaluate_denoiser", networks),
        ("denoising_references", {"dataset": "skirt"}),
    ]
    for rule, names in jobs:
        assert len({stages.stage(rule, names).spec_param for stages in (plain, more, asked)}) == 1, rule
    told = [stages.stage("summarise_denoising", {"sweep": sweep.name}).spec for stages in (plain, more, asked)]
    assert told[0] == told[1] == {key: value for key, value in told[2].items() if key != "brought"}
    assert told[2]["brought"] == ["released"]


def test_a_brought_network_may_be_tested_beside_a_generator_of_any_training():
    seen = {"training": {"splits": ["train", "validation"]}}
    parse(with_run(merged(DEMO, BROUGHT), overrides=seen, denoise=["denoiser-published", "released"]))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (
            {"weights": "a.h5", "learning_rate": 1e-3},
            "denoisers.released.learning_rate: unknown key (known here: device",
        ),
        ({"weights": "a.h5", "network": {"width": 0}}, "denoisers.released.network.width"),
        ({"weights": ""}, "denoisers.released.weights"),
        ({"weights": None}, "denoisers.released.weights"),
    ],
)
def test_an_impossible_brought_network_is_refused(entry: dict, words: str):
    refused(with_run(merged(DEMO, {"denoisers": {"released": entry}}), denoise=["denoiser", "released"]), words)


def test_brought_networks_alone_are_refused_with_the_remedy():
    tree = with_run(merged(DEMO, BROUGHT), denoise=["released"])
    refused(tree, "run[0].denoise: released: brought networks are shown beside", "replicates: 1")
    one = {"denoising": {"alphas": [0.0], "replicates": 1}}
    parse(with_run(merged(merged(DEMO, BROUGHT), one), denoise=["denoiser", "released"]))


def test_the_estimate_of_a_brought_network_is_that_of_a_trained_one():
    config = parse(with_run(merged(DEMO, BROUGHT), denoise=["denoiser", "released"]))
    names = {"dataset": "skirt", "denoiser": "denoiser", "who": "source", "alpha": "0.00", "replicate": "0"}
    jobs = [("evaluate_brought", {"dataset": "skirt", "denoiser": "released"}), ("evaluate_denoiser", names)]
    brought, trained = (Workload(config, {}).of(Job(rule, wildcards, 1, 0, "")) for rule, wildcards in jobs)
    assert brought.stage == "evaluate_denoiser released on skirt"
    assert dataclasses.replace(brought, stage=trained.stage) == trained
