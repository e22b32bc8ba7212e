"""Single training steps of a family, without a training loop around them."""

from collections.abc import Callable
from contextlib import nullcontext

import torch
from torch import Tensor, nn

from galforge.models.protocol import Family, Step
from galforge.training.draws import Draws


def draws(seed: int, batch: int) -> Draws:
    return Draws(seed, batch, slice(0, batch), torch.device("cpu"))


def step_of(
    family: Family, index: int = 0, batch: int = 4, seed: int = 0, before: Callable[[str, Tensor], None] | None = None
) -> Step:
    """A step that really updates; ``before`` is shown each loss before it is differentiated."""
    optimisers = family.optimisers()

    def update(name: str, loss: Tensor) -> None:
        if before:
            before(name, loss)
        optimisers[name].zero_grad(set_to_none=True)
        loss.backward()
        optimisers[name].step()

    return Step(index * batch, batch, draws(seed, batch), nullcontext, update, lambda value: value.detach().clone())


class Drawn:
    """Noise of a block of images, each with a seed of its own."""

    def __init__(self, indices):
        self.streams = [torch.Generator().manual_seed(index) for index in indices]

    def normal(self, *shape):
        return torch.stack([torch.randn(shape, generator=stream) for stream in self.streams])


class Updates:
    """Keeps, by optimiser, the loss of each update of a step and the networks that it changed."""

    def __init__(self, family: Family):
        self.networks = family.networks
        self.losses: dict[str, float] = {}
        self.changed: dict[str, set[str]] = {}
        self._name, self._weights = "", self._now()

    def before(self, name: str, loss: Tensor) -> None:
        self.close()
        self.losses[name] = loss.item()
        self._name = name

    def close(self) -> None:
        """Account for the last update."""
        now = self._now()
        if self._name:
            differing = {key.split(".")[0] for key in now if not torch.equal(now[key], self._weights[key])}
            self.changed[self._name] = differing
        self._weights = now

    def _now(self) -> dict[str, Tensor]:
        return {name: weight.detach().clone() for name, weight in self.networks.named_parameters()}


class Quadratic(nn.Module):
    """A judge whose gradient is gain * pixels: logit = gain * sum of squared pixels / 2."""

    def __init__(self, gain: float):
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(gain))

    def forward(self, images: Tensor, _numbers: Tensor | None = None) -> Tensor:
        return self.gain * images.square().sum((1, 2, 3)) / 2
