"""What a step does on its device: kernels, arithmetic, bytes moved and memory, and what it must not do."""

import math
import sys
import weakref
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

PACKAGE = str(Path(__file__).resolve().parents[2] / "workflow" / "galforge") + "/"
BACKWARD = "backward pass"
_ALLOCATES = {"empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided", "_unsafe_view", "lift_fresh"}
_ASKS = {"is_pinned", "record_stream", "set_", "resize_", "_has_same_storage_numel"}
_WAITS = {"_local_scalar_dense", "nonzero", "is_nonzero", "equal", "masked_select", "unique_consecutive", "_unique2"}
_GATHERS = {"index_select", "index", "gather", "embedding"}
"""Their outputs say how much of their inputs they read."""
_OVERWRITES = {"copy_", "fill_", "zero_", "normal_", "uniform_", "random_", "bernoulli_"}
_BLOCK = 512
"""Torch's allocator rounds sizes up to it [bytes]."""


@dataclass
class Figures:
    """What was counted.

    Attributes:
        kernels: operations that start at least one kernel.
        operations: floating-point operations of convolutions and matrix products, by the arithmetic they run in: bf16,
            tf32 (single precision where torch allows it) or fp32.
        moved: bytes that kernels read and write, as if nothing stayed in a cache.
        peak: most memory of tensors at once [bytes], without work spaces of libraries.
        found: what a step must not do, by kind and by place in the code.
    """

    kernels: int = 0
    operations: Counter[str] = field(default_factory=Counter)
    moved: int = 0
    peak: int = 0
    found: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


class Watch(TorchDispatchMode):
    """Follows all tensors of a device, and counts operations between ``start`` and ``stop``.

    Args:
        device: ``cuda``.
        allocates: whether torch's allocator knows the memory; fake tensors have none, so their storages are followed.
    """

    def __init__(self, device: torch.device, allocates: bool):
        super().__init__()
        self.device, self.allocates = device, allocates
        self.now, self.figures = 0, Figures()
        self._counts, self._image_channels, self._halved = False, 0, False
        self._alive: dict[int, tuple[int, Any]] = {}

    def memory(self) -> int:
        """What tensors take now [bytes]."""
        return torch.cuda.memory_allocated() if self.allocates else self.now

    def start(self, halved: bool, image_channels: int) -> None:
        """Count from now on.

        Args:
            halved: whether maps should be in bfloat16.
            image_channels: maps with at most so many channels are images, which are in single precision.
        """
        self.figures = Figures(peak=self.now)
        self._counts, self._halved, self._image_channels = True, halved, image_channels
        if self.allocates:
            torch.cuda.reset_peak_memory_stats()

    def stop(self) -> Figures:
        """What was counted."""
        self._counts = False
        if self.allocates:
            self.figures.peak = torch.cuda.max_memory_allocated()
        return self.figures

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if torch.is_inference_mode_enabled() and _is_composite(function):
            # Elsewhere it comes here in its parts.
            with self:
                return function.decompose(*args, **kwargs)
        if self._counts:
            self._before(function, args, kwargs)
        out = function(*args, **kwargs)
        outputs = [leaf for leaf in tree_leaves(out) if isinstance(leaf, Tensor)]
        if not self.allocates:
            for tensor in outputs:
                if tensor.device.type == self.device.type:
                    self._follow(tensor)
        if self._counts:
            self._after(function, args, kwargs, out, outputs)
        return out

    def _follow(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key not in self._alive:
            size = -(-storage.nbytes() // _BLOCK) * _BLOCK
            self._alive[key] = (size, weakref.ref(storage, partial(self._free, key)))
            self.now += size
            self.figures.peak = max(self.figures.peak, self.now)

    def _free(self, key: int, _: Any) -> None:
        self.now -= self._alive.pop(key)[0]

    def _before(self, function: Any, args: Any, kwargs: Any) -> None:
        """Look for what waits, before a fake tensor refuses it."""
        name = _name(function)
        if name in _WAITS or (name == "index" and any(_is_mask(each) for each in args[1])):
            first = next((leaf for leaf in tree_leaves(args) if isinstance(leaf, Tensor)), None)
            if first is not None and first.device.type == self.device.type:
                self._find("host synchronisation")

    def _after(self, function: Any, args: Any, kwargs: Any, out: Any, outputs: list[Tensor]) -> None:
        name = _name(function)
        inputs = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        if not any(tensor.device.type == self.device.type for tensor in (*inputs, *outputs)):
            return
        if name in ("_to_copy", "copy_"):
            self._look_at_copy(name, args, kwargs, outputs[0])
        for tensor in outputs:
            self._look_at(tensor)
        changed = outputs or _written(function, args)
        if not changed or name in _ALLOCATES or name in _ASKS or _is_view(function):
            return
        figures = self.figures
        figures.kernels += 1
        if (formula := flop_registry.get(function._overloadpacket)) is not None:
            figures.operations[_arithmetic(name, outputs[0])] += formula(*args, **kwargs, out_val=out)
            if name.startswith("convolution") and not torch.backends.cudnn.enabled:
                self._find("convolution without cuDNN")
        if name in _GATHERS:
            inputs = [*outputs, *inputs[1:]]
        elif name in _OVERWRITES:
            inputs = inputs[1:]
        figures.moved += sum(map(_bytes, inputs)) + sum(map(_bytes, changed))

    def _look_at_copy(self, name: str, args: Any, kwargs: Any, made: Tensor) -> None:
        source = args[1] if name == "copy_" else args[0]
        if source.device.type == made.device.type:
            return
        waits_not = kwargs.get("non_blocking") or (name == "copy_" and len(args) > 2 and args[2])
        if not waits_not or made.device.type == "cpu":
            self._find("blocking copy")
        elif not source.is_pinned():
            self._find("copy from memory that is not pinned")

    def _look_at(self, tensor: Tensor) -> None:
        if tensor.device.type != self.device.type:
            return
        if tensor.dtype == torch.float64 and tensor.numel() > 1:
            self._find("float64 array")
        if self._halved and tensor.dtype == torch.float32 and tensor.dim() == 4:
            channels, side = tensor.shape[1], tensor.shape[-1]
            # Weights of convolutions have four dimensions, too, and small sides.
            if channels > self._image_channels and side > 7 and (place := _place()) != BACKWARD:
                self._find("float32 map", place)

    def _find(self, kind: str, place: str = "") -> None:
        self.figures.found[kind][place or _place()] += 1


def _place() -> str:
    """The innermost line of galforge that runs: module and function."""
    frame = sys._getframe(1)
    while frame is not None:
        file, name = frame.f_code.co_filename, frame.f_code.co_qualname
        if file.startswith(PACKAGE):
            return BACKWARD if name == "Training._update" else f"{file.removeprefix(PACKAGE)} {name}"
        frame = frame.f_back  # type: ignore[assignment]
    return BACKWARD


def _arithmetic(name: str, made: Tensor) -> str:
    if made.dtype != torch.float32:
        return "bf16"
    convolves = name.startswith("convolution")
    allowed = torch.backends.cudnn.allow_tf32 if convolves else torch.backends.cuda.matmul.allow_tf32
    return "tf32" if allowed else "fp32"


def _bytes(tensor: Tensor) -> int:
    """What of a tensor lies in memory: a broadcast dimension lies there once."""
    sizes = (size for size, stride in zip(tensor.shape, tensor.stride(), strict=True) if stride)
    return math.prod(sizes) * tensor.element_size()


def _is_mask(index: Any) -> bool:
    return isinstance(index, Tensor) and index.dtype in (torch.bool, torch.uint8)


@cache
def _name(function: Any) -> str:
    return function._schema.name.partition("::")[2]


@cache
def _is_composite(function: Any) -> bool:
    """Whether an operation has no kernel of its own on any device."""
    has = torch._C._dispatch_has_kernel_for_dispatch_key
    return (
        function.namespace == "aten"
        and has(function.name(), "CompositeImplicitAutograd")
        and not has(function.name(), "CPU")
    )


@cache
def _is_view(function: Any) -> bool:
    return any(each.alias_info is not None and not each.alias_info.is_write for each in function._schema.returns)


def _written(function: Any, args: Any) -> list[Tensor]:
    """The tensors that an operation without outputs changes in place."""
    pairs = zip(function._schema.arguments, args, strict=False)
    written = [value for argument, value in pairs if argument.alias_info is not None and argument.alias_info.is_write]
    return [leaf for leaf in tree_leaves(written) if isinstance(leaf, Tensor)]
