"""One process of a training: ``python -m galforge.training.worker <job>``, started by ``galforge.training.launch``."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from galforge import families, logs
from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.models.settings import NormalisationSettings
from galforge.training.clock import Preempted
from galforge.training.group import Group
from galforge.training.segment import Segment, run_segment
from galforge.training.settings import StepSettings


def run(job: dict[str, Any], group: Group) -> None:
    """Run a segment that is described in plain data: paths as text, settings as specs."""
    made_from = job["segment"]
    settings = families.load("models", made_from["family"], "settings").ModelSettings
    segment = Segment(
        stamps=Path(made_from["stamps"]),
        family=made_from["family"],
        network=settings.from_spec(made_from["network"]),
        normalisation=NormalisationSettings.from_spec(made_from["normalisation"]),
        training=StepSettings.from_spec(made_from["training"]),
        seed=made_from["seed"],
        stop=made_from["stop"],
        state_in=Path(made_from["state_in"]) if made_from["state_in"] else None,
        key=made_from["key"],
    )
    run_segment(
        segment,
        Path(job["state_out"]),
        Path(job["work"]),
        minutes=job["minutes"],
        checkpoint_seconds=job["checkpoint_seconds"],
        tensorboard=Path(job["tensorboard"]) if job["tensorboard"] else None,
        group=group,
        cost_out=Path(job["cost_out"]) if job.get("cost_out") else None,
    )


def main(folder: Path) -> None:
    """Run ``job.json`` of a folder as one of several processes, and leave there how it ended.

    Whatever is expected ends with exit code 0 and a word in ``outcome-<rank>.json``, so that the launcher does not
    kill the processes that are still saving.
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
    except Exception as error:
        # The others lose their connection when one process ends: its reason is the one to read.
        log.warning("process %d ended: %s: %s", group.rank, type(error).__name__, error, exc_info=group.rank == 0)
        outcome = {"broken": f"process {group.rank} of {group.size}: {type(error).__name__}: {error}"}
    (folder / f"outcome-{group.rank}.json").write_text(json.dumps(outcome), encoding="utf-8")
    if "error" in outcome or "broken" in outcome:
        # The launcher then ends the processes that wait for this one. Without clearing up: that could wait for them.
        sys.stderr.flush()
        os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
