"""How long planned jobs take, from what was measured: here, on this GPU, or where config/rates.csv was made."""

import csv
import json
import math
import re
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from galforge.estimate import rows as tables
from galforge.estimate.roofline import A100, FACTOR, Bound, Gpu, Step, Steps, read_steps
from galforge.estimate.work import Job, Work, kind_of
from galforge.operate.rules import Written

TABLE = Path(__file__).resolve().parents[3] / "config" / "rates.csv"
TRAINING = "train_segment"
"""The rule whose logs say on what device a model computes."""
REPEATS = ("seed", "segment", "part", "parts", "who", "alpha", "replicate")
"""Wildcards between whose values the rate of a job does not differ."""
SUBJECTS = (*REPEATS, "dataset", "model", "denoiser", "sweep", "subject")
"""The same for jobs that count whole, because their time hardly depends on their size."""
OPERATIONS_UNIT = "TFLOP/s per thread"
"""Only models compute with all threads of their job: their rates are per thread, and their CPU-hours hardly depend on
the number of threads. Other jobs compute in one thread, whatever they ask for."""
ROOFLINE_UNIT = "x roofline"
"""Time of a step over its bound on a GPU, by what steps are (train, sample, ...) and family."""
_PROGRESS = re.compile(r"(\d+) of (\d+) [^,]+, ([\d.e+]+) per s")
_TRIAL = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) INFO noise of sd", re.MULTILINE)
_DEVICE = re.compile(r"(?:training|denoising) on (cpu|cuda)")


@dataclass(frozen=True)
class Cost:
    """Time of one job [s], the same times its GPUs [s], and where its rate comes from; NaN is not known."""

    seconds: float
    gpu: float
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
    return tables.read(path, Rate, "benchmarks/rates.py")


class Rates:
    """What is known about the speed of jobs.

    Args:
        results: the folder ``results/<name>``, in which rule gpu_check left its numbers.
        table: rates measured elsewhere.
        rules: where each rule writes its logs and benchmarks; finished jobs left theirs there.
        steps: counted steps; those of config/gpu_steps.csv by default.

    Attributes:
        gpu: the GPU that ``gpu_check`` measured; where it did not run, that of config/rates.csv, or else an A100; None
            where it found none.

    Raises:
        GalforgeError: a table cannot be read, or the numbers of ``gpu_check`` are of an older version.
    """

    def __init__(self, results: Path, table: list[Rate], rules: Mapping[str, Written], steps: list[Step] | None = None):
        self.table, self._rules = table, rules
        self._steps = Steps(read_steps() if steps is None else steps)
        self._known: dict[tuple[str, ...], tuple[float, bool, str] | None] = {}
        check = results / "gpu_check.json"
        rows = {rate.variant: rate for rate in table if rate.rule == "gpu"}
        self.gpu: Gpu | None = A100
        if rows:
            values = {name: rate.value for name, rate in rows.items()}
            self.gpu = Gpu.of_rates(values, next(iter(rows.values())).device)
        if check.exists():
            found = json.loads(check.read_text(encoding="utf-8"))
            self.gpu = None if found["device"] == "cpu" else Gpu.of_check(found)

    def bytes_per_stamp(self) -> dict[tuple[str, str], float]:
        """What a stamp leaves [bytes] where no formula says it, by (rule, variant)."""
        return {(rate.rule, rate.variant): rate.value for rate in self.table if rate.unit == "bytes per stamp"}

    def cost(self, job: Job, work: Work) -> Cost:
        """What a job costs, by the first that is known: own finished jobs, this GPU's measured rate, the table."""
        free = SUBJECTS if work.unit == "job" else REPEATS
        names = {name: value for name, value in job.wildcards.items() if name not in free}
        key = (work.kind, work.variant, *names.values())
        if key not in self._known:
            self._known[key] = self.own(work, names)
        own = self._known[key]
        if own is not None:
            seconds, on_gpu, source = own
            spent = seconds * work.items + (self._start() if work.unit != "job" else 0.0)
            return Cost(spent, spent * job.gpus if on_gpu else 0.0, source)
        if work.precision:
            return self._model(job, work)
        cpu = self._shipped(job, work)
        if not job.gpus or self.gpu is None:
            return cpu
        # What a GPU saves is not known, so it is held as long as a CPU would take.
        return Cost(cpu.seconds, cpu.seconds * job.gpus, f"{cpu.source}, on a CPU")

    def own(self, work: Work, names: Mapping[str, str]) -> tuple[float, bool, str] | None:
        """What finished jobs of this configuration took; None where there are none.

        Args:
            work: what one of them does.
            names: wildcards that they share.

        Returns:
            Seconds per item, whether on a GPU, and how many jobs that was found in.
        """
        if work.variant == "parts":
            # Jobs without parts, which measure, leave their benchmarks in the same place.
            return None
        if work.kind == "calibrate_noise":
            # Only a finished job has left its noise.
            logs = self.files(work.kind, "log", names) if self.files(work.kind, "output", names) else []
            spans = [span for log in logs for span in calibration_seconds(log)]
            return (spans[0] / work.items, False, "log of 1 job here") if spans else None
        if work.unit == "job" or not work.logged:
            times = list(benchmark_seconds(self.files(work.kind, "benchmark", names)))
            source = f"benchmarks of {jobs(len(times))} here"
            return (statistics.mean(times) / work.items, False, source) if times else None
        logged = list(own_rates(self.files(work.kind, "log", names)))
        # The log of a sampling does not say where it ran; it runs where trainings of this model do.
        sampling = work.precision and not work.parallel
        told = own_rates(self.files(TRAINING, "log", names)) if sampling else logged
        source = f"logs of {jobs(len(logged))} here"
        rate = statistics.median(rate for rate, _ in logged) if logged else 0.0
        return (1 / rate, any(cuda for _, cuda in told), source) if logged else None

    def files(self, kind: str, which: str, names: Mapping[str, str]) -> list[Path]:
        """Logs, benchmarks or outputs of finished jobs of a kind; see ``kind_of``."""
        rules = [rule for name, rule in self._rules.items() if kind_of(name) == kind]
        return list(dict.fromkeys(file for rule in rules for file in rule.files(which, names)))

    def memory(self, job: Job, work: Work) -> float:
        """Most memory of a step on each GPU of a job [GB], without held data; 0 for a job that needs none."""
        return self._bound(job, work, self.gpu).memory if work.operations and job.gpus and self.gpu else 0.0

    def _bound(self, job: Job, work: Work, gpu: Gpu) -> Bound:
        halved = work.precision not in ("float32", "tf32")
        images = max(1, work.images // self._used(job, work))
        operations = work.per_image or work.operations
        return self._steps.bound(work.counted, work.variant or work.counted, work.name, halved, operations, images, gpu)

    def _used(self, job: Job, work: Work) -> int:
        """GPUs that a job computes on; it holds all that it asked for."""
        return job.gpus if work.parallel else 1

    def _model(self, job: Job, work: Work) -> Cost:
        cpu = self._shipped(job, work)
        if not job.gpus:
            return Cost(cpu.seconds, 0.0, f"{cpu.source}, on a CPU")
        if self.gpu is None:
            return Cost(cpu.seconds, 0.0, f"{cpu.source}; gpu_check found no GPU")
        if not work.operations:
            # It draws numbers and does nothing else, and holds its GPUs meanwhile.
            return Cost(cpu.seconds, cpu.seconds * job.gpus, f"{cpu.source}, on a CPU")
        bound = self._bound(job, work, self.gpu)
        images = work.items * work.operations / (work.per_image or work.operations)
        family = work.variant or work.counted
        known = [
            rate for rate in self.table if (rate.rule, rate.variant, rate.unit) == (work.counted, family, ROOFLINE_UNIT)
        ]
        factor, told = (known[0].value, f" (rates.csv, {known[0].device})") if known else (FACTOR, "")
        seconds = factor * bound.seconds * images / self._used(job, work) + self._start()
        like = f" for {bound.like}, by operations" if bound.like else ""
        source = f"{factor:g}{told} x roofline of {self.gpu.name}{like}"
        if not self.gpu.measured:
            return Cost(cpu.seconds, seconds * job.gpus, f"{source}; CPU: {cpu.source}")
        return Cost(seconds, seconds * job.gpus, source)

    def _shipped(self, job: Job, work: Work) -> Cost:
        """From the table: the nearest measured side, by the number of pixels."""
        # Putting parts together is taken to be the start of a job.
        kind, variant = ("start", "") if work.variant == "parts" else (work.kind, work.variant)
        reached = [row for row in self.table if row.rule == kind and row.unit == OPERATIONS_UNIT]
        if work.operations and reached:
            rate = min(reached, key=lambda row: row.variant != variant)
            seconds = work.operations * work.items / (rate.value * 1e12 * job.threads)
            return Cost(seconds + self._start(), 0.0, "rates.csv, by operations")
        timed = [row for row in self.table if row.unit.startswith("s ")]
        rows = [row for row in timed if (row.rule, row.variant) == (kind, variant)]
        other = ", start of a job" if kind == "start" else ""
        if not rows:
            # The slowest that is like it is the safe one: the same measure on another data set, or a rule of the same
            # group, such as another figure, for a job that counts whole.
            measure, group = f"{variant.split(' on ')[0]} on ", kind.partition("_")[0]
            rows = [row for row in timed if row.rule == kind and row.variant.startswith(measure)]
            if work.unit == "job":
                rows = [row for row in timed if row.unit == "s per job" and row.rule.partition("_")[0] == group]
            rows = sorted(rows, key=lambda row: row.value)[-1:]
            other = f" of {rows[0].variant or rows[0].rule}" if rows else ""
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


def own_rates(logs: Iterable[Path]) -> Iterable[tuple[float, bool]]:
    """(items per second, whether on a GPU) from the last line of progress of every log of a finished job."""
    for log in logs:
        text = log.read_text(encoding="utf-8", errors="replace")
        lines = _PROGRESS.findall(text)
        if lines and lines[-1][0] == lines[-1][1] and float(lines[-1][2]) > 0:
            yield float(lines[-1][2]), (_DEVICE.findall(text) or ["cpu"])[-1] == "cuda"


def calibration_seconds(log: Path) -> Iterable[float]:
    """Time of a finished search for noise [s]: from the first to the last trial that its log tells of."""
    times = [datetime.fromisoformat(time) for time in _TRIAL.findall(log.read_text(encoding="utf-8"))]
    if len(times) > 1:
        # A line ends its trial, so the time of the first is not seen; it is taken to be like the others'.
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
