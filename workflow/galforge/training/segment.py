"""One segment of a training, as a job runs it: resume, train, save checkpoints, stop in time, hand the state on."""

import os
import socket
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from galforge import families
from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.models import device as devices
from galforge.models import normalisation as normalisations
from galforge.models.settings import NormalisationSettings
from galforge.settings import Settings
from galforge.stamps.file import Stamps
from galforge.training import state as states
from galforge.training.clock import Clock
from galforge.training.cost import Spent, diverged_before, write_cost
from galforge.training.data import HOLD_BYTES, TrainingImages
from galforge.training.group import Group
from galforge.training.keep import CHECKPOINT_SECONDS, Keep
from galforge.training.lease import TTL_SECONDS, Lease
from galforge.training.loop import Training, train
from galforge.training.room import room_for_images
from galforge.training.settings import StepSettings
from galforge.training.validation import SPLIT, Validation


@dataclass(frozen=True)
class Segment:
    """What a segment is made from, and how far it goes.

    Attributes:
        stamps: source stamps; only the splits that are trained on are read.
        family, network: the model family and its settings.
        normalisation, training: settings.
        seed: of this training.
        stop: images seen at the end of this segment, a multiple of the batch [images].
        state_in: the state that the segment before left; None for the first one.
        key: the digest of all of these.
    """

    stamps: Path
    family: str
    network: Settings
    normalisation: NormalisationSettings
    training: StepSettings
    seed: int
    stop: int
    state_in: Path | None
    key: str

    @classmethod
    def from_spec(cls, spec: dict[str, Any]) -> Self:
        """The segment described by plain data: its attributes, with paths as text and settings as specs."""
        settings = families.load("models", spec["family"], "settings").ModelSettings
        typed = {
            "stamps": Path(spec["stamps"]),
            "network": settings.from_spec(spec["network"]),
            "normalisation": NormalisationSettings.from_spec(spec["normalisation"]),
            "training": StepSettings.from_spec(spec["training"]),
            "state_in": Path(spec["state_in"]) if spec["state_in"] else None,
        }
        return cls(**spec | typed)


def run_segment(
    segment: Segment,
    state_out: Path,
    work: Path,
    minutes: float | None = None,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    ttl_seconds: float = TTL_SECONDS,
    margin_seconds: float | None = None,
    tensorboard: Path | None = None,
    group: Group | None = None,
    cost_out: Path | None = None,
    whole_from: int = 0,
) -> None:
    """Train from ``segment.state_in`` until ``segment.stop`` images were seen, and write ``state_out``.

    Whatever ended an earlier try, this one goes on from the last sound checkpoint in ``work``; a finished state there
    is handed out without training. On the CPU the outcome is the same, bit for bit, as without any interruption. A
    state that has already seen ``stop`` images is passed on by hard link, and so is one that has seen less than
    ``whole_from``.

    Args:
        segment: what it is made from.
        state_out: the file to make.
        work: a folder for this segment only, named by its key. Checkpoints with another key, or from another
            ``state_in``, are not used. ``history.csv`` in it grows while the training runs.
        minutes: time limit of the job, counted from the call [minutes]; None for none.
        checkpoint_seconds: time between two checkpoints [s]; it does not change the outcome.
        ttl_seconds, margin_seconds: see ``Lease`` and ``Clock``.
        tensorboard: folder for TensorBoard to watch; None for none.
        group: the processes that train together, of which the first one writes; this one alone if not given.
        cost_out: where to write the cost, see ``galforge.training.cost``; None for nowhere.
        whole_from: what the segment before ends at [images]: a state that has seen less stood before a divergence. 0
            trains on from any state.

    Raises:
        Preempted, OutOfTime: stopped early; progress is saved.
        Diverged: a loss or a weight is not finite.
        StateError: ``state_in`` is damaged or of another training.
        LeaseLost: another process took the work folder over.
        GalforgeError: the settings do not suit the data or the machine, or the time limit allows no step at all.
    """
    if segment.stop % segment.training.batch:
        raise GalforgeError(
            f"a segment ends at {segment.stop} images, which is no multiple of the batch ({segment.training.batch})"
        )
    group = group or Group()
    with Clock(minutes, margin_seconds) as clock:
        if group.rank:
            begins, start = group.tell()
            if begins:
                _train(segment, states.read(start) if start else None, clock, group, None)
            return
        _say_where(segment.training.device, group.size)
        told = False
        try:
            with Lease(work, ttl_seconds, pause=lambda: clock.stop() if clock.must_stop() else None) as lease:
                before = _before(segment.state_in)
                # The state before is part of what this segment is made from, and on a GPU its key does not tell which
                # of several trainings it came from.
                own = f"{segment.key} {states.content_digest(before)}" if before else segment.key
                checkpoints = states.Checkpoints(work, own, lease)
                if checkpoints.is_finished():
                    log.info("%s: already trained to %d images", work, segment.stop)
                elif before and not whole_from <= before["images_seen"] < segment.stop:
                    seen, diverged = before["images_seen"], diverged_before(segment.state_in)
                    why = "the training diverged after it" if seen < segment.stop else "nothing is left to train"
                    log.info("%s has seen %d images and is passed on: %s", segment.state_in, seen, why)
                    states.link(segment.state_in, state_out, lease)
                    write_cost(cost_out, None, diverged)
                    return
                else:
                    latest = checkpoints.latest()
                    start = checkpoints.path(latest["images_seen"]) if latest else segment.state_in
                    group.tell((True, start))
                    told = True
                    spent = Spent(work, group.size, segment.training.threads)
                    with Keep(checkpoints, own, checkpoint_seconds, tensorboard, spent) as keep:
                        try:
                            _train(segment, latest or before, clock, group, keep)
                        except states.Diverged:
                            # What led nowhere was spent all the same, and whoever passes the state before on says so.
                            spent.write()
                            raise
                states.link(checkpoints.finished, state_out, lease)
                write_cost(cost_out, work)
        finally:
            if not told:
                group.tell((False, None))


def _train(segment: Segment, start: states.State | None, clock: Clock, group: Group, keep: Keep | None) -> None:
    """Train on the data of the segment, from ``start`` with the normalisation measured then, or from the beginning."""
    device, settings = group.device(devices.pick(segment.training.device)), segment.training
    with devices.reproducible(device, settings.threads, fast=True), Stamps(segment.stamps) as source:
        if start is None:
            chosen = normalisations.measure(segment.normalisation, source, source.split(*settings.splits))
        else:
            chosen = normalisations.Normalisation.from_spec(start["normalisation"])
        shape = tuple(source.shape)
        run = Training(segment.family, segment.network, shape, chosen, settings, segment.seed, device, group)
        if start is not None:
            run.restore(start)
        if keep is not None:
            log.info("training on %s in %s", device, "bfloat16" if run.bfloat16 else "float32")
            keep.header = source.typical_header().to_json()
            keep.spent.device = device.type
        several = settings.validation_images > 0
        room = room_for_images(run, several) if device.type == "cuda" else HOLD_BYTES // group.size
        told = run.family.conditions
        with ExitStack() as opened:
            images = TrainingImages(source, device, told, segment.seed, room, settings.splits)
            opened.enter_context(images)
            if several:
                if device.type == "cuda" and images.held is not None:
                    room -= images.held.nbytes
                others = TrainingImages(source, device, told, segment.seed, room, (SPLIT,))
                run.validation = Validation(run, opened.enter_context(others))
            train(run, images, segment.stop, clock, keep)


def _before(state_in: Path | None) -> states.State | None:
    if state_in is None:
        return None
    try:
        return states.read(state_in)
    except states.StateError as error:
        raise states.StateError(
            f"{error}; remove that file and run again: the segment that made it hands it out or trains it again"
        ) from error


def _say_where(device: str, processes: int) -> None:
    """Log where a training runs: the line to look at when a job does not get what it asked for."""
    log.info(
        "node %s, SLURM job %s, CUDA_VISIBLE_DEVICES=%s, device %s, processes %d",
        os.environ.get("SLURMD_NODENAME", socket.gethostname()),
        os.environ.get("SLURM_JOB_ID", "none"),
        os.environ.get("CUDA_VISIBLE_DEVICES", "unset"),
        device,
        processes,
    )
