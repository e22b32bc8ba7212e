"""One process of a training: ``python -m galforge.training.worker <folder>``, started by ``training.launch``."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from galforge import logs
from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.training.clock import Preempted
from galforge.training.group import Group
from galforge.training.segment import Segment, run_segment
from galforge.training.state import Diverged


def run(job: dict[str, Any], group: Group) -> None:
    """Run a segment described by plain data: ``segment`` (see ``Segment.from_spec``) and arguments of ``run_segment``.

    Of these, ``state_out``, ``work``, ``tensorboard`` and ``cost_out`` are paths as text; the last two may be missing,
    and so may ``whole_from``.
    """
    paths = {name: Path(job[name]) for name in ("state_out", "work", "tensorboard", "cost_out") if job.get(name)}
    others = {name: job[name] for name in ("minutes", "checkpoint_seconds", "whole_from") if name in job}
    run_segment(Segment.from_spec(job["segment"]), **paths, **others, group=group)


def main(folder: Path) -> None:
    """Run ``job.json`` of a folder as one of several processes, and leave word there of how it ended.

    Expected ends have exit code 0 and a word in ``outcome-<rank>.json``, so that the launcher does not kill processes
    that are still saving.
    """
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    group = Group.from_environment()
    logs.to_file(job["log"] if group.rank == 0 else None)
    if group.rank:
        log.setLevel("WARNING")
    outcome: dict[str, Any] = {}
    try:
        with group:
            run(job, group)
    except Preempted as stopped:
        outcome = {"stopped": str(stopped), "signal": stopped.signal}
    except GalforgeError as error:
        outcome = {"error": str(error)}
        if isinstance(error, Diverged):
            outcome["diverged"] = error.images_seen
    except Exception as error:
        # When one process ends, the others lose their connection to it: its reason is the one to read.
        log.warning("process %d ended: %s: %s", group.rank, type(error).__name__, error, exc_info=group.rank == 0)
        outcome = {"broken": f"process {group.rank} of {group.size}: {type(error).__name__}: {error}"}
    (folder / f"outcome-{group.rank}.json").write_text(json.dumps(outcome), encoding="utf-8")
    if "error" in outcome or "broken" in outcome:
        # The launcher then ends the processes that wait for this one. No clean-up here: it could wait for them.
        sys.stderr.flush()
        os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
