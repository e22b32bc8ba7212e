"""How long planned jobs take, from what was measured: here, on this GPU, or where config/rates.csv was made."""

import csv
import json
import math
import re
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from galforge.errors import GalforgeError
from galforge.estimate.work import Job, Work

TABLE = Path(__file__).resolve().parents[3] / "config" / "rates.csv"
COLUMNS = ("rule", "variant", "side", "unit", "value", "device", "date", "script")
EFFICIENCY = 0.15
"""Share of a GPU's matrix-product rate that a training is taken to reach until one has logged its own rate; rather low
than high, for convolutions of few channels fill no GPU. Not measured."""
NAMES = ("dataset", "model", "measure", "group", "denoiser", "scorer", "experiment")
GPU_KINDS = ("train_segment", "sample", "train_denoiser")
OPERATIONS_UNIT = "TFLOP/s per thread"
"""Only models compute with the threads of their job: their rates are per thread, and their CPU-hours depend little
on how many those are. Other jobs compute in one thread, whatever they ask for."""
_PROGRESS = re.compile(r"(\d+) of (\d+) [^,]+, ([\d.e+]+) per s")
_TRIAL = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) INFO noise of sd", re.MULTILINE)
_DEVICE = re.compile(r"(?:training|denoising) on (cpu|cuda)")
_LOGS = {
    "stamps": "logs/stamps/{dataset}.log",
    "raw_mock": "logs/raw_mock/{dataset}.log",
    "train_segment": "logs/train/{dataset}/{model}/seed*/segment_*.log",
    "sample": "logs/sample/{dataset}/{model}/seed*",
    "measure": "logs/measure/{dataset}/*/{measure}*",
    "train_denoiser": "logs/denoising/{dataset}/{denoiser}/*/*[0-9].log",
    "evaluate_denoiser": "logs/denoising/{dataset}/{denoiser}/*/*.tests.log",
    "denoising_references": "logs/denoising/{dataset}/references.log",
    "cross_validate": "logs/realism/{dataset}/predictions/{scorer}.log",
    "experiment": "logs/realism/{dataset}/experiments/*/{experiment}.log",
}
_BENCHMARKS = {
    "distances": "distances/*/*/*/{group}.tsv",
    "export_weights": "export_weights/**/*.tsv",
    "merge_samples": "merge_samples/**/*.tsv",
    "page": "page.tsv",
    "table_cost": "table/cost.tsv",
    "latents": "latents/**/*.tsv",
    "export_fits": "export_fits/**/*.tsv",
    "denoise_galaxies": "denoising/{dataset}/galaxies/*.tsv",
    "summarise_denoising": "denoising/summaries/*.tsv",
    "table_denoising": "table/denoising.tsv",
    "cross_validate_network": "realism/{dataset}/predictions/{scorer}.tsv",
    "fit_scorer": "realism/*/fit_scorer.tsv",
    "sample_galaxies": "sample_galaxies/**/*.tsv",
    "score": "realism/*/scores/*/*.tsv",
    "score_generator": "realism/*/generators/*.tsv",
    "score_real": "realism/*/scorers.tsv",
    "table_all": "table_all.tsv",
}


@dataclass(frozen=True)
class Cost:
    """Time of one job [s], and where its rate comes from. ``gpu`` is None where nobody knows what a GPU would take."""

    seconds: float
    gpu: float | None
    source: str


@dataclass(frozen=True)
class Rate:
    """A row of config/rates.csv."""

    rule: str
    variant: str
    side: int
    unit: str
    value: float
    device: str
    date: str
    script: str


def read_table(path: Path = TABLE) -> list[Rate]:
    """The rates that were measured elsewhere.

    Raises:
        GalforgeError: a row cannot be read.
    """
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    rates = []
    for number, row in enumerate(rows, start=2):
        try:
            rates.append(Rate(**{**row, "side": int(row["side"]), "value": float(row["value"])}))
        except (TypeError, ValueError) as error:
            raise GalforgeError(
                f"{path}, line {number}: cannot be read ({error}); benchmarks/rates.py writes this file"
            ) from error
    return rates


class Rates:
    """What is known about the speed of jobs.

    Args:
        results: the folder ``results/<name>``, in which finished jobs left logs and benchmarks, and rule gpu_check its
            numbers.
        table: rates measured elsewhere.
        precisions: precision of each model's training, by ``<dataset> <model>``.
    """

    def __init__(self, results: Path, table: list[Rate], precisions: dict[str, str]):
        self.results, self.table, self.precisions = results, table, precisions
        self._known: dict[tuple[str, ...], tuple[float, bool, str] | None] = {}
        check = results / "gpu_check.json"
        self.gpu = json.loads(check.read_text(encoding="utf-8")) if check.exists() else None

    def bytes_per_stamp(self) -> dict[tuple[str, str], float]:
        """What a stamp leaves, by (rule, variant), where no formula says it [bytes]."""
        return {(rate.rule, rate.variant): rate.value for rate in self.table if rate.unit == "bytes per stamp"}

    def cost(self, job: Job, work: Work) -> Cost:
        """What a job costs: the first of own finished jobs, this GPU's measured rate, and the table that knows it."""
        key = (work.kind, work.variant, *(job.wildcards.get(name, "") for name in NAMES))
        if key not in self._known:
            self._known[key] = self._own(job, work)
        own = self._known[key]
        if own is not None:
            seconds, on_gpu, source = own
            spent = seconds * work.items + (self._start() if work.unit != "job" else 0.0)
            return Cost(spent, spent * job.gpus if on_gpu else 0.0, source)
        if work.kind in GPU_KINDS and work.unit != "job":
            return self._model(job, work)
        return self._shipped(job, work)

    def _own(self, job: Job, work: Work) -> tuple[float, bool, str] | None:
        """Seconds per item in finished jobs of this configuration, whether on a GPU, and where that was found."""
        names = {name: job.wildcards.get(name, "*") for name in NAMES}
        if work.unit != "job" and work.kind in _LOGS:
            found = list(own_rates(self.results.glob(_LOGS[work.kind].format(**names)), names["measure"]))
            if found:
                on_gpu = any(cuda for _, cuda in found)
                if work.kind == "sample":
                    # Its log does not say; it runs where trainings of this model do.
                    on_gpu = any(
                        cuda for _, cuda in own_rates(self.results.glob(_LOGS["train_segment"].format(**names)))
                    )
                seconds = 1 / statistics.median(rate for rate, _ in found)
                return seconds, on_gpu, f"logs of {jobs(len(found))} here"
            return None
        if work.kind == "calibrate_noise":
            spans = list(calibration_seconds(self.results, names["dataset"], names["measure"]))
            return (spans[0] / work.items, False, "log of 1 job here") if spans else None
        pattern = _BENCHMARKS.get(work.kind, f"{work.kind}/*.tsv").format(**names)
        times = list(benchmark_seconds(self.results.glob(f"benchmarks/{pattern}")))
        # Putting parts together has no pattern of its own: one without parts lies in the same folder.
        if not times or work.variant == "parts":
            return None
        return statistics.mean(times) / work.items, False, f"benchmarks of {jobs(len(times))} here"

    def _model(self, job: Job, work: Work) -> Cost:
        cpu = self._shipped(job, work)
        if self.gpu is None or not job.gpus:
            return Cost(cpu.seconds, None if job.gpus else 0.0, f"{cpu.source}, on a CPU")
        if self.gpu["device"] == "cpu":
            return Cost(cpu.seconds, 0.0, f"{cpu.source}; gpu_check found no GPU")
        model = f"{job.wildcards['dataset']} {job.wildcards.get('model') or job.wildcards.get('denoiser')}"
        training = work.kind != "sample"
        low = training and self.precisions[model] != "float32" and self.gpu.get("bf16_tflops") is not None
        peak = self.gpu["bf16_tflops" if low else "fp32_tflops"]
        # Sampling computes in float32 and on one GPU, however many its job holds.
        used = job.gpus if training else 1
        seconds = work.operations * work.items / (peak * 1e12 * EFFICIENCY * used) + self._start()
        source = f"{EFFICIENCY:.0%} (assumed) of the {peak:.3g} TFLOP/s of gpu_check on {self.gpu['device']}"
        return Cost(seconds, seconds * job.gpus, source)

    def _shipped(self, job: Job, work: Work) -> Cost:
        """From the table: the nearest measured side, by the number of pixels."""
        # Putting parts together is taken to be the start of a job.
        kind, variant = ("start", "") if work.variant == "parts" else (work.kind, work.variant)
        timed = [row for row in self.table if row.rule == kind and row.unit.startswith("s ")]
        rows = [row for row in timed if row.variant == variant]
        other = ", start of a job" if kind == "start" else ""
        if not rows:
            # The same measure was timed on another data set, or other comparisons were: the slowest is the safe one.
            alike = "" if kind == "distances" else f"{variant.split(' on ')[0]} on "
            rows = [row for row in timed if row.variant.startswith(alike)]
            slowest = max((row.value for row in rows), default=0.0)
            rows = [row for row in rows if row.value == slowest]
            other = f" of {rows[0].variant}" if rows else ""
        reached = [r for r in self.table if r.rule == kind and r.unit == OPERATIONS_UNIT]
        if work.operations and reached:
            rate = min(reached, key=lambda row: row.variant != variant)
            seconds = work.operations * work.items / (rate.value * 1e12 * job.threads)
            return Cost(seconds + self._start(), 0.0, "rates.csv, by operations")
        if not rows:
            return Cost(math.nan, 0.0, f"nowhere: rates.csv has no row for {kind} {variant}".rstrip())
        row = min(rows, key=lambda row: abs(math.log(max(row.side, 1) / max(work.side, 1))))
        seconds, source = row.value * work.items, f"rates.csv{other}"
        if row.side and work.side and row.side != work.side:
            seconds *= (work.side / row.side) ** 2
            source = f"rates.csv{other} at {row.side} px, by pixels"
        return Cost(seconds + (self._start() if work.unit != "job" else 0.0), 0.0, source)

    def _start(self) -> float:
        """Start of a job: Snakemake, Python and the libraries [s]."""
        return next((row.value for row in self.table if row.rule == "start"), 0.0)


def own_rates(logs: Iterable[Path], measure: str = "*") -> Iterable[tuple[float, bool]]:
    """(items per second, whether on a GPU) from the last line of progress of every log of a finished job."""
    for path in logs:
        # The pattern of one measure also finds those whose names begin with its name.
        inside = [path] if path.is_file() else sorted(path.glob("part*.log"))
        if measure != "*" and path.name.removesuffix(".log") != measure:
            continue
        for log in inside:
            text = log.read_text(encoding="utf-8", errors="replace")
            lines = _PROGRESS.findall(text)
            if lines and lines[-1][0] == lines[-1][1] and float(lines[-1][2]) > 0:
                yield float(lines[-1][2]), (_DEVICE.findall(text) or ["cpu"])[-1] == "cuda"


def calibration_seconds(results: Path, dataset: str, measure: str) -> Iterable[float]:
    """Time of a finished search for noise: from the first to the last trial that its log tells of [s]."""
    log = results / f"logs/calibrate_noise/{dataset}/{measure}.log"
    if log.exists() and (results / f"measurements/{dataset}/noise-{measure}.json").exists():
        times = [datetime.fromisoformat(time) for time in _TRIAL.findall(log.read_text(encoding="utf-8"))]
        if len(times) > 1:
            # The first line ends the first trial: its time is not seen, and taken to be like the others'.
            yield (times[-1] - times[0]).total_seconds() * len(times) / (len(times) - 1)


def benchmark_seconds(files: Iterable[Path]) -> Iterable[float]:
    """Wall time of finished jobs, from Snakemake's benchmark files [s]."""
    for path in files:
        with open(path, newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                yield float(row["s"])


def jobs(count: int) -> str:
    """``1 job``, ``2 jobs``."""
    return f"{count} job" if count == 1 else f"{count} jobs"
