"""Time and memory of planning: wall, CPU, peak and jobs of dry runs.

    python benchmarks/planning.py [--repeats 3]

The papers' scale with both profiles, ten thousand jobs with both, and the two parts of what a cluster pays for every
job: Snakemake's own start, and reading this workflow for one target. The lowest of the repeats is printed: other work
on the machine only adds. Runs in a temporary copy of the checkout.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "workflow"))

from test_scale import CPU_SECONDS, ONE_TARGET, PEAK_MIB, large, spent

PAPER_SECONDS, PAPER_JOBS = 5.0, 2000


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
        runs = [("Snakemake's own start", ("--version",), None), ("one target", ONE_TARGET, None)]
        for profile in ("local", "slurm"):
            given = ("--profile", f"profiles/{profile}")
            runs.append((f"papers' scale, {given[1]}", (*given, *paper), PAPER_SECONDS))
            runs.append((f"ten thousand jobs, {given[1]}", (*given, *words), CPU_SECONDS))
        print(f"{'what':<34} {'wall s':>7} {'CPU s':>7} {'peak MiB':>9} {'jobs':>6}")
        for name, command, seconds in runs:
            least = min((spent(tree, *command) for _ in range(repeats)), key=lambda one: one.cpu)
            kept = (seconds is None or least.cpu < seconds) and least.peak < PEAK_MIB
            kept &= seconds != PAPER_SECONDS or least.jobs < PAPER_JOBS
            good &= kept
            row = f"{name:<34} {least.wall:7.2f} {least.cpu:7.2f} {least.peak:9.0f} {least.jobs:6d}"
            print(row if kept else f"{row}  TOO MUCH", flush=True)
    print(
        f"\n{'PASS' if good else 'FAIL'}: papers' scale under {PAPER_SECONDS:g} CPU s and {PAPER_JOBS} jobs, ten "
        f"thousand jobs under {CPU_SECONDS:g} CPU s, all under {PEAK_MIB:g} MiB"
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
