"""The training loop: steps, the average of the weights, the history, and the state that a resumed run starts
from."""

import copy
import math
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from galforge import families
from galforge.errors import GalforgeError
from galforge.models.normalisation import Normalisation
from galforge.models.protocol import Family, Shape, Step
from galforge.seeds import seed_of
from galforge.settings import Settings
from galforge.training.data import TrainingImages, augment
from galforge.training.settings import StepSettings
from galforge.training.state import State, StateError

_EMA_RAMP = 0.05


class Diverged(GalforgeError):
    """A loss or a weight is no finite number any more."""


def torch_seed(*key: int | str) -> int:
    """A seed for torch's generators, which take 63 bits."""
    return seed_of(*key) % 2**63


class Training:
    """A training in progress: everything that changes from step to step.

    Args:
        family: name of the model family.
        network: its settings.
        shape: (C, H, W) of the images [pixels].
        normalisation: pixel values before a network sees them.
        settings: what a step depends on.
        seed: decides initial weights, order of the images, augmentation and all noise.
        device: where it runs.
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
    ):
        self.name, self.network, self.shape, self.normalisation = family, network, shape, normalisation
        self.settings, self.seed, self.device = settings, seed, device
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(torch_seed(seed, "weights"))
            self.family: Family = families.load("models", family, "family").Family(network, shape, normalisation)
        # Reduced precision and GPUs prefer the channels of a pixel side by side.
        dense = settings.precision == "bfloat16" or device.type == "cuda"
        self.layout = torch.channels_last if dense else torch.contiguous_format
        self.family.networks.to(device=device, memory_format=self.layout).train()
        self.average = copy.deepcopy(self.family.networks).eval().requires_grad_(False)
        self.optimisers = self.family.optimisers()
        self.images_seen = 0
        self.history: dict[str, list[float]] = {"images_seen": []}
        self.sums: dict[str, Tensor] = {}
        self.steps_summed = 0

    def step(self, images: TrainingImages) -> None:
        """One step on the next batch; never waits for the device, except where a row of the history is
        complete.

        Raises:
            Diverged: the mean of a loss over that row is not finite.
        """
        settings = self.settings
        generator = torch.Generator(self.device)
        generator.manual_seed(torch_seed(self.seed, "step", self.images_seen))
        batch, conditions = images.batch(self.images_seen, settings.batch)
        batch = self.normalisation.normalise(batch)
        if settings.augmentation:
            batch = augment(batch, generator)
        batch = batch.contiguous(memory_format=self.layout)
        losses = self.family.step(batch, conditions, Step(self.images_seen, generator, self._autocast, self._update))
        before = self.images_seen
        self.images_seen += settings.batch
        self._follow_weights()
        self._record(losses)
        if before // settings.history_images < self.images_seen // settings.history_images:
            self._close_row()

    def check_finite(self) -> None:
        """Make sure that weights and losses are finite numbers, as every state that is written must be.

        Raises:
            Diverged: they are not.
        """
        for name, total in self.sums.items():
            if not math.isfinite(float(total)):
                self._diverged(f"the loss {name!r} is {float(total)}")
        for name, weight in self.family.networks.state_dict().items():
            if weight.is_floating_point() and not bool(torch.isfinite(weight).all()):
                self._diverged(f"the weight {name!r} is not finite")

    def state(self) -> State:
        """All that a resumed training needs, and what makes the exported weights usable alone."""
        return {
            "family": self.name,
            "network_settings": self.network.spec(),
            "shape": list(self.shape),
            "normalisation": self.normalisation.spec(),
            "seed": self.seed,
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
        here: dict[str, Any] = {
            "family": self.name,
            "network_settings": self.network.spec(),
            "shape": list(self.shape),
            "normalisation": self.normalisation.spec(),
            "seed": self.seed,
        }
        for name, value in here.items():
            if state[name] != value:
                raise StateError(f"the state is of a training with {name} {state[name]}, but this one has {value}")
        try:
            self.family.networks.load_state_dict(state["networks"])
            self.average.load_state_dict(state["average"])
        except RuntimeError as error:
            raise StateError(f"the state does not fit the networks of {self.name}: {error}") from error
        for name, optimiser in self.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
            _restore_layout(optimiser)
        self.images_seen = state["images_seen"]
        self.history = {name: list(values) for name, values in state["history"].items()}
        self.sums = {name: value.to(self.device) for name, value in state["sums"].items()}
        self.steps_summed = state["steps_summed"]

    def _autocast(self) -> AbstractContextManager[None]:
        if self.settings.precision == "bfloat16":
            return torch.autocast(self.device.type, dtype=torch.bfloat16)
        return nullcontext()

    def _update(self, name: str, loss: Tensor) -> None:
        optimiser = self.optimisers[name]
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        if self.settings.gradient_clip:
            weights = [weight for group in optimiser.param_groups for weight in group["params"]]
            nn.utils.clip_grad_norm_(weights, self.settings.gradient_clip)
        optimiser.step()

    @torch.no_grad()
    def _follow_weights(self) -> None:
        """Move the average towards the weights; while little was seen it forgets faster, or it would keep
        the start."""
        half_life = min(self.settings.ema_half_life_images, _EMA_RAMP * self.images_seen)
        weight = 1 - 0.5 ** (self.settings.batch / half_life)
        pairs = zip(self.average.state_dict().values(), self.family.networks.state_dict().values(), strict=True)
        floats, others = [], []
        for average, now in pairs:
            (floats if average.is_floating_point() else others).append((average, now))
        torch._foreach_lerp_([average for average, _ in floats], [now for _, now in floats], weight)
        for average, now in others:
            average.copy_(now)

    def _record(self, losses: dict[str, Tensor]) -> None:
        if self.sums and losses.keys() != self.sums.keys():
            raise GalforgeError(
                f"model {self.name}: a step returned the losses {sorted(losses)}, earlier ones "
                f"{sorted(self.sums)}; "
                "a family returns the same names at every step"
            )
        for name, loss in losses.items():
            self.sums[name] = self.sums.get(name, 0.0) + loss.detach().double()
        self.steps_summed += 1

    def _close_row(self) -> None:
        self.history["images_seen"].append(self.images_seen)
        for name, total in self.sums.items():
            mean = float(total) / self.steps_summed
            if not math.isfinite(mean):
                self._diverged(f"the loss {name!r} is {mean}")
            self.history.setdefault(name, []).append(mean)
        self.sums = {name: torch.zeros_like(total) for name, total in self.sums.items()}
        self.steps_summed = 0

    def _diverged(self, what: str) -> None:
        raise Diverged(
            f"the training of {self.name} diverged: {what} after {self.images_seen} images seen; a smaller "
            "learning rate "
            "or training: gradient_clip is the usual remedy, and the data set is worth a look"
        )


def _restore_layout(optimiser: torch.optim.Optimizer) -> None:
    """Lay out an optimiser's tensors like their weights again: states are stored contiguous, and other
    strides can lead to other arithmetic."""
    for weight, entries in optimiser.state.items():
        for name, value in entries.items():
            if isinstance(value, Tensor) and value.shape == weight.shape:
                entries[name] = torch.empty_like(weight, dtype=value.dtype).copy_(value)
