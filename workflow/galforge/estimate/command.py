"""Why each job of a plan runs, and what the plan costs (``make plan``).

``python estimate/command.py --profile P [--configfile FILE ...] [-- TARGET ...]`` makes a dry run and prints
what the driver says of models that would be trained again, the reasons, and hours and disk per stage. It runs nothing.
CPU-hours are wall time times threads, GPU-hours wall time times GPUs: what a cluster counts.
"""

import argparse
import math
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import yaml

from galforge.config.parse import parse
from galforge.config.problems import merged
from galforge.config.tree import Config
from galforge.errors import GalforgeError
from galforge.estimate.rates import EFFICIENCY, Rates, jobs, read_table
from galforge.estimate.work import REPORT, Job, Workload
from galforge.training.gpus import gpus

SMALL = 60
"""A plan of at most so many jobs is listed job by job."""
GIGA = 1e9
ORDER = ("mock", "download", "stamps", "training", "sampling", "noise", "measuring", "denoising", "scoring", REPORT)
NAMED_SHARE = 0.05
_BLOCK = re.compile(r"^(?:local)?rule (\w+):\n((?:    .*\n)+)", re.MULTILINE)
_ENTRY = re.compile(r"^    (\w+): (.*)$", re.MULTILINE)
BASE = "config/config.yaml"


def dry_run(profile: str, overlays: list[str], targets: list[str]) -> tuple[list[str], list[Job]]:
    """What the driver says at its start, and the jobs that would run.

    Raises:
        GalforgeError: Snakemake refuses, in its own words.
    """
    command = [str(Path(sys.executable).with_name("snakemake")), "--profile", profile, "--dry-run"]
    command += ["--configfile", *overlays] if overlays else []
    command += ["--quiet", "host", "progress"]
    done = subprocess.run([*command, "--", *targets], capture_output=True, text=True, check=False)
    if done.returncode:
        raise GalforgeError(f"{done.stdout}{done.stderr}".strip())
    said = [line for line in done.stderr.splitlines() if line.startswith("galforge:")]
    return said, jobs_of(done.stdout + "\n" + done.stderr)


def jobs_of(text: str) -> list[Job]:
    """The jobs in what a dry run printed; the rule ``all``, which does nothing, is left out."""
    found = []
    for rule, block in _BLOCK.findall(text):
        entries = dict(_ENTRY.findall(block))
        wildcards = dict(pair.split("=", 1) for pair in entries.get("wildcards", "").split(", ") if "=" in pair)
        resources = dict(pair.split("=", 1) for pair in entries.get("resources", "").split(", ") if "=" in pair)
        asked = gpus(int(resources.get("gpu", 0)), resources.get("gres"))
        if rule != "all":
            found.append(Job(rule, wildcards, int(entries.get("threads", 1)), asked, entries.get("reason", "")))
    return found


def kinds(reason: str) -> str:
    """A reason without its file names: ``Missing output files; Input files updated by another job``."""
    return "; ".join(part.split(":", 1)[0].strip() for part in reason.split("; ")) or "asked for"


def reasons(planned: list[Job]) -> list[str]:
    """Why jobs run: one line each in a small plan, one per rule and kind of reason in a large one."""
    if len(planned) <= SMALL:
        return [f"  {job.name}: {job.reason or kinds(job.reason)}" for job in planned]
    groups: dict[tuple[str, str], list[Job]] = defaultdict(list)
    for job in planned:
        groups[job.rule, kinds(job.reason)].append(job)
    width = max(len(rule) for rule, _ in groups)
    lines = []
    for (rule, kind), members in groups.items():
        first = members[0]
        example = first.name.removeprefix(rule).strip()
        lines.append(f"  {rule:<{width}}  {len(members):6d}  {kind}" + (f" (such as {example})" if example else ""))
    return lines


def costs(planned: list[Job], config: Config, results: Path) -> list[str]:
    """The table of stages, and notes below it."""
    precisions = {" ".join(key): model.training.precision for key, model in config.models.items()}
    for sweep in config.sweeps:
        precisions[f"{sweep.dataset} {sweep.denoiser}"] = config.denoisers[sweep.denoiser].precision
    rates = Rates(results, read_table(), precisions)
    workload = Workload(config, rates.bytes_per_stamp())
    rows: dict[str, dict] = {}
    for piece in (piece for job in planned for piece in workload.pieces(job)):
        work = workload.of(piece)
        cost = rates.cost(piece, work)
        row = rows.setdefault(work.stage, {"jobs": 0, "gpu": 0.0, "cpu": 0.0, "disk": 0.0, "from": {}})
        # A job that measures several variants counts in the row of each.
        row["jobs"] += 1
        row["gpu"] = None if row["gpu"] is None or cost.gpu is None else row["gpu"] + cost.gpu / 3600
        row["cpu"] += cost.seconds * piece.threads / 3600
        row["disk"] += work.disk
        row["from"][cost.source] = row["from"].get(cost.source, 0.0) + cost.seconds
    cells = [("stage", "jobs", "GPU-hours", "CPU-hours", "disk [GB]", "rate from")]
    for stage, row in sorted(rows.items(), key=lambda item: _place(item[0])):
        cells.append((stage, str(row["jobs"]), *_numbers(row), _sources(row["from"])))
    total = {
        "gpu": None if any(row["gpu"] is None for row in rows.values()) else sum(row["gpu"] for row in rows.values()),
        **{name: sum(row[name] for row in rows.values() if not math.isnan(row[name])) for name in ("cpu", "disk")},
    }
    cells.append(("total", str(len(planned)), *_numbers(total), ""))
    return [*_aligned(cells), "", *_notes(planned, rates, total["gpu"], cells)]


def _place(stage: str) -> int:
    return next(place for place, name in enumerate(ORDER) if stage.startswith(name))


def _sources(found: dict[str, float]) -> str:
    """Where the rates come from that make the most of a stage's time; a twentieth of it is not worth a word."""
    total = sum(found.values())
    named = [source for source, seconds in found.items() if not seconds < NAMED_SHARE * total]
    return "; ".join(sorted(named, key=found.__getitem__, reverse=True))


def _notes(planned: list[Job], rates: Rates, gpu: float | None, cells: list[tuple[str, ...]]) -> list[str]:
    notes = []
    if gpu is None:
        notes.append(
            "GPU-hours ?: no GPU was measured here, and their CPU-hours are those of a CPU. `.venv/bin/snakemake "
            "--profile P [--configfile ...] --force -- gpu_check` takes a minute on the machine that trains, and "
            "`make plan` knows then."
        )
    if any("(assumed)" in row[-1] for row in cells):
        notes.append(
            f"{EFFICIENCY:.0%} of a GPU's matrix rate is an unverified assumption; the first finished training "
            "job replaces it by its own rate."
        )
    if any("rates.csv" in row[-1] for row in cells):
        devices = sorted({row.device for row in rates.table})
        notes.append(f"rates.csv was measured on {', '.join(devices)}; benchmarks/rates.py makes one of your machine.")
    if any(job.rule == "download" for job in planned):
        notes.append("What a download takes is not known before it; the total leaves it out.")
    return notes


def _numbers(row: dict) -> tuple[str, str, str]:
    return ("?" if row["gpu"] is None else number(row["gpu"])), number(row["cpu"]), number(row["disk"] / GIGA)


def number(value: float) -> str:
    """Two digits: ``0.034``, ``3.4``, ``340``; ``-`` for nothing, ``?`` for not measured."""
    if math.isnan(value):
        return "?"
    if value == 0:
        return "-"
    rounded = float(f"{value:.2g}")
    return f"{rounded:.0f}" if rounded >= 10 else f"{rounded:g}" if rounded >= 0.001 else "<0.001"


def _aligned(cells: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines = []
    for row in cells:
        middle = "  ".join(f"{row[column]:>{widths[column]}}" for column in range(1, len(row) - 1))
        lines.append(f"  {row[0]:<{widths[0]}}  {middle}  {row[-1]}".rstrip())
    return lines


def configuration(overlays: list[str]) -> Config:
    """The configuration that Snakemake makes of its own file and overlays."""
    tree: dict = {}
    for file in (BASE, *overlays):
        tree = merged(tree, yaml.safe_load(Path(file).read_text(encoding="utf-8")) or {})
    return parse(tree)


def main(words: list[str]) -> None:
    """Command line; see the module."""
    parser = argparse.ArgumentParser(description="Why jobs would run, and what they would cost.")
    parser.add_argument("--profile", default="profiles/local")
    parser.add_argument("--configfile", nargs="+", default=[], help="overlays, later ones win")
    parser.add_argument("targets", nargs="*")
    given = parser.parse_args(words)
    try:
        said, planned = dry_run(given.profile, given.configfile, given.targets)
        print(*said, sep="\n")
        if not planned:
            print("nothing to be done: all results are there and up to date")
            return
        config = configuration(given.configfile)
        print(f"\nWhy {jobs(len(planned))} would run", *reasons(planned), sep="\n")
        print("\nWhat that costs", *costs(planned, config, Path("results") / config.overall.name), sep="\n")
    except GalforgeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
