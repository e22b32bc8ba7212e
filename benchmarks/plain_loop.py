"""The plain training loop, as people write it: what galforge's own loop is measured against.

It does the same work on the same batches in float32. A torch DataLoader reads one stamp at a time from the same file,
normalises, turns and mirrors it on the CPU (in 4 processes for a GPU, in its own for the CPU); the layout is torch's
default; Adam and the average of the weights go weight by weight; the losses are looked at after every step. Operations
need not be deterministic.
"""

import time
from collections.abc import Iterator
from contextlib import nullcontext
from itertools import count, islice

import h5py
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from galforge.models.protocol import Step
from galforge.training.data import TrainingImages, positions
from galforge.training.draws import Draws, torch_seed
from galforge.training.loop import Training

_WORKERS = {"cpu": 0, "cuda": 4}


class StampByStamp(Dataset[dict[str, Tensor]]):
    """The training split of a stamps file, one stamp per read, made ready on the CPU."""

    def __init__(self, images: TrainingImages, run: Training):
        self.path, self.indices, self.conditions = images.stamps.path, images.indices, images.conditions
        self.normalisation, self.augmentation = run.normalisation, run.settings.augmentation
        self.pixels: h5py.Dataset | None = None

    def __getitem__(self, position: int) -> dict[str, Tensor]:
        if self.pixels is None:  # each worker opens the file for itself
            self.pixels = h5py.File(self.path)["images"]
        image = self.normalisation.normalise(torch.from_numpy(self.pixels[self.indices[position]]))
        if self.augmentation:
            image = image.flip(-1) if torch.rand(()) < 0.5 else image
            image = image.flip(-2) if torch.rand(()) < 0.5 else image
            image = image.transpose(-1, -2) if torch.rand(()) < 0.5 else image
        return {"image": image.contiguous()} | {name: values[position] for name, values in self.conditions.items()}


class Order:
    """The positions of the images in galforge's order, without end."""

    def __init__(self, images: TrainingImages):
        self.seed, self.size = images.seed, len(images.indices)

    def __iter__(self) -> Iterator[int]:
        for first in count(step=self.size):
            yield from positions(self.seed, self.size, first, self.size).tolist()


class Plain:
    """A training by the plain loop.

    Args:
        run: a training in float32 and contiguous, of which the networks, the average and the losses are used.
        images: which images there are; they are read without it.
    """

    def __init__(self, run: Training, images: TrainingImages):
        self.run = run
        self.optimisers = {name: _unfused(optimiser) for name, optimiser in run.family.optimisers().items()}
        data, workers = StampByStamp(images, run), _WORKERS[run.device.type]
        loader = DataLoader(data, run.settings.batch, sampler=Order(images), num_workers=workers)  # type: ignore[arg-type]
        self.batches = iter(loader)
        self.losses: list[dict[str, float]] = []

    def turn(self, steps: int) -> float:
        """Take some steps; how long it took until the device was done [s]."""
        before = torch.get_num_threads()
        torch.set_num_threads(self.run.settings.threads)
        began = time.perf_counter()
        for batch in islice(self.batches, steps):
            self._step(batch)
        finish(self.run.device)
        took = time.perf_counter() - began
        torch.set_num_threads(before)
        return took

    def _step(self, batch: dict[str, Tensor]) -> None:
        run, size = self.run, self.run.settings.batch
        images = batch.pop("image").to(run.device)
        conditions = {name: values.to(run.device) for name, values in batch.items()} or None
        draws = Draws(torch_seed(run.seed, "step", run.images_seen), size, slice(0, size), run.device)
        seen, keep = run.images_seen, lambda value: value.detach().clone()
        step = Step(seen, size, draws, nullcontext, self._update, keep)
        losses = run.family.step(images, conditions, step)
        run.images_seen += size
        weight = 1 - 0.5 ** (size / run.settings.ema_half_life_images)
        for average, now in zip(run.average.parameters(), run.family.networks.parameters(), strict=True):
            average.lerp_(now.detach(), weight)
        self.losses.append({name: loss.item() for name, loss in losses.items()})

    def _update(self, name: str, loss: Tensor) -> None:
        optimiser = self.optimisers[name]
        optimiser.zero_grad()
        loss.backward()
        if self.run.settings.gradient_clip:
            weights = [weight for group in optimiser.param_groups for weight in group["params"]]
            nn.utils.clip_grad_norm_(weights, self.run.settings.gradient_clip, foreach=False)
        optimiser.step()


def _unfused(optimiser: torch.optim.Optimizer) -> torch.optim.Optimizer:
    """The same optimiser, weight by weight."""
    return type(optimiser)([{**group, "fused": False, "foreach": False} for group in optimiser.param_groups])


def finish(device: torch.device) -> None:
    """Wait until a device has done all it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
