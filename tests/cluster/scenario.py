"""One disturbed run on the test cluster: a checkout, a driver and a partition of its own, and the undisturbed run."""

import filecmp
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from daemons import Cluster
from undisturbed import CONFIG, RESULTS, SNAKEMAKE, artefacts, environment, stamps_made, undisturbed

MODEL = RESULTS / "models/sersic/paced/seed0"
TRAINING = {"until": [f"{MODEL}/weights_1.safetensors"]}
"""In a profile: only train."""
BATCH, SEGMENT = 10, 800
"""Of cluster.yaml [images]."""
LIMIT_SECONDS = 1200.0
"""Of one scenario: whatever it waits for, it fails then."""
RESTART_SECONDS = 60.0
"""For which SLURM's controller may be away."""


@dataclass(frozen=True)
class Step:
    """A line of what the paced model noted."""

    time: float
    pid: int
    rank: str
    job: str
    node: str
    gpus: str
    what: str
    images_seen: int


class Scenario:
    """A run on a partition of its own; see the fixture ``scenario``.

    Args:
        cluster: the cluster.
        partition: the GPU partition of this run's training and sampling jobs.
        folder: an empty folder for the checkout and the logs.
    """

    def __init__(self, cluster: Cluster, partition: str, folder: Path):
        self.cluster, self.partition, self.folder = cluster, partition, folder
        self.tree, self.pace_file, self.trace_file = folder / "galforge", folder / "pace", folder / "trace"
        self.began = time.monotonic()
        self.driver: subprocess.Popen[bytes] | None = None
        self.started: list[subprocess.Popen[bytes]] = []
        self.path = ""
        self.variables: dict[str, str] = {}

    # What a test does

    def prepare(self) -> None:
        """A checkout whose stamps are made already."""
        shutil.copytree(stamps_made(self.cluster), self.tree, symlinks=True)
        self.began = time.monotonic()

    def site(self, profile: dict[str, Any], **training: Any) -> None:
        """Write profiles/site: profiles/slurm as a site would edit it, quick to poll.

        Args:
            profile: keys to set besides.
            training: resources to set for train_segment, and for gpu_check as in the profile.
        """
        site = yaml.safe_load((self.tree / "profiles/slurm/profile.yaml").read_text())
        del site["default-resources"]["slurm_account"]
        site["default-resources"]["slurm_partition"] = "cpu"
        for rule, resources in site["set-resources"].items():
            site["set-resources"][rule] = {**resources, "slurm_partition": self.partition}
        for rule in ("train_segment", "gpu_check"):
            site["set-resources"][rule] |= {"checkpoint_seconds": 2, **training}
        # Waiting less for the status of a job and for the file system, and keeping what a test looks at.
        site |= {"slurm-init-seconds-before-status-checks": 1, "latency-wait": 5, "slurm-keep-successful-logs": True}
        folder = self.tree / "profiles/site"
        folder.mkdir(exist_ok=True)
        (folder / "profile.yaml").write_text(yaml.safe_dump(site | profile))

    def pace(self, seconds: float, start: int = 0) -> None:
        """Let every training step from ``start`` images seen on, and every block of samples, take so long [s]."""
        new = self.pace_file.with_suffix(".new")
        new.write_text(f"{seconds} {start}")
        new.replace(self.pace_file)

    def start(self, *words: str) -> None:
        """Start a driver, as a person would on the login node."""
        self.spawn([str(SNAKEMAKE), "--profile", "profiles/site", "--configfile", CONFIG, *words])

    def spawn(self, command: list[str]) -> None:
        """Start a command that drives the run, with its output in the next driver log."""
        with open(self.log_file(self.drivers + 1), "wb") as log:
            self.driver = subprocess.Popen(
                command, cwd=self.tree, env=self.environment, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self.started.append(self.driver)

    def shim(self, command: str, script: str) -> None:
        """Put a script before a command of SLURM, for this run's drivers and jobs; ``$real`` in it is that command."""
        folder = self.folder / "shims"
        folder.mkdir(exist_ok=True)
        self.path = f"{folder}{os.pathsep}"
        (folder / command).write_text(f"#!/bin/sh\nreal={self.cluster.bin / command}\n{script}\n")
        (folder / command).chmod(0o755)

    def finish(self, succeeds: bool = True) -> str:
        """Wait for the driver to end, well or badly as expected; what it printed."""
        self.wait(lambda: self.driver.poll() is not None, "the driver to end", fails_early=False)
        said = self.said()
        assert (self.driver.returncode == 0) is succeeds, self.story(f"the driver ended with {self.driver.returncode}")
        return said

    def wait(
        self, check: Callable[[], Any], what: str, seconds: float = LIMIT_SECONDS, fails_early: bool = True
    ) -> Any:
        """Wait until a check gives something true, and return that.

        It fails with the logs when the time is over, or when the driver ends meanwhile (``fails_early``).
        """
        deadline = min(time.monotonic() + seconds, self.began + LIMIT_SECONDS)
        while not (found := check()):
            ended = fails_early and self.driver is not None and self.driver.poll() is not None
            if ended or time.monotonic() > deadline:
                pytest.fail(self.story(f"{'the driver ended' if ended else 'out of time'}, waiting for {what}"))
            time.sleep(0.5)
        return found

    def training_at(self, images: int) -> Step:
        """Wait until a training has seen so many images; its latest step."""
        self.wait(lambda: any(step.images_seen >= images for step in self.steps()), f"{images} images seen")
        return self.steps()[-1]

    def train(self, seconds: float = 1.0, start: int = 100) -> Step:
        """Start a driver whose training is slow from ``start`` images seen on, and wait until it is; its latest step.

        Args:
            seconds: of each of those training steps.
        """
        self.pace(seconds, start)
        self.start()
        return self.training_at(start + 20)

    def slurm(self, command: str, *words: str) -> str:
        """What a command of SLURM prints; it is asked again while the controller, which all tests share, restarts."""
        deadline = time.monotonic() + RESTART_SECONDS
        while True:
            try:
                return self.cluster.run(command, *words)
            except subprocess.CalledProcessError as error:
                if "contact" not in error.stderr or time.monotonic() > deadline:
                    raise
            time.sleep(1)

    def show(self, job: str) -> dict[str, str]:
        """What SLURM knows of a job."""
        shown = self.slurm("scontrol", "show", "job", "-o", job)
        return dict(pair.split("=", 1) for pair in shown.split() if "=" in pair)

    def wait_for_state(self, job: str, *states: str, seconds: float = 180) -> None:
        """Wait until a job is in one of these states."""
        self.wait(lambda: self.show(job)["JobState"] in states, f"job {job} to be {' or '.join(states)}", seconds)

    # What is looked at afterwards

    def steps(self, what: str = "step") -> list[Step]:
        """All training steps (or sampled blocks) of this run so far, in the order of time; of several processes that
        train together those of the first."""
        if not self.trace_file.exists():
            return []
        lines = [line.split() for line in self.trace_file.read_text().splitlines()]
        steps = [Step(float(line[0]), int(line[1]), *line[2:7], int(line[7])) for line in lines if len(line) == 8]
        return sorted((step for step in steps if step.what == what and step.rank in "-0"), key=lambda step: step.time)

    def redone(self) -> int:
        """Images that were seen more than once, because what was seen after a checkpoint was lost."""
        seen = [step.images_seen for step in self.steps()]
        return BATCH * (len(seen) - len(set(seen)))

    def tries(self, segment: int) -> list[list[Step]]:
        """Steps of each process that trained a segment, in the order of their start."""
        processes: dict[int, list[Step]] = {}
        for step in self.steps():
            if step.images_seen // SEGMENT == segment:
                processes.setdefault(step.pid, []).append(step)
        return list(processes.values())

    def submitted(self, rule: str) -> list[str]:
        """SLURM jobs of a rule, as the drivers' logs name them."""
        pattern = re.compile(rf"SLURM jobid '?(\d+)'? \(log: \S*rule_{rule}/")
        return [found for number in range(1, self.drivers + 1) for found in pattern.findall(self.said(number))]

    def said(self, number: int = 0) -> str:
        """What a driver printed so far; the last one by default."""
        return self.log_file(number).read_text(errors="replace")

    def job_log(self, job: str) -> str:
        """What a SLURM job printed, at all its starts."""
        return next((self.tree / "logs/slurm").rglob(f"{job}.log")).read_text(errors="replace")

    def rule_log(self, segment: int) -> str:
        """What the latest try at a segment wrote to the log of its rule so far."""
        path = self.tree / RESULTS / f"logs/train/sersic/paced/seed0/segment_{segment}.log"
        return path.read_text() if path.exists() else ""

    def compare(self, parts: tuple[str, ...] = ("stamps", "models"), tree: Path | None = None) -> int:
        """Compare all artefacts with those of the undisturbed run, byte for byte; how many files that were.

        Also: nothing half-written lies about, and no two processes trained at the same time.

        Args:
            parts: folders that this run makes.
            tree: another undisturbed run than that of all tests.
        """
        here, there = self.tree / RESULTS, (tree or self.reference) / RESULTS
        files = artefacts(here)
        assert set(files) == {name for name in artefacts(there) if name.parts[0] in parts}
        differing = [str(name) for name in files if not filecmp.cmp(here / name, there / name, shallow=False)]
        assert not differing, self.story(f"other bytes than in the undisturbed run: {', '.join(differing)}")
        for segment in (0, 1):
            for before, after in pairwise(self.tries(segment)):
                assert before[-1].time < after[0].time, f"{before[-1]} and {after[0]} trained at the same time"
        return len(files)

    def report(self, killed: str, compared: int) -> None:
        """Leave a line for the end of the tests."""
        seconds = time.monotonic() - self.began
        line = f"{killed}: {self.redone()} images redone, {compared} files equal, {seconds:.0f} s"
        (self.cluster.folder / "report" / self.partition).write_text(line + "\n")

    @cached_property
    def reference(self) -> Path:
        """The tree of the undisturbed run."""
        return undisturbed(self.cluster)

    @property
    def environment(self) -> dict[str, str]:
        """Environment of a driver."""
        variables = environment(self.cluster)
        return variables | {
            "PATH": self.path + variables["PATH"],
            "GALFORGE_TEST_PACE": str(self.pace_file),
            "GALFORGE_TEST_TRACE": str(self.trace_file),
            **self.variables,
        }

    @property
    def drivers(self) -> int:
        """How many drivers were started."""
        return len(self.started)

    def log_file(self, number: int = 0) -> Path:
        return self.folder / f"driver-{number or self.drivers}.log"

    def story(self, failure: str) -> str:
        """A failure with everything that explains it."""
        parts = [failure]
        files = [self.folder / f"driver-{number}.log" for number in range(1, self.drivers + 1)]
        files += sorted((self.tree / "logs/slurm").rglob("*.log"))
        for file in files:
            parts.append(f"--- {file.relative_to(self.folder)}\n{file.read_text(errors='replace')[-4000:]}")
        jobs = self.slurm("squeue", "-t", "all", "-p", self.partition, "-o", "%i %k %T %N %M")
        parts.append(f"--- squeue\n{jobs}")
        parts.append("--- trace\n" + "\n".join(map(str, self.steps()[-5:])))
        return "\n".join(parts)

    def close(self) -> None:
        """End what is left of this run."""
        self.pace(0)
        for driver in self.started:
            if driver.poll() is None:
                # A test may have stopped it.
                driver.send_signal(signal.SIGCONT)
                driver.send_signal(signal.SIGINT)
                try:
                    driver.wait(30)
                except subprocess.TimeoutExpired:
                    driver.kill()
                    driver.wait(10)
        listed = self.slurm("squeue", "-h", "-o", "%i %Z").splitlines()
        jobs = [line.split()[0] for line in listed if line.split(maxsplit=1)[1] == str(self.tree)]
        if jobs:
            subprocess.run([self.cluster.bin / "scancel", *jobs], timeout=60, capture_output=True, check=False)
