"""Toy parts and reduced images of sparse images: round galaxies of three sizes, more of them to the right."""

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from galforge.datasets.sparse.clusters import CENTRE, PATCH
from galforge.models.protocol import Family, Step
from galforge.seeds import generator
from galforge.stamps.file import Header, StampsWriter
from toys.steps import draws

BANDS = {"parts": ("positions", "galaxy", "size"), "thumbnails": ("intensity",)}
SIDES = {"parts": PATCH, "thumbnails": 64}
SIZES = (20, 70, 120)
"""About what the clusters of the three kinds of galaxies have [px]."""
THRESHOLD = 5
PEAK = 200.0
MOST = 0.5
"""Share of the cells of the last column that have a galaxy; it falls linearly to none in the first."""


def galaxy(size: float) -> np.ndarray:
    """A Gaussian (32, 32) of whole levels, of which about ``size`` pixels are above the threshold."""
    row, column = np.mgrid[:PATCH, :PATCH] - CENTRE
    variance = size / (2 * np.pi * np.log(PEAK / THRESHOLD))
    return np.round(PEAK * np.exp(-(row**2 + column**2) / (2 * variance)))


def parts(index: int) -> np.ndarray:
    """One row of parts (3, 32, 32), a pure function of its index."""
    draw = generator(0, "toy parts", index)
    lit = draw.random((PATCH, PATCH)) < MOST * np.arange(PATCH) / (PATCH - 1)
    patch = galaxy(SIZES[draw.integers(len(SIZES))])
    return np.stack([lit * draw.choice(SIZES, lit.shape), patch, np.full_like(patch, (patch > THRESHOLD).sum())])


def thumbnails(index: int) -> np.ndarray:
    """One reduced image (1, 64, 64): a round galaxy near its middle on black."""
    row, column = np.mgrid[:64, :64] - 32 - generator(0, "toy thumbnails", index).uniform(-6, 6, (2, 1, 1))
    return 150 * np.exp(-(row**2 + column**2) / 72)[None]


def write_view(path: Path, view: str, count: int = 40) -> Path:
    """Stamps of ``parts`` or ``thumbnails``; every fifth is in the test split, the others are for training."""
    make = {"parts": parts, "thumbnails": thumbnails}[view]
    header = Header(BANDS[view], 1.0, "arcsec", "8-bit level", (), 1.0, "mock")
    with StampsWriter(path, (len(BANDS[view]), SIDES[view], SIDES[view]), header, count) as writer:
        for index in range(count):
            writer.append(make(index), name=f"toy-{index}", split="test" if index % 5 == 0 else "train")
    return path


def rows(view: str, count: int, first: int = 0) -> Tensor:
    """Rows ``first`` to ``first + count - 1`` of a view, as a training gets them."""
    make = {"parts": parts, "thumbnails": thumbnails}[view]
    return torch.from_numpy(np.stack([make(index) for index in range(first, first + count)])).float()


def learn(family: Family, images: Tensor, steps: int, batch: int) -> list[dict[str, Tensor]]:
    """Train on images, from the first to the last and again; the losses of each step."""
    optimisers = family.optimisers()

    def update(name: str, loss: Tensor) -> None:
        optimisers[name].zero_grad(set_to_none=True)
        loss.backward()
        optimisers[name].step()

    def mean(value: Tensor) -> Tensor:
        return value.detach().clone()

    losses = []
    for index in range(steps):
        chosen = torch.arange(index * batch, (index + 1) * batch) % len(images)
        step = Step(index * batch, batch, draws(index, batch), nullcontext, update, mean)
        losses.append(family.step(images[chosen], None, step))
    return losses
