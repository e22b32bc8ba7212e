"""Weights of a denoising network, with all that is needed to use them, in one safetensors file."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from galforge.atomic import replacing
from galforge.errors import GalforgeError
from galforge.models.about import KEY, read_about
from galforge.studies.denoising.network import Denoiser
from galforge.studies.denoising.settings import DenoiserNetwork


def write(path: Path, tensors: dict[str, Tensor], about: dict[str, Any]) -> None:
    """Write weights and what they are, atomically; equal content gives equal bytes.

    ``about`` holds network (settings as a spec), bands (their number), scale, and whatever else is worth knowing.
    """
    metadata = {KEY: json.dumps(about, sort_keys=True)}
    with replacing(path) as temporary:
        save_file({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}, temporary, metadata=metadata)


def load(path: Path, device: torch.device) -> Denoiser:
    """The network of a file of weights, ready to denoise.

    Raises:
        GalforgeError: no such file, none of a denoiser, or weights that do not fit.
    """
    about = read_about(path)
    if not {"network", "bands", "scale"} <= set(about):
        raise GalforgeError(f"{path}: holds weights, but not of a denoiser; give those of studies/denoising")
    network = Denoiser(DenoiserNetwork.from_spec(about["network"]), about["bands"], about["scale"])
    with safe_open(path, framework="pt", device="cpu") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise GalforgeError(f"{path}: the weights do not fit the network that the file describes: {error}") from error
    return network.to(device).eval().requires_grad_(False)
