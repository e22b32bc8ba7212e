"""Which snapshot of a training is sampled: the one of the smallest distance."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from galforge.errors import GalforgeError
from galforge.logs import log

_KEPT = ("segment", "images_seen", "value", "standard_error", "floor")


def choose(scores: Sequence[Path], cost: Path) -> dict[str, Any]:
    """The choice among the scores of all segments of a training.

    A segment that passed the state before it on has the same weights as that one, and counts once.

    Args:
        scores: what ``galforge.snapshots.score`` left, in the order of the segments.
        cost: account of the last segment, which says whether the training diverged.

    Returns:
        The score of the chosen one (``by``, ``metric``, ``property``, ``segment``, ``images_seen``, ``value`` and so
        on), ``of`` (number of different snapshots), ``images_total`` (seen at the end, or when it diverged), ``scores``
        of all, and ``diverged`` (``images_seen`` and ``why``; None if the training did not).

    Raises:
        GalforgeError: no snapshot has a distance, or they were scored by different ones.
    """
    found = [{"segment": index, **_read(path)} for index, path in enumerate(scores)]
    kinds = {(each["by"], each["metric"], each["property"]) for each in found}
    if len(kinds) > 1:
        raise GalforgeError(f"{scores[0]} and others beside it are by different distances; remove them and run again")
    different = list({each["images_seen"]: each for each in reversed(found)}.values())[::-1]
    measured = [each for each in different if each["value"] is not None]
    if not measured:
        raise GalforgeError(
            f"{scores[0]}: no snapshot of this training has a distance by {found[0]['by']}, because too few of its "
            "images can be measured; choose by: power_spectrum, which can always be measured, or choose: last"
        )
    best = min(measured, key=lambda each: each["value"])
    diverged = _read(cost).get("diverged")
    total = max(found[-1]["images_seen"], diverged["images_seen"] if diverged else 0)
    log.info(
        "weights_%d, after %d of %d images seen, is the best of %d by %s: %.4g (floor %s)",
        best["segment"],
        best["images_seen"],
        total,
        len(different),
        best["by"],
        best["value"],
        best["floor"],
    )
    return {
        **best,
        "of": len(different),
        "images_total": total,
        "scores": [{name: each[name] for name in _KEPT} for each in different],
        "diverged": diverged,
    }


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))
