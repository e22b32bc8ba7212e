"""End what a killed driver left running (``make recover``): its jobs live on, and the directory stays locked.

``python workflow/galforge/operate/recover.py [--force]``, in the directory of the run, ends those jobs. Then
``snakemake --unlock`` and the same command as before continue the run. Jobs of other directories are left alone, and
nothing is done while a driver runs.
"""

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from galforge.errors import GalforgeError
from galforge.operate.processes import NoSlurm, Process, drivers, local_jobs, other_hosts, processes, slurm_jobs

CANCEL_SECONDS = 240.0
"""SLURM gives a job 30 s or more to end, and marks a node that cannot end one only after some minutes."""
GRACE_SECONDS = 30.0
"""A training saves its progress within this."""


def recover(
    directory: Path,
    force: bool = False,
    cancel_seconds: float = CANCEL_SECONDS,
    grace_seconds: float = GRACE_SECONDS,
    poll_seconds: float = 2.0,
) -> None:
    """End what a killed driver of ``directory`` left running, and say what that was.

    Args:
        directory: where the run was started.
        force: continue although a driver on another machine may be alive, or SLURM does not say which jobs run.
        cancel_seconds: how long SLURM may take to end its jobs [s].
        grace_seconds: time between SIGTERM and SIGKILL for processes on this machine [s].
        poll_seconds: time between two looks [s].

    Raises:
        GalforgeError: a driver runs, or may run, or a job does not end.
    """
    if alive := drivers(directory, processes()):
        raise GalforgeError(
            f"Snakemake runs in {directory}: {', '.join(map(str, alive))}; there is nothing to recover. To stop that "
            "run, press Ctrl-C where it runs (or send it SIGINT): it ends its jobs and unlocks the directory itself"
        )
    if (hosts := other_hosts(directory)) and not force:
        raise GalforgeError(
            f"{directory} is locked, and a run was started on {', '.join(hosts)}, which cannot be looked at from here; "
            "run make recover there, or make sure that no snakemake runs there and add FORCE=1"
        )
    _end_slurm_jobs(directory, force, cancel_seconds, poll_seconds)
    _end_processes(directory, grace_seconds)


def _end_slurm_jobs(directory: Path, force: bool, seconds: float, poll_seconds: float) -> None:
    try:
        jobs = slurm_jobs(directory)
    except NoSlurm as reason:
        if shutil.which("squeue") and not force:
            raise GalforgeError(
                f"{reason}; jobs may still run and write. Try again when squeue answers, or add FORCE=1 where no job "
                "of this directory was ever sent to SLURM"
            ) from None
        print(f"recover: {reason}")
        return
    if not jobs:
        print("recover: no SLURM job of this directory is left")
        return
    for job in jobs:
        print(f"recover: cancelling {job}")
    deadline = time.monotonic() + seconds
    while jobs:
        # Again each time: a job may have put itself back into the queue meanwhile.
        if ids := [job.id for job in jobs if job.state != "COMPLETING"]:
            _cancel(ids)
        if time.monotonic() >= deadline:
            raise GalforgeError(
                f"after {seconds:g} s SLURM still lists {', '.join(map(str, jobs))}; look at the nodes (sinfo, "
                "scontrol show node), and run make recover again when squeue no longer lists these jobs"
            )
        time.sleep(poll_seconds)
        jobs = slurm_jobs(directory)
    print("recover: SLURM lists none of them any more")


def _cancel(ids: list[str]) -> None:
    try:
        done = subprocess.run(["scancel", *ids], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GalforgeError(f"jobs {' '.join(ids)} cannot be cancelled: {error}") from error
    if done.returncode:
        print(f"recover: scancel {' '.join(ids)}: {done.stderr.strip() or done.returncode}")


def _end_processes(directory: Path, grace_seconds: float) -> None:
    left = _orphans(directory)
    if not left:
        print("recover: no process of a job is left on this machine")
        return
    for process in left:
        print(f"recover: ending {process}")
    for number, seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, grace_seconds)):
        for process in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, number)
        deadline = time.monotonic() + seconds
        while (left := _orphans(directory)) and time.monotonic() < deadline:
            time.sleep(0.2)
        if not left:
            print("recover: they have ended")
            return
        print(f"recover: {len(left)} still there after {signal.Signals(number).name}")
    raise GalforgeError(
        f"{', '.join(map(str, left))} cannot be ended: they wait for a disk or device that hangs; run make recover "
        "again when it answers"
    )


def _orphans(directory: Path) -> list[Process]:
    return [process for process in local_jobs(directory, processes()) if process.pid != os.getpid()]


def main(words: list[str]) -> None:
    """Command line; see the module."""
    parser = argparse.ArgumentParser(description="End the jobs that a killed driver left in this directory.")
    parser.add_argument("--force", action="store_true", help="go on although a driver on another machine may be alive")
    try:
        recover(Path.cwd(), force=parser.parse_args(words).force)
    except GalforgeError as error:
        sys.exit(f"recover: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
