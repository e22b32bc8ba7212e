"""The processes of one training: one, or one per GPU of a node, each with its share of every batch.

Gradients and losses are averaged over them, so that the outcome is that of one process but for the order in which
floating point numbers are added.
"""

import datetime
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Self

import torch
import torch.distributed as distributed
from torch import Tensor, nn

from galforge.errors import GalforgeError
from galforge.training.clock import Preempted

# Process 0 may wait for hours for the work folder, which an orphan on a lost node may hold; the others wait for it.
_PATIENCE = datetime.timedelta(days=30)
_BUCKET_BYTES = 25 * 2**20
"""Gradients that travel together: few enough to begin early, and enough to make good use of the link."""


class Group(AbstractContextManager["Group"]):
    """The processes that train together. A group of one needs no ``with`` and no communication.

    Attributes:
        rank: number of this process; process 0 writes.
        size: number of processes.
    """

    def __init__(self, rank: int = 0, size: int = 1):
        self.rank, self.size = rank, size

    @classmethod
    def from_environment(cls) -> Self:
        """The group that the launcher describes in RANK and WORLD_SIZE; open it with ``with``."""
        return cls(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]))

    def __enter__(self) -> Self:
        if self.size > 1:
            # Two back ends: numbers for the hosts (when to stop, where to begin) must not wait for the GPUs.
            backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "cpu:gloo"
            distributed.init_process_group(backend, timeout=_PATIENCE)
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        # After an error the others may wait for numbers of this process, and leaving would wait for them.
        if self.size > 1 and (error is None or isinstance(error, Preempted)):
            distributed.destroy_process_group()

    def share(self, batch: int) -> int:
        """Images of a batch for each process.

        Raises:
            GalforgeError: the batch cannot be shared evenly.
        """
        if batch % self.size:
            raise GalforgeError(
                f"a batch of {batch} images cannot be shared by {self.size} processes (one per GPU): ask for a number "
                "of GPUs (gpu in the profile) that divides training: batch"
            )
        return batch // self.size

    def device(self, device: torch.device) -> torch.device:
        """The device of this process, of the same kind as ``device``.

        Raises:
            GalforgeError: there are fewer GPUs than processes.
        """
        if device.type != "cuda" or self.size == 1:
            return device
        if torch.cuda.device_count() < self.size:
            raise GalforgeError(
                f"{self.size} GPUs were asked for, but torch sees {torch.cuda.device_count()}: check gpu in the "
                'profile and what the rule gpu_check logs (README, "On your cluster")'
            )
        torch.cuda.set_device(self.rank)
        return torch.device("cuda", self.rank)

    def mean_(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors of one type on one device, in place, by their means over the processes."""
        if self.size == 1 or not tensors:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        distributed.all_reduce(flat)
        flat /= self.size
        for tensor, mean in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(mean.view(tensor.shape))

    @contextmanager
    def averaged(self, weights: Sequence[nn.Parameter]) -> Iterator[None]:
        """Average the gradients of weights over the processes while a backward pass within computes them.

        Gradients travel in buckets, in one order in all processes: as soon as those of a bucket and of all before it
        are complete, and the rest after the pass.
        """
        if self.size == 1:
            yield
            return
        # The last layers have their gradients first.
        buckets = _buckets([weight for weight in reversed(weights) if weight.requires_grad])
        place = {weight: number for number, bucket in enumerate(buckets) for weight in bucket}
        missing, sent = [len(bucket) for bucket in buckets], []

        def send(whole: bool = False) -> None:
            while len(sent) < len(buckets) and (whole or not missing[len(sent)]):
                gradients = [weight.grad for weight in buckets[len(sent)] if weight.grad is not None]
                flat = torch.cat([gradient.reshape(-1) for gradient in gradients]) if gradients else None
                sent.append((gradients, flat, distributed.all_reduce(flat, async_op=True) if gradients else None))

        def note(weight: Tensor) -> None:
            missing[place[weight]] -= 1
            send()

        hooks = [weight.register_post_accumulate_grad_hook(note) for weight in place]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()
        send(whole=True)
        for gradients, flat, work in sent:
            if work is not None:
                work.wait()
                flat /= self.size
                parts = flat.split([gradient.numel() for gradient in gradients])
                means = [mean.view(each.shape) for each, mean in zip(gradients, parts, strict=True)]
                torch._foreach_copy_(gradients, means)

    def largest(self, number: int) -> int:
        """The largest of the processes' numbers, without waiting for a GPU."""
        if self.size == 1:
            return number
        numbers = torch.tensor([number])
        distributed.all_reduce(numbers, distributed.ReduceOp.MAX)
        return int(numbers)

    def tell(self, value: Any = None) -> Any:
        """The value of process 0 (plain data), which the others wait for."""
        if self.size == 1:
            return value
        values = [value]
        distributed.broadcast_object_list(values, device=torch.device("cpu"))
        return values[0]


def _buckets(weights: Sequence[nn.Parameter]) -> list[list[nn.Parameter]]:
    """Weights in their order, in buckets of about _BUCKET_BYTES, each of one type."""
    buckets: list[list[nn.Parameter]] = []
    room = 0
    for weight in weights:
        if not buckets or room < weight.nbytes or buckets[-1][0].dtype != weight.dtype:
            buckets.append([])
            room = _BUCKET_BYTES
        buckets[-1].append(weight)
        room -= weight.nbytes
    return buckets
