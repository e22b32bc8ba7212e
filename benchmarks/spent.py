"""What a process of Snakemake takes: wall and CPU time, and memory. For `planning.py` and `house.py`."""

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
        if done.returncode != 0:
            raise SystemExit(text)
        cpu, peak = map(float, used.read().split())
    jobs = re.findall(r"^total +(\d+)$", text, re.MULTILINE)
    return Spent(wall, cpu, peak / 1024, int(jobs[0]) if jobs else 0)
