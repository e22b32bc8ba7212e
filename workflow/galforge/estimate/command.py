"""Why each job of a plan runs, and what the plan costs (``make plan``).

``python workflow/galforge/estimate/command.py --profile P [--configfile FILE ...] [-- TARGET ...]`` makes a dry run and
prints which models would be trained again, why each job would run, and hours and disk per stage. It runs nothing.
CPU-hours are wall time times threads, GPU-hours wall time times GPUs: what a cluster counts.
"""

import argparse
import math
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import yaml
from tabulate import tabulate

from galforge.config.parse import parse
from galforge.config.problems import merged
from galforge.config.tree import Config
from galforge.errors import GalforgeError
from galforge.estimate.rates import Rates, jobs, read_table
from galforge.estimate.roofline import FACTOR
from galforge.estimate.work import Job, Workload
from galforge.operate.rules import Written, written
from galforge.training.gpus import gpus

SMALL = 60
"""A plan of at most this many jobs is listed job by job."""
GIGA = 1e9
NAMED_SHARE = 0.05
"""Share of a stage's time below which the source of a rate is not named."""
_BLOCK = re.compile(r"^(?:local)?rule (\w+):\n((?:    .*\n)+)", re.MULTILINE)
_ENTRY = re.compile(r"^    (\w+): (.*)$", re.MULTILINE)
BASE = "config/config.yaml"


def dry_run(options: list[str], targets: list[str]) -> tuple[list[str], list[Job]]:
    """What the driver says at its start, and the jobs that would run.

    Raises:
        GalforgeError: Snakemake refuses; the message is its own.
    """
    command = [str(Path(sys.executable).with_name("snakemake")), *options, "--dry-run", "--quiet", "host", "progress"]
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
        pairs = (entries.get(name, "").split(", ") for name in ("wildcards", "resources"))
        wildcards, resources = (dict(pair.split("=", 1) for pair in own if "=" in pair) for own in pairs)
        asked = gpus(int(resources.get("gpu", 0)), resources.get("gres"))
        if rule != "all":
            found.append(Job(rule, wildcards, int(entries.get("threads", 1)), asked, entries.get("reason", "")))
    return found


def kinds(reason: str) -> str:
    """A reason without its file names: ``Missing output files; Input files updated by another job``."""
    return "; ".join(part.partition(":")[0].strip() for part in reason.split("; ")) or "asked for"


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
        example = members[0].name.removeprefix(rule).strip()
        lines.append(f"  {rule:<{width}}  {len(members):6d}  {kind}" + (f" (such as {example})" if example else ""))
    return lines


def pieces(job: Job, rules: Mapping[str, Written]) -> list[Job]:
    """A job as one for each piece that has a log and a rate of its own, such as each variant of a measure."""
    found = [(name, rule.piece) for name, rule in rules.items() if name.startswith(f"{job.rule} ")]
    return [replace(job, rule=name, wildcards={**job.wildcards, **piece}) for name, piece in found] or [job]


def costs(planned: list[Job], config: Config, results: Path, rules: Mapping[str, Written]) -> list[str]:
    """The table of stages in the order of the work, and notes below it."""
    rates = Rates(results, read_table(), rules)
    workload = Workload(config, rates.bytes_per_stamp())
    rows: dict[str, Counter] = defaultdict(Counter)
    memory: dict[str, float] = defaultdict(float)
    sources: dict[str, Counter] = defaultdict(Counter)
    for job in (piece for planned_job in planned for piece in pieces(planned_job, rules)):
        work = workload.of(job)
        cost = rates.cost(job, work)
        cpu = cost.seconds * job.threads / 3600
        # A job of several pieces counts in the row of each.
        rows[work.stage].update(jobs=1, gpu=cost.gpu / 3600, cpu=cpu, disk=work.disk)
        sources[work.stage][cost.source] += cost.seconds
        memory[work.stage] = max(memory[work.stage], rates.memory(job, work))
    # A dry run lists jobs after those whose results they need.
    order = list(dict.fromkeys(stage.partition(" ")[0] for stage in rows))
    cells = [("stage", "jobs", "GPU-hours", "CPU-hours", "disk [GB]", "GPU memory [GB]", "rate from")]
    for stage, row in sorted(rows.items(), key=lambda item: order.index(item[0].partition(" ")[0])):
        cells.append((stage, str(row["jobs"]), *_numbers(row), number(memory[stage]), _sources(sources[stage])))
    total = {name: sum(row[name] for row in rows.values() if not math.isnan(row[name])) for name in ("cpu", "disk")}
    total["gpu"] = sum(row["gpu"] for row in rows.values())
    cells.append(("total", str(len(planned)), *_numbers(total), number(max(memory.values(), default=0.0)), ""))
    align = ("left", *["right"] * (len(cells[0]) - 2), "left")
    table = tabulate(cells, tablefmt="plain", colalign=align, disable_numparse=True)
    return [*(f"  {line}" for line in table.splitlines()), "", *_notes(planned, rates, cells)]


def _sources(found: Mapping[str, float]) -> str:
    """Where the rates come from that make the most of a stage's time."""
    least = NAMED_SHARE * sum(found.values())
    named = [source for source, seconds in found.items() if not seconds < least]
    return "; ".join(sorted(named, key=found.__getitem__, reverse=True))


def _notes(planned: list[Job], rates: Rates, cells: list[tuple[str, ...]]) -> list[str]:
    notes = []
    if rates.gpu and any("roofline" in row[-1] for row in cells):
        notes.append(
            f"A roofline is the time of a step's arithmetic, of its bytes or of its launches on {rates.gpu.name}, "
            f"whichever is longest (config/gpu_steps.csv); {FACTOR:g} is an unverified assumption, which the first "
            "finished training job replaces by its own rate. GPU memory is that of a step; data that fit in half of "
            "what is free are held besides."
        )
        if not rates.gpu.measured:
            notes.append(
                "No GPU was measured here, so these are GPU-hours of that one, and the CPU-hours of the same jobs are "
                "those without a GPU. Run `.venv/bin/snakemake --profile P [--configfile ...] --force -- gpu_check` on "
                "the machine that trains (it takes a minute), then `make plan` again."
            )
    if any("rates.csv" in row[-1] for row in cells):
        devices = sorted({row.device for row in rates.table})
        notes.append(f"rates.csv was measured on {', '.join(devices)}; benchmarks/rates.py makes one of your machine.")
    if any(job.rule == "download" for job in planned):
        notes.append("The time of a download is not known before it runs; the total leaves it out.")
    return notes


def _numbers(row: dict) -> tuple[str, str, str]:
    return number(row["gpu"]), number(row["cpu"]), number(row["disk"] / GIGA)


def number(value: float) -> str:
    """Two digits: ``0.034``, ``3.4``, ``340``; ``-`` for nothing, ``?`` for not measured."""
    if math.isnan(value):
        return "?"
    if value == 0:
        return "-"
    rounded = float(f"{value:.2g}")
    return f"{rounded:.0f}" if rounded >= 10 else f"{rounded:g}" if rounded >= 0.001 else "<0.001"


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
    options = ["--profile", given.profile, *(["--configfile", *given.configfile] if given.configfile else [])]
    try:
        said, planned = dry_run(options, given.targets)
        print(*said, sep="\n")
        if not planned:
            print("nothing to be done: all results are there and up to date")
            return
        config = configuration(given.configfile)
        print(f"\nWhy {jobs(len(planned))} would run", *reasons(planned), sep="\n")
        results = Path("results") / config.overall.name
        print("\nWhat that costs", *costs(planned, config, results, written(options)), sep="\n")
    except GalforgeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
