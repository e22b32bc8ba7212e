"""Train one denoising network until its validation loss stops falling; an interrupted job resumes where it stopped."""

import copy
import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from galforge.logs import Progress, log
from galforge.models import device as devices
from galforge.models import weights as weights_files
from galforge.studies.denoising import batches, degrade
from galforge.studies.denoising.galaxies import Galaxies, choice, chosen
from galforge.studies.denoising.network import Denoiser
from galforge.studies.denoising.settings import DenoiserSettings
from galforge.training import state as states
from galforge.training.clock import Clock, Preempted, requeue
from galforge.training.cost import Spent
from galforge.training.draws import torch_seed
from galforge.training.history import write_csv
from galforge.training.keep import CHECKPOINT_SECONDS, Keep
from galforge.training.lease import Lease
from galforge.training.state import Diverged

_KEPT = ("best", "steps", "epoch", "best_epoch")
_TOGETHER = 2**20  # pixels of images that are validated at once on a GPU: 16 of 256 px


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
    """A network in training: all that changes from step to step.

    Args:
        job: what determines it; its files are not read here.
        bands: number of bands of the images.
        device: that it is trained on.
    """

    def __init__(self, job: Job, bands: int, device: torch.device):
        self.settings, self.bands, self.device = job.settings, bands, device
        self.seed, self.replicate = job.seed, job.replicate
        settings = job.settings
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(torch_seed(job.seed, "denoiser weights", job.replicate))
            self.network = Denoiser(settings.network, bands, settings.input_scale)
        # The layout of GPUs' matrix units: in another one, maps are copied before and after every convolution.
        self.layout = torch.channels_last if device.type == "cuda" else torch.contiguous_format
        self.network.to(device=device, memory_format=self.layout).train()
        self.observe = batches.Observer(job.psf_sigma, job.noise_sigma, device)
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=settings.learning_rate, fused=True)
        self.bfloat16 = devices.computes_in_bfloat16(settings.precision, device)
        # In bfloat16 the weights are rounded once a step and all at once; autocast does it one by one, for every size.
        self.computing = copy.deepcopy(self.network).to(dtype=torch.bfloat16) if self.bfloat16 else self.network
        self.steps, self.epoch, self.best_epoch, self.best_loss = 0, 0, 0, math.inf
        self.best = _copy(self.network)
        self.history: dict[str, list[float]] = {"images_seen": [], "training": [], "validation": [], "rate": []}
        self.sum = self._summed(0.0)

    @property
    def arithmetic(self) -> str:
        """What the network computes in."""
        if self.bfloat16:
            return "bfloat16"
        return "TF32" if self.settings.precision == "tf32" and self.device.type == "cuda" else "float32"

    @property
    def ended(self) -> bool:
        """Whether the longest training is reached, or the validation loss has not improved for `patience_epochs`."""
        waited = self.epoch - self.best_epoch
        return self.epoch >= self.settings.epochs or waited >= self.settings.patience_epochs

    def step(self, images: Sequence[Tensor]) -> None:
        """One step on clean images (C, l, l), which are blurred and get new noise. It never waits for the device.

        Images of one size go through the network together; the gradient is that of the mean loss of all images.
        """
        seed = torch_seed(self.seed, "denoiser step", self.replicate, self.steps)
        observed = list(self.observe(images, seed))
        self.optimiser.zero_grad(set_to_none=True)
        for seen, truth in observed:
            loss = batches.mean_squares(self.output(seen), truth).mean() / self.settings.input_scale**2
            loss = loss * (len(seen) / len(images))
            loss.backward()
            self._collect()
            self.sum += loss.detach().double() * self.settings.input_scale**2
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate()
        if self.settings.gradient_clip:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.gradient_clip)
        self.optimiser.step()
        self._round()
        self.steps += 1

    def rate(self) -> float:
        """The learning rate of this epoch."""
        own = self.settings
        return max(own.learning_rate * own.decay ** (self.epoch // own.decay_epochs), own.smallest_rate)

    def output(self, seen: Tensor) -> Tensor:
        """Galaxies (n, C, H, W) float32 restored by the network, at its precision, from observed images."""
        return self.computing(seen.contiguous(memory_format=self.layout))

    def close_epoch(self, validation: float, batch: int) -> None:
        """Add an epoch to the history, and keep the weights if they are the best so far.

        Raises:
            Diverged: a loss is not finite.
        """
        self.epoch += 1
        training = float(self.sum) / self.settings.steps_per_epoch
        self.sum = self._summed(0.0)
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
        self._round()
        self.optimiser.load_state_dict(state["optimiser"])
        for name in _KEPT:
            setattr(self, name, state[name])
        self.best_loss = math.inf if state["best_loss"] < 0 else state["best_loss"]
        self.history = {name: list(state["history"][name]) for name in self.history}
        self.sum = self._summed(state["sum"])

    def _round(self) -> None:
        """Bring the rounded weights up to date, where there are any."""
        if self.bfloat16:
            with torch.no_grad():
                torch._foreach_copy_(list(self.computing.parameters()), list(self.network.parameters()))

    def _collect(self) -> None:
        """Add the gradients of rounded weights to those of the weights, in single precision."""
        if not self.bfloat16:
            return
        weights = list(self.network.parameters())
        found = [torch.empty_like(weight) for weight in weights]
        torch._foreach_copy_(found, [weight.grad for weight in self.computing.parameters()])
        self.computing.zero_grad(set_to_none=True)
        if weights[0].grad is not None:
            torch._foreach_add_(found, [weight.grad for weight in weights])
        for weight, gradient in zip(weights, found, strict=True):
            weight.grad = gradient

    def _summed(self, value: float) -> Tensor:
        """Losses summed over the steps of an epoch, on the device [image unit squared]."""
        return torch.full((), value, dtype=torch.float64, device=self.device)


def _run(job: Job, start: states.State | None, device: torch.device, clock: Clock, keep: Keep) -> None:
    settings = job.settings
    with ExitStack() as files:
        real = files.enter_context(Galaxies(job.real))
        generated = files.enter_context(Galaxies(job.generated)) if job.generated else None
        choose = choice(real, generated, settings, job.alpha, job.seed, job.replicate)
        run = Training(job, real.bands, device)
        if start is not None:
            run.restore(start)
        files.enter_context(_convolutions(settings, real.one_size and (generated is None or generated.one_size)))
        validation = Validation(job, real, run)
        log.info("training on %s in %s", device.type, run.arithmetic)
        progress = Progress(settings.epochs, "epochs", run.epoch)
        with batches.Batches(choose, (real, generated), device) as source:
            while not run.ended:
                stopping = clock.must_stop(keep.longest)
                if stopping or keep.is_due():
                    keep.save(run.state())
                if stopping:
                    clock.stop()
                run.step(source(run.steps))
                if run.steps % settings.steps_per_epoch == 0:
                    run.close_epoch(validation(), settings.batch)
                    keep.show(run.history)
                    progress.advance(1, f"validation {run.history['validation'][-1]:.5g}, best {run.best_loss:.5g}")
            keep.finish(run.state())
        log.info("ended after %d epochs; the best was %d, %.5g", run.epoch, run.best_epoch, run.best_loss)


def _convolutions(settings: DenoiserSettings, one_size: bool) -> AbstractContextManager[None]:
    """How a GPU computes convolutions: whether in TF32, and whether it tries for the fastest way first.

    It tries anew for every size of the images.
    """
    tf32 = settings.precision == "tf32"
    return torch.backends.cudnn.flags(enabled=True, benchmark=one_size, deterministic=False, allow_tf32=tf32)


class Validation:
    """The validation loss: mean MSE [image unit squared] of fixed real galaxies with fixed noise.

    Args:
        pixels: the most in a batch, of images of one size; None: many on a GPU, and one image at a time on a CPU, whose
            cache holds its maps then.
    """

    def __init__(self, job: Job, real: Galaxies, run: Training, pixels: int | None = None):
        if pixels is None:
            pixels = _TOGETHER if run.device.type == "cuda" else 1
        self.run, pairs = run, []
        for row in chosen(real.stamps, "validation", job.settings.validation_images, job.seed):
            key = (job.seed, "denoising validation", row)
            pair = degrade.observed(real[row], job.psf_sigma, job.noise_sigma, 1.0, 1.0, key)
            pairs.append([torch.from_numpy(each).float() for each in pair])
        self.batches: list[list[Tensor]] = []
        for same in batches.by_side([seen for seen, _ in pairs]):
            most = max(1, pixels // pairs[same[0]][0].shape[-1] ** 2)
            for first in range(0, len(same), most):
                chunk = zip(*(pairs[number] for number in same[first : first + most]), strict=True)
                self.batches.append([torch.stack(each).to(run.device) for each in chunk])

    def __call__(self) -> float:
        with torch.no_grad():
            found = [batches.mean_squares(self.run.output(seen), truth).double() for seen, truth in self.batches]
        return float(torch.cat(found).mean())


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: weight.detach().clone() for name, weight in network.state_dict().items()}
