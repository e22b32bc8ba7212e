"""When a segment has to stop: its own clock, and signals that ask for it."""

import os
import shutil
import signal
import subprocess
import threading
import time
from types import FrameType
from typing import Self

from galforge.errors import GalforgeError
from galforge.logs import log

IN_DIGEST = False
"""When a training stops for a while; what it computes is the same however often it does."""

GO_ON, TIME_IS_UP = 0, 1
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_LEAST_MARGIN, _MOST_MARGIN, _MARGIN_SHARE = 60.0, 600.0, 0.05
REQUEUE_GRACE_SECONDS = 60.0


class Preempted(GalforgeError):
    """The segment was asked to stop before its end, after saving its progress.

    Attributes:
        signal: the number of the signal that asked; None if it was the segment's own clock.
    """

    def __init__(self, message: str, signal: int | None = None):
        super().__init__(message)
        self.signal = signal


class OutOfTime(Preempted):
    """The segment stopped before its time limit, after saving its progress."""


class Clock:
    """Knows when to stop. A context manager, because it handles SIGTERM and SIGINT while it is open.

    Args:
        minutes: time limit of the job, counted from here; None for none.
        margin_seconds: how long before the limit to stop; by default 5 % of it, at least 1 and at most 10 minutes, and
            never more than half of it.
    """

    def __init__(self, minutes: float | None, margin_seconds: float | None = None):
        self.signal: int | None = None
        self.deadline = float("inf")
        if minutes is not None:
            limit = 60.0 * minutes
            if margin_seconds is None:
                margin_seconds = min(max(_LEAST_MARGIN, _MARGIN_SHARE * limit), _MOST_MARGIN, limit / 2)
            self.deadline = time.monotonic() + limit - margin_seconds

    def __enter__(self) -> Self:
        # Signals can be caught in the main thread only; in others (a notebook's) the time limit alone counts.
        catches = threading.current_thread() is threading.main_thread()
        self._before = {number: signal.signal(number, self._remember) for number in _SIGNALS} if catches else {}
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def must_stop(self, reserve_seconds: float = 0.0) -> bool:
        """Whether to save and stop now; ``reserve_seconds`` is the time that saving takes beyond the margin."""
        return self.reason(reserve_seconds) != GO_ON

    def reason(self, reserve_seconds: float = 0.0) -> int:
        """Why to save and stop now, as a number of which the largest of several processes counts.

        ``GO_ON``, ``TIME_IS_UP``, or ``TIME_IS_UP`` plus the number of a signal.
        """
        if self.signal is not None:
            return TIME_IS_UP + self.signal
        return TIME_IS_UP if time.monotonic() + reserve_seconds >= self.deadline else GO_ON

    def adopt(self, reason: int) -> None:
        """Stop for another process's reason."""
        if reason > TIME_IS_UP:
            self.signal = reason - TIME_IS_UP

    def stop(self) -> None:
        """Raise the error that says why the segment stops.

        Raises:
            Preempted: a signal came.
            OutOfTime: the time limit is near.
        """
        rest = "; its progress is saved, and running the same again goes on from there"
        if self.signal is not None:
            raise Preempted(f"the training was stopped by {signal.Signals(self.signal).name}{rest}", self.signal)
        raise OutOfTime(f"the training stopped before the time limit of its job{rest}")

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self.signal = number


def requeue(stopped: Preempted, grace_seconds: float = REQUEUE_GRACE_SECONDS) -> None:
    """On SLURM, put this job back into the queue and wait for its end; elsewhere, do nothing.

    A job that its user cancelled or interrupted from the keyboard is not requeued.
    """
    job, scontrol = os.environ.get("SLURM_JOB_ID"), shutil.which("scontrol")
    if not job or stopped.signal == signal.SIGINT:
        return
    if not scontrol:
        log.warning("job %s is not requeued, for here is no scontrol; a retry goes on from the checkpoint", job)
        return
    try:
        shown = _run(scontrol, "show", "job", "-o", job)
        states = [field.removeprefix("JobState=") for field in shown.split() if field.startswith("JobState=")]
        if states not in (["RUNNING"], ["PREEMPTED"]):
            # After scancel the job is CANCELLED before its signal arrives; a requeue would bring it back to life.
            log.info("job %s is %s and is not requeued", job, " ".join(states) or "in an unknown state")
            return
        # Logged before the request, because SLURM then ends this process, and often scontrol too, at once.
        log.info("%s; job %s goes back into the queue", stopped, job)
        _run(scontrol, "requeue", job)
    except (OSError, subprocess.SubprocessError) as error:
        log.warning("job %s could not be requeued (%s); a retry goes on from the checkpoint", job, error)
        return
    # SLURM ends this process within seconds. If it failed before that, Snakemake would see a failed job.
    time.sleep(grace_seconds)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode and done.returncode != -signal.SIGTERM:
        raise subprocess.SubprocessError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
    return done.stdout
