"""What a model family offers to training and sampling, and what it is given.

A family is a folder of ``galforge/models`` (or any importable package) with ``settings.py`` (``ModelSettings`` and
``check_shape``) and ``family.py`` (``Family``). Everything else is shared: normalisation, the order of the images,
augmentation, the EMA of the weights, checkpoints, and the writing of samples.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from galforge.models.normalisation import Normalisation
from galforge.settings import Settings

Shape = tuple[int, int, int]
"""(channels, height, width) of an image [px]."""


class Draws(Protocol):
    """The only source of randomness of a training step: one row for each image of the step.

    It is seeded anew for every step, so that a resumed training draws the same numbers. An image gets the same numbers
    whichever of several processes sees it.
    """

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers (batch, *shape) float32 on the device of the images."""

    def uniform(self, *shape: int) -> Tensor:
        """Numbers (batch, *shape) float32, uniform in [0, 1), on the device of the images."""


@dataclass(frozen=True)
class Part:
    """A micro-batch: some images of a step, neighbours, that are computed together.

    Attributes:
        rows: which of the images that the step is given.
        share: their number over that of the step's images.
        draws: random numbers of these images, the same as when all images of a step are computed at once.
    """

    rows: slice
    share: float
    draws: Draws

    def of(self, values: Tensor | None) -> Tensor | None:
        """The rows of this part; None of None."""
        return None if values is None else values[self.rows]


Term = Callable[[Part], tuple[Tensor, dict[str, Tensor]]]
"""A term of a loss for some images: their mean, and what else is to be known of them as means over images."""


@dataclass(frozen=True)
class Step:
    """What one training step is given besides its images.

    Attributes:
        images_seen: images seen before this step, by all processes together.
        batch: images of this step, of all processes together.
        draws: random numbers of all images at once; with ``learn``, use those of each part instead.
        autocast: opens the context in which networks run at the chosen precision; losses are computed outside of it.
        update: ``update(name, loss)`` clears the gradients of the optimiser ``name``, differentiates the scalar
            ``loss``, averages the gradients over all processes, clips them, and makes an optimiser step. A loss is a
            mean over the images. A family with several networks calls it once for each, in any order.
        mean: ``mean(tensor)`` is the mean of a float32 tensor over all processes. What a family keeps of a batch in its
            buffers must go through it, or the processes would drift apart.
        gather: ``gather(name, loss)`` adds to the gradients that the next ``update`` of that optimiser steps by; None
            adds up losses instead.
        parts: the images, cut into micro-batches; empty for all at once.
        twice_differentiable: opens the context in which networks run whose output is differentiated twice.
    """

    images_seen: int
    batch: int
    draws: Draws
    autocast: Callable[[], AbstractContextManager[None]]
    update: Callable[[str, Tensor], None]
    mean: Callable[[Tensor], Tensor]
    gather: Callable[[str, Tensor], None] | None = None
    parts: tuple[Part, ...] = ()
    twice_differentiable: Callable[[], AbstractContextManager[None]] = nullcontext

    @property
    def micro_batches(self) -> tuple[Part, ...]:
        """The parts that are computed one after the other; a single one with all images unless they were cut."""
        return self.parts or (Part(slice(None), 1.0, self.draws),)

    def learn(self, name: str, *terms: Term) -> dict[str, Tensor]:
        """``update`` by the sum of some terms, each computed and differentiated for one micro-batch after the other.

        Only one term of one micro-batch has its maps in memory. The gradient is that of the whole loss, to rounding.

        Returns:
            What the terms said beside their losses: means over the images of this process, detached.
        """
        said: dict[str, Tensor] = {}
        turns = [(term, part) for term in terms for part in self.micro_batches]
        total: Tensor | float = 0.0
        for number, (term, part) in enumerate(turns, 1):
            loss, means = term(part)
            if part.share != 1:
                loss, means = loss * part.share, {each: value * part.share for each, value in means.items()}
            for each, value in means.items():
                said[each] = said[each] + value.detach() if each in said else value.detach()
            if number == len(turns):
                self.update(name, total + loss if torch.is_tensor(total) else loss)
            elif self.gather is not None:
                self.gather(name, loss)
            else:
                total = total + loss
        return said

    @property
    def index(self) -> int:
        """Step number from 0, for work done every n-th step."""
        return self.images_seen // self.batch


class Noise(Protocol):
    """Random numbers of a block of sampled images: row i depends only on the seed, the index of image i, and the
    number of calls before."""

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers (n, *shape) float32 for the n images of the block."""


class Trained(Protocol):
    """What is trained: what families and predictors have in common.

    Attributes:
        networks: one module that holds all that is learned, with running statistics as buffers. Whatever is neither in
            it nor in an optimiser is lost between two checkpoints.
        conditions: catalogue columns that a step is given, such as ``redshift``; empty for none.
    """

    networks: nn.Module
    conditions: tuple[str, ...]

    def __init__(self, settings: Settings, shape: Shape, normalisation: Normalisation):
        """Build the networks for images of ``shape``, on the CPU, with torch's default generator, which is seeded.

        Raises:
            GalforgeError: the settings do not suit the shape.
        """

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        """New optimisers over parameters of ``networks``, by name, with torch's fused steps where available."""

    def step(self, images: Tensor, conditions: dict[str, Tensor] | None, step: Step) -> dict[str, Tensor]:
        """One training step. It must never wait for the device.

        Args:
            images: (batch, C, H, W) float32, normalised and augmented.
            conditions: (batch,) float32 per name of ``conditions``, as in the catalogue; None without conditions.
            step: randomness, precision and the update of the weights.

        Returns:
            Losses as scalar tensors, detached, under the same names at every step.
        """


class Family(Trained, Protocol):
    """One kind of generative model."""

    def sample(self, noise: Noise, conditions: dict[str, Tensor] | None) -> Tensor:
        """Normalised images (n, C, H, W) float32 for one block; image i may depend on row i of its inputs only."""


class Predictor(Trained, Protocol):
    """A network that predicts a number from an image instead of drawing one.

    It trains like a family. Its settings module says ``PREDICTS = True``, and it predicts its only condition.
    """

    def predict(self, images: Tensor) -> Tensor:
        """Numbers (n,) float32 for normalised images (n, C, H, W); number i depends on image i only."""


@runtime_checkable
class HasLatents(Protocol):
    """What a family without conditions may also offer: images of given latent vectors.

    Then ``sample(noise, None)`` must equal ``generate(noise.normal(latent), noise)``, and figures show walks through
    the latent space.

    Attributes:
        latent: length of the latent vectors, which are standard normal.
    """

    latent: int

    def generate(self, latents: Tensor, noise: Noise) -> Tensor:
        """Normalised images (n, C, H, W) float32 of latent vectors (n, latent); as for ``Family.sample``."""


@runtime_checkable
class Fitted(Protocol):
    """What a family may also do: fit some of its buffers to training images before its first step.

    Attributes:
        fitted_images: the most images that it is fitted to; 0 if nothing is to be fitted.
    """

    fitted_images: int

    def fit(self, images: Tensor, conditions: dict[str, Tensor] | None, turned: bool) -> None:
        """Fit buffers of ``networks``, once in a training; the EMA of the weights begins with them.

        Args:
            images: (n, C, H, W) float32, normalised and not augmented; the same in all processes.
            conditions: (n,) float32 per name of ``conditions``; None without conditions.
            turned: whether images of later steps are in any of their eight orientations.
        """


@runtime_checkable
class Grouped(Protocol):
    """A family whose networks compare images of a batch with each other in training.

    Attributes:
        together: this many neighbours are compared, so micro-batches must be multiples of it. If a process's share of
            a batch is no multiple of it, all of the share is compared.
    """

    together: int


@runtime_checkable
class Composes(Protocol):
    """What a family offers instead of ``sample`` whose images are composed of parts.

    Its settings module names in ``VIEW`` which view of a data set's images it is trained on: a stamps file of its own
    (``VIEWS`` of the data set's settings module), with the shape that the constructor is given.

    Attributes:
        bands: names of the channels of the images.
        side: of the images [px].
    """

    bands: tuple[str, ...]
    side: int

    def compose(self, noise: Noise) -> Tensor:
        """Images (n, len(bands), side, side) uint8 [8-bit level] on the CPU; image i may depend on row i only."""


@runtime_checkable
class Reconstructs(Protocol):
    """What a family with an encoder may also offer: images through the latent space and back."""

    def reconstruct(self, images: Tensor, conditions: dict[str, Tensor] | None, noise: Noise) -> Tensor:
        """Normalised images (n, C, H, W) float32 that the model makes of ``images`` (the same shape) of galaxies with
        such ``conditions`` (as for ``Family.sample``); a pure function of its arguments."""
