"""What a model family offers to training and sampling, and what it is given.

A family is a folder of ``galforge/models`` (or any importable package) with ``settings.py`` (class
``ModelSettings`` and ``check_shape``) and ``family.py`` (class ``Family``). Everything around it is shared:
normalisation, the order of the images, augmentation, the average of the weights, checkpoints, and writing
what was sampled.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from galforge.models.normalisation import Normalisation
from galforge.settings import Settings

Shape = tuple[int, int, int]
"""(channels, height, width) of an image [pixels]."""


class Draws(Protocol):
    """The only source of randomness of a training step: one row for each image that the step is given.

    It is seeded anew for every step, so that a resumed training draws the same numbers, and an image gets the same ones
    whichever of several processes sees it.
    """

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers (batch, *shape) float32 on the device of the images."""

    def uniform(self, *shape: int) -> Tensor:
        """Numbers (batch, *shape) float32, uniform in [0, 1), on the device of the images."""


@dataclass(frozen=True)
class Step:
    """What one training step is given besides its images.

    Attributes:
        images_seen: images seen before this step, by all processes together.
        batch: images of this step, of all processes together.
        draws: random numbers.
        autocast: opens the context in which networks run at the chosen precision; losses belong outside of
            it.
        update: ``update(name, loss)`` clears the gradients of the optimiser ``name``, differentiates the
            scalar ``loss``, averages the gradients over all processes, clips, and steps. A loss is a mean over the
            images. A family with several networks calls it once for each, in the order that it needs.
        mean: ``mean(tensor)`` is the mean of a float32 tensor over all processes. What a family keeps of a
            batch in its buffers goes through it, or the processes would drift apart.
    """

    images_seen: int
    batch: int
    draws: Draws
    autocast: Callable[[], AbstractContextManager[None]]
    update: Callable[[str, Tensor], None]
    mean: Callable[[Tensor], Tensor]

    @property
    def index(self) -> int:
        """Steps before this one: what is done in every so manieth step goes by it."""
        return self.images_seen // self.batch


class Noise(Protocol):
    """Random numbers of a block of sampled images: row i depends only on (seed, index of image i, calls
    before)."""

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers (n, *shape) float32 for the n images of the block."""


class Family(Protocol):
    """One kind of generative model.

    Attributes:
        networks: one module that holds all that is learned, running statistics included as buffers. What is
            not in it or in an optimiser is lost between two checkpoints.
        conditions: catalogue columns that the model is conditioned on, such as ``redshift``; empty for none.
    """

    networks: nn.Module
    conditions: tuple[str, ...]

    def __init__(self, settings: Settings, shape: Shape, normalisation: Normalisation):
        """Build the networks for images of ``shape``, on the CPU, with torch's (seeded) default generator.

        Raises:
            GalforgeError: the settings do not suit the shape.
        """

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        """New optimisers over parameters of ``networks``, by name, with torch's fused steps where there are any."""

    def step(self, images: Tensor, conditions: dict[str, Tensor] | None, step: Step) -> dict[str, Tensor]:
        """One training step.

        Args:
            images: (batch, C, H, W) float32, normalised and augmented.
            conditions: (batch,) float32 per name of ``conditions``, as in the catalogue; None where there
                are none.
            step: randomness, precision and the update of the weights.

        Returns:
            Scalar tensors, detached, under the same names at every step. Nothing may wait for the device
            here.
        """

    def sample(self, noise: Noise, conditions: dict[str, Tensor] | None) -> Tensor:
        """Images (n, C, H, W) float32, normalised, for one block; image i may depend on row i of its inputs
        only."""


class Predictor(Protocol):
    """A network that tells a number of an image in place of drawing one; it trains like a family, but cannot be run.

    Its module ``settings`` says ``PREDICTS = True``. The number is the one of its ``conditions``.
    """

    networks: nn.Module
    conditions: tuple[str, ...]

    def __init__(self, settings: Settings, shape: Shape, normalisation: Normalisation):
        """As for ``Family``."""

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        """As for ``Family``."""

    def step(self, images: Tensor, conditions: dict[str, Tensor] | None, step: Step) -> dict[str, Tensor]:
        """As for ``Family``."""

    def predict(self, images: Tensor) -> Tensor:
        """Numbers (n,) float32 of normalised images (n, C, H, W); number i depends on image i only."""


@runtime_checkable
class HasLatents(Protocol):
    """What a family without conditions may offer besides: images of given latent vectors.

    Then ``sample(noise, None)`` is ``generate(noise.normal(latent), noise)``, and figures show walks through the latent
    space; a family that does not offer it has none.

    Attributes:
        latent: length of the latent vectors, which are standard normal.
    """

    latent: int

    def generate(self, latents: Tensor, noise: Noise) -> Tensor:
        """Images (n, C, H, W) float32, normalised, of latent vectors (n, latent); as for ``Family.sample``."""


@runtime_checkable
class Composes(Protocol):
    """What a family offers in place of ``sample`` whose images are put together of parts.

    Its module ``settings`` names in ``VIEW`` what of a data set's images it is trained on: a stamps file of its own
    (``VIEWS`` of the data set's settings module), whose shape is that of the constructor.

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
    """What a family with an encoder may offer besides: images through the latent space and back."""

    def reconstruct(self, images: Tensor, conditions: dict[str, Tensor] | None, noise: Noise) -> Tensor:
        """Images (n, C, H, W) float32, normalised, as the model gives ``images`` (the same shape) of galaxies with such
        ``conditions`` (as for ``Family.sample``) back; a pure function of its arguments."""


@runtime_checkable
class Bounded(Protocol):
    """What a family with a likelihood may say besides: how well it describes images that it was not trained on.

    Attributes:
        bounded: true. Of the losses of a step, ``reconstruction`` and ``divergence`` then add up to a bound on the
            negative logarithm of the likelihood [nats per pixel], whatever weights the training puts on them.
    """

    bounded: bool
