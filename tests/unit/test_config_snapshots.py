"""The choice of a snapshot: what is refused, which jobs it adds, and who uses the chosen weights."""

from pathlib import Path

import pytest
import yaml

from galforge.config import files
from galforge.config.parse import ConfigError, parse
from galforge.config.problems import merged
from galforge.plan.facts import Facts
from galforge.plan.stages import Stages
from galforge.plan.subject import Subject

PAPER = yaml.safe_load(files.CONFIG.read_text(encoding="utf-8"))
BEST = {"choose": "best", "by": "power_spectrum", "count": 500}


def config(dataset="sersic", model="stylegan", snapshot=BEST, over=None, **overrides):
    run = {"dataset": dataset, "model": model, "seeds": [0, 1], "overrides": {"snapshot": snapshot, **overrides}}
    return parse(merged(PAPER, {"run": [run], **(over or {})}))


def refused(**given):
    with pytest.raises(ConfigError) as found:
        config(**given)
    return str(found.value)


def test_a_choice_needs_a_measure():
    assert "run[0].overrides.snapshot: choose: best needs a measure to choose by" in refused(
        snapshot={"choose": "best"}
    )
    assert "snapshot.choose: 'first'" in refused(snapshot={"choose": "first"})


@pytest.mark.parametrize("by", ["photometry", "morphology-published", "shape"])
def test_the_measure_is_one_that_the_data_set_takes_and_that_has_a_distance(by):
    said = refused(snapshot={"choose": "best", "by": by})
    assert f"by: {by} cannot score stylegan on sersic" in said
    assert "name one of morphology, power_spectrum, features" in said


def test_a_data_set_without_such_measures_says_which_it_could_take():
    taken = {"datasets": {"galaxiesml": {"measuring": {"measures": ["sources", "redshift"]}}}}
    said = refused(dataset="galaxiesml", model="ddpm", over=taken)
    assert "a corrected measure of morphology, power_spectrum, features that the data set takes" in said
    assert "none of its measures can" in said
    taken["datasets"]["galaxiesml"]["measuring"]["measures"].append("power_spectrum")
    assert Facts(config(dataset="galaxiesml", model="ddpm", over=taken)).chooses("galaxiesml", "ddpm")


@pytest.mark.parametrize("choose", ["best", "last"])
def test_galaxies_that_were_trained_on_do_not_choose(choose):
    said = refused(snapshot={**BEST, "choose": choose}, training={"splits": ["train", "validation"]})
    assert "it is trained on it (training.splits is ['train', 'validation'])" in said
    assert "training: {splits: [train]}" in said


def test_an_empty_validation_split_is_refused():
    over = {"datasets": {"sersic": {"splits": {"train": 0.9, "validation": 0.0, "test": 0.1}}}}
    assert "validation split of sersic, which has no galaxies" in refused(over=over)


def test_a_network_that_draws_nothing_has_no_snapshots():
    over = {"models": {"redshift_cnn": {"snapshot": {"by": "power_spectrum"}}}}
    said = refused(dataset="galaxiesml", model="ddpm", snapshot={}, over=over)
    assert "models.redshift_cnn.snapshot: redshift_cnn draws no images" in said


def test_the_last_weights_are_the_default_and_plan_what_they_did():
    facts = Facts(config(snapshot={}))
    assert not facts.scores("sersic", "stylegan")
    assert facts.weights("sersic", "stylegan", 0) == facts.trained("sersic", "stylegan", 0)["weights"]
    assert facts.whole_from("sersic", "stylegan", 3) == 0
    tables = Stages(config(snapshot={})).tables.planned
    assert not any("choices" in job.inputs for job in tables.jobs.values())
    assert Subject(facts, "sersic").snapshots() == {}


def test_scores_without_a_choice_change_no_weights_and_no_training():
    facts = Facts(config(snapshot={"by": "features"}))
    assert facts.scores("sersic", "stylegan")
    assert not facts.chooses("sersic", "stylegan")
    assert facts.weights("sersic", "stylegan", 0) == facts.trained("sersic", "stylegan", 0)["weights"]
    assert facts.whole_from("sersic", "stylegan", 3) == 0
    found = Subject(facts, "sersic").snapshots()
    assert list(found) == [("stylegan", 0), ("stylegan", 1)]
    assert len(found["stylegan", 0]["scores"]) == facts.segments("sersic", "stylegan") > 1


def test_one_segment_has_one_snapshot_and_costs_nothing():
    training = {"images_total": 64_000, "segment_images": 64_000, "history_images": 64_000}
    facts = Facts(config(training=training))
    assert facts.segments("sersic", "stylegan") == 1
    assert not facts.scores("sersic", "stylegan")
    assert not facts.chooses("sersic", "stylegan")
    # Without a choice it is asked for as a line of the figure, such as the Gaussian's, that others have to beat.
    line = Facts(config(snapshot={"by": "features"}, training=training))
    assert [len(files["scores"]) for files in Subject(line, "sersic").snapshots().values()] == [1, 1]


def test_a_choice_hands_its_weights_to_everything_and_names_itself_in_tables():
    stages = Stages(config())
    facts = stages.facts
    assert facts.weights("sersic", "stylegan", 1) == "results/paper/models/sersic/stylegan/seed1/snapshot.safetensors"
    training = stages.config.models["sersic", "stylegan"].training
    assert facts.whole_from("sersic", "stylegan", 0) == 0
    assert facts.whole_from("sersic", "stylegan", 2) == 2 * training.segment_images
    choices = [f"results/paper/models/sersic/stylegan/seed{seed}/snapshot.json" for seed in (0, 1)]
    jobs = stages.tables.planned.jobs
    assert {name for name, job in jobs.items() if job.inputs.get("choices") == choices} == set(jobs)
    # The cost is that of the whole training.
    last = facts.trained("sersic", "stylegan", 0)["weights"]
    assert jobs["holzschuh2022_cost"].inputs["weights"][0] == last
    fidelity = next(each for each in stages.figures.planned if each.name == "fidelity")
    assert fidelity.needs.told["trainings"] == [
        ["stylegan", seed, facts.segments("sersic", "stylegan")] for seed in (0, 1)
    ]


def test_the_setting_is_in_no_spec_of_a_training_and_another_measure_scores_anew():
    plain, best, other = (
        Stages(config(snapshot=snapshot)) for snapshot in ({}, BEST, {**BEST, "by": "morphology", "count": 200})
    )
    key = {"dataset": "sersic", "model": "stylegan", "seed": "0"}
    train, score = {**key, "segment": "1"}, {**key, "segment": "1"}
    assert plain.stage("train_segment", train).spec == best.stage("train_segment", train).spec
    assert plain.stage("sample", key).spec == best.stage("sample", key).spec
    specs = [stages.stage("score_snapshot", score) for stages in (best, other)]
    assert [each.spec["drawing"]["count"] for each in specs] == [500, 200]
    assert [each.spec["distance"]["comparison"] for each in specs] == ["power_spectrum", "morphology"]
    assert "galforge.compare.morphology" in specs[1].modules
    assert "noise" in specs[1].spec["measure"]
    assert other.stage("choose_snapshot", key).spec == best.stage("choose_snapshot", key).spec


def test_conditions_of_snapshots_are_asked_for():
    taken = {"datasets": {"galaxiesml": {"measuring": {"measures": ["power_spectrum"]}}}}
    stages = Stages(config(dataset="galaxiesml", model="ddpm", over=taken))
    key = {"dataset": "galaxiesml", "model": "ddpm", "seed": "0", "segment": "0"}
    assert stages.stage("score_snapshot", key).spec["drawing"]["conditions"]["columns"] == ["redshift"]


def test_every_distance_is_a_row_that_a_comparison_gives():
    """And one that says so itself: smaller is better."""
    from galforge.compare.kind import kinds
    from galforge.snapshots.distances import DISTANCES

    for family, distance in DISTANCES.items():
        kind = kinds()[distance.comparison]
        assert kind.families == (family,)
        assert kind.readings[distance.metric] == "distance"
        assert set(distance.lean) <= set(kind.fields("corrected"))
        assert Path(files.__file__).parents[1].joinpath("compare", f"{distance.comparison}.py").exists()
