"""CPU time of a driver while jobs run: Snakemake as it is, and with `galforge.operate.scheduler.calm`.

    python benchmarks/driver.py [--jobs 300] [--at-once 6]

Jobs of one second, all ready from the start, of which some run at once: most wait most of the time, as in a large run.
Both drivers run one after the other, each on a workflow of its own in a temporary folder.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "workflow"
CALM = f"""\
import sys
sys.path.insert(0, {str(PACKAGE)!r})
from galforge.operate.scheduler import calm
calm()
"""
RULES = """\
rule all:
    input: expand("done/{{number}}", number=range({jobs}))
rule wait:
    output: touch("done/{{number}}")
    shell: "sleep 1"
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=300)
    parser.add_argument("--at-once", type=int, default=6)
    given = parser.parse_args()
    for name, head in (("Snakemake alone", ""), ("with galforge.operate.scheduler", CALM)):
        with tempfile.TemporaryDirectory(prefix="galforge-") as folder:
            (Path(folder) / "Snakefile").write_text(head + RULES.format(jobs=given.jobs))
            before = _spent()
            command = [Path(sys.executable).with_name("snakemake"), "--cores", str(given.at_once), "--quiet", "all"]
            subprocess.run(command, cwd=folder, check=True)
            print(f"{name:<32} {_spent() - before:6.1f} s of CPU time", flush=True)
    return 0


def _spent() -> float:
    """CPU time of the processes that have ended, with those of their jobs [s]."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
