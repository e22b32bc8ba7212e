"""What memory of a GPU a training takes, so that one too small is refused at its start and images leave room for steps.

A step is counted on tensors without numbers: its sizes and order are those of a real one, in a few seconds.
"""

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from galforge import families
from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.models.normalisation import Normalisation
from galforge.models.protocol import Grouped, Shape, Step
from galforge.settings import Settings

if TYPE_CHECKING:
    from galforge.training.loop import Training

IN_DIGEST = False
"""What fits and what is refused changes no number."""

HALVED = 0.65
"""Bytes of what is computed in bfloat16 over those in single precision; not all maps and vectors are halved."""
SPARE = 1.15
"""Memory that torch takes of the GPU over what tensors take, because freed blocks do not fit what comes next."""
WORKSPACES = 2**30
"""For the convolutions' workspaces [bytes]."""
_MOMENTS = 2
"""Of Adam, in sizes of the weights; they are made in the first step."""


@dataclass(frozen=True)
class Bytes:
    """Memory of a step beside weights and optimisers' states.

    Attributes:
        fixed: whatever the number of images, gradients included [bytes].
        image: per image of a micro-batch [bytes].
    """

    fixed: float
    image: float

    def of(self, images: int) -> float:
        """Of a step that computes so many images at once [bytes]."""
        return SPARE * (self.fixed + images * self.image) + WORKSPACES

    def fitting(self, room: float) -> int:
        """The most images that are computed at once in so much memory [bytes]; none if negative."""
        return int(((room - WORKSPACES) / SPARE - self.fixed) // self.image)


def step_bytes(family: str, network: Settings, shape: Shape, normalisation: Normalisation, bfloat16: bool) -> Bytes:
    """Bound of the memory that the largest step of a model takes: one with all penalties.

    Args:
        family, network: the model family and its settings.
        shape: (C, H, W) of the images [px].
        normalisation: of the pixel values.
        bfloat16: whether networks run in that precision; what is differentiated twice does not.
    """
    with torch.device("meta"):
        model = families.load("models", family, "family").Family(network, shape, normalisation)
    group = _group(model)
    few, many = group * -(-4 // group), 2 * group * -(-4 // group)
    peaks = [_peak(model, shape, images, bfloat16) for images in (few, many)]
    image = max(0.0, peaks[1] - peaks[0]) / (many - few)
    return Bytes(max(0.0, peaks[0] - few * image), image)


def room_for_images(run: "Training", several: bool) -> int:
    """Memory of the GPU of a training that its images may take [bytes], after all that steps need.

    Args:
        run: the training, at its beginning or restored.
        several: whether there are other images, whose losses other networks compute.

    Raises:
        GalforgeError: the GPU has no room for the steps, with micro-batches that it has room for.
    """
    free, _ = torch.cuda.mem_get_info(run.device)
    weights = _size(run.family.networks.parameters())
    states = [state for each in run.optimisers.values() for state in each.state.values()]
    there = _size(value for state in states for value in state.values())
    coming = max(0, _MOMENTS * weights - there) + several * weights
    needs = step_bytes(run.name, run.network, run.shape, run.normalisation, run.bfloat16)
    images = min(run.settings.micro_batch or run.share, run.share)
    log.info(
        "weights, their EMA and the optimisers' states take %.3g GB, a step of %d images at once at most %.3g GB; "
        "%s has %.3g GB free beside what is there already",
        (2 * weights + max(there, _MOMENTS * weights)) / 1e9,
        images,
        needs.of(images) / 1e9,
        run.device,
        free / 1e9,
    )
    return int(left(run, free - coming, needs, images))


def left(run: "Training", free: float, needs: Bytes, images: int) -> float:
    """Memory that steps of ``images`` at once leave of what is free [bytes].

    Raises:
        GalforgeError: they leave none, with micro-batches that would.
    """
    batch = 3 * run.share * 4 * torch.Size(run.shape).numel()
    rest = free - batch - needs.of(images)
    if rest >= 0:
        return rest
    group = _group(run.family)
    fits = min(needs.fitting(free - batch), images - 1) // group * group
    remedy = f"say training: micro_batch: {fits}" if fits > 0 else "ask for a GPU with more memory"
    raise GalforgeError(
        f"model {run.name}: steps of {images} images of {run.shape} at once take {needs.of(images) / 1e9:.1f} GB, but "
        f"{run.device} has {max(0.0, free - batch) / 1e9:.1f} GB for them: {remedy}"
    )


def _group(model: Any) -> int:
    """Images that a family compares with each other; 1 of one that compares none."""
    return model.together if isinstance(model, Grouped) else 1


def _size(tensors: Any) -> int:
    return sum(each.numel() * each.element_size() for each in tensors if isinstance(each, Tensor))


class _Live(TorchDispatchMode):
    """Follows the bytes of all tensors that are alive, and the most since ``restart``."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0
        self._there: dict[int, tuple[int, Any]] = {}

    def restart(self) -> None:
        self.most = self.now

    def __torch_dispatch__(self, function: Callable, types: Any, args: tuple = (), kwargs: Any = None) -> Any:
        out = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if isinstance(tensor, Tensor):
                self._note(tensor.untyped_storage())
        return out

    def _note(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key in self._there:
            return
        size = storage.nbytes()

        def gone(_: object) -> None:
            self._there.pop(key, None)
            self.now -= size

        self._there[key] = size, weakref.ref(storage, gone)
        self.now += size
        self.most = max(self.most, self.now)


class _Nothing:
    """Random numbers of so many images, without values."""

    def __init__(self, images: int):
        self.images = images

    def normal(self, *shape: int) -> Tensor:
        return torch.empty(self.images, *shape)

    uniform = normal


def _peak(model: Any, shape: Shape, images: int, bfloat16: bool) -> float:
    """The most bytes that any term of a first step takes, with lower precision where its networks have that."""
    live, worst, halved = _Live(), 0.0, False

    @contextmanager
    def autocast() -> Iterator[None]:
        nonlocal halved
        halved = bfloat16
        yield

    def differentiate(name: str, loss: Tensor) -> None:
        nonlocal worst, halved
        loss.backward()
        worst = max(worst, (HALVED if halved else 1.0) * live.most)
        halved = False
        live.restart()

    with torch.device("meta"):
        conditions = {name: torch.empty(images) for name in model.conditions} or None
        draws = _Nothing(images)
        step = Step(0, images, draws, autocast, differentiate, lambda value: value.detach().clone(), differentiate)
        with live:
            model.step(torch.empty(images, *shape), conditions, step)
    for weight in model.networks.parameters():
        weight.grad = None
    return max(worst, live.most)
