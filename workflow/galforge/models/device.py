"""Where networks run, and the settings of torch under which the same input gives the same bits."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from galforge.errors import GalforgeError


def pick(device: str) -> torch.device:
    """The device for ``auto``, ``cpu`` or ``cuda``.

    Raises:
        GalforgeError: a GPU was asked for, or given to this job, and torch sees none.
    """
    if device == "auto" and os.environ.get("CUDA_VISIBLE_DEVICES") and not torch.cuda.is_available():
        raise GalforgeError(
            f"this job was given the GPU {os.environ['CUDA_VISIBLE_DEVICES']} (CUDA_VISIBLE_DEVICES), but torch sees "
            "none: check the driver of this node and that the installed torch is a CUDA build, or set device: cpu"
        )
    if device == "cuda" and not torch.cuda.is_available():
        raise GalforgeError(
            "device is 'cuda', but torch sees no GPU here: ask for one (gpu in the profile), check that the "
            "installed torch is a CUDA build, or set device: auto"
        )
    return torch.device("cuda" if device != "cpu" and torch.cuda.is_available() else "cpu")


@contextmanager
def reproducible(device: torch.device, threads: int) -> Iterator[None]:
    """Run with a fixed number of CPU threads and deterministic operations; what was set before comes back.

    On the CPU an operation without a deterministic form is an error; on a GPU it is a warning, because some
    layers have none there.
    """
    threads_before = torch.get_num_threads()
    deterministic_before = torch.are_deterministic_algorithms_enabled()
    warn_only_before = torch.is_deterministic_algorithms_warn_only_enabled()
    if device.type == "cuda":
        # cuBLAS reads this once, when its first handle is made; without it matrix products are not
        # reproducible.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=device.type == "cuda")
    try:
        yield
    finally:
        torch.set_num_threads(threads_before)
        torch.use_deterministic_algorithms(deterministic_before, warn_only=warn_only_before)
