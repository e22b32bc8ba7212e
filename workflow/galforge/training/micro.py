"""Micro-batches: the images of a step, cut so that what is computed at once fits the memory of the device."""

from typing import Any

import torch
from torch import Tensor

from galforge.errors import GalforgeError
from galforge.models.protocol import Grouped, Part
from galforge.training.draws import Draws
from galforge.training.settings import StepSettings


def micro_batches(settings: StepSettings, first: int, share: int, seed: int, device: torch.device) -> tuple[Part, ...]:
    """The micro-batches of one process, which has ``share`` images of a batch from the ``first`` on.

    Each has its own source of the same random numbers, of which it takes its rows. So an image gets the same ones
    however a batch is cut.
    """
    size = settings.micro_batch or share
    parts = []
    for start in range(0, share, size):
        stop = min(start + size, share)
        draws = Draws(seed, settings.batch, slice(first + start, first + stop), device)
        parts.append(Part(slice(start, stop), (stop - start) / share, draws))
    return tuple(parts)


class _Uncut:
    """Stands for random numbers of all images of a step that was cut."""

    def __init__(self, name: str):
        self.name = name

    def normal(self, *shape: int) -> Tensor:
        raise whole(self.name)

    uniform = normal


def draws_of(parts: tuple[Part, ...], name: str) -> Draws:
    """Random numbers of all images at once; model ``name`` cannot draw them if the images are cut."""
    return parts[0].draws if len(parts) == 1 else _Uncut(name)


def whole(name: str) -> GalforgeError:
    """The error of a model that cannot compute micro-batches."""
    return GalforgeError(
        f"model {name} computes a batch as a whole: say training: micro_batch: 0, or have its family use Step.learn "
        "(docs/adding-a-model.md)"
    )


def check_groups(name: str, family: Any, settings: StepSettings, share: int) -> None:
    """Refuse micro-batches that cut groups of images that a family compares with each other.

    Args:
        name, family: the model family.
        settings: with ``micro_batch``.
        share: images of a batch in one process.

    Raises:
        GalforgeError: such micro-batches, with one that suits.
    """
    size = settings.micro_batch
    if not 0 < size < share or not isinstance(family, Grouped):
        return
    group = family.together if share % family.together == 0 else share
    if size % group:
        right = min(-(-size // group) * group, share)
        raise GalforgeError(
            f"model {name} compares images in groups of {group}, which training: micro_batch: {size} would cut; "
            f"{right if right < share else 0} would be right"
        )
