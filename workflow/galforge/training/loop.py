"""The training loop: steps, the EMA of the weights, the history, and the state that a resumed run starts from."""

import copy
import math
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from galforge import families
from galforge.errors import GalforgeError
from galforge.logs import Progress
from galforge.models import device as devices
from galforge.models.normalisation import Normalisation
from galforge.models.protocol import Family, Fitted, Part, Shape, Step
from galforge.settings import Settings
from galforge.training.clock import Clock, Preempted
from galforge.training.data import TrainingImages, augment
from galforge.training.draws import torch_seed
from galforge.training.group import Group
from galforge.training.keep import Keep
from galforge.training.micro import check_groups, draws_of, micro_batches, whole
from galforge.training.rates import share_of_rate
from galforge.training.settings import StepSettings
from galforge.training.state import Diverged, State, StateError, lay_out
from galforge.training.validation import Validation

_EMA_RAMP = 0.05
"""Longest half-life of the EMA as a share of the images seen."""


class Training:
    """A training in progress: everything that changes from step to step.

    Args:
        family: name of the model family.
        network: its settings.
        shape: (C, H, W) of the images [px].
        normalisation: of the pixel values.
        settings: what a step depends on.
        seed: of initial weights, order of the images, augmentation and all noise.
        device: where it runs.
        group: the processes that share each batch; this one alone if not given.

    Attributes:
        family: the model, with the weights that are trained.
        average: the networks with the EMA of the weights, which is what is exported.
        images_seen: by all processes together.
        history: ``images_seen`` at the end of each row, and the mean of each loss since the row before.
        validation: gives the losses of other images for each row, or None.
    """

    def __init__(
        self,
        family: str,
        network: Settings,
        shape: Shape,
        normalisation: Normalisation,
        settings: StepSettings,
        seed: int,
        device: torch.device,
        group: Group | None = None,
    ):
        self.name, self.network, self.shape, self.normalisation = family, network, shape, normalisation
        self.settings, self.seed, self.device = settings, seed, device
        self.group = group or Group()
        self.share = self.group.share(settings.batch)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(torch_seed(seed, "weights"))
            self.family: Family = families.load("models", family, "family").Family(network, shape, normalisation)
        check_groups(family, self.family, settings, self.share)
        self.bfloat16 = devices.computes_in_bfloat16(settings.precision, device)
        dense = settings.layout == "channels_last"
        self.layout = torch.channels_last if dense else torch.contiguous_format
        self.family.networks.to(device=device, memory_format=self.layout).train()
        self.average = copy.deepcopy(self.family.networks).eval().requires_grad_(False)
        # Looked up once, because that takes longer than averaging.
        pairs = list(zip(self.average.state_dict().values(), self.family.networks.state_dict().values(), strict=True))
        floats = [pair for pair in pairs if pair[0].is_floating_point()]
        self._averaged = [list(tensors) for tensors in zip(*floats, strict=True)]
        self._copied = [pair for pair in pairs if not pair[0].is_floating_point()]
        if settings.compile:
            for network_part in self.family.networks.children():
                network_part.compile()
        self.optimisers = self.family.optimisers()
        self.rates = {name: [group["lr"] for group in each.param_groups] for name, each in self.optimisers.items()}
        self.images_seen = 0
        self.history: dict[str, list[float]] = {"images_seen": []}
        self.sums: dict[str, Tensor] = {}
        self.steps_summed = 0
        self._gathered: str | None = None
        self.validation: Validation | None = None

    def step(self, images: TrainingImages) -> None:
        """One step on the next batch. It waits for the device only when a row of the history is complete.

        Raises:
            Diverged: the mean of a loss over that row is not finite.
        """
        if self.images_seen == 0 and isinstance(self.family, Fitted) and self.family.fitted_images:
            self._fit(images)
        settings, first = self.settings, self.group.rank * self.share
        parts = self.micro_batches("step", self.images_seen)
        batch, conditions = images.batch(self.images_seen + first, self.share, settings.batch)
        batch = self.normalisation.normalise(batch)
        if settings.augmentation:
            batch = torch.cat([augment(part.of(batch), part.draws) for part in parts])
        batch = batch.contiguous(memory_format=self.layout)
        draws = draws_of(parts, self.name)
        step = Step(
            self.images_seen,
            settings.batch,
            draws,
            self.autocast,
            self._update,
            self.mean,
            self._gather,
            parts,
            devices.twice_differentiable if settings.compile else nullcontext,
        )
        losses = self.family.step(batch, conditions, step)
        before = self.images_seen
        self.images_seen += settings.batch
        self._follow_weights()
        self._record(losses)
        if before // settings.history_images < self.images_seen // settings.history_images:
            self._close_row()

    def check_finite(self) -> None:
        """Make sure that weights and losses are finite, as in every state that is written.

        Raises:
            Diverged: they are not.
        """
        for name, total in self.sums.items():
            if not math.isfinite(float(total)):
                self._diverged(f"the loss {name!r} is {float(total)}")
        for name, weight in self.family.networks.state_dict().items():
            if weight.is_floating_point() and not bool(torch.isfinite(weight).all()):
                self._diverged(f"the weight {name!r} is not finite")

    def latest(self) -> list[str]:
        """The losses of the latest row of the history, for the log."""
        return [f"{name} {values[-1]:.5g}" for name, values in self.history.items() if values and name != "images_seen"]

    def state(self) -> State:
        """All that a resumed training needs, and what makes the exported weights usable alone.

        Raises:
            Diverged: a loss or a weight is not finite.
        """
        self.check_finite()
        return self._identity() | {
            "images_seen": self.images_seen,
            "networks": dict(self.family.networks.state_dict()),
            "average": dict(self.average.state_dict()),
            "optimisers": {name: optimiser.state_dict() for name, optimiser in self.optimisers.items()},
            "history": self.history,
            "sums": self.sums,
            "steps_summed": self.steps_summed,
        }

    def restore(self, state: State) -> None:
        """Go on from a state.

        Raises:
            StateError: the state is of another family, shape, seed or network.
        """
        for name, value in self._identity().items():
            if state[name] != value:
                raise StateError(f"the state is of a training with {name} {state[name]}, but this one has {value}")
        try:
            self.family.networks.load_state_dict(state["networks"])
            self.average.load_state_dict(state["average"])
        except RuntimeError as error:
            raise StateError(f"the state does not fit the networks of {self.name}: {error}") from error
        for name, optimiser in self.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
            lay_out(optimiser)
        self.images_seen = state["images_seen"]
        self.history = {name: list(values) for name, values in state["history"].items()}
        self.sums = {name: value.to(self.device) for name, value in state["sums"].items()}
        self.steps_summed = state["steps_summed"]

    def _identity(self) -> dict[str, Any]:
        """What a state to go on from must have in common with this training, as plain data."""
        return {
            "family": self.name,
            "network_settings": self.network.spec(),
            "shape": list(self.shape),
            "normalisation": self.normalisation.spec(),
            "seed": self.seed,
        }

    @torch.no_grad()
    def _fit(self, images: TrainingImages) -> None:
        """Let the family fit its buffers to the first images of the training, the same in all processes."""
        some, conditions = images.first(self.family.fitted_images)
        self.family.fit(self.normalisation.normalise(some), conditions, self.settings.augmentation)
        self.average.load_state_dict(self.family.networks.state_dict())

    def autocast(self) -> AbstractContextManager[None]:
        """The context in which networks run at the chosen precision."""
        return devices.autocast(self.bfloat16, self.device)

    def micro_batches(self, *key: str | int) -> tuple[Part, ...]:
        """This process's images of a step, or of a batch of other images, that its random numbers are seeded by."""
        first = self.group.rank * self.share
        return micro_batches(self.settings, first, self.share, torch_seed(self.seed, *key), self.device)

    def _gather(self, name: str, loss: Tensor) -> None:
        """Add to the gradients of the next update of an optimiser."""
        if self._gathered is None:
            self.optimisers[name].zero_grad(set_to_none=True)
            self._gathered = name
        loss.backward()

    def _update(self, name: str, loss: Tensor) -> None:
        optimiser = self.optimisers[name]
        if self.settings.warmup_images or self.settings.decay_images:
            share = share_of_rate(self.settings, self.images_seen)
            for group, rate in zip(optimiser.param_groups, self.rates[name], strict=True):
                group["lr"] = rate * share
        if self._gathered is None and 0 < self.settings.micro_batch < self.share:
            raise whole(self.name)
        weights = [weight for group in optimiser.param_groups for weight in group["params"]]
        with self.group.averaged(weights):
            self._gather(name, loss)
        self._gathered = None
        if self.settings.gradient_clip:
            nn.utils.clip_grad_norm_(weights, self.settings.gradient_clip)
        optimiser.step()

    def mean(self, value: Tensor) -> Tensor:
        """Mean of a tensor over all processes."""
        value = value.detach().clone()
        self.group.mean_([value])
        return value

    @torch.no_grad()
    def _follow_weights(self) -> None:
        """Move the EMA towards the weights; its half-life is shorter at first, to forget the initial weights."""
        half_life = min(self.settings.ema_half_life_images, _EMA_RAMP * self.images_seen)
        weight = 1 - 0.5 ** (self.settings.batch / half_life)
        torch._foreach_lerp_(*self._averaged, weight)
        for average, now in self._copied:
            average.copy_(now)

    def _record(self, losses: dict[str, Tensor]) -> None:
        if self.sums and losses.keys() != self.sums.keys():
            raise GalforgeError(
                f"model {self.name}: a step returned the losses {sorted(losses)}, earlier ones {sorted(self.sums)}; "
                "return the same names at every step"
            )
        values = [loss.detach().double() for loss in losses.values()]
        self.group.mean_(values)
        for name, value in zip(losses, values, strict=True):
            self.sums[name] = self.sums.get(name, 0.0) + value
        self.steps_summed += 1

    def _close_row(self) -> None:
        self.history["images_seen"].append(self.images_seen)
        for name, total in self.sums.items():
            mean = float(total) / self.steps_summed
            if not math.isfinite(mean):
                self._diverged(f"the loss {name!r} is {mean}")
            self.history.setdefault(name, []).append(mean)
        for name, loss in (self.validation.losses() if self.validation else {}).items():
            self.history.setdefault(name, []).append(loss)
        self.sums = {name: torch.zeros_like(total) for name, total in self.sums.items()}
        self.steps_summed = 0

    def _diverged(self, what: str) -> None:
        raise Diverged(
            f"the training of {self.name} diverged: {what} after {self.images_seen} images seen; try a smaller "
            "learning rate or training: gradient_clip, and look at the data set",
            self.images_seen,
        )


def train(run: Training, images: TrainingImages, stop: int, clock: Clock, keep: Keep | None) -> None:
    """Step until ``stop`` images were seen.

    Args:
        run: the training, at its beginning or restored.
        images: its data.
        stop: a multiple of the batch [images].
        clock: says when to stop before that.
        keep: saves progress in the first of several processes; None in the others.

    Raises:
        Preempted, OutOfTime: stopped early; progress is saved.
        Diverged: a loss or a weight is not finite.
        GalforgeError: the time limit allowed no step at all.
    """
    first = run.images_seen
    progress = Progress(stop, "images seen", first) if keep else None
    while run.images_seen < stop:
        if reason := run.group.largest(clock.reason(keep.longest if keep else 0.0)):
            clock.adopt(reason)
            if keep is None:
                raise Preempted("stopped with the first process")
            if run.images_seen == first and clock.signal is None:
                # If it were requeued, the job would come back for ever without getting any further.
                raise GalforgeError(
                    "the time limit of the job was over before its first training step: give it more time (runtime)"
                )
            keep.save(run.state())
            clock.stop()
        if keep and keep.is_due():
            keep.save(run.state())
        run.step(images)
        if keep:
            keep.show(run.history)
            progress.advance(run.settings.batch, ", ".join(run.latest()))
    if keep:
        keep.finish(run.state())
