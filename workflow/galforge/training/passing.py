"""What becomes of a segment that diverges: an error, or the state before it once more."""

from pathlib import Path
from typing import Any

from galforge.logs import log
from galforge.training import state as states
from galforge.training.cost import write_cost
from galforge.training.launch import launch
from galforge.training.lease import Lease
from galforge.training.state import Diverged


def launch_or_pass_on(job: dict[str, Any], count: int, whole_from: int) -> int | None:
    """Run a segment as ``launch`` does; where it diverges, pass on the state before it by hard link.

    Args:
        job, count: see ``launch``.
        whole_from: what the segment before ends at [images], if a snapshot is chosen from the training. With 0, and in
            the first segment, a divergence is an error.

    Returns:
        Images seen when this segment diverged; None if it did not.

    Raises:
        Diverged: there is no state before, or the configuration takes the last one.
        Preempted, GalforgeError: see ``launch``.
    """
    before = job["segment"]["state_in"]
    try:
        launch({**job, "whole_from": whole_from}, count)
    except Diverged as error:
        if before is None:
            raise
        if not whole_from:
            raise Diverged(
                f"{error}. Its earlier segments stand: with snapshot: {{choose: best, by: <a measure>}} this one is "
                "given up, and the best weights of those before are sampled",
                error.images_seen,
            ) from error
        log.warning("%s; the state before, %s, is passed on", error, before)
        pass_on(Path(before), Path(job["state_out"]), Path(job["work"]), error, job.get("cost_out"))
        return error.images_seen
    return None


def pass_on(before: Path, state_out: Path, work: Path, diverged: Diverged, cost_out: str | None = None) -> None:
    """Give the state before a segment that diverged its name, and write what the segment cost.

    Raises:
        LeaseLost: another process took the work folder over.
    """
    with Lease(work) as lease:
        states.link(before, state_out, lease)
        said = {"images_seen": diverged.images_seen, "why": str(diverged)}
        write_cost(Path(cost_out) if cost_out else None, work, said)
