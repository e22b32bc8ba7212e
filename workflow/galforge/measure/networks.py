"""How networks measure: reproducibly, in full single precision on every device, and without gradients."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from galforge.models import device as devices


@contextmanager
def measuring(device: torch.device, threads: int) -> Iterator[None]:
    """The context in which a network measures on a device, with a number of CPU threads.

    A GPU uses cuDNN's deterministic convolutions, and none of them rounds factors to 10 bits (TF32).
    """
    with (
        devices.reproducible(device, threads),
        # What is not named here is set to a default, and that of `enabled` is to do without cuDNN.
        torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False),
        torch.inference_mode(),
    ):
        yield
