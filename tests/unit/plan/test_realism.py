"""What the stages of the realism study read."""

import yaml

from galforge.config import files
from galforge.config.parse import parse
from galforge.config.problems import merged
from galforge.plan.stages import Stages


def sparse(**overlay):
    models = ("baseline1", "two_stage_conditional")
    runs = [{"dataset": "sparse", "model": name, "seeds": [0]} for name in models]
    return parse(merged(yaml.safe_load(files.CONFIG.read_text(encoding="utf-8")), {"run": runs, **overlay}))


def test_scorers_read_what_they_are_made_of_and_nothing_else():
    stages, names = Stages(sparse()), {"dataset": "sparse"}
    spec = stages.stage("cross_validate", names).spec
    assert set(spec["settings"]) == {"folds", "seed", "threads", "xgboost", "xgboost_properties", "random_forest"}
    assert spec["measures"] == ["realism", "realism-texture"]
    assert spec["scorers"]["random_forest-fourier"] == ["realism", "realism-texture"]
    assert spec["scorers"]["xgboost-histogram_power_spectrum"] == ["realism"]
    few = ["median-none", "xgboost-histogram_power_spectrum", "cnn-image"]
    spec = Stages(sparse(realism={"scorers": few})).stage("cross_validate", names).spec
    assert set(spec["settings"]) == {"folds", "seed", "threads", "xgboost"}
    assert spec["scorers"] == {"median-none": ["realism"], "xgboost-histogram_power_spectrum": ["realism"]}
    assert spec["measures"] == ["realism"]
    network = stages.stage("cross_validate_network", {**names, "scorer": "cnn-image"}).spec
    assert set(network["settings"]) == {"folds", "seed", "threads", "cnn"}
    one = {**names, "model": "two_stage_conditional", "seed": "0"}
    experiments = stages.stage("experiment", one).spec["experiments"]
    assert experiments["random_positions"] == {"images": 1000}
    assert experiments["new_galaxies"] == {"images": 1000, "sets": 50}
    assert stages.stage("score_generator", one).spec["thresholds"] == [50, 90]
    assert stages.stage("score_generator", {**one, "model": "baseline1"}).spec["thresholds"] == []
    assert stages.facts.view("sparse", "baseline1") == "parts"
    assert stages.stage("sample", one).spec["count"] == 1000
