"""Weights of a denoising network, with all that is needed to use them, in one safetensors file.

They are written by ``galforge.models.weights.write``; ``about`` holds network (settings as a spec), bands (their
number), scale, and whatever else is worth knowing.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file

from galforge.errors import GalforgeError
from galforge.models.about import read_about
from galforge.studies.denoising.network import Denoiser
from galforge.studies.denoising.settings import DenoiserNetwork


def load(path: Path, device: torch.device) -> Denoiser:
    """The network of a file of weights, ready to denoise.

    Raises:
        GalforgeError: the file is missing, or its weights are not of a denoiser or do not fit.
    """
    about = read_about(path)
    if not {"network", "bands", "scale"} <= set(about):
        raise GalforgeError(f"{path}: these weights are not of a denoiser; give those of studies/denoising")
    network = Denoiser(DenoiserNetwork.from_spec(about["network"]), about["bands"], about["scale"])
    try:
        network.load_state_dict(load_file(path))
    except RuntimeError as error:
        raise GalforgeError(f"{path}: the weights do not fit the network that the file describes: {error}") from error
    return network.to(device).eval().requires_grad_(False)
