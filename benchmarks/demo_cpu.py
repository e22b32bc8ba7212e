"""CPU time of a whole run: of all processes, of training, of the rest, and of the jobs of each script.

    python benchmarks/demo_cpu.py [--checkout PATH] [--configfile config/demo.yaml] [-- TARGET ...]

Runs the demo, or another configuration, in a temporary copy of the checkout. The Python process of each job tells its
own CPU time and that of its children when it ends. What remains of the total is Snakemake: its driver and its start in
each job.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "workflow"))

from tree import ROOT, SNAKEMAKE, copy_tree

TRAINING = ("train_segment.py", "train_denoiser.py")
VARIABLE = "GALFORGE_CPU_LOG"
# Python imports the module sitecustomize when it starts; Snakemake runs scripts as .snakemake/scripts/tmp<any>.<name>.
PROBE = f"""\
import atexit, json, os, resource, sys

def note(script):
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    line = json.dumps([script, sum(each.ru_utime + each.ru_stime for each in used)])
    with open(os.environ["{VARIABLE}"], "a") as log:
        log.write(line + "\\n")

for word in sys.orig_argv:
    if ".snakemake/scripts/tmp" in word and word.endswith(".py"):
        atexit.register(note, os.path.basename(word).partition(".")[2])
        break
"""


def by_script(log: str) -> dict[str, tuple[int, float]]:
    """(jobs, CPU seconds) of each script, the longest first, from the lines that the processes left."""
    found: dict[str, tuple[int, float]] = {}
    for line in log.splitlines():
        script, seconds = json.loads(line)
        jobs, before = found.get(script, (0, 0.0))
        found[script] = (jobs + 1, before + seconds)
    return dict(sorted(found.items(), key=lambda item: -item[1][1]))


def table(found: dict[str, tuple[int, float]], total: float, wall: float) -> str:
    """What is printed: totals, and a line for each script."""
    training = sum(found.get(script, (0, 0.0))[1] for script in TRAINING)
    scripts = sum(seconds for _, seconds in found.values())
    lines = [
        f"{sum(jobs for jobs, _ in found.values())} jobs in {wall:.0f} s",
        f"CPU time [s]: {total:.0f}, of which training {training:.0f}, the rest {total - training:.0f}",
        f"in scripts {scripts:.0f}, in Snakemake {total - scripts:.0f}",
        f"{'script':<32} {'jobs':>5} {'CPU s':>8} {'per job':>8}",
    ]
    lines += [f"{name:<32} {jobs:5d} {spent:8.1f} {spent / jobs:8.2f}" for name, (jobs, spent) in found.items()]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkout", type=Path, default=ROOT, help="default: this one")
    parser.add_argument("--configfile", nargs="+", default=["config/demo.yaml"], help="overlays in the checkout")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="files or rules; default: everything")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="galforge-") as folder:
        tree, log = copy_tree(Path(folder) / "galforge", given.checkout), Path(folder) / "log"
        (Path(folder) / "sitecustomize.py").write_text(PROBE, encoding="utf-8")
        log.touch()
        command = [SNAKEMAKE, "--profile", "profiles/local", "--configfile", *given.configfile]
        command += ["--resources", "gpu=2", "--quiet", "rules", "host", "--", *given.targets]
        before, began = _spent(), time.perf_counter()
        environment = {**os.environ, "PYTHONPATH": folder, VARIABLE: str(log)}
        done = subprocess.run(command, cwd=tree, env=environment, check=False)
        print(table(by_script(log.read_text(encoding="utf-8")), _spent() - before, time.perf_counter() - began))
    return done.returncode


def _spent() -> float:
    """CPU time of the processes that have ended, with those of their jobs [s]."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
