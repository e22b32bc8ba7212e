"""The device that networks run on, and the settings of torch with which equal input gives equal bits."""

import functools
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import torch

from galforge.errors import GalforgeError


def pick(device: str) -> torch.device:
    """The device for ``auto``, ``cpu`` or ``cuda``.

    Raises:
        GalforgeError: a GPU was asked for, or given to this job, but torch sees none.
    """
    if device == "auto" and names_gpus(os.environ.get("CUDA_VISIBLE_DEVICES", "")) and not torch.cuda.is_available():
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


def names_gpus(visible: str) -> bool:
    """Whether CUDA_VISIBLE_DEVICES names a GPU: -1 and NoDevFiles, which SLURM gives to jobs without, hide all.

    CUDA sees the GPUs before the first number that is none.
    """
    first = visible.split(",")[0].strip()
    return bool(first) and first != "NoDevFiles" and not first.startswith("-")


def computes_in_bfloat16(precision: str, device: torch.device) -> bool:
    """Whether networks run in bfloat16: as ``precision`` says, or for ``auto`` where that is faster.

    It is faster on devices with matrix units for it. CPUs that only have instructions for it (AVX512-BF16) are slower
    (docs/benchmarks.md).
    """
    if precision != "auto":
        return precision == "bfloat16"
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return _cpu_has_matrix_units()


def autocast(bfloat16: bool, device: torch.device) -> AbstractContextManager[None]:
    """The context in which networks run in bfloat16, or as they are."""
    return torch.autocast(device.type, dtype=torch.bfloat16) if bfloat16 else nullcontext()


def twice_differentiable() -> AbstractContextManager[None]:
    """The context in which compiled networks, which have one derivative only, run as they are.

    Torch keeps this for the whole process, and importing the compiler takes more than a second: only trainings that
    compile open it.
    """
    return torch.compiler.set_stance("force_eager")


def full_precision(device: torch.device) -> AbstractContextManager[None]:
    """The context for what must not be rounded although networks around it run in bfloat16."""
    # Tensors without numbers (device meta), by which operations are counted, have no lower precision.
    return nullcontext() if device.type == "meta" else torch.autocast(device.type, enabled=False)


@functools.cache
def _cpu_has_matrix_units() -> bool:
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        return False
    return "amx_bf16" in flags


@contextmanager
def reproducible(device: torch.device, threads: int, fast: bool = False) -> Iterator[None]:
    """Run with a fixed number of CPU threads and deterministic operations, and restore torch's settings afterwards.

    On the CPU an operation without a deterministic form raises an error. On a GPU it only gives a warning, because some
    layers have none there; with ``fast`` (for trainings) a GPU uses the fastest operations.
    """
    before = torch.get_num_threads(), torch.get_deterministic_debug_mode(), torch.backends.cudnn.benchmark
    fill_before = torch.utils.deterministic.fill_uninitialized_memory
    fast = fast and device.type == "cuda"
    if device.type == "cuda" and not fast:
        # Without it matrix products are not reproducible; cuBLAS reads it once, when its first handle is made.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # Filling finds programming errors, but writes all memory twice.
    _set(threads, "default" if fast else "warn" if device.type == "cuda" else "error", fast, fill=False)
    try:
        yield
    finally:
        _set(*before, fill_before)


def _set(threads: int, determinism: str | int, benchmark: bool, fill: bool) -> None:
    torch.set_num_threads(threads)
    # use_deterministic_algorithms does the same, but imports torch's compiler: more than a second in every job.
    torch.set_deterministic_debug_mode(determinism)
    torch.backends.cudnn.benchmark = benchmark
    torch.utils.deterministic.fill_uninitialized_memory = fill
