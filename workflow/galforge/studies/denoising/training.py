"""Train one denoising network until its validation loss stops falling; an interrupted job resumes where it stopped."""

import math
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from galforge.errors import GalforgeError
from galforge.logs import Progress, log
from galforge.models import device as devices
from galforge.models import weights as weights_files
from galforge.studies.denoising import batches, degrade
from galforge.studies.denoising.galaxies import Bucketed, Galaxies, Member, chosen, drawn, members
from galforge.studies.denoising.network import Denoiser
from galforge.studies.denoising.settings import DenoiserSettings
from galforge.training import state as states
from galforge.training.clock import Clock, Preempted, requeue
from galforge.training.cost import Spent
from galforge.training.draws import Draws, torch_seed
from galforge.training.history import write_csv
from galforge.training.keep import CHECKPOINT_SECONDS, Keep
from galforge.training.lease import Lease
from galforge.training.state import Diverged

_KEPT = ("best", "steps", "epoch", "best_epoch")


@dataclass(frozen=True)
class Job:
    """All that determines a network.

    Attributes:
        real, generated: files of galaxies; generated is None for alpha 0.
        settings: of the network and its training.
        psf_sigma, noise_sigma: of the observations [px, image unit].
        alpha: share of generated galaxies.
        seed, replicate: decide weights, subsets, order and noise. Networks of one replicate start from the same weights
            for all alphas.
        key: the digest of all of these.
    """

    real: Path
    generated: Path | None
    settings: DenoiserSettings
    psf_sigma: float
    noise_sigma: float
    alpha: float
    seed: int
    replicate: int
    key: str


def train(
    job: Job,
    weights: Path,
    history: Path,
    work: Path,
    minutes: float | None = None,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> None:
    """Train a network and write the weights with the smallest validation loss, and the losses of all epochs.

    Training resumes from the last checkpoint in ``work``, however an earlier attempt ended; on the CPU the result is
    the same, bit for bit. Near the time limit, or when asked to stop, progress is saved; on SLURM the job is then
    requeued.

    Args:
        weights, history: the files to write.
        work: folder of the checkpoints, for this job only.
        minutes: time limit of the job [minutes]; None for none.
        checkpoint_seconds: time between two checkpoints [s].

    Raises:
        Preempted: stopped early.
        Diverged: a loss is not finite.
        GalforgeError: there are too few galaxies, or the files have different bands.
    """
    settings = job.settings
    device = devices.pick(settings.device)
    try:
        with Clock(minutes) as clock, Lease(work, pause=lambda: clock.stop() if clock.must_stop() else None) as lease:
            checkpoints = states.Checkpoints(work, job.key, lease)
            if not checkpoints.is_finished():
                spent = Spent(work, 1, settings.threads)
                with (
                    Keep(checkpoints, job.key, checkpoint_seconds, None, spent) as keep,
                    devices.reproducible(device, settings.threads, fast=True),
                ):
                    spent.device = device.type
                    _run(job, checkpoints.latest(), device, clock, keep)
            done = states.read(checkpoints.finished)
    except Preempted as stopped:
        requeue(stopped)
        raise
    about = {"network": settings.network.spec(), "scale": settings.input_scale}
    about |= {"alpha": job.alpha, "replicate": job.replicate, "bands": done["bands"], "best_epoch": done["best_epoch"]}
    weights_files.write(weights, done["best"], about)
    write_csv(done["history"], history)


class Training:
    """A network in training: all that changes from step to step."""

    def __init__(self, settings: DenoiserSettings, bands: int, seed: int, replicate: int, device: torch.device):
        self.settings, self.bands, self.device = settings, bands, device
        self.seed, self.replicate = seed, replicate
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(torch_seed(seed, "denoiser weights", replicate))
            self.network = Denoiser(settings.network, bands, settings.input_scale)
        self.network.to(device).train()
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=settings.learning_rate, fused=True)
        self.bfloat16 = devices.computes_in_bfloat16(settings.precision, device)
        self.steps, self.epoch, self.best_epoch, self.best_loss = 0, 0, 0, math.inf
        self.best = _copy(self.network)
        self.history: dict[str, list[float]] = {"images_seen": [], "training": [], "validation": [], "rate": []}
        self.sum = torch.zeros((), dtype=torch.float64)

    @property
    def ended(self) -> bool:
        """Whether the longest training is reached, or the validation loss has not improved for `patience_epochs`."""
        waited = self.epoch - self.best_epoch
        return self.epoch >= self.settings.epochs or waited >= self.settings.patience_epochs

    def step(self, images: Tensor, mask: Tensor | None, psf_sigma: float, noise_sigma: float) -> None:
        """One step on clean images (n, C, H, W), which are blurred and get new noise."""
        seed = torch_seed(self.seed, "denoiser step", self.replicate, self.steps)
        draws = Draws(seed, len(images), slice(len(images)), self.device)
        seen, truth, mask = batches.observe(images, mask, psf_sigma, noise_sigma, draws)
        loss = batches.mean_squares(self.output(seen, mask), truth, mask).mean() / self.settings.input_scale**2
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        if self.settings.gradient_clip:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.gradient_clip)
        self.optimiser.step()
        self.steps += 1
        self.sum += loss.detach().double().cpu() * self.settings.input_scale**2

    def rate(self) -> float:
        """The learning rate of this epoch."""
        own = self.settings
        return max(own.learning_rate * own.decay ** (self.epoch // own.decay_epochs), own.smallest_rate)

    def output(self, seen: Tensor, mask: Tensor | None) -> Tensor:
        """Galaxies restored by the network from observed images."""
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bfloat16):
            return self.network(seen, mask)

    def close_epoch(self, validation: float, batch: int) -> None:
        """Add an epoch to the history, and keep the weights if they are the best so far.

        Raises:
            Diverged: a loss is not finite.
        """
        self.epoch += 1
        training = float(self.sum) / self.settings.steps_per_epoch
        self.sum = torch.zeros_like(self.sum)
        if not (math.isfinite(training) and math.isfinite(validation)):
            raise Diverged(
                f"the denoiser diverged: its training loss is {training} and its validation loss {validation} after "
                f"{self.steps} steps; lower denoisers: learning_rate, or raise input_scale",
                self.steps * batch,
            )
        row = (self.steps * batch, training, validation, self.rate())
        for name, value in zip(self.history, row, strict=True):
            self.history[name].append(value)
        if validation < self.best_loss:
            self.best_loss, self.best_epoch, self.best = validation, self.epoch, _copy(self.network)

    def state(self) -> states.State:
        """All that is needed to resume."""
        return {
            "networks": _copy(self.network),
            "optimiser": self.optimiser.state_dict(),
            "images_seen": self.steps * self.settings.batch,
            "best_loss": self.best_loss if math.isfinite(self.best_loss) else -1.0,
            "sum": float(self.sum),
            "bands": self.bands,
            "history": self.history,
            **{name: getattr(self, name) for name in _KEPT},
        }

    def restore(self, state: states.State) -> None:
        """Resume from a state."""
        self.network.load_state_dict(state["networks"])
        self.optimiser.load_state_dict(state["optimiser"])
        for name in _KEPT:
            setattr(self, name, state[name])
        self.best_loss = math.inf if state["best_loss"] < 0 else state["best_loss"]
        self.history = {name: list(state["history"][name]) for name in self.history}
        self.sum = torch.tensor(state["sum"], dtype=torch.float64)


def _run(job: Job, start: states.State | None, device: torch.device, clock: Clock, keep: Keep) -> None:
    settings = job.settings
    with ExitStack() as files:
        real = files.enter_context(Galaxies(job.real))
        generated = files.enter_context(Galaxies(job.generated)) if job.generated else None
        choose = _choice(job, real, generated)
        run = Training(settings, real.bands, job.seed, job.replicate, device)
        if start is not None:
            run.restore(start)
        validation = Validation(job, real, run)
        log.info("training on %s in %s", device.type, "bfloat16" if run.bfloat16 else "float32")
        progress = Progress(settings.epochs, "epochs", run.epoch)
        with batches.Batches(choose, (real, generated), device) as source:
            while not run.ended:
                stopping = clock.must_stop(keep.longest)
                if stopping or keep.is_due():
                    keep.save(run.state())
                if stopping:
                    clock.stop()
                run.step(*source(run.steps), job.psf_sigma, job.noise_sigma)
                if run.steps % settings.steps_per_epoch == 0:
                    run.close_epoch(validation(), settings.batch)
                    keep.show(run.history)
                    progress.advance(1, f"validation {run.history['validation'][-1]:.5g}, best {run.best_loss:.5g}")
            keep.finish(run.state())
        log.info("ended after %d epochs; the best was %d, %.5g", run.epoch, run.best_epoch, run.best_loss)


class Validation:
    """The validation loss: mean MSE [image unit squared] of fixed real galaxies with fixed noise."""

    def __init__(self, job: Job, real: Galaxies, run: Training):
        self.run, self.pairs = run, []
        for row in chosen(real.stamps, "validation", job.settings.validation_images, job.seed):
            key = (job.seed, "denoising validation", row)
            pair = degrade.observed(real[row], job.psf_sigma, job.noise_sigma, 1.0, 1.0, key)
            self.pairs.append([torch.from_numpy(each).float()[None].to(run.device) for each in pair])

    def __call__(self) -> float:
        with torch.no_grad():
            found = [batches.mean_squares(self.run.output(seen, None), truth, None) for seen, truth in self.pairs]
        return float(torch.cat([losses.double().cpu() for losses in found]).mean())


def _choice(job: Job, real: Galaxies, generated: Galaxies | None) -> Callable[[int], list[Member]]:
    """Which galaxies the batch of a step has.

    Raises:
        GalforgeError: the files have different bands, or there are too few galaxies.
    """
    rows, count = real.stamps.split("train"), len(generated) if generated is not None else 0
    bands = real.stamps.header.bands
    if generated is not None and generated.stamps.header.bands != bands:
        raise GalforgeError(
            f"{job.generated}: galaxies in bands {', '.join(generated.stamps.header.bands)}, but those of {job.real} "
            f"are in {', '.join(bands)}; sample the model again"
        )
    if len(rows) == 0:
        raise GalforgeError(f"{job.real}: no galaxies in the split train to train a denoiser on; give it a share")
    key = (job.seed, "denoiser", job.replicate)
    if job.settings.protocol == "published":
        return drawn(rows, count, job.alpha, job.settings.batch, key)
    images = members(rows, count, job.alpha, job.seed, job.replicate)
    files = (real, generated)
    return Bucketed(images, [files[each.generated].side(each.row) for each in images], job.settings.batch, key)


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: weight.detach().clone() for name, weight in network.state_dict().items()}
