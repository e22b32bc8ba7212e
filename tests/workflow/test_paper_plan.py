"""The plan at the papers' scale: the jobs that the manual promises, in seconds."""

import re
import resource
from pathlib import Path

import pytest
from tree import ROOT, copy_tree, planned

CPU_SECONDS = 15.0
FIGURES = "figures"
"""The word of the manual for the rules figure_..."""


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, int], float]:
    """Jobs by rule of ``snakemake --profile profiles/local -n``, and the CPU time of that command [s]."""
    tree = copy_tree(tmp_path_factory.mktemp("paper") / "galforge")
    before = children()
    jobs = planned(tree, config=None)
    return jobs, children() - before


def children() -> float:
    """CPU time of this process's finished children [s]."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def promised(manual: Path) -> dict[str, int]:
    """Rules and their jobs in the section "What the paper scale plans": `a`, `b` | 1 + 2 is one each."""
    section = manual.read_text().split("## What the paper scale plans")[1].split("\n## ")[0]
    found: dict[str, int] = {}
    for line in section.splitlines():
        if not line.startswith("| `"):
            continue
        rules, jobs, _ = (cell.strip() for cell in line.strip("|").split("|"))
        names = [name.strip().strip("`") for name in rules.split(",")]
        counts = [int(count) for count in re.split(r"\s*\+\s*", jobs)]
        assert len(names) == len(counts), f"config/README.md: {line}"
        found |= dict(zip(names, counts, strict=True))
    return found


def test_the_jobs_are_those_of_the_manual(plan):
    jobs: dict[str, int] = {}
    for rule, count in plan[0].items():
        name = FIGURES if rule.startswith("figure_") else rule
        jobs[name] = jobs.get(name, 0) + count
    assert jobs == promised(ROOT / "config/README.md")


def test_planning_takes_seconds(plan):
    """CPU time, not wall time: a busy machine waits but does not count more."""
    jobs, seconds = plan
    assert sum(jobs.values()) > 2500
    assert seconds < CPU_SECONDS, f"{sum(jobs.values())} jobs were planned in {seconds:.1f} s of CPU time"
