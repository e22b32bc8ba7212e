"""The stamps that are trained on, as batches: which images a step sees, and how they get to the device."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.models.protocol import Draws
from galforge.seeds import generator
from galforge.stamps.file import Stamps

HOLD_BYTES = 4 * 2**30
_AHEAD = 3
_BLOCK_BYTES = 64 * 2**20

Batch = tuple[Tensor, dict[str, Tensor] | None]


@lru_cache(maxsize=4)
def _epoch(seed: int, count: int, epoch: int) -> np.ndarray:
    return generator(seed, "order", epoch).permutation(count)


def positions(seed: int, count: int, first: int, number: int) -> np.ndarray:
    """Which of ``count`` training images are seen as the ``first``-th to ``first + number - 1``-th of a training.

    A pure function of its arguments. Every epoch goes through all images in an order of its own, and a batch may span
    the end of one epoch and the beginning of the next.
    """
    seen = np.arange(first, first + number)
    epochs = seen // count
    out = np.empty(number, dtype=np.int64)
    for epoch in np.unique(epochs):
        here = epochs == epoch
        out[here] = _epoch(seed, count, int(epoch))[seen[here] % count]
    return out


class ReadAhead:
    """Calls a function for coming batches, too, in a thread of its own and in the order of the batches.

    Args:
        read: is called with the number of a batch's first image or step, and what else it was asked for.
    """

    def __init__(self, read: Callable[..., Any]):
        self._read, self._thread = read, ThreadPoolExecutor(1)
        self.waiting: deque[tuple[tuple[int, ...], Future[Any]]] = deque()

    def __call__(self, first: int, stride: int, *more: int) -> Any:
        """What ``read(first, *more)`` gives; next will be asked for ``first + stride``."""
        if not self.waiting or self.waiting[0][0] != (first, *more):
            # The first batch, or another one than was expected.
            for _, future in self.waiting:
                future.cancel()
            self.waiting.clear()
        for coming in range(first + stride * len(self.waiting), first + stride * (_AHEAD + 1), stride):
            self.waiting.append(((coming, *more), self._thread.submit(self._read, coming, *more)))
        return self.waiting.popleft()[1].result()

    def close(self) -> None:
        """Read no more."""
        self._thread.shutdown(cancel_futures=True)


class TrainingImages(AbstractContextManager["TrainingImages"]):
    """The stamps of a file that are trained on; a context manager.

    Images are held on the device if they fit. Otherwise a thread reads them from the file some batches ahead of the
    step that needs them, into memory from which a GPU copies while it computes. Both ways give the same numbers.

    Args:
        stamps: the file, which must stay open.
        device: where batches go.
        conditions: catalogue columns that go with the images.
        seed: of the order.
        hold_bytes: the most memory that held images may take; 0 holds none. None: HOLD_BYTES on the CPU, and half of
            the free memory on a GPU.
        splits: the splits that are trained on.

    Raises:
        GalforgeError: no training images, or a condition that is missing or not finite.
    """

    def __init__(
        self,
        stamps: Stamps,
        device: torch.device,
        conditions: tuple[str, ...],
        seed: int,
        hold_bytes: int | None = None,
        splits: Sequence[str] = ("train",),
    ):
        self.stamps, self.device, self.seed = stamps, device, seed
        self.indices = stamps.split(*splits)
        if len(self.indices) == 0:
            raise GalforgeError(
                f"{stamps.path}: there are no stamps in {' and '.join(splits)} to train on; give these splits a larger "
                "share, or the data set more stamps"
            )
        self.conditions = {name: self._condition(name) for name in conditions}
        size = len(self.indices) * int(np.prod(stamps.shape)) * 4
        if hold_bytes is None:
            hold_bytes = torch.cuda.mem_get_info(device)[0] // 2 if device.type == "cuda" else HOLD_BYTES
        self.held = self._hold() if size <= hold_bytes else None
        self._reader = ReadAhead(self._gather)
        where = f"held on the {device.type}" if self.held is not None else "read from the file batch by batch"
        log.info("%s: %d training images (%.3g GB), %s", stamps.path, len(self.indices), size / 1e9, where)

    def __exit__(self, *exception: object) -> None:
        self._reader.close()

    def batch(self, first: int, number: int, stride: int | None = None) -> Batch:
        """Images (number, C, H, W) float32 in image units, and their conditions (number,), from the ``first``-th on.

        ``stride`` is the distance to the next batch, ``number`` by default; it is longer if several processes share
        batches.
        """
        where = torch.from_numpy(positions(self.seed, len(self.indices), first, number))
        if self.held is not None:
            images = self.held.index_select(0, self._send(where))
        else:
            images = self._reader(first, stride or number, number).to(self.device, non_blocking=True)
        return images, self._conditions_at(where)

    def first(self, most: int) -> Batch:
        """The first images of the training, each once: at most ``most``; otherwise as ``batch``."""
        where = torch.from_numpy(positions(self.seed, len(self.indices), 0, min(most, len(self.indices))))
        if self.held is not None:
            images = self.held.index_select(0, self._send(where))
        else:
            # Nothing is read ahead, because no such batch follows.
            images = self._gather(0, len(where)).to(self.device)
        return images, self._conditions_at(where)

    def _conditions_at(self, where: Tensor) -> dict[str, Tensor] | None:
        if not self.conditions:
            return None
        return {name: self._send(values[where]) for name, values in self.conditions.items()}

    def _gather(self, first: int, number: int) -> Tensor:
        """Read one batch in the order of the file, neighbouring stamps at once."""
        wanted = self.indices[positions(self.seed, len(self.indices), first, number)]
        rows, back = np.unique(wanted, return_inverse=True)
        pieces = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
        read = np.concatenate([self.stamps.images[int(piece[0]) : int(piece[-1]) + 1] for piece in pieces])
        images = torch.from_numpy(np.ascontiguousarray(read[back], dtype=np.float32))
        return images.pin_memory() if self.device.type == "cuda" else images

    def _hold(self) -> Tensor:
        held = torch.empty((len(self.indices), *self.stamps.shape), dtype=torch.float32, device=self.device)
        block = max(1, _BLOCK_BYTES // (4 * int(np.prod(self.stamps.shape))))
        for start in range(0, len(self.stamps), block):
            here = slice(*np.searchsorted(self.indices, [start, start + block]))
            if here.stop > here.start:
                read = np.asarray(self.stamps.images[start : start + block], dtype=np.float32)
                held[here] = torch.from_numpy(read[self.indices[here] - start]).to(self.device)
        return held

    def _condition(self, name: str) -> Tensor:
        values = np.asarray(self.stamps.catalog(name)[self.indices], dtype=np.float32)
        if not np.isfinite(values).all():
            row = int(self.indices[np.argmin(np.isfinite(values))])
            raise GalforgeError(
                f"{self.stamps.path}: stamp {row} has no {name}, which the model is conditioned on; "
                "leave such stamps out of the data set"
            )
        return torch.from_numpy(values)

    def _send(self, values: Tensor) -> Tensor:
        if self.device.type == "cuda":
            return values.pin_memory().to(self.device, non_blocking=True)
        return values


def augment(images: Tensor, draws: Draws) -> Tensor:
    """Images (n, C, H, H), each in one of its eight orientations at random."""
    return turned(images, draws.uniform(3).lt(0.5))


def turned(images: Tensor, coins: Tensor) -> Tensor:
    """Images (n, C, H, H), each in the orientation that its three coins (n, 3) say: mirrored along the last axis, along
    the one before, and transposed, in this order."""
    mirrored, upended, swapped = coins.reshape(-1, 3, 1, 1, 1).unbind(1)
    images = torch.where(mirrored, images.flip(-1), images)
    images = torch.where(upended, images.flip(-2), images)
    return torch.where(swapped, images.transpose(-1, -2), images)
