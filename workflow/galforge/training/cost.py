"""What a training costs: time and device. It is kept out of states, which are the same however long they took.

The account of a segment is JSON: ``seconds``, ``processes``, ``threads``, ``device`` and, of a training that diverged,
``diverged``, whose ``images_seen`` say when and whose ``why`` says how.
"""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from galforge.atomic import write_text

FILE = "cost.json"
SECONDS_PER_HOUR = 3600


class Spent:
    """Time spent on a segment by this try and by the tries before it that it goes on from.

    Args:
        work: the work folder, where earlier tries left their account.
        processes, threads: that train.

    Attributes:
        device: kind of device that trains.
    """

    def __init__(self, work: Path, processes: int, threads: int):
        self.file = work / FILE
        self.processes, self.threads, self.device = processes, threads, ""
        self._before = _read(self.file)["seconds"]
        self._began = time.monotonic()

    def write(self) -> None:
        """Write the account as of now; a try that is killed later loses what it spent since."""
        seconds = round(self._before + time.monotonic() - self._began, 3)
        cost = {"seconds": seconds, "processes": self.processes, "threads": self.threads, "device": self.device}
        write_text(self.file, json.dumps(cost, sort_keys=True) + "\n")


def write_cost(out: Path | None, work: Path | None, diverged: Mapping[str, Any] | None = None) -> None:
    """Write the account of a segment to ``out``, if given: that of its work folder, or one of no cost without it.

    Args:
        out: the file to make; None for none.
        work: the work folder; None for a segment that trained nothing.
        diverged: when and how the training diverged, in this segment or before it.
    """
    if out is not None:
        account = _read(work / FILE if work else None) | ({"diverged": dict(diverged)} if diverged else {})
        write_text(out, json.dumps(account, sort_keys=True) + "\n")


def diverged_before(state: Path) -> dict[str, Any] | None:
    """What the account beside a state says of a divergence; None where it says nothing."""
    return _read(state.with_suffix(".cost.json")).get("diverged")


def hours(accounts: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """``gpu_hours`` and ``cpu_hours`` of some accounts: wall time times GPUs, or times CPU threads where no GPU
    trained."""
    on_gpu = [each["seconds"] * each["processes"] for each in accounts if each["device"] == "cuda"]
    on_cpu = [each["seconds"] * each["processes"] * each["threads"] for each in accounts if each["device"] == "cpu"]
    return {"gpu_hours": sum(on_gpu) / SECONDS_PER_HOUR, "cpu_hours": sum(on_cpu) / SECONDS_PER_HOUR}


def _read(file: Path | None) -> dict[str, Any]:
    if file is None or not file.exists():
        return {"seconds": 0.0, "processes": 0, "threads": 0, "device": ""}
    return json.loads(file.read_text(encoding="utf-8"))
