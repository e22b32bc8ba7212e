"""Starts a segment in one process, or in one per GPU of the node by torch's own launcher."""

import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch.distributed.elastic.multiprocessing import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.training import worker
from galforge.training.clock import REQUEUE_GRACE_SECONDS, Preempted, requeue
from galforge.training.group import Group
from galforge.training.state import Diverged

_PACKAGES = str(Path(__file__).resolve().parents[2])
_SAVING_SECONDS = 300
_HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


def launch(job: dict[str, Any], count: int, grace_seconds: float = REQUEUE_GRACE_SECONDS) -> None:
    """Run a segment in ``count`` processes; on SLURM, put its job back into the queue if it has to stop early.

    Args:
        job: plain data for ``galforge.training.worker.run``, and ``log``, the log file of the first of several
            processes; ``gpus``, how many were asked for, may be missing.
        count: number of processes, on this node.
        grace_seconds: see ``requeue``.

    Raises:
        Preempted: stopped early; progress is saved.
        Diverged: a loss or a weight is not finite.
        GalforgeError: what ``run_segment`` raises.
    """
    _check_given(job.get("gpus", 0), job["segment"]["training"]["device"])
    try:
        if count == 1:
            worker.run(job, Group())
        else:
            _launch_several(job, count)
    except Preempted as stopped:
        requeue(stopped, grace_seconds)
        raise


def _check_given(asked: int, device: str) -> None:
    """Refuse to train with fewer GPUs than were asked for: on fewer, or on the CPU, it would take days longer.

    Raises:
        GalforgeError: SLURM gave the job fewer than that.
    """
    if device == "cpu" or "SLURM_JOB_ID" not in os.environ or (seen := torch.cuda.device_count()) >= asked:
        return
    raise GalforgeError(
        f"the job asked SLURM for {asked} GPUs and torch sees {seen}: check gpu, or gres, in profiles/slurm and what "
        "the rule gpu_check logs, or say training: device: cpu and gpu: 0"
    )


def _launch_several(job: dict[str, Any], count: int) -> None:
    # The processes meet at a free port of this node; the variables that SLURM sets for its tasks do not matter.
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=count,
        run_id=job["segment"]["key"][:16],
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        # Otherwise the name of the node would be resolved, which not every node can.
        local_addr="localhost",
        max_restarts=0,
        shutdown_timeout=_SAVING_SECONDS,
    )
    variables = {
        "PYTHONPATH": os.pathsep.join(filter(None, [_PACKAGES, os.environ.get("PYTHONPATH")])),
        "OMP_NUM_THREADS": str(job["segment"]["training"]["threads"]),
    }
    with tempfile.TemporaryDirectory(prefix="galforge-") as name, _surroundings(variables):
        folder = Path(name)
        (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
        asked = None
        try:
            elastic_launch(config, sys.executable)("-m", worker.__name__, name)
        except SignalException as caught:
            asked = int(caught.sigval)
        except ChildFailedError as failed:
            log.warning("%d of %d processes of the training failed", len(failed.failures), count)
        outcomes = [_outcome(folder / f"outcome-{rank}.json") for rank in range(count)]
    _raise_first(outcomes, asked)


@contextmanager
def _surroundings(variables: dict[str, str]) -> Iterator[None]:
    """Set variables of the environment, and restore it afterwards with the signal handlers that torch's launcher sets.

    Under its handlers a later signal, such as the end of a requeued job, would look like an error.
    """
    handlers, before = {number: signal.getsignal(number) for number in _HANDLED}, dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _outcome(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"broken": "a process of the training was killed (out of memory?); run the same again"}


def _raise_first(outcomes: list[dict[str, Any]], asked: int | None) -> None:
    """Raise what ended the training: an error rather than a stop, and that rather than its consequences."""
    first = {word: outcome for outcome in reversed(outcomes) for word in outcome}
    if "diverged" in first:
        raise Diverged(first["diverged"]["error"], first["diverged"]["diverged"])
    if "error" in first:
        raise GalforgeError(first["error"]["error"])
    if "stopped" in first:
        raise Preempted(first["stopped"]["stopped"], asked or first["stopped"]["signal"])
    if asked is not None:
        raise Preempted("the training was stopped before it could save; it goes on from its last checkpoint", asked)
    if "broken" in first:
        raise GalforgeError(first["broken"]["broken"])
