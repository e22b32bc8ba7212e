"""The benchmarks of the house: which lines count as code, and how the CPU time of jobs is told and read."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
CODE = '''\
"""A module.

Of two paragraphs.
"""

import sys  # with a comment

LIMIT = 3
"""Documented by what follows."""
TEXT = """\\
not a docstring
"""


def double(
    number: int,
) -> int:
    """Twice a number."""
    # Why.
    return 2 * number
'''
LOG = '["measure.py", 1.5]\n["train_segment.py", 7.0]\n["measure.py", 2.5]\n'


def load(name: str):
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_docstrings_comments_and_blank_lines_are_no_code():
    assert load("house").code_lines(CODE) == 1 + 1 + 3 + 3 + 1


def test_seconds_are_summed_by_script_the_longest_first():
    found = load("demo_cpu").by_script(LOG)
    assert list(found.items()) == [("train_segment.py", (1, 7.0)), ("measure.py", (2, 4.0))]
    assert load("demo_cpu").by_script("") == {}


def test_the_table_tells_training_from_the_rest():
    benchmark = load("demo_cpu")
    lines = benchmark.table(benchmark.by_script(LOG), total=20.0, wall=9.6).splitlines()
    assert lines[:3] == [
        "3 jobs in 10 s",
        "CPU time [s]: 20, of which training 7, the rest 13",
        "in scripts 11, in Snakemake 9",
    ]
    assert lines[-1].split() == ["measure.py", "2", "4.0", "2.00"]


@pytest.mark.parametrize(("script", "told"), [(".snakemake/scripts/tmpab_1.score.py", True), ("score.py", False)])
def test_only_processes_of_jobs_tell_their_time(tmp_path, script, told):
    benchmark = load("demo_cpu")
    (tmp_path / "sitecustomize.py").write_text(benchmark.PROBE)
    path, log = tmp_path / script, tmp_path / "log"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("sum(range(10**6))\n")
    log.touch()
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), benchmark.VARIABLE: str(log)}
    subprocess.run([sys.executable, path], env=environment, check=True)
    found = benchmark.by_script(log.read_text())
    assert list(found) == (["score.py"] if told else [])
    assert all(jobs == 1 and seconds > 0 for jobs, seconds in found.values())
