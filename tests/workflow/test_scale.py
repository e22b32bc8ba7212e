"""What planning costs: ten thousand jobs in seconds and little memory, and a short start for every job of a cluster."""

import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from tree import SNAKEMAKE, copy_tree

OWN_STARTS = 24.0
PEAK_MIB = 400.0
START_SHARE = 1.0
PER_GENERATOR = {"config/config.yaml": 29, "config/demo.yaml": 12}
"""Most jobs for each model that is trained with a seed, all told: each costs its start, and on a cluster a place in the
queue."""
PAPER_STARTS = 7.0
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
# A process inherits the peak of the memory of the one that starts it: a small one has to be between.
COUNTED = """\
import resource, subprocess, sys
code = subprocess.run(sys.argv[2:]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
open(sys.argv[1], "w").write(f"{used.ru_utime + used.ru_stime} {used.ru_maxrss}")
sys.exit(code)
"""
ONE_TARGET = ("--profile", "profiles/local", "--dry-run", "--", "results/paper/stamps/sersic.h5")


@dataclass(frozen=True)
class Spent:
    """What one Snakemake process took: time [s], peak of resident memory [MiB], and the jobs that it planned."""

    wall: float
    cpu: float
    peak: float
    jobs: int


def spent(tree: Path, *words: str) -> Spent:
    """Run Snakemake in a tree."""
    with tempfile.NamedTemporaryFile("w+") as said, tempfile.NamedTemporaryFile("r") as used:
        began = time.perf_counter()
        command = [sys.executable, "-c", COUNTED, used.name, SNAKEMAKE, *words]
        done = subprocess.run(command, cwd=tree, stdout=said, stderr=subprocess.STDOUT, check=False)
        wall = time.perf_counter() - began
        said.seek(0)
        text = said.read()
        assert done.returncode == 0, text
        cpu, peak = map(float, used.read().split())
    jobs = re.findall(r"^total +(\d+)$", text, re.MULTILINE)
    return Spent(wall, cpu, peak / 1024, int(jobs[0]) if jobs else 0)


def large(folder: Path) -> tuple[Path, tuple[str, ...]]:
    """A tree with an overlay of ten thousand jobs, and the words that plan it; a profile is still to be named."""
    tree = copy_tree(folder / "galforge")
    (tree / "large.yaml").write_text(LARGE)
    return tree, ("--configfile", "large.yaml", "--dry-run", "--quiet", "rules", "host", "reason")


@pytest.mark.slow
def test_ten_thousand_jobs_are_planned_in_seconds_and_little_memory(tmp_path):
    """CPU time beside that of Snakemake's own start, before and after: a machine may be slow, or slowed down."""
    tree, words = large(tmp_path)
    before = spent(tree, "--version").cpu
    plan = spent(tree, "--profile", "profiles/local", *words)
    own = (before + spent(tree, "--version").cpu) / 2
    assert plan.jobs >= 10_000
    assert plan.cpu < OWN_STARTS * own, (
        f"{plan.jobs} jobs took {plan.cpu:.1f} s of CPU time, Snakemake's start {own:.1f}"
    )
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
def test_the_papers_plan_takes_few_starts_of_snakemake(tmp_path):
    tree = copy_tree(tmp_path / "galforge")
    before = spent(tree, "--version").cpu
    plan = spent(tree, "--profile", "profiles/local", "--dry-run", "--quiet", "rules", "host", "reason")
    own = (before + spent(tree, "--version").cpu) / 2
    assert plan.cpu < PAPER_STARTS * own, f"{plan.jobs} jobs took {plan.cpu:.1f} s, Snakemake's start {own:.1f}"


@pytest.mark.slow
def test_a_job_reads_the_workflow_in_less_than_its_start(tmp_path):
    """Each job of a cluster reads it twice. Beside Snakemake's own start, in turns; the lowest of five counts."""
    tree = copy_tree(tmp_path / "galforge")
    turns = [[spent(tree, *words).cpu for words in (("--version",), ONE_TARGET)] for _ in range(5)]
    own, ours = map(min, zip(*turns, strict=True))
    assert ours - own < START_SHARE * own, f"{ours:.2f} s; Snakemake alone takes {own:.2f} s"


def test_reading_the_workflow_imports_nothing_that_only_jobs_need(tmp_path):
    """What Snakemake has imported for itself costs nothing more; the rest would be seconds for every job."""
    tree = copy_tree(tmp_path / "galforge")
    command = [sys.executable, "-X", "importtime", SNAKEMAKE, *ONE_TARGET]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    imported = {name.split(".")[0] for name in re.findall(r"^import time: .*\| +(\S+)$", done.stderr, re.MULTILINE)}
    assert {"snakemake", "galforge"} <= imported
    assert not imported & ONLY_IN_JOBS
