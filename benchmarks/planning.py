"""Time and memory of planning: wall, CPU, peak and jobs of dry runs.

    python benchmarks/planning.py [--repeats 3]

The papers' scale with both profiles, ten thousand jobs with both, and the two parts of what a cluster pays for every
job: Snakemake's own start, and reading this workflow for one target. The lowest of the repeats is printed: other work
on the machine only adds. Runs in a temporary copy of the checkout.
"""

import argparse
import math
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "workflow"))

from test_scale import ONE_TARGET, large
from tree import SNAKEMAKE

OWN_STARTS = 24.0
PEAK_MIB = 440.0
START_SHARE = 1.0
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    good = True
    with tempfile.TemporaryDirectory(prefix="galforge-") as folder:
        stub = Path(folder) / "scontrol"
        stub.write_text("#!/bin/sh\nexit 1\n")
        stub.chmod(0o755)
        # With SLURM installed and no controller running, each start would wait for scontrol.
        os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
        tree, words = large(Path(folder))
        paper = tuple(word for word in words if word not in ("--configfile", "large.yaml"))
        own = ("--version",)
        runs = [("Snakemake's own start", own, math.inf), ("one target", ONE_TARGET, 1 + START_SHARE)]
        for profile in ("local", "slurm"):
            given = ("--profile", f"profiles/{profile}")
            runs.append((f"papers' scale, {given[1]}", (*given, *paper), math.inf))
            runs.append((f"ten thousand jobs, {given[1]}", (*given, *words), OWN_STARTS))
        print(f"{'what':<34} {'wall s':>7} {'CPU s':>7} {'starts':>7} {'peak MiB':>9} {'jobs':>6}")
        for name, command, starts in runs:
            # In turns with Snakemake's start: a machine that slows down changes both.
            turns = [(spent(tree, *own).cpu, spent(tree, *command)) for _ in range(repeats)]
            least = min((turn[1] for turn in turns), key=lambda one: one.cpu)
            taken = least.cpu / min(turn[0] for turn in turns)
            kept = taken < starts and least.peak < PEAK_MIB
            good &= kept
            row = f"{name:<34} {least.wall:7.2f} {least.cpu:7.2f} {taken:7.1f} {least.peak:9.0f} {least.jobs:6d}"
            print(row if kept else f"{row}  TOO MUCH", flush=True)
    print(
        f"\n{'PASS' if good else 'FAIL'}: one target in the CPU time of {1 + START_SHARE:g} starts of Snakemake, ten "
        f"thousand jobs in that of {OWN_STARTS:g}, all under {PEAK_MIB:g} MiB"
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
