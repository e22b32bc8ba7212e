"""Weights of a trained model in one safetensors file, with everything needed to sample from them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from galforge import families
from galforge.atomic import replacing
from galforge.errors import GalforgeError
from galforge.models.about import KEY, read_about
from galforge.models.normalisation import Normalisation
from galforge.models.protocol import Family, Shape
from galforge.stamps.file import Header


@dataclass(frozen=True)
class Model:
    """A trained model, ready to sample.

    Attributes:
        family: the family with the averaged weights (EMA), in evaluation mode.
        shape: (C, H, W) of the images that its networks take [px].
        normalisation: between image units and what networks see.
        header: of the stamps that it was trained on.
        images_seen, seed: of its training.
    """

    family: Family
    shape: Shape
    normalisation: Normalisation
    header: Header
    images_seen: int
    seed: int


def write(path: Path, tensors: dict[str, Tensor], about: dict[str, Any]) -> None:
    """Write weights and their description atomically; equal content gives equal bytes.

    Args:
        path: the file to make.
        tensors: the weights, as in the ``state_dict`` of a family's networks.
        about: the description as plain data: family, network_settings, shape, normalisation, header, images_seen and
            seed, as in a training state.
    """
    # One entry, because safetensors writes several in an order that changes from run to run.
    metadata = {KEY: json.dumps(about, sort_keys=True)}
    with replacing(path) as temporary:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, temporary, metadata=metadata)


def load(path: Path, device: torch.device) -> Model:
    """Load weights into the family that they belong to.

    Raises:
        GalforgeError: no such file, not one of galforge's, or weights that do not fit the family.
    """
    about = read_about(path)
    with safe_open(path, framework="pt", device="cpu") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    settings = families.load("models", about["family"], "settings").ModelSettings.from_spec(about["network_settings"])
    shape, normalisation = tuple(about["shape"]), Normalisation.from_spec(about["normalisation"])
    family = families.load("models", about["family"], "family").Family(settings, shape, normalisation)
    try:
        family.networks.load_state_dict(tensors)
    except RuntimeError as error:
        raise GalforgeError(f"{path}: the weights do not fit the family {about['family']!r}: {error}") from error
    family.networks.to(device).eval().requires_grad_(False)
    header = Header.from_json(about["header"])
    return Model(family, shape, normalisation, header, about["images_seen"], about["seed"])
