"""What would be trained again is said with its reasons: by what modules say, and not where they lie."""

import json
from types import SimpleNamespace

import pytest

from galforge.plan.retraining import retrained
from galforge.plan.stage import SCRIPTS, Stage
from galforge.provenance.digest import own_digest, own_digests

SAID = "vae on sersic, seed 0, was trained and will be trained again: training: "


class Stages:
    """Stands in for the stages of a configuration with two trainings and, if asked for, the sweep of a study."""

    def __init__(self, sweeps=()):
        self.now = Stage({"rate": 1}, "table.py", (), ("numpy",))
        settings = SimpleNamespace(source="analytic")
        self.config = SimpleNamespace(
            trainings=[("sersic", "vae", 0), ("sersic", "ddpm", 1)],
            datasets={"sersic": SimpleNamespace(settings=settings)},
            sweeps=list(sweeps),
        )
        self.facts = self
        self.of_stamps = "stamps"
        self.subset = Stage({"train_images": 60}, "subset.py", (), ("numpy",))

    def stage(self, rule, wildcards):
        return {"subset": self.subset}.get(rule, self.now)

    def stamps_rule(self, dataset):
        return self.of_stamps

    def segments(self, dataset, model):
        return 1

    def networks(self, sweep):
        return [("source", "0.00", 0), ("source", "0.50", 0)]


def record(stage, **changes):
    script = SCRIPTS / stage.script
    made = {
        "spec": stage.spec,
        "code": json.loads(stage.code_param),
        "script": own_digest(script),
        "modules": own_digests(script, stage.modules),
    }
    return made | changes


@pytest.fixture
def finished(tmp_path):
    """Write down trainings that were finished with a record each."""

    def write(made):
        files = [tmp_path / f"models/sersic/{model}/seed{seed}" for model, seed in (("vae", 0), ("ddpm", 1))]
        for folder in files:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "state_0.pt").touch()
            (folder / "state_0.json").write_text(json.dumps(made))
        folder = tmp_path / "studies/denoising/sersic/plain/source"
        folder.mkdir(parents=True, exist_ok=True)
        for alpha in ("0.00", "0.50"):
            (folder / f"alpha{alpha}-0.json").write_text(json.dumps(made))
        return tmp_path

    return write


def changed(stage, **modules):
    """A record of the time before a change of the code."""
    before = record(stage)
    before["code"]["digest"] = "0" * 64
    names = iter(sorted(before["modules"]))
    for what in modules:
        before["modules"][next(names)] = modules[what]
    return before


def test_nothing_is_said_of_what_stays(finished):
    stages = Stages()
    assert retrained(stages, finished(record(stages.now))) == []


def test_stamps_of_a_subset_are_held_against_the_rule_that_takes_it(finished):
    stages = Stages()
    results = finished(record(stages.now))
    (results / "stamps").mkdir()
    (results / "stamps/sersic.json").write_text(json.dumps(record(stages.subset)))
    stages.of_stamps = "subset"
    assert retrained(stages, results) == []
    stages.subset = Stage({"train_images": 30}, "subset.py", (), ("numpy",))
    assert "stamps: train_images was 60, is 30" in retrained(stages, results)[0]


def test_the_module_that_changed_is_named(finished):
    stages = Stages()
    before = changed(stages.now, first="another")
    name = min(before["modules"])
    assert retrained(stages, finished(before))[0] == f"{SAID}code of {name}"


def test_a_module_that_was_moved_besides_is_not_named(finished):
    stages = Stages()
    before = changed(stages.now, first="another")
    first, *_, moved = sorted(before["modules"])
    before["modules"]["galforge.elsewhere"] = before["modules"].pop(moved)
    assert retrained(stages, finished(before))[0] == f"{SAID}code of {first}"


def test_a_module_that_came_or_went_is_named(finished):
    stages = Stages()
    before = changed(stages.now)
    came = max(before["modules"])
    del before["modules"][came]
    before["modules"]["galforge.gone"] = "another"
    assert retrained(stages, finished(before))[0] == f"{SAID}code of galforge.gone, {came}"


def test_a_script_that_changed_is_named_and_so_is_another_way_of_importing(finished):
    stages = Stages()
    before = changed(stages.now)
    said = retrained(stages, finished(before))[0]
    assert said == f"{SAID}code behind table.py: a module imports from another one than before"
    assert retrained(stages, finished(before | {"script": "another"}))[0] == f"{SAID}code of table.py"


def of_old(stage):
    """A record as galforge 0.1.0 wrote it."""
    made = record(stage, modules=dict.fromkeys(record(stage)["modules"], "another"))
    del made["script"]
    made["code"] = {
        "digest": "0" * 64,
        "libraries": made["code"]["libraries"],
        "modules": ["galforge.models.vae.family"],
    }
    return made


def test_of_trainings_of_the_first_release_it_is_said_once_how_to_keep_them(finished):
    stages = Stages([SimpleNamespace(name="sweep", dataset="sersic", denoiser="plain")])
    (said,) = retrained(stages, finished(of_old(stages.now)))
    assert "galforge 0.1.0 made them" in said
    assert "vae on sersic, seed 0; ddpm on sersic, seed 1; 2 of 2 networks of the sweep sweep" in said
    assert "`commit` in the records" in said
    assert "another folder" in said
    assert "galforge.models" not in said, "no module is blamed"


def test_another_reason_is_said_besides(finished):
    stages = Stages()
    said = retrained(stages, finished(of_old(stages.now) | {"spec": {"rate": 2}}))
    assert said[0] == f"{SAID}rate was 2, is 1"
    assert len(said) == 3
