"""From a file of published weights to a network that is ready to run; files of other networks are refused.

Networks are built by `transformers` from a configuration that is written down here, so nothing is looked up or fetched.
Its names are not those of the published files: a `Layout` says where each tensor of a file goes.
"""

import importlib
import pickle
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import nn

from galforge.errors import GalforgeError
from galforge.measure.features.encoders.settings import MeasureSettings
from galforge.measure.networks import measuring
from galforge.models import device as devices


@dataclass(frozen=True)
class Place:
    """Where a tensor of a file goes.

    Attributes:
        shape: of the tensor.
        parts: names in the network; where there are several, the tensor is divided evenly along its first axis.
    """

    shape: tuple[int, ...]
    parts: tuple[str, ...]


Layout = Mapping[str, Place]
"""What a published file holds, by its names."""


@contextmanager
def ready(settings: MeasureSettings, path: Path) -> Iterator[tuple[nn.Module, torch.device]]:
    """The network of the settings with the weights of a file, and its device, while it is used.

    Results are reproducible and in full single precision (``galforge.measure.networks``).

    Raises:
        GalforgeError: the file cannot be read, or holds another network.
    """
    place = devices.pick(settings.device)
    with measuring(place, settings.threads):
        yield load(settings, path, place), place


def load(settings: MeasureSettings, path: Path, device: torch.device) -> nn.Module:
    """The network of the settings with the weights of a file, on a device.

    It takes images (n, 3, H, W) in [0, 255] and returns features (n, `features`).

    Raises:
        GalforgeError: the file cannot be read, or holds another network.
    """
    remedy = f"give the file of {settings.url.partition('#')[0]}"
    with torch.device("meta"):  # draws no weights, because the file replaces them
        network = importlib.import_module(settings.engine_module).Network(settings.network)
    stored = read(path, remedy)
    layout = network.layout(stored)
    _compare(path, settings.network, remedy, layout, stored)
    if broken := [name for name, value in stored.items() if not value.isfinite().all()]:
        raise GalforgeError(f"{path}: {broken[0]} has values that are no finite numbers: {remedy}")
    own, state = network.encoder.state_dict(), {}
    for name, place in layout.items():
        for part, piece in zip(place.parts, stored[name].float().chunk(len(place.parts)), strict=True):
            state[part] = network.fitted(part, piece).reshape(own[part].shape)
    network.encoder.load_state_dict(state, assign=True)
    return network.eval().requires_grad_(False).to(device)


def read(path: Path, remedy: str) -> dict[str, torch.Tensor]:
    """The tensors of a safetensors file, or of a plain .pth file, by name. No code in the file is run.

    Raises:
        GalforgeError: the file is missing, truncated, or holds something else.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(9)
        # A safetensors file begins with the length of its header, which is JSON.
        if head[8:] == b"{":
            return safetensors.torch.load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise GalforgeError(f"{path}: cannot be read ({error.strerror or error}): {remedy}") from error
    except (pickle.UnpicklingError, safetensors.SafetensorError, EOFError, RuntimeError, ValueError, KeyError) as error:
        what = f"not a file of plain weights, or truncated ({type(error).__name__})"
        raise GalforgeError(f"{path}: {what}: {remedy}") from error
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise GalforgeError(f"{path}: does not hold a plain state dict: {remedy}")
    return state


def _compare(path: Path, network: str, remedy: str, layout: Layout, stored: Mapping[str, torch.Tensor]) -> None:
    """Refuse weights of another architecture, with the first key that differs."""
    expected, found = ({name: tuple(each.shape) for name, each in tensors.items()} for tensors in (layout, stored))
    for name in expected | found:
        if found.get(name) != expected.get(name):
            what = f"lacks {name}"
            if name in found:
                what = f"has {name} of shape {found[name]}, not {expected.get(name, 'a part of that network')}"
            raise GalforgeError(f"{path}: these are not the weights of {network} ({what}): {remedy}")
