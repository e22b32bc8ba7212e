"""What a training costs: time and device. It is kept out of states, which are the same however long they took."""

import json
import time
from pathlib import Path
from typing import Any

from galforge.atomic import write_text

FILE = "cost.json"


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


def write_cost(out: Path | None, work: Path | None) -> None:
    """Write the account of a segment to ``out``, if given: that of its work folder, or one of no cost without it."""
    if out is not None:
        write_text(out, json.dumps(_read(work / FILE if work else None), sort_keys=True) + "\n")


def _read(file: Path | None) -> dict[str, Any]:
    if file is None or not file.exists():
        return {"seconds": 0.0, "processes": 0, "threads": 0, "device": ""}
    return json.loads(file.read_text(encoding="utf-8"))
