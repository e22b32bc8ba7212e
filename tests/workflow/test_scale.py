"""What planning costs: ten thousand jobs with few calls and little memory, a short start for every job of a cluster.

Function calls are counted, not seconds: the same code makes the same number of them on any machine, however busy.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from spent import run, spent
from tree import SNAKEMAKE, copy_tree

CALLS_PER_JOB = 12_500
PEAK_MIB = 580.0  # with what counts the calls, about 120
PAPER_STARTS = 30.0
READ_STARTS = 4.2
PER_GENERATOR = {"config/config.yaml": 29, "config/demo.yaml": 12}
"""Most jobs for each model that is trained with a seed, all told: each costs its start, and on a cluster a place in the
queue."""
ONLY_IN_JOBS = {"astropy", "h5py", "matplotlib", "scipy", "sep", "skimage", "sklearn", "statmorph", "torch", "xgboost"}
LARGE = """\
name: large
measures:
  morphology: {chunk: 308}
  morphology-published: {chunk: 308}
  features: null
  features-published: null
  features-inception: null
  features-inception-published: null
sampling: {count: 50000, chunk: 1000}
run:
  - {dataset: sersic, model: vae, seeds: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]}
  - {dataset: cosmos, model: vae, seeds: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]}
"""
ONE_TARGET = ("--profile", "profiles/local", "--dry-run", "--", "results/paper/stamps/sersic.h5")


def large(folder: Path) -> tuple[Path, tuple[str, ...]]:
    """A tree with an overlay of ten thousand jobs, and the words that plan it; a profile is still to be named."""
    tree = copy_tree(folder / "galforge")
    (tree / "large.yaml").write_text(LARGE)
    return tree, ("--configfile", "large.yaml", "--dry-run", "--quiet", "rules", "host", "reason")


@pytest.mark.slow
def test_ten_thousand_jobs_are_planned_with_few_calls_and_little_memory(tmp_path):
    tree, words = large(tmp_path)
    plan = spent(tree, "--profile", "profiles/local", *words, count_calls=True)
    assert plan.jobs >= 10_000
    assert plan.calls < CALLS_PER_JOB * plan.jobs, f"{plan.jobs} jobs took {plan.calls} calls"
    assert plan.peak < PEAK_MIB, f"{plan.jobs} jobs took {plan.peak:.0f} MiB"


@pytest.mark.parametrize("config", PER_GENERATOR)
def test_a_generator_takes_few_jobs(config, tmp_path):
    """A new rule that takes a job for each measure, figure or image is seen here."""
    tree = copy_tree(tmp_path / "galforge")
    runs = yaml.safe_load((tree / config).read_text())["run"]
    generators = sum(len(run.get("seeds", [0])) for run in runs)
    overlay = () if config == "config/config.yaml" else ("--configfile", config)
    plan = spent(tree, "--profile", "profiles/local", *overlay, "--dry-run", "--quiet", "rules", "host", "reason")
    assert 10 * generators < plan.jobs <= PER_GENERATOR[config] * generators, f"{plan.jobs} for {generators} generators"


@pytest.mark.slow
def test_the_papers_are_planned_with_few_calls(tmp_path):
    tree = copy_tree(tmp_path / "galforge")
    own = spent(tree, "--version", count_calls=True).calls
    words = ("--profile", "profiles/local", "--dry-run", "--quiet", "rules", "host", "reason")
    plan = spent(tree, *words, count_calls=True)
    assert plan.calls < PAPER_STARTS * own, f"{plan.jobs} jobs took {plan.calls} calls, Snakemake's start {own}"


@pytest.mark.slow
def test_a_job_reads_the_workflow_with_few_calls(tmp_path):
    """Each job of a cluster reads it twice."""
    tree = copy_tree(tmp_path / "galforge")
    own = spent(tree, "--version", count_calls=True).calls
    run(tree, sys.executable, SNAKEMAKE, *ONE_TARGET)  # compiles modules, once
    ours = spent(tree, *ONE_TARGET, count_calls=True).calls
    assert ours < READ_STARTS * own, f"{ours} calls; Snakemake alone takes {own}"


def test_reading_the_workflow_imports_nothing_that_only_jobs_need(tmp_path):
    """What Snakemake has imported for itself costs nothing more; the rest would be seconds for every job."""
    tree = copy_tree(tmp_path / "galforge")
    command = [sys.executable, "-X", "importtime", SNAKEMAKE, *ONE_TARGET]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    imported = {name.split(".")[0] for name in re.findall(r"^import time: .*\| +(\S+)$", done.stderr, re.MULTILINE)}
    assert {"snakemake", "galforge"} <= imported
    assert not imported & ONLY_IN_JOBS
