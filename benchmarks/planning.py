"""Time and memory of planning: wall, CPU, peak and jobs of dry runs.

    python benchmarks/planning.py [--repeats 3]

The papers' scale with both profiles, ten thousand jobs with both, and the two parts of what a cluster pays for every
job: Snakemake's own start, and reading this workflow for one target. The lowest of the repeats is printed: other work
on the machine only adds. Runs in a temporary copy of the checkout.
"""

import argparse
import math
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "workflow"))

from spent import spent
from test_scale import ONE_TARGET, large

OWN_STARTS = 24.0
PEAK_MIB = 440.0
START_SHARE = 1.0


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
