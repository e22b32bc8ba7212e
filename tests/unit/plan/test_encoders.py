"""Measures that are taken with Zoobot or DINOv2: jobs of their own, which make nothing else run again."""

from types import SimpleNamespace

import pytest
import yaml

from galforge.config import files
from galforge.config.parse import ConfigError, parse
from galforge.config.problems import merged
from galforge.measure.features.settings import ENCODERS
from galforge.plan.driver import Driver
from galforge.plan.stage import SCRIPTS
from galforge.plan.stages import Stages
from galforge.provenance.digest import reachable
from galforge.provenance.records import file_digest


def with_measures(**measures):
    return merged(yaml.safe_load(files.CONFIG.read_text(encoding="utf-8")), {"measures": measures})


def zoobot(**given):
    return {"family": "features", "chunk": 1000, "network": "zoobot", "weights": "download", **given}


@pytest.fixture(scope="module")
def before():
    return Stages(parse(with_measures()))


@pytest.fixture(scope="module")
def after():
    measures = {"features-zoobot": zoobot(), "features-dinov2": zoobot(network="dinov2-small")}
    return Stages(parse(with_measures(**measures)))


def test_other_networks_are_measured_as_before(before, after):
    old = ("features", "features-inception", "features-inception-published", "features-published")
    for who in ("source", "stylegan-seed0"):
        assert before.facts.together("sersic", who, "features") == old
        assert after.facts.together("sersic", who, "features") == old
        assert after.facts.together("sersic", who, "features-zoobot") == ("features-dinov2", "features-zoobot")
    for rule in before.facts.measuring:
        if rule.startswith("measure_features"):
            dataset = before.facts.measuring[rule].datasets[0]
            stages = [each.stage(rule, {"dataset": dataset, "who": "stylegan-seed0"}) for each in (before, after)]
            assert stages[0].spec_param == stages[1].spec_param
            assert stages[0].code_param == stages[1].code_param


def test_their_jobs_hold_their_code_and_no_other_network(after):
    job = after.stage("measure_features_dinov2", {"dataset": "sersic", "who": "stylegan-seed0"})
    assert job.spec["family"] == ENCODERS
    assert set(job.spec["variants"]) == {"features-dinov2", "features-zoobot"}
    assert {"transformers", "safetensors", "torch"} <= set(job.libraries)
    modules = set(reachable(SCRIPTS / job.script, job.modules))
    assert {f"{ENCODERS}.{name}" for name in ("measure", "weights", "zoobot", "dinov2")} <= modules
    assert not {name for name in modules if name.endswith(("efficientnet_lite0", "inception_v3", "features.weights"))}
    lite = after.stage("measure_features", {"dataset": "sersic", "who": "stylegan-seed0"})
    assert not {name for name in reachable(SCRIPTS / lite.script, lite.modules) if name.startswith(ENCODERS)}


def test_a_data_set_of_its_own_network_is_measured_by_that_code():
    overrides = {"features": {"network": "zoobot", "weights": "download"}}
    tree = with_measures()
    tree["datasets"]["sersic"]["measuring"]["overrides"] = overrides
    stages = Stages(parse(tree))
    assert "features" not in stages.facts.together("sersic", "source", "features-published")
    for dataset, family in (("sersic", ENCODERS), ("cosmos", "features")):
        rule = next(
            kind.rule
            for kind in stages.facts.measuring.values()
            if "features" in kind.measures and dataset in kind.datasets and kind.generated
        )
        assert stages.stage(rule, {"dataset": dataset, "who": "stylegan-seed0"}).spec["family"] == family


def test_a_snapshot_is_scored_by_that_code():
    tree = with_measures(**{"features-zoobot": zoobot()})
    tree["models"]["stylegan"]["snapshot"]["by"] = "features-zoobot"
    tree["run"] = [{"dataset": "cosmos", "model": "stylegan"}]
    stages = Stages(parse(tree))
    wildcards = {"dataset": "cosmos", "model": "stylegan", "seed": "0", "segment": "0"}
    stage = stages.stage("score_snapshot", wildcards)
    assert stage.spec["measure"]["family"] == ENCODERS
    assert f"{ENCODERS}.measure" in stage.modules


def test_both_zoobots_are_kept_under_names_of_their_own():
    """On Hugging Face each is called model.safetensors."""
    measures = {"features-zoobot": zoobot(), "features-gray": zoobot(network="zoobot-greyscale", sha256="ab" * 32)}
    driver = Driver(SimpleNamespace(is_main_process=False), with_measures(**measures))
    named = [driver.weights("sersic", measure) for measure in measures]
    assert named == [f"data/raw/zoobot-{name}convnext_nano.safetensors" for name in ("", "greyscale-")]
    spec = driver.stages.stage("download", {"file": named[1].rsplit("/", 1)[-1]}).spec
    assert spec["sha256"] == "ab" * 32
    assert spec["url"].startswith("https://huggingface.co/mwalmsley/zoobot-encoder-greyscale-convnext_nano/resolve/")


def test_weights_without_a_checksum_are_not_shared(monkeypatch):
    monkeypatch.setenv("SNAKEMAKE_OUTPUT_CACHE", "cache")
    for given, shared in (({}, False), ({"sha256": "ab" * 32}, True)):
        tree = with_measures(**{"features-zoobot": zoobot(**given)})
        tree["run"] = [{"dataset": "sersic", "model": "vae"}]
        assert Driver(SimpleNamespace(is_main_process=False), tree).shares() == shared


def test_a_file_of_another_checksum_is_refused_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "mine.safetensors"
    file.write_bytes(b"weights")
    for wanted in (file_digest(file), "ab" * 32):
        given = zoobot(weights="path", path=str(file), sha256=wanted)
        tree = with_measures(**{"features-zoobot": given})
        tree["run"] = [{"dataset": "sersic", "model": "vae"}]
        driver = Driver(SimpleNamespace(is_main_process=False), tree)
        assert driver.weights("sersic", "features-zoobot") == str(file)
        if wanted == "ab" * 32:
            with pytest.raises(
                ConfigError, match=r"measures\.features-zoobot\.path: .* not abababababababab\.\.\.: give"
            ):
                driver._check_paths()
        else:
            driver._check_paths()
