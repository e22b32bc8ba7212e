"""What a process of Snakemake takes: function calls, time, memory. For tests of planning, and for benchmarks."""

import os
import pstats
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tree import SNAKEMAKE

# A process inherits the peak of the memory of the one that starts it: a small one has to be between.
COUNTED = """\
import resource, subprocess, sys
code = subprocess.run(sys.argv[2:]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
open(sys.argv[1], "w").write(f"{used.ru_utime + used.ru_stime} {used.ru_maxrss}")
sys.exit(code)
"""


@dataclass(frozen=True)
class Spent:
    """What one Snakemake process took: time [s], peak of resident memory [MiB], the jobs that it planned; and function
    calls, 0 where they were not counted."""

    wall: float
    cpu: float
    peak: float
    jobs: int
    calls: int


def spent(tree: Path, *words: str, count_calls: bool = False) -> Spent:
    """Run Snakemake in a tree. Counting its calls takes time and memory."""
    with tempfile.TemporaryDirectory() as name:
        used, calls = Path(name, "used"), Path(name, "calls")
        profiled = ["-m", "cProfile", "-o", calls] if count_calls else []
        began = time.perf_counter()
        text = run(tree, sys.executable, "-c", COUNTED, used, sys.executable, *profiled, SNAKEMAKE, *words)
        wall = time.perf_counter() - began
        cpu, peak = map(float, used.read_text().split())
        total = pstats.Stats(str(calls)).total_calls if count_calls else 0
    jobs = re.findall(r"^total +(\d+)$", text, re.MULTILINE)
    return Spent(wall, cpu, peak / 1024, int(jobs[0]) if jobs else 0, total)


def run(tree: Path, *command: str | Path) -> str:
    """What a command says in a tree; the order of sets is the same each time, and so are the calls."""
    fixed = os.environ | {"PYTHONHASHSEED": "0"}
    done = subprocess.run(
        command, cwd=tree, env=fixed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
