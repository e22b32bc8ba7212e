"""What the stages of the realism study read."""

import yaml

from galforge.config import files
from galforge.config.parse import parse
from galforge.config.problems import merged
from galforge.plan.stages import Stages


def sparse():
    models = ("baseline1", "two_stage_conditional")
    runs = [{"dataset": "sparse", "model": name, "seeds": [0]} for name in models]
    return parse(merged(yaml.safe_load(files.CONFIG.read_text(encoding="utf-8")), {"run": runs}))


def test_scorers_read_what_they_are_made_of_and_nothing_else():
    stages = Stages(sparse())
    names = {"dataset": "sparse"}
    spec = stages.stage("cross_validate", {**names, "scorer": "random_forest-fourier"}).spec
    assert set(spec["settings"]) == {"folds", "seed", "threads", "random_forest"}
    assert set(stages.stage("cross_validate", {**names, "scorer": "median-none"}).spec["settings"]) == {
        *("folds", "seed", "threads"),
    }
    assert stages.realism.scorer_measures("random_forest-fourier") == ["realism", "realism-texture"]
    assert stages.realism.scorer_measures("xgboost-histogram_power_spectrum") == ["realism"]
    one = {**names, "model": "two_stage_conditional", "seed": "0"}
    assert stages.stage("experiment", {**one, "experiment": "new_galaxies"}).spec["settings"] == {
        "images": 1000,
        "sets": 50,
    }
    assert stages.stage("summarise_generator", one).spec["thresholds"] == [50, 90]
    assert stages.stage("summarise_generator", {**one, "model": "baseline1"}).spec["thresholds"] == []
    assert stages.facts.view("sparse", "baseline1") == "parts"
    assert stages.stage("sample", one).spec["count"] == 1000
