"""The plan at the papers' scale: the jobs that the manual promises, in seconds."""

import re
import resource
from pathlib import Path

import pytest
from tree import ROOT, SMALLEST, copy_tree, planned

TIMES_THE_SMALLEST = 6.0
WORDS = {
    r"figures_.*": "figures",
    r"tables_.*": "tables",
    r"latents_.*": "latents_*",
    r"measure_.*?((_source)?)(_and_native)?((_chunk)?)$": r"measure_*\1\4",
}
"""Words of the manual for rules that are written in a loop."""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_tree(tmp_path_factory.mktemp("paper") / "galforge")


@pytest.fixture(scope="module")
def plan(tree: Path) -> tuple[dict[str, int], float]:
    """Jobs by rule of ``snakemake --profile profiles/local -n``, and the CPU time of that command [s]."""
    return timed(tree, None)


def timed(tree: Path, config: str | None) -> tuple[dict[str, int], float]:
    """Jobs by rule of a dry run, and its CPU time [s]."""
    before = children()
    jobs = planned(tree, config=config)
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
        name = next((re.sub(each, word, rule) for each, word in WORDS.items() if re.fullmatch(each, rule)), rule)
        jobs[name] = jobs.get(name, 0) + count
    assert jobs == promised(ROOT / "config/README.md")


def test_planning_takes_seconds(tree, plan):
    """Against the plan of the smallest run, which is start-up and little else: seconds alone say as much of a machine.

    CPU time, not wall time: a busy machine waits but does not count more.
    """
    jobs, seconds = plan
    assert 1000 < sum(jobs.values()) < 1800
    smallest = timed(tree, SMALLEST)[1]
    assert seconds < TIMES_THE_SMALLEST * smallest, (
        f"{sum(jobs.values())} jobs were planned in {seconds:.1f} s of CPU time, the smallest run in {smallest:.1f} s"
    )
