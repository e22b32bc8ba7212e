"""galforge as a module of another workflow, in another folder: its jobs run there."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml
from tree import ROOT, SNAKEMAKE

# With a handler of its own, which Snakemake runs in place of a module's.
WITH_CONFIG = f"""
configfile: "config/config.yaml"


onstart:
    print("the outer workflow starts")


module galforge:
    snakefile:
        "{ROOT}/workflow/Snakefile"
    config:
        config


use rule * from galforge as galaxies_*


rule size:
    input:
        "results/deployed/stamps/sersic.h5",
    output:
        "size.txt",
    params:
        spec=["of", "another", "kind"],
        code=1,
    shell:
        "wc -c < {{input}} > {{output}}"
"""
WITHOUT = f"""
module galforge:
    snakefile:
        "{ROOT}/workflow/Snakefile"


use rule * from galforge
"""
STAMPS = "results/deployed/stamps/sersic.h5"
OVERLAY = {
    "name": "deployed",
    "scale": "test",
    "datasets": {"sersic": {"count": 3, "size": 32, "pixel_scale": 0.32, "measuring": {"expected_count": 3}}},
    "run": [{"dataset": "sersic", "model": "vae", "seeds": [0]}],
}


def run(folder: Path, *words: str) -> subprocess.CompletedProcess:
    variables = {name: value for name, value in os.environ.items() if name not in ("GALFORGE_PLAN", "PYTHONPATH")}
    command = [SNAKEMAKE, "--cores", "1", *words]
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=1800)


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "workflow").mkdir()
    (tmp_path / "overlay.yaml").write_text(yaml.safe_dump(OVERLAY))
    return tmp_path


def test_jobs_run_under_other_names_beside_the_rules_of_the_outer_workflow(folder):
    (folder / "workflow/Snakefile").write_text(WITH_CONFIG)
    (folder / "config").mkdir()
    (folder / "config/config.yaml").write_bytes((ROOT / "config/config.yaml").read_bytes())
    done = run(folder, "--configfile", "overlay.yaml", "--", "size.txt")
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "the outer workflow starts" in said
    assert "rule galaxies_stamps:" in said
    assert int((folder / "size.txt").read_text()) == (folder / STAMPS).stat().st_size > 3 * 32 * 32 * 4


@pytest.mark.slow
def test_without_a_configuration_of_its_own_it_has_that_of_the_checkout(folder):
    (folder / "workflow/Snakefile").write_text(WITHOUT)
    done = run(folder, "--configfile", "overlay.yaml", "--", STAMPS)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "galforge: configuration 'deployed' (test scale) from " in said
    assert (folder / STAMPS).exists()
    assert "Nothing to be done" in (again := run(folder, "--configfile", "overlay.yaml", "--", STAMPS)).stderr, again
    # The whole plan, too: printed values are found, wherever it is made.
    planned = run(folder, "--configfile", "overlay.yaml", "-n", "--quiet", "rules")
    assert planned.returncode == 0, planned.stdout + planned.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ('    prefix:\n        "elsewhere"\n', "set `name` in the configuration"),
        ("", "clone the repository"),
    ],
    ids=["prefix", "git"],
)
def test_what_cannot_work_is_refused_in_a_sentence(folder, lines, reason):
    outer = WITHOUT.replace('workflow/Snakefile"\n', f'workflow/Snakefile"\n{lines}')
    if not lines:
        outer = outer.replace(f'"{ROOT}/workflow', f'"git+file://{ROOT}/workflow')
    (folder / "workflow/Snakefile").write_text(outer)
    done = run(folder, "--configfile", "overlay.yaml", "-n", "--", STAMPS)
    assert done.returncode == 1
    assert reason in done.stderr, done.stderr
