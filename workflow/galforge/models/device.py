"""Where networks run, and the settings of torch under which the same input gives the same bits."""

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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


def computes_in_bfloat16(precision: str, device: torch.device) -> bool:
    """Whether networks run in bfloat16: as ``precision`` says, or for ``auto`` where the device is faster in it.

    That takes matrix units for it: CPUs that only have instructions for it (AVX512-BF16) are slower in it
    (docs/benchmarks.md).
    """
    if precision != "auto":
        return precision == "bfloat16"
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return _cpu_has_matrix_units()


@functools.cache
def _cpu_has_matrix_units() -> bool:
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        return False
    return "amx_bf16" in flags


@contextmanager
def reproducible(device: torch.device, threads: int, fast: bool = False) -> Iterator[None]:
    """Run with a fixed number of CPU threads and deterministic operations; what was set before comes back.

    On the CPU an operation without a deterministic form is an error; on a GPU it is a warning, because some
    layers have none there, or with ``fast`` (trainings) operations are whatever is fastest there.
    """
    threads_before, deterministic_before = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    benchmark_before, fill_before = torch.backends.cudnn.benchmark, torch.utils.deterministic.fill_uninitialized_memory
    fast = fast and device.type == "cuda"
    if device.type == "cuda" and not fast:
        # cuBLAS reads this once, when its first handle is made; without it matrix products are not
        # reproducible.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(threads)
    # use_deterministic_algorithms does the same, but it imports torch's compiler: more than a second in every job.
    torch.set_deterministic_debug_mode("default" if fast else "warn" if device.type == "cuda" else "error")
    torch.backends.cudnn.benchmark = fast
    # That one finds programming errors, at the price of writing all memory twice.
    torch.utils.deterministic.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.set_num_threads(threads_before)
        torch.set_deterministic_debug_mode(deterministic_before)
        torch.backends.cudnn.benchmark = benchmark_before
        torch.utils.deterministic.fill_uninitialized_memory = fill_before
