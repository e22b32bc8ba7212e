"""What runs in a working directory: its drivers, the jobs they sent to SLURM, and processes of jobs on this machine.

A driver is a Snakemake process. It writes ``.snakemake/galforge/plan-<host>-<pid>.json`` and gives the path of that
file to all its jobs in the environment. So a process belongs to the directory of its plan, even after its driver died.
"""

import os
import re
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from galforge.errors import GalforgeError
from galforge.logs import duration
from galforge.provenance.records import DRIVER_JOB_VARIABLE, PLAN_VARIABLE

JOB_PREFIX = "galforge_"
PLANS = Path(".snakemake/galforge")
LOCKS = Path(".snakemake/locks")
_PLAN = re.compile(r"plan-(?P<host>.+)-(?P<pid>\d+)\.json")
_SQUEUE_FORMAT = "%i|%j|%T|%N|%M|%k|%Z"
_SQUEUE_SECONDS = 60
_INTERPRETER_WORDS = 6


class NoSlurm(GalforgeError):
    """SLURM's jobs are not known: there is no squeue, or it gets no answer."""


@dataclass(frozen=True)
class SlurmJob:
    """A job that squeue lists, which waits, runs or is ending."""

    id: str
    name: str
    state: str
    nodes: str
    elapsed: str
    comment: str

    def __str__(self) -> str:
        place = f" on {self.nodes}" if self.nodes else ""
        return f"job {self.id} ({self.comment}, {self.state}{place})"


@dataclass(frozen=True)
class Process:
    """A process of this user on this machine."""

    pid: int
    command: tuple[str, ...]
    folder: Path
    plan: Path | None
    slurm_job: str
    """SLURM job that the process runs in; empty for none, and for the one that the driver itself runs in."""

    def elapsed(self) -> str:
        """How long it has run, such as ``12 min``; empty if it has ended."""
        try:
            return duration(time.time() - psutil.Process(self.pid).create_time())
        except psutil.NoSuchProcess:
            return ""

    def __str__(self) -> str:
        return f"process {self.pid} ({' '.join(self.command)[:200]})"


def slurm_jobs(directory: Path) -> list[SlurmJob]:
    """This user's SLURM jobs of galforge that were sent from ``directory``.

    Raises:
        NoSlurm: squeue is not there or does not answer.
    """
    command = ["squeue", "--me", "-h", "-o", _SQUEUE_FORMAT]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SQUEUE_SECONDS, check=False)
    except FileNotFoundError:
        raise NoSlurm("there is no squeue here, so no SLURM jobs were looked for") from None
    except subprocess.TimeoutExpired:
        raise NoSlurm(f"squeue did not answer within {_SQUEUE_SECONDS} s, so SLURM jobs are not known") from None
    if done.returncode:
        why = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise NoSlurm(f"squeue failed, so SLURM jobs are not known ({why})")
    jobs = []
    for line in done.stdout.splitlines():
        # The folder comes last, because its name may hold the separator.
        *fields, folder = line.split("|", _SQUEUE_FORMAT.count("|"))
        if fields[1].startswith(JOB_PREFIX) and Path(folder).resolve() == directory.resolve():
            jobs.append(SlurmJob(*fields))
    return jobs


def processes() -> list[Process]:
    """Processes of this user on this machine, except those that have ended or may not be read."""
    found = []
    for process in psutil.process_iter(["pid", "uids", "cmdline", "environ", "cwd"]):
        known = process.info
        if None in known.values() or known["uids"].effective != os.getuid() or not known["cmdline"]:
            continue
        variables = known["environ"]
        job, plan = variables.get("SLURM_JOB_ID", ""), variables.get(PLAN_VARIABLE)
        own = job == variables.get(DRIVER_JOB_VARIABLE, "")
        plan = Path(plan) if plan else None
        command, folder = tuple(known["cmdline"]), Path(known["cwd"])
        found.append(Process(known["pid"], command, folder, plan, "" if own else job))
    return found


def drivers(directory: Path, among: list[Process]) -> list[Process]:
    """Snakemake processes that were started in ``directory`` by a person, and not as a job of another one."""
    here = [process for process in among if process.plan is None and process.folder == directory.resolve()]
    return [process for process in here if _is_snakemake(process.command)]


def local_jobs(directory: Path, among: list[Process]) -> list[Process]:
    """Processes of jobs of ``directory`` that run on this machine outside any SLURM job."""
    plans = (directory / PLANS).resolve()
    outside = [process for process in among if process.plan is not None and not process.slurm_job]
    return [process for process in outside if process.plan.parent.resolve() == plans]


def other_hosts(directory: Path) -> list[str]:
    """Other machines on which a driver may hold this directory's lock; only there can one see whether it is alive.

    A driver locks the directory before it writes its plan, and unlocks it when it ends. So a plan that is older than
    all locks is of a driver that has ended.
    """
    locks = [lock.stat().st_mtime for lock in (directory / LOCKS).glob("*")]
    if not locks:
        return []
    plans = [(_PLAN.fullmatch(plan.name), plan.stat().st_mtime) for plan in (directory / PLANS).glob("plan-*.json")]
    hosts = {parts["host"] for parts, written in plans if parts and written >= min(locks)}
    return sorted(hosts - {socket.gethostname()})


def _is_snakemake(command: tuple[str, ...]) -> bool:
    """Whether a command is ``snakemake ...``, ``python .../snakemake ...`` or ``python -m snakemake ...``.

    The interpreter may have options, which come before the program. A script that is given such a command, as those of
    ``make status`` and ``make demo`` are, is none.
    """
    first, *words = [Path(word).name for word in command]
    if first == "snakemake":
        return True
    if not first.startswith("python"):
        return False
    if "-m" in words[:_INTERPRETER_WORDS]:
        return words[words.index("-m") + 1 :][:1] == ["snakemake"]
    programs = (word for word in words[:_INTERPRETER_WORDS] if word == "snakemake" or word.endswith(".py"))
    return next(programs, "") == "snakemake"
