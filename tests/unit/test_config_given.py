"""Images that were generated elsewhere, in a configuration: what is refused, and what is planned."""

import pytest
import yaml
from tree import ROOT

from galforge.config.parse import ConfigError, parse
from galforge.config.problems import merged
from galforge.models.given.settings import SAID, ModelSettings
from galforge.plan import comparisons
from galforge.plan.figures import Figures
from galforge.plan.stages import Stages

BASE = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
THEIRS = {"family": "given", "path": "mine.npz", "unit": "flux", "pixel_unit": "electron", "pixel_scale": 0.03}


def configured(dataset="cosmos", run=None, datasets=None, **changes):
    theirs = {**THEIRS, "bands": ["F814W"], "zero_points": [25.94], "pixel_unit": "", **changes}
    overlay = {"models": {"theirs": theirs}, "run": [{"dataset": dataset, "model": "theirs", **(run or {})}]}
    return parse(merged(BASE, {**overlay, **({"datasets": datasets} if datasets else {})}))


def test_given_images_are_measured_and_compared_like_those_of_a_model_and_nothing_is_trained():
    config = configured()
    stages = Stages(config)
    assert config.trainings == []
    assert stages.facts.segments("cosmos", "theirs") == 0
    assert ("theirs", 0) in comparisons.compared(config, "cosmos", "properties")
    names = stages.tables.planned.names
    assert "holzschuh2022/morphology" in names
    assert "all" in {name.rpartition("/")[2] for name in names}
    assert not any("cost" in name for name in names)
    drawn = {figure.name for figure in Figures(stages.facts).planned}
    assert "stamps" in drawn
    assert not {"history", "interpolations", "fidelity"} & drawn


def test_beside_a_trained_model_only_that_has_a_history_walks_and_hours():
    overlay = {
        "models": {"theirs": {**THEIRS, "bands": ["F814W"], "zero_points": [25.94], "pixel_unit": ""}},
        "run": [{"dataset": "cosmos", "model": "vae"}, {"dataset": "cosmos", "model": "theirs"}],
    }
    stages = Stages(parse(merged(BASE, overlay)))
    figures = {figure.name: figure.needs for figure in Figures(stages.facts).planned}
    assert figures["history"].told["models"] == [["vae", 0]]
    assert len(figures["history"].files["histories"]) == 1
    assert figures["interpolations"].told["models"] == [["vae", 0]]
    job = next(job for job in stages.tables.planned.jobs.values() if "weights" in job.inputs)
    assert len(job.inputs["weights"]) == 1
    spec = stages.tables.stage(f"tables_{job.name}").spec
    assert [entry[:2] for entry in spec["trainings"]] == [["cosmos", "vae"]]
    assert [entry[:2] for entry in spec["given"]] == [["cosmos", "theirs"]]
    assert spec["given"][0][2].startswith("given as files, ")


def test_what_is_known_of_the_images_is_in_the_tables_that_show_them_and_in_no_measurement():
    one, two = (Stages(configured(authors=name)) for name in ("Ada", "Eve"))
    rule = next(f"tables_{name}" for name in one.tables.planned.jobs if "headline" in name)
    assert "by Ada" in one.tables.stage(rule).spec_param
    assert one.tables.stage(rule).spec_param != two.tables.stage(rule).spec_param
    wildcards = {"dataset": "cosmos", "model": "theirs", "seed": "0"}
    assert one.stage("take_given", wildcards).spec_param == two.stage("take_given", wildcards).spec_param


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"training": {"images_total": 10}}, "models.theirs.training: images are given and nothing is trained"),
        ({"bands": ["F606W"]}, "run[0].bands: theirs has no band F814W"),
        ({"pixel_scale": 0.05}, "run[0].pixel_scale: 0.05, but cosmos has 0.03"),
        ({"unit": "display", "zero_points": []}, "run[0].unit: display, but cosmos has fluxes"),
        ({"unit": "normalised", "zero_points": []}, "run[0].unit: normalised, but cosmos has fluxes"),
        ({"zero_points": []}, "unit: flux needs either zero_points"),
        ({"zero_points": [1.0, 2.0]}, "2 zero_points for 1 bands"),
        ({"columns": ["redshift"], "catalogue": "t.csv"}, "run[0].columns: redshift: no column of cosmos"),
        ({"columns": ["redshift"]}, "need a catalogue"),
        ({"colour": 1}, "models.theirs.colour: unknown key"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_its_key(changes, says):
    with pytest.raises(ConfigError) as caught:
        configured(**changes)
    assert says in str(caught.value)


def test_given_images_have_no_seeds_and_are_no_galaxies_to_train_denoisers_with():
    with pytest.raises(ConfigError, match="have no seeds"):
        configured(run={"seeds": [0, 1]})
    with pytest.raises(ConfigError, match="training split"):
        configured(run={"denoise": ["unet"]})


def test_images_without_redshifts_are_left_out_of_comparisons_by_redshift():
    bands = {"bands": ["g", "r", "i", "z", "y"], "zero_points": [27.0] * 5, "pixel_scale": 0.168}
    without = configured("galaxiesml", **bands)
    told = configured("galaxiesml", **bands, catalogue="t.csv", columns=["redshift"])
    assert comparisons.compared(without, "galaxiesml", "conditional") == [("real", 0)]
    assert comparisons.compared(told, "galaxiesml", "conditional") == [("theirs", 0), ("real", 0)]


def test_every_unit_has_its_words():
    assert set(SAID) == set(ModelSettings.model_fields["unit"].annotation.__args__)
