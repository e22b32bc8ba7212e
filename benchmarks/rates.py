"""Rates of jobs for config/rates.csv, from a finished run: what `make plan` uses where nothing was run yet.

    python benchmarks/rates.py [--configfile OVERLAY ...] [--table config/rates.csv]

in the folder of the run. Rates of what counts items are the medians of those that the jobs logged, so their start is
not in them; other jobs count whole. Models compute with the threads of their configuration, and their rates are per
thread; other jobs compute in one. Rows of the same rule, variant, side and unit are replaced, others stay.
"""

import argparse
import csv
import datetime
import platform
import re
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

from galforge.config.tree import Config
from galforge.estimate.command import configuration
from galforge.estimate.rates import (
    COLUMNS,
    OPERATIONS_UNIT,
    TABLE,
    Rate,
    benchmark_seconds,
    calibration_seconds,
    own_rates,
    read_table,
)
from galforge.estimate.work import Job, Workload
from galforge.plan.comparisons import GROUPS
from galforge.plan.realism_stages import is_network


def device(threads: set[int]) -> str:
    """The CPU's own name, and how many of its threads the timed jobs computed with."""
    cpuinfo = Path("/proc/cpuinfo")
    names = re.findall(r"^model name\s*: (.+)$", cpuinfo.read_text(), re.MULTILINE) if cpuinfo.exists() else []
    count = "one thread" if threads == {1} else f"{' or '.join(map(str, sorted(threads)))} threads"
    return f"{count} of {names[0] if names else platform.processor() or platform.machine()}".replace(",", "")


def measured(config: Config, results: Path) -> dict[tuple[str, str, int, str], list[tuple[float, int]]]:
    """(value, threads that it was measured with) by (rule, variant, side, unit), for each finished job or data set."""
    found: dict[tuple[str, str, int, str], list[tuple[float, int]]] = {}

    def add(rule: str, variant: str, side: int, unit: str, values: list[float], threads: int = 1) -> None:
        if values:
            found.setdefault((rule, variant, side, unit), []).extend((value, threads) for value in values)

    def seconds(pattern: str, measure: str = "*") -> list[float]:
        return [1 / rate for rate, on_gpu in own_rates(results.glob(f"logs/{pattern}"), measure) if not on_gpu]

    workload = Workload(config, {})
    for dataset in config.used_datasets:
        entry = config.datasets[dataset]
        side = entry.settings.size
        add("stamps", entry.family, side, "s per stamp", seconds(f"stamps/{dataset}.log"))
        add("raw_mock", entry.family, 0, "s per stamp", seconds(f"raw_mock/{dataset}.log"))
        raw = results / "raw" / f"{dataset}.tar"
        if raw.exists():
            add("raw_mock", entry.family, 0, "bytes per stamp", [raw.stat().st_size / entry.settings.mock.count])
        for measure in config.measures:
            variant = workload.measured(dataset, measure)
            measured = workload.measured_side(dataset, measure)
            add("measure", variant, measured, "s per stamp", seconds(f"measure/{dataset}/*/{measure}*", measure))
            table = results / "measurements" / dataset / "source" / f"{measure}.parquet"
            if table.exists():
                size = table.stat().st_size / entry.measuring.expected_count
                add("measure", variant, 0, "bytes per stamp", [size])
            times = list(calibration_seconds(results, dataset, measure))
            add(
                "calibrate_noise",
                variant,
                side,
                "s per stamp",
                [each / entry.measuring.calibration_stamps for each in times],
            )
    for (dataset, model), entry in config.models.items():
        if not list(results.glob(f"logs/train/{dataset}/{model}/*/*.log")):
            continue
        network = workload.networks()[f"{dataset} {model}"]
        folder = f"{dataset}/{model}/seed*"
        for rule, pattern, operations, threads in (
            ("train_segment", f"train/{folder}/segment_*.log", network.train, entry.training.threads),
            ("sample", f"sample/{folder}", network.sample, config.sampling.threads),
        ):
            # The log of a sampling does not say where it ran; it runs where trainings of this model do.
            on_cpu = seconds(f"train/{folder}/segment_*.log")
            spent = seconds(pattern) if on_cpu else []
            if operations:
                values = [operations / each / threads / 1e12 for each in spent]
                add(rule, entry.family, 0, OPERATIONS_UNIT, values, threads)
            else:
                # Nothing but drawing numbers, which are no operations.
                add(rule, entry.family, 0, "s per image", spent, threads)
    for sweep in config.sweeps:
        place, entry = f"denoising/{sweep.dataset}", config.denoisers[sweep.denoiser]
        job = Job("train_denoiser", {"dataset": sweep.dataset, "denoiser": sweep.denoiser}, entry.threads, 0, "")
        epochs = seconds(f"{place}/{sweep.denoiser}/*/*[0-9].log")
        values = [workload.of(job).operations / each / entry.threads / 1e12 for each in epochs]
        add("train_denoiser", "", 0, OPERATIONS_UNIT, values, entry.threads)
        side = config.datasets[sweep.dataset].settings.size
        tests = seconds(f"{place}/{sweep.denoiser}/*/*.tests.log")
        add("evaluate_denoiser", "", side, "s per galaxy", tests)
        add("denoising_references", "", side, "s per galaxy", seconds(f"{place}/references.log"))
    for dataset in config.scored:
        place = f"realism/{dataset}"
        for name in config.realism.scorers:
            if is_network(name):
                job = Job("cross_validate_network", {"dataset": dataset, "scorer": name}, 1, 0, "")
                times = benchmarks(results, f"{place}/predictions/{name}.tsv")
                add(job.rule, name, 0, "s per image", [each / workload.of(job).items for each in times])
            else:
                add("cross_validate", name, 0, "s per image", seconds(f"{place}/predictions/{name}.log"))
        items = workload.of(Job("fit_scorer", {"dataset": dataset}, 1, 0, "")).items
        times = benchmarks(results, f"{place}/fit_scorer.tsv")
        add("fit_scorer", config.realism.scorer, 0, "s per image", [each / items for each in times])
        side = config.datasets[dataset].settings.size
        add("experiment", "", side, "s per image", seconds(f"{place}/experiments/*/*.log"))
    for group in GROUPS:
        add("distances", group, 0, "s per job", benchmarks(results, f"distances/*/*/*/{group}.tsv"))
    figures = sorted(path.name for path in (results / "benchmarks").glob("figure_*"))
    for rule, pattern in (
        ("export_weights", "export_weights/**/*.tsv"),
        ("merge_samples", "merge_samples/**/*.tsv"),
        ("table", "table/*.tsv"),
        ("page", "page.tsv"),
        ("table_cost", "table/cost.tsv"),
        ("latents", "latents/**/*.tsv"),
        ("denoise_galaxies", "denoising/*/galaxies/*.tsv"),
        ("summarise_denoising", "denoising/summaries/*.tsv"),
        ("table_denoising", "table/denoising.tsv"),
        ("table_li2024", "table_li2024/*.tsv"),
        ("table_gantastic2020", "table_gantastic2020/*.tsv"),
        ("table_all", "table_all.tsv"),
        ("sample_galaxies", "sample_galaxies/**/*.tsv"),
        ("score", "realism/*/scores/*/*.tsv"),
        ("score_generator", "realism/*/generators/*.tsv"),
        ("score_real", "realism/*/scorers.tsv"),
        *((name, f"{name}/*.tsv") for name in figures),
    ):
        add(rule, "", 0, "s per job", benchmarks(results, pattern))
    # The shortest jobs do next to nothing: what they take is their start.
    starts = benchmarks(results, "measure/*/*/*.tsv")
    if starts:
        add("start", "", 0, "s per job", [min(starts)])
    return found


def benchmarks(results: Path, pattern: str) -> list[float]:
    """Wall times of finished jobs [s]."""
    return list(benchmark_seconds(results.glob(f"benchmarks/{pattern}")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configfile", nargs="+", default=[])
    parser.add_argument("--table", type=Path, default=TABLE)
    given = parser.parse_args()
    config = configuration(given.configfile)
    rows = {(r.rule, r.variant, r.side, r.unit): r for r in (read_table(given.table) if given.table.exists() else [])}
    today = datetime.date.today().isoformat()
    for key, values in measured(config, Path("results") / config.overall.name).items():
        value = float(f"{statistics.median(value for value, _ in values):.3g}")
        rows[key] = Rate(*key, value, device({threads for _, threads in values}), today, "benchmarks/rates.py")
        print(f"{' '.join(map(str, key))}: {rows[key].value:g} ({len(values)} measured)")
    with open(given.table, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([getattr(rows[key], column) for column in COLUMNS] for key in sorted(rows))


if __name__ == "__main__":
    main()
