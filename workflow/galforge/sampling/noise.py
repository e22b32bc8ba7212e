"""Random numbers of sampled images: numpy's on a CPU, and on a GPU its own, because it would wait for the others.

Either way a stream depends on what it is for alone, so that an image is the same in every block and chunk. The numbers
of a GPU are others than those of a CPU.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from galforge.seeds import generator, seed_of

Stream = np.random.Generator | torch.Generator


def draws_there(device: torch.device) -> bool:
    """Whether random numbers for a device are drawn on it."""
    return device.type == "cuda"


def stream_for(device: torch.device, *key: int | str) -> Stream:
    """The stream of random numbers for a key, such as (seed, "sample", index)."""
    if draws_there(device):
        return torch.Generator(device).manual_seed(seed_of(*key) % 2**63)
    return generator(*key)


def normal(streams: Sequence[Stream], shape: tuple[int, ...], device: torch.device) -> Tensor:
    """The next standard normal numbers (n, *shape) float32 of n streams of one kind, on their device."""
    if isinstance(streams[0], torch.Generator):
        return torch.stack([torch.randn(shape, generator=stream, device=device) for stream in streams])
    drawn = np.stack([stream.standard_normal(shape, dtype=np.float32) for stream in streams])
    return torch.from_numpy(drawn).to(device)


def how(device: torch.device, bfloat16: bool) -> dict[str, str]:
    """The ``device``, the ``arithmetic`` of networks that sample there, and the generator of the ``noise``."""
    tf32 = device.type == "cuda" and torch.backends.cudnn.allow_tf32
    arithmetic = "bfloat16" if bfloat16 else "float32, convolutions in TF32" if tf32 else "float32"
    noise = f"the generator of {device.type} (torch)" if draws_there(device) else "numpy's Philox"
    return {"device": device.type, "arithmetic": arithmetic, "noise": noise}
