"""What a training would find on the machine that it is given, measured in a minute.

``python -m galforge.training.check <folder> <rank> <size>`` is one of the processes of ``collective``.
"""

import datetime
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import distributed
from torch.utils.benchmark import Timer

from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.models.device import computes_in_bfloat16, pick

MATRIX_SIDE = {"cuda": 8192, "cpu": 1024}
"""Large enough for arithmetic to limit the rate, and not memory."""
COLLECTIVE_SECONDS = 120.0
_MEASURED_SECONDS = 0.5
_COPY_BYTES = 1 << 28
_COLLECTIVE_BYTES = 1 << 26
_PACKAGES = Path(__file__).resolve().parents[2]
_DRIVER = Path("/sys/module/nvidia/version")


def check(gpus: int, threads: int) -> dict[str, Any]:
    """Look at this machine as a training that asked for ``gpus`` GPUs would, and log what is found.

    Args:
        gpus: number of GPUs, and of processes; with 0 there is one process.
        threads: CPU threads of the job, which matrix products on a CPU use.

    Returns:
        Plain data. Rates of matrix products are in TFLOP/s (``fp32_tflops`` as torch multiplies by default,
        ``tf32_tflops`` with TF32 allowed, ``bf16_tflops``), those of copies, of the GPU's memory (bytes read and
        written) and of the collective in GB/s, and memory is in GiB; None where the machine has no such thing.

    Raises:
        GalforgeError: the job was given a GPU that torch does not see or was not built for, torch sees fewer GPUs than
            were asked for, or the processes do not reach each other.
    """
    found: dict[str, Any] = {
        "node": os.environ.get("SLURMD_NODENAME", socket.gethostname()),
        "slurm_job": os.environ.get("SLURM_JOB_ID"),
        "cuda_visible_devices": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "gpus_asked": gpus,
        "gpus_seen": torch.cuda.device_count(),
        "cpus": len(os.sched_getaffinity(0)),
        "threads": threads,
        "torch": torch.__version__,
        "torch_cuda": torch.version.cuda,
        "driver": _DRIVER.read_text(encoding="ascii").strip() if _DRIVER.exists() else None,
    }
    # Logged before anything can fail, because it explains the failure.
    _say(found)
    device = pick("auto")
    # On a machine without GPUs and without SLURM, jobs that ask for one run on the CPU.
    if found["gpus_seen"] < gpus and (found["gpus_seen"] or found["slurm_job"]):
        raise GalforgeError(
            f"the job asked for {gpus} GPUs and torch sees {found['gpus_seen']}: check gpu, or gres, in the profile "
            "and the lines of this log above"
        )
    _check_build()
    measured = _devices()
    measured["bf16"] = computes_in_bfloat16("auto", device)
    cuda = device.type == "cuda"
    measured["fp32_tflops"] = _tflops(device, torch.float32, threads)
    measured["tf32_tflops"] = _tflops(device, torch.float32, threads, "high") if cuda else None
    measured["bf16_tflops"] = _tflops(device, torch.bfloat16, threads) if measured["bf16"] else None
    measured["copy_gb_per_s"] = _copy(device) if cuda else None
    measured["memory_gb_per_s"] = _memory(device) if cuda else None
    _say(measured)
    measured["collective"] = collective(gpus) if gpus > 1 else None
    _say({"collective": measured["collective"] or "not needed by one process"})
    if device.type == "cpu":
        log.info("trainings run on the CPU here")
    return {**found, **measured}


def collective(size: int, seconds: float = COLLECTIVE_SECONDS) -> dict[str, Any]:
    """Sum numbers over ``size`` processes of this machine, with NCCL on GPUs and gloo on CPUs.

    Returns:
        ``backend``, ``processes`` and ``gb_per_s``, the rate at which a gradient of 64 MiB is summed [GB/s].

    Raises:
        GalforgeError: they do not reach each other within ``seconds``, or the sum is wrong.
    """
    with tempfile.TemporaryDirectory(prefix="galforge-") as name:
        folder = Path(name)
        path = os.pathsep.join(filter(None, [str(_PACKAGES), os.environ.get("PYTHONPATH")]))
        started = []
        for rank in range(size):
            with open(folder / f"said-{rank}", "wb") as said:
                words = [sys.executable, "-m", __name__, name, str(rank), str(size)]
                environment = {**os.environ, "PYTHONPATH": path}
                started.append(subprocess.Popen(words, env=environment, stdout=said, stderr=said))
        try:
            deadline = time.monotonic() + seconds
            # The first process that fails explains why the others wait.
            while (codes := [process.poll() for process in started]) != [0] * size:
                failed = next((rank for rank, code in enumerate(codes) if code), None)
                if failed is not None or time.monotonic() >= deadline:
                    raise GalforgeError(_why(folder, failed, size, seconds))
                time.sleep(0.1)
        finally:
            for process in started:
                process.kill()
                process.wait()
        return json.loads((folder / "outcome.json").read_text(encoding="utf-8"))


def _why(folder: Path, failed: int | None, size: int, seconds: float) -> str:
    lines = (folder / f"said-{failed or 0}").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    how = f"did not finish within {seconds:g} s" if failed is None else f"failed in process {failed}"
    return (
        f"a sum over {size} processes {how} ({lines[-1] if lines else 'it said nothing'}); "
        "run gpu_check with NCCL_DEBUG=INFO in the environment, or train with gpu: 1"
    )


def _member(folder: Path, rank: int, size: int) -> None:
    """One process of a collective."""
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    device = torch.device("cuda", rank) if backend == "nccl" else torch.device("cpu")
    if backend == "nccl":
        torch.cuda.set_device(device)
    limit = datetime.timedelta(seconds=COLLECTIVE_SECONDS)
    meet = f"file://{folder}/meet"
    distributed.init_process_group(backend, init_method=meet, rank=rank, world_size=size, timeout=limit)
    total = torch.full((_COLLECTIVE_BYTES // 4,), float(rank + 1), device=device)
    distributed.all_reduce(total)
    expected = size * (size + 1) / 2
    if not bool((total == expected).all()):
        raise GalforgeError(f"numbers that add up to {expected:g} gave {total.min():g} to {total.max():g}")
    # All processes repeat it equally often, so none may choose how often by its own clock.
    rate = _COLLECTIVE_BYTES / _timer(lambda: distributed.all_reduce(total)).timeit(10).mean / 1e9
    if rank == 0:
        outcome = {"backend": backend, "processes": size, "gb_per_s": round(rate, 3)}
        (folder / "outcome.json").write_text(json.dumps(outcome), encoding="utf-8")
    distributed.destroy_process_group()


def _check_build() -> None:
    """Fail where this build of torch has no code for a GPU; its own error comes later and names no remedy."""
    built = torch.cuda.get_arch_list()
    for index in range(torch.cuda.device_count()):
        capability = torch.cuda.get_device_capability(index)
        if not has_code(capability, built):
            raise GalforgeError(
                f"torch {torch.__version__} has no code for {torch.cuda.get_device_name(index)} (compute capability "
                f"{capability[0]}.{capability[1]}; built for {', '.join(built)}): install another build of it, see "
                "docs/cluster.md, 'Which build of torch'"
            )


def has_code(capability: tuple[int, int], built: list[str]) -> bool:
    """Whether a build has code that runs on a GPU.

    Args:
        capability: compute capability of the GPU, major and minor.
        built: what the build was compiled for, as torch names it. ``sm_86`` runs on the same major version with this or
            a later minor one, ``compute_86`` (PTX) on all later ones (CUDA C++ Programming Guide, "Binary
            Compatibility" and "PTX Compatibility"). Names with a letter at the end are of one GPU and are not counted.
    """
    named = [re.fullmatch(r"(sm|compute)_(\d+)(\d)", name) for name in built]
    versions = [(one[1], (int(one[2]), int(one[3]))) for one in named if one]
    return any(
        version <= capability and (kind == "compute" or version[0] == capability[0]) for kind, version in versions
    )


def _devices() -> dict[str, Any]:
    properties = [torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count())]
    each = [{"name": one.name, "memory_gib": round(one.total_memory / 2**30, 1)} for one in properties]
    return {"device": properties[0].name if properties else "cpu", "devices": each}


def _tflops(device: torch.device, dtype: torch.dtype, threads: int, precision: str = "highest") -> float:
    """Rate of the product of two square matrices [TFLOP/s]."""
    side = MATRIX_SIDE[device.type]
    left, right = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    out = torch.empty_like(left)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        return round(2 * side**3 / _seconds(lambda: torch.mm(left, right, out=out), threads) / 1e12, 4)
    finally:
        torch.set_float32_matmul_precision(before)


def _copy(device: torch.device) -> float:
    """Rate of copies from pinned memory to the device [GB/s]."""
    there = torch.empty(_COPY_BYTES, dtype=torch.uint8, device=device)
    here = torch.empty(_COPY_BYTES, dtype=torch.uint8, pin_memory=True)
    return round(_COPY_BYTES / _seconds(lambda: there.copy_(here, non_blocking=True)) / 1e9, 2)


def _memory(device: torch.device) -> float:
    """Rate at which a device reads and writes its own memory, together [GB/s]."""
    one, other = (torch.empty(_COPY_BYTES, dtype=torch.uint8, device=device) for _ in range(2))
    return round(2 * _COPY_BYTES / _seconds(lambda: other.copy_(one)) / 1e9, 2)


def _seconds(action: Callable[[], Any], threads: int = 1) -> float:
    """Time of an action [s], measured for about half a second."""
    return _timer(action, threads).blocked_autorange(min_run_time=_MEASURED_SECONDS).median


def _timer(action: Callable[[], Any], threads: int = 1) -> Timer:
    return Timer("action()", globals={"action": action}, num_threads=threads)


def _say(facts: dict[str, Any]) -> None:
    for name, value in facts.items():
        log.info("%s: %s", name, "none" if value is None else value)


if __name__ == "__main__":
    _member(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
