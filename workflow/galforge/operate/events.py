"""What Snakemake says while it runs, line by line: which jobs run, are done and failed, and how long the rest takes.

How long a job takes is known by its rule: by the jobs that are done, and before by ``config/seconds.csv``, which has
the mean of the rule's jobs in the demo by the rates of ``make plan`` (of several rules, by how their names begin). Only
the ratios of that table count as soon as a job is done, so the speed of the machine does not matter.
"""

import csv
import re
import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

TABLE = Path(__file__).resolve().parents[3] / "config" / "seconds.csv"
_COUNT = re.compile(r"^(\w+) +(\d+)$")
_RULE = re.compile(r"^(?:local)?(?:rule|checkpoint) (\w+):$")
_ERROR = re.compile(r"^Error in rule (\w+):$")
_FACT = re.compile(r"^    (\w+): (.*?)(?: \(check log file.*)?$")
_CORES = re.compile(r"^Provided (?:local )?cores: (\d+)")
_DONE = re.compile(r"^Finished jobid: (\d+)")
_AGAIN = re.compile(r"^Trying to restart job (\d+)\.")
NAMED = ("dataset", "model", "who", "measure", "seed", "segment")
"""Wildcards that name a job, where it has them."""


@dataclass
class Job:
    """A job that was started.

    Attributes:
        rule: its rule.
        start: when it was seen first [s].
        facts: what Snakemake said of it (``jobid``, ``wildcards``, ``log``, ``message``).
    """

    rule: str
    start: float
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its rule and the wildcards that tell it from others."""
        pairs = (pair.partition("=") for pair in self.facts.get("wildcards", "").split(", "))
        values = {name: f"seed{value}" if name == "seed" else value for name, _, value in pairs}
        return " ".join([self.rule, *(values[name] for name in NAMED if name in values)])

    @property
    def logs(self) -> list[str]:
        """Its logs."""
        return [path for path in self.facts.get("log", "").split(", ") if path]

    @property
    def message(self) -> str:
        """What Snakemake says of its failure, such as a job of SLURM that ran out of time; mostly nothing."""
        return "" if self.facts.get("message", "None") == "None" else self.facts["message"]


class Run:
    """A run of Snakemake, as far as it was read.

    Attributes:
        total: number of jobs; 0 before the plan is made.
        done: jobs that ended well.
        running: jobs that run, by Snakemake's number.
        failed: jobs whose last try failed, by the same.
    """

    def __init__(self, table: Path = TABLE):
        self.total, self.done = 0, 0
        self.running: dict[str, Job] = {}
        self.failed: dict[str, Job] = {}
        self._shipped = {row["rule"]: float(row["seconds"]) for row in csv.DictReader(table.read_text().splitlines())}
        self._waiting: Counter[str] = Counter()
        self._took: dict[str, list[float]] = {}
        self._cores, self._begin, self._share = 1, 0.0, 0.0
        self._rest, self._counting = "", False
        self._block: Job | None = None
        self._failing = False

    def read(self, text: str, now: float) -> Iterator[str]:
        """Take in what Snakemake said since the last time.

        Args:
            text: that, in which the last line may be unfinished.
            now: the time [s], of any clock that never goes back.

        Yields:
            What galforge says to the user.
        """
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if line.startswith("galforge: "):
                yield line
            self._take(line, now)

    def seconds_left(self, now: float) -> float:
        """How long the jobs that are left will take [s], if as many run at once as did until now."""
        spent = self._spent(now)
        elapsed = now - self._begin
        at_once = min(max(spent / elapsed, 1.0), self._cores) if self._took and elapsed > 0 else self._cores
        return self._work_left(now) / at_once

    def share_done(self, now: float) -> float:
        """Share of the work that is done, 0 to 1; it never shrinks, although estimates change."""
        if self.total and self.done == self.total:
            self._share = 1.0
        elif self.total:
            spent = self._spent(now)
            share = spent / max(spent + self._work_left(now), 1e-9)
            self._share = max(self._share, min(share, 0.99))
        return self._share

    def _spent(self, now: float) -> float:
        """Time of the jobs that are done, and of those that run until now [s]."""
        return sum(map(sum, self._took.values())) + sum(now - job.start for job in self.running.values())

    def _work_left(self, now: float) -> float:
        waiting = sum(count * self._expected(rule) for rule, count in self._waiting.items())
        return waiting + sum(max(self._expected(job.rule) - now + job.start, 0.0) for job in self.running.values())

    def _expected(self, rule: str) -> float:
        """Time of a job [s]: the mean of those that are done, or by the table at the speed of those that are done."""
        if rule == "all":
            return 0.0
        if took := self._took.get(rule):
            return statistics.mean(took)
        told = sum(len(took) * self._told(each) for each, took in self._took.items())
        speed = sum(map(sum, self._took.values())) / told if told else 1.0
        return self._told(rule) * speed

    def _told(self, rule: str) -> float:
        """What the table says of a rule [s]: the row with most of its name; the median where there is none."""
        rows = [name for name in self._shipped if rule.startswith(name)]
        return self._shipped[max(rows, key=len)] if rows else statistics.median(self._shipped.values())

    def _take(self, line: str, now: float) -> None:
        if self._block is not None:
            if fact := _FACT.match(line):
                self._block.facts[fact[1]] = fact[2]
                if fact[1] == "jobid":
                    self._note(self._block, fact[2])
                return
            self._block = None
        if line == "Job stats:":
            # It comes again at the end of a dry run.
            self._counting = not self.total
        elif self._counting and (count := _COUNT.match(line)):
            if count[1] == "total":
                self.total, self._counting, self._begin = int(count[2]), False, now
            else:
                self._waiting[count[1]] = int(count[2])
        elif cores := _CORES.match(line):
            self._cores = int(cores[1])
        elif rule := _RULE.match(line):
            self._block, self._failing = Job(rule[1], now), False
        elif rule := _ERROR.match(line):
            self._block, self._failing = Job(rule[1], now), True
        elif done := _DONE.match(line):
            self._finish(done[1], now)
        elif (again := _AGAIN.match(line)) and (job := self.failed.pop(again[1], None)):
            self._waiting[job.rule] += 1

    def _note(self, job: Job, number: str) -> None:
        """A job was started, or failed; more facts of it may follow."""
        if self._failing:
            started = self.running.pop(number, None)
            job.facts = {**(started.facts if started else {}), **job.facts}
            self.failed[number] = job
        else:
            self.running[number] = job
            self._waiting[job.rule] -= 1

    def _finish(self, number: str, now: float) -> None:
        job = self.running.pop(number, None)
        self.done += 1
        self.failed.pop(number, None)
        if job is not None and job.rule != "all":
            self._took.setdefault(job.rule, []).append(now - job.start)
