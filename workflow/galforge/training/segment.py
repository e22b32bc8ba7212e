"""One segment of a training, as a job runs it: resume, train, checkpoint, stop in time, hand the state on."""

import time
from collections.abc import Callable
from pathlib import Path

import torch

from galforge.errors import GalforgeError
from galforge.logs import Progress, log
from galforge.models import device as devices
from galforge.models import normalisation as normalisations
from galforge.settings import Settings
from galforge.stamps import Stamps
from galforge.training import state as states
from galforge.training.clock import REQUEUE_GRACE_SECONDS, Clock, Preempted, requeue
from galforge.training.data import HOLD_BYTES, TrainingImages
from galforge.training.lease import TTL_SECONDS, Lease
from galforge.training.loop import Training
from galforge.training.settings import NormalisationSettings, StepSettings

CHECKPOINT_SECONDS = 600.0


def run_segment(
    stamps: Path,
    family: str,
    network: Settings,
    normalisation: NormalisationSettings,
    training: StepSettings,
    seed: int,
    stop: int,
    state_in: Path | None,
    state_out: Path,
    work: Path,
    key: str,
    minutes: float | None = None,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    ttl_seconds: float = TTL_SECONDS,
    margin_seconds: float | None = None,
    grace_seconds: float = REQUEUE_GRACE_SECONDS,
    hold_bytes: int = HOLD_BYTES,
) -> None:
    """Train from ``state_in`` until ``stop`` images were seen, and write ``state_out``.

    Whatever ended an earlier try, this one goes on from its last sound checkpoint in ``work``; a finished
    state there is handed out without training. On the CPU the outcome is the same, bit for bit, as without
    any interruption. A state that has already seen ``stop`` images is passed on by hard link.

    Args:
        stamps: source stamps; only their training split is read.
        family, network: the model family and its settings.
        normalisation, training: see ``galforge.training.settings``.
        seed: of this training.
        stop: images seen at the end of this segment, a multiple of the batch [images].
        state_in: the state that the segment before left; None for the first one.
        state_out: the file to make.
        work: a folder for this segment only, named by the digest of all it is made from.
        key: that digest; checkpoints with another one, or from another ``state_in``, are not used.
        minutes: time limit of the job, counted from the call [minutes]; None for none.
        checkpoint_seconds: time between two checkpoints [s]; changes nothing in the outcome.
        ttl_seconds, margin_seconds, grace_seconds: see ``Lease``, ``Clock`` and ``requeue``.
        hold_bytes: see ``TrainingImages``.

    Raises:
        Preempted, OutOfTime: stopped early; progress is saved, and on SLURM the job is requeued.
        Diverged: a loss or a weight is not finite.
        StateError: ``state_in`` is damaged or of another training.
        LeaseLost: another process took the work folder over.
        GalforgeError: the settings do not suit the data or the machine, or the time limit allows no step at
            all.
    """
    if stop % training.batch:
        raise GalforgeError(f"a segment ends at {stop} images, which is no multiple of the batch ({training.batch})")
    with Clock(minutes, margin_seconds) as clock:
        try:
            with Lease(work, ttl_seconds, pause=lambda: clock.stop() if clock.must_stop() else None) as lease:
                before = _before(state_in)
                # The state before is part of what this segment is made from, and on a GPU no key tells which
                # of two trainings it came from.
                own = f"{key} {states.content_digest(before)}" if before else key
                checkpoints = states.Checkpoints(work, own, lease)
                if checkpoints.is_finished():
                    log.info("%s: already trained to %d images", work, stop)
                    states.link(checkpoints.finished, state_out, lease)
                    return
                if before and before["images_seen"] >= stop:
                    log.info("%s has seen %d images already and is passed on", state_in, before["images_seen"])
                    states.link(state_in, state_out, lease)
                    return
                start = checkpoints.latest() or before
                device = devices.pick(training.device)
                with devices.reproducible(device, training.threads), Stamps(stamps) as source:
                    run = _prepare(source, family, network, normalisation, training, seed, start, device)
                    with TrainingImages(source, device, run.family.conditions, seed, hold_bytes) as images:
                        fixed = {"key": own, "header": source.typical_header().to_json()}
                        _train(run, images, stop, clock, checkpoints, fixed, checkpoint_seconds)
                states.link(checkpoints.finished, state_out, lease)
        except Preempted as stopped:
            # Here the lease is released, so that the job's next start need not wait for it.
            requeue(stopped, clock, grace_seconds)
            raise


def _before(state_in: Path | None) -> states.State | None:
    if state_in is None:
        return None
    try:
        return states.read(state_in)
    except states.StateError as error:
        raise states.StateError(
            f"{error}; remove that file, and the segment that made it hands it out again or trains it again"
        ) from error


def _prepare(
    source: Stamps,
    family: str,
    network: Settings,
    normalisation: NormalisationSettings,
    training: StepSettings,
    seed: int,
    start: states.State | None,
    device: torch.device,
) -> Training:
    """A training at the beginning, or where ``start`` left off with the normalisation measured then."""
    if start is None:
        chosen = normalisations.measure(normalisation, source, source.split("train"))
    else:
        chosen = normalisations.Normalisation.from_spec(start["normalisation"])
    run = Training(family, network, tuple(source.shape), chosen, training, seed, device)
    if start is not None:
        run.restore(start)
    return run


def _train(
    run: Training,
    images: TrainingImages,
    stop: int,
    clock: Clock,
    checkpoints: states.Checkpoints,
    fixed: dict[str, str],
    checkpoint_seconds: float,
) -> None:
    """Step until ``stop``, saving now and then, and leave the finished state in the work folder."""

    def save(write: Callable[[states.State], None]) -> float:
        began = time.monotonic()
        run.check_finite()
        write({**run.state(), **fixed})
        return time.monotonic() - began

    progress = Progress(stop - run.images_seen, "images")
    first, last, longest = run.images_seen, time.monotonic(), 0.0
    while run.images_seen < stop:
        if clock.must_stop(longest):
            if run.images_seen == first and clock.signal is None:
                # Requeued for this, the job would come back and get no further, for ever.
                raise GalforgeError(
                    "the time limit of the job was over before its first training step: give it more time (runtime)"
                )
            save(checkpoints.save)
            clock.stop()
        if time.monotonic() - last >= checkpoint_seconds:
            longest = max(longest, save(checkpoints.save))
            last = time.monotonic()
        run.step(images)
        progress.advance(run.settings.batch, _note(run))
    save(checkpoints.finish)


def _note(run: Training) -> str:
    """The latest row of the history, for the log."""
    return ", ".join(f"{name} {values[-1]:.5g}" for name, values in run.history.items() if values)
