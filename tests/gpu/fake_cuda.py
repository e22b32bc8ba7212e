"""A CUDA device without hardware, for the CPU build of torch: tensors on it have shapes, types, layouts and no numbers.

``install`` has to come before the first import of torch in a process. Afterwards ``fake_tensors`` opens a context in
which every tensor is one of torch's fake tensors, and devices, types and layouts follow as on a GPU. It finds tensors
on the wrong device, copies, and operations that wait for the device. It cannot find faults of kernels, precision, NCCL
or compiled code.

Run as a script it says what is missing here, and fails if something is.
"""

import ctypes
import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import weakref
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

SOURCE = Path(__file__).with_name("stub.cpp")
MEMORY = 40 * 10**9
"""Of the device [bytes]: the smallest on which the papers' scale has to train."""
_MULTIPROCESSORS = 108


def missing() -> str:
    """What is missing for a fake device here; empty if nothing is."""
    if not _compiler():
        return "no C++ compiler: install g++"
    if "+cu" in (version := importlib.metadata.version("torch")):
        return (
            f"torch {version} is built for CUDA: the fake device needs the CPU build (TORCH_INDEX, see envs/setup.sh)"
        )
    return ""


def install() -> None:
    """Make torch see one CUDA device.

    Raises:
        RuntimeError: torch was imported before, the library cannot be built, or torch does not accept it.
    """
    if "torch" in sys.modules:
        raise RuntimeError("the fake device has to be installed before torch is imported, in a process of its own")
    library = ctypes.CDLL(str(_library()), mode=ctypes.RTLD_GLOBAL)
    import torch

    if not library.install():
        raise RuntimeError(f"torch {torch.__version__} did not take the hooks of {SOURCE.name}")
    _answer(torch.cuda)
    _pin()
    _copy_deeply()
    _move_modules()


def fake_tensors() -> AbstractContextManager[Any]:
    """A context in which tensors are fake; numbers that come from numpy become fake where a device sees them."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    return FakeTensorMode(allow_non_fake_inputs=True)


def _compiler() -> str | None:
    return os.environ.get("CXX") or shutil.which("g++") or shutil.which("c++")


def _library() -> Path:
    """The compiled stub, built once per torch and source."""
    (torch,) = importlib.util.find_spec("torch").submodule_search_locations  # type: ignore[union-attr]
    said = f"{importlib.metadata.version('torch')} {torch} ".encode() + SOURCE.read_bytes()
    name = f"stub-{hashlib.sha256(said).hexdigest()[:16]}.so"
    folder = SOURCE.parent / "__pycache__"
    if not os.access(SOURCE.parent, os.W_OK):
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "galforge"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / name).exists():
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            made = Path(scratch) / name
            words = [str(_compiler()), "-shared", "-fPIC", "-O0", "-std=c++20", str(SOURCE), "-o", str(made)]
            words += [f"-I{torch}/include", f"-L{torch}/lib", "-ltorch_cpu", "-lc10", f"-Wl,-rpath,{torch}/lib"]
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"{SOURCE.name} cannot be compiled: {done.stderr.strip()[:2000]}")
            os.replace(made, folder / name)
    return folder / name


def _answer(cuda: Any) -> None:
    """What torch.cuda asks a driver."""
    import torch

    properties = SimpleNamespace(
        name="fake", major=8, minor=0, total_memory=MEMORY, multi_processor_count=_MULTIPROCESSORS
    )
    answers: dict[str, Any] = {
        "is_available": True,
        "is_initialized": True,
        "_lazy_init": None,
        "device_count": 1,
        "current_device": 0,
        "set_device": None,
        "get_device_properties": properties,
        "get_device_capability": (8, 0),
        "get_device_name": "fake",
        "is_bf16_supported": True,
        "mem_get_info": (MEMORY, MEMORY),
        "synchronize": None,
        "manual_seed": None,
        "manual_seed_all": None,
        "set_rng_state": None,
    }
    for name, answer in answers.items():
        setattr(cuda, name, lambda *words, _answer=answer, **more: _answer)
    cuda.get_rng_state = lambda *words, **more: torch.zeros(16, dtype=torch.uint8)
    # Otherwise autocast is quietly off.
    cuda.amp.common.amp_definitely_not_available = lambda: False
    # Fake tensors try to make a real one on a device that is there.
    from torch._subclasses import fake_tensor

    fake_tensor.FakeTensorMode.avoid_device_init = property(lambda self: True)


def _pin() -> None:
    """Remember which storages were pinned, because memory of the CPU build is never."""
    import torch

    pinned: dict[int, Any] = {}

    def pin_memory(tensor: Any, device: Any = None) -> Any:
        twin = tensor.clone()
        storage = twin.untyped_storage()
        pinned[storage._cdata] = weakref.ref(storage, lambda _, key=storage._cdata: pinned.pop(key, None))
        return twin

    torch.Tensor.pin_memory = pin_memory  # type: ignore[method-assign]
    torch.Tensor.is_pinned = lambda tensor, device=None: (  # type: ignore[method-assign]
        tensor.untyped_storage()._cdata in pinned
    )


def _copy_deeply() -> None:
    """Copy fake tensors as what they are: torch's own way copies bytes, which they do not have, and corrupts memory."""
    import torch
    from torch._subclasses.fake_tensor import FakeTensor

    def deepcopy(tensor: Any, memo: dict[int, Any]) -> Any:
        if id(tensor) not in memo:
            twin = tensor.detach().clone(memory_format=torch.preserve_format)
            if isinstance(tensor, torch.nn.Parameter):
                twin = torch.nn.Parameter(twin, requires_grad=tensor.requires_grad)
            memo[id(tensor)] = twin
        return memo[id(tensor)]

    FakeTensor.__deepcopy__ = deepcopy


def _move_modules() -> None:
    """Give modules new parameters where they move, because a fake tensor cannot become one of another device."""
    import torch

    def apply(module: Any, change: Any, recurse: bool = True) -> Any:
        made: dict[int, Any] = {}

        def changed(tensor: Any) -> Any:
            if id(tensor) not in made:
                twin = change(tensor.detach())
                if isinstance(tensor, torch.nn.Parameter):
                    twin = torch.nn.Parameter(twin, requires_grad=tensor.requires_grad)
                made[id(tensor)] = twin
            return made[id(tensor)]

        for each in module.modules():
            for held in (each._parameters, each._buffers):
                held.update({name: changed(tensor) for name, tensor in held.items() if tensor is not None})
        return module

    torch.nn.Module._apply = apply  # type: ignore[method-assign]


if __name__ == "__main__":
    sys.exit(missing() or 0)
