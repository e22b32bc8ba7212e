"""The files that rules write are asked of Snakemake, and found again by the wildcards of their jobs."""

from pathlib import Path

import pytest

from galforge.errors import GalforgeError
from galforge.operate.rules import Written, written

ROOT = Path(__file__).resolve().parents[2]
ALPHA = {"who": "[a-z0-9_-]+", "alpha": r"\d\.\d\d", "replicate": r"\d+"}


def test_every_rule_of_the_workflow_is_known_with_its_wildcards(monkeypatch):
    monkeypatch.chdir(ROOT)
    rules = written(["--profile", "profiles/local", "--configfile", "tests/config/smallest.yaml"])
    training = rules["train_segment"]
    assert training.log.startswith("results/smallest/logs/")
    assert training.benchmark.startswith("results/smallest/benchmarks/")
    assert list(training.wildcards) == ["dataset", "model", "seed", "segment"]
    for name, rule in rules.items():
        assert name == "all" or rule.log, f"rule {name} writes no log"
        if rule.log:
            rule.log.format(**rule.wildcards), rule.benchmark.format(**rule.wildcards)


def test_what_snakemake_refuses_is_told_in_its_words(monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    overlay = tmp_path / "wrong.yaml"
    overlay.write_text("sampling: {count: many}\n")
    with pytest.raises(GalforgeError, match=r"sampling\.count: 'many'"):
        written(["--profile", "profiles/local", "--configfile", str(overlay)])


@pytest.fixture
def networks(tmp_path) -> tuple[Written, Written]:
    """Two rules with logs side by side, of which one is finished and one is not."""
    places = [f"{tmp_path}/{{who}}/alpha{{alpha}}-{{replicate}}{end}" for end in (".log", ".tests.log", ".pt")]
    for name in ("vae-seed0/alpha0.50-1.log", "vae-seed0/alpha0.50-1.tests.log", "vae-seed0/alpha0.50-1.pt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "vae-seed0/alpha1.00-0.log").touch()
    return Written(places[0], "", places[2], ALPHA), Written(places[1], "", places[2], ALPHA)


def test_logs_are_told_apart_by_the_constraints_of_wildcards(networks):
    trained, tested = networks
    one = {"who": "vae-seed0", "alpha": "0.50", "replicate": "1"}
    assert sorted(trained.started, key=str) == [one, {"who": "vae-seed0", "alpha": "1.00", "replicate": "0"}]
    assert tested.started == [one]


def test_files_are_found_by_some_wildcards(networks):
    trained, _ = networks
    assert [file.name for file in trained.files("output", {})] == ["alpha0.50-1.pt"]
    assert [file.name for file in trained.files("log", {"alpha": "1.00", "segment": "3"})] == ["alpha1.00-0.log"]
    assert trained.files("log", {"who": "another"}) == []
    assert trained.files("benchmark", {}) == []


def test_a_rule_without_wildcards_has_one_job(tmp_path):
    page = Written(f"{tmp_path}/page.log", "", "", {})
    assert page.started == []
    (tmp_path / "page.log").touch()
    assert Written(f"{tmp_path}/page.log", "", "", {}).files("log", {}) == [tmp_path / "page.log"]
