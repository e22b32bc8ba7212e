"""Rates of jobs for config/rates.csv, from a finished run: what `make plan` uses where nothing was run yet.

    python benchmarks/rates.py [--configfile OVERLAY ...] [--table config/rates.csv]

in the folder of the run. Rates of jobs that count items are medians of those in their logs, so the start of a job is
not in them; other jobs count whole. Models compute with the threads of their configuration, and their rates are per
thread; other jobs compute in one. Rows of the same rule, variant, side and unit are replaced, others stay.
"""

import argparse
import datetime
import platform
import re
import statistics
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

from galforge.atomic import write_text
from galforge.config.tree import Config
from galforge.errors import GalforgeError
from galforge.estimate import rows as tables
from galforge.estimate.command import configuration
from galforge.estimate.rates import (
    OPERATIONS_UNIT,
    TABLE,
    TRAINING,
    Rate,
    Rates,
    benchmark_seconds,
    read_table,
)
from galforge.estimate.work import Job, Work, Workload
from galforge.operate.rules import Written, written

Measured = dict[tuple[str, str, int, str], list[tuple[float, int]]]


def device(threads: set[int]) -> str:
    """The CPU's own name, and how many of its threads the timed jobs computed with."""
    cpuinfo = Path("/proc/cpuinfo")
    names = re.findall(r"^model name\s*: (.+)$", cpuinfo.read_text(), re.MULTILINE) if cpuinfo.exists() else []
    count = "one thread" if threads == {1} else f"{' or '.join(map(str, sorted(threads)))} threads"
    return f"{count} of {names[0] if names else platform.processor() or platform.machine()}".replace(",", "")


def measured(config: Config, results: Path, rules: Mapping[str, Written]) -> Measured:
    """(value, threads that it was measured with) by (rule, variant, side, unit), for each finished job or data set."""
    values: Measured = defaultdict(list)
    rates, workload, seen = Rates(results, [], rules), Workload(config, {}), set()
    for name, rule in rules.items():
        for wildcards in rule.started:
            # Rules with the stage of another write to the same places.
            log = rule.log.format(**wildcards)
            work = None if log in seen else _work(workload, name, wildcards)
            seen.add(log)
            own = rates.own(work, wildcards) if work else None
            if own is None or own[1]:
                continue
            # Models without operations draw numbers and do nothing else.
            side, threads = (0, _threads(config, work, wildcards)) if work.precision else (work.side, 1)
            if work.operations:
                key, value = OPERATIONS_UNIT, work.operations / own[0] / threads / 1e12
            else:
                key, value = f"s per {work.unit}", own[0]
            values[work.kind, work.variant, side, key].append((value, threads))
    for dataset in config.used_datasets:
        entry = config.datasets[dataset]
        for raw in rates.files("stamps", "output", {"dataset": dataset}):
            if raw.suffix == ".tar":
                size = raw.stat().st_size / entry.settings.mock.count
                values["stamps", f"mock of {entry.family}", 0, "bytes per stamp"].append((size, 1))
        for measure in config.measures:
            names = {"dataset": dataset, "who": "source", "measure": measure}
            for table in rates.files("measure", "output", names):
                size = table.stat().st_size / entry.measuring.expected_count
                values["measure", workload.measured(dataset, measure), 0, "bytes per stamp"].append((size, 1))
    # The shortest job does next to nothing: what it takes is its start.
    times = benchmark_seconds(file for rule in rules.values() for file in rule.files("benchmark", {}))
    if (shortest := min(times, default=None)) is not None:
        values["start", "", 0, "s per job"].append((shortest, 1))
    return dict(values)


def _work(workload: Workload, rule: str, wildcards: Mapping[str, str]) -> Work | None:
    """What a finished job did; None for one that the configuration no longer has."""
    try:
        return workload.of(Job(rule, wildcards, 1, 0, ""))
    except KeyError:
        return None


def _threads(config: Config, work: Work, wildcards: Mapping[str, str]) -> int:
    """Compute threads of a job of a model."""
    if "denoiser" in wildcards:
        return config.denoisers[wildcards["denoiser"]].threads
    training = config.models[wildcards["dataset"], wildcards["model"]].training
    return training.threads if work.kind == TRAINING else config.sampling.threads


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configfile", nargs="+", default=[])
    parser.add_argument("--table", type=Path, default=TABLE)
    given = parser.parse_args()
    config = configuration(given.configfile)
    rows = {(r.rule, r.variant, r.side, r.unit): r for r in (read_table(given.table) if given.table.exists() else [])}
    today = datetime.date.today().isoformat()
    options = ["--profile", "profiles/local", *(["--configfile", *given.configfile] if given.configfile else [])]
    try:
        rules = written(options)
    except GalforgeError as error:
        sys.exit(str(error))
    for key, values in measured(config, Path("results") / config.overall.name, rules).items():
        value = float(f"{statistics.median(value for value, _ in values):.3g}")
        rows[key] = Rate(*key, value, device({threads for _, threads in values}), today, "benchmarks/rates.py")
        print(f"{' '.join(map(str, key))}: {rows[key].value:g} ({len(values)} measured)")
    write_text(given.table, tables.text((rows[key] for key in sorted(rows)), Rate))


if __name__ == "__main__":
    main()
