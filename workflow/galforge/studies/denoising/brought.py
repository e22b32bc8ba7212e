"""Denoising networks that were trained elsewhere, from HDF5 files as Keras writes them. Nothing in them is executed.

A file that ``save_weights`` wrote lists its layers (``layer_names``) and has a group of weights for each
(``weight_names``); one that ``model.save`` wrote has the same in the group ``model_weights``, and the layers' settings
as JSON (``model_config``). Kernels are (height, width, inputs, outputs), of transposed convolutions (height, width,
outputs, inputs).
"""

import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from torch import nn

from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.studies.denoising.keras_graph import STEMS, check_graph, check_order, layers_of
from galforge.studies.denoising.network import Denoiser
from galforge.studies.denoising.settings import DenoiserNetwork

_KERNEL, _BIAS = "kernel", "bias"
_DAMAGED = "get the file again, whole"


def load(path: Path, settings: DenoiserNetwork, bands: int, scale: float, device: torch.device) -> Denoiser:
    """The network of a file, ready to denoise images of ``bands`` bands, which are divided by ``scale`` [image unit].

    Raises:
        GalforgeError: the file is missing, is no HDF5 or not whole, or holds another network than ``settings``
            describe: other layers, another order of them, other shapes, or weights that are not finite.
    """
    network = Denoiser(settings, bands, scale)
    # Registered in the order in which images go through them.
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
    try:
        with h5py.File(path, "r") as file:
            weights = file.get("model_weights", file)
            names = _texts(path, weights, "layer_names", "a file of Keras")
            _check_layers(path, file, names, settings)
            given = [(name, own) for name in names if (own := _weights_of(path, weights, name))]
            if len(given) != len(layers):
                raise GalforgeError(
                    f"{path}: {len(given)} layers have weights, but {len(layers)} of a network with "
                    f"{settings.blocks} blocks on either side: set `network` of this denoiser as in the file, or "
                    f"{_DAMAGED}"
                )
            with torch.no_grad():
                for (name, own), layer in zip(given, layers, strict=True):
                    _fill(path, name, own, layer, bands)
    except (OSError, RuntimeError, KeyError, UnicodeError) as error:  # what h5py raises in damaged files
        raise GalforgeError(f"{path}: cannot be read as HDF5 ({error}); {_DAMAGED}") from error
    return network.to(device).eval().requires_grad_(False)


def _check_layers(path: Path, file: h5py.File, names: list[str], settings: DenoiserNetwork) -> None:
    """Refuse other layers, or the same in another order, as far as the file tells."""
    if "model_config" in file.attrs:
        layers = layers_of(path, file.attrs["model_config"])
        if [layer.name for layer in layers] != names:
            raise GalforgeError(f"{path}: its model_config and its layer_names have other layers; {_DAMAGED}")
        check_graph(path, layers, settings.blocks)
        return
    kinds = [STEMS.get(re.sub(r"_\d+$", "", name)) for name in names]
    if None in kinds:
        log.warning(
            "%s: says neither what its layers are (model_config) nor names them as Keras does (%s): they are taken to "
            "be those of the released network",
            path,
            names[kinds.index(None)],
        )
        return
    check_order(path, names, kinds, settings.blocks)


def _weights_of(path: Path, weights: h5py.Group, name: str) -> dict[str, h5py.Dataset]:
    """The weights of a layer by the last part of their names (``kernel``); none of an activation."""
    group = weights.get(name) if isinstance(weights, h5py.Group) else None
    if not isinstance(group, h5py.Group):
        raise GalforgeError(f"{path}: lacks the layer {name}, which its layer_names have; {_DAMAGED}")
    found = {}
    for full in _texts(path, group, "weight_names", f"the layer {name}"):
        dataset = group.get(full)
        if not isinstance(dataset, h5py.Dataset):
            raise GalforgeError(f"{path}: layer {name} lacks its weights {full}; {_DAMAGED}")
        found[full.rpartition("/")[2].partition(":")[0]] = dataset
    if found and set(found) != {_KERNEL, _BIAS}:
        raise GalforgeError(
            f"{path}: layer {name} has the weights {', '.join(sorted(found))}, but a denoiser consists of convolutions "
            f"with {_KERNEL} and {_BIAS}; give a network that is laid out as the released ones"
        )
    return found


def _fill(
    path: Path, name: str, given: dict[str, h5py.Dataset], layer: nn.Conv2d | nn.ConvTranspose2d, bands: int
) -> None:
    """Put the weights of a layer of the file into one of the network."""
    # The same permutation for both kinds: torch has (outputs, inputs, ...), and (inputs, outputs, ...) if transposed.
    shapes = {_KERNEL: tuple(layer.weight.permute(2, 3, 1, 0).shape), _BIAS: tuple(layer.bias.shape)}
    values = {}
    for kind, dataset in given.items():
        # Before anything is read: a header may promise more than memory holds.
        if dataset.shape != shapes[kind] or dataset.dtype.kind != "f":
            raise GalforgeError(
                f"{path}: {kind} of layer {name} is {dataset.dtype} of the shape {dataset.shape}, but has to be "
                f"floating-point of the shape {shapes[kind]}, for images of {bands} band{'s' * (bands != 1)}: set "
                "`network` of this denoiser as in the file, or give a network for these bands"
            )
        values[kind] = dataset[()].astype(np.float32)
        if odd := int((~np.isfinite(values[kind])).sum()):
            raise GalforgeError(
                f"{path}: {kind} of layer {name} has {odd} values of {values[kind].size} that are not finite; "
                f"{_DAMAGED}, or give a network whose training did not diverge"
            )
    layer.weight.copy_(torch.from_numpy(values[_KERNEL]).permute(3, 2, 0, 1))
    layer.bias.copy_(torch.from_numpy(values[_BIAS]))


def _texts(path: Path, group: h5py.Group, name: str, what: str) -> list[str]:
    """A list of names in an attribute, which Keras cuts into several (``layer_names0``, ...) where it is long."""
    pieces: list[Any] = []
    if name in group.attrs:
        pieces = [group.attrs[name]]
    while f"{name}{len(pieces)}" in group.attrs:
        pieces.append(group.attrs[f"{name}{len(pieces)}"])
    if not pieces:
        raise GalforgeError(
            f"{path}: lacks the attribute {name} of {what}; give an .h5 file that Keras wrote, by save_weights or save"
        )
    # An empty list may be no array at all.
    every = [text for piece in pieces if not isinstance(piece, h5py.Empty) for text in np.atleast_1d(piece)]
    return [text.decode() if isinstance(text, bytes) else str(text) for text in every]
