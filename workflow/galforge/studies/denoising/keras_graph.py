"""Whether the layers that a file of Keras tells of are those of the denoiser, in its order of operations."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from galforge.errors import GalforgeError
from galforge.studies.denoising.network import SLOPE

CONVOLUTION, TRANSPOSED, INPUT, ACTIVATION, SUM = "Conv2D", "Conv2DTranspose", "InputLayer", "LeakyReLU", "Add"
STEMS = {
    "input": INPUT,
    "input_layer": INPUT,
    "conv2d": CONVOLUTION,
    "conv2d_transpose": TRANSPOSED,
    "leaky_re_lu": ACTIVATION,
    "add": SUM,
}
"""Classes by the names that Keras gives their layers, without the number."""
_OTHERWISE = "give a network that is laid out as the released ones"
_PLAIN = {
    "strides": 1,
    "dilation_rate": 1,
    "groups": 1,
    "padding": "same",
    "activation": "linear",
    "use_bias": True,
    "data_format": "channels_last",
    "output_padding": None,
}
"""Settings of all convolutions."""
_SLOPES = ("alpha", "negative_slope")
_SLOPE_ERROR = 1e-6


@dataclass(frozen=True)
class Layer:
    """A layer as a file tells of it: its name, its class, the names of the layers before it, and its settings."""

    name: str
    kind: str
    inputs: tuple[str, ...]
    settings: dict[str, Any]


def layers_of(path: Path, text: str | bytes) -> list[Layer]:
    """The layers in a ``model_config`` as Keras 2 or 3 writes it, in its order.

    Raises:
        GalforgeError: it is no JSON, or not of a model with named layers.
    """
    try:
        return [
            Layer(
                str(layer["config"]["name"]),
                str(layer["class_name"]),
                tuple(_before(layer.get("inbound_nodes", []))),
                dict(layer["config"]),
            )
            for layer in json.loads(text)["config"]["layers"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise GalforgeError(
            f"{path}: its model_config cannot be read ({type(error).__name__}: {error}); save the network "
            "again, or its weights alone by save_weights"
        ) from error


def check_graph(path: Path, layers: list[Layer], blocks: int) -> None:
    """Refuse layers of other classes, in another order, with other inputs or other settings than the denoiser's.

    Raises:
        GalforgeError: the first such layer.
    """
    check_order(path, [layer.name for layer in layers], [layer.kind for layer in layers], blocks)
    for layer, (_, before) in zip(layers, _expected(blocks), strict=True):
        wanted = [layers[index].name for index in before]
        if sorted(layer.inputs) != sorted(wanted):
            raise GalforgeError(
                f"{path}: layer {layer.name} takes {', '.join(layer.inputs) or 'nothing'}, but has to take "
                f"{', '.join(wanted) or 'nothing'}; {_OTHERWISE}"
            )
        _check_settings(path, layer)


def check_order(path: Path, names: list[str], kinds: list[str], blocks: int) -> None:
    """Refuse layers of other classes or in another order than the denoiser's.

    Raises:
        GalforgeError: the first such layer.
    """
    wanted = [kind for kind, _ in _expected(blocks)]
    for name, kind, right in zip(names, kinds, wanted, strict=False):
        if kind != right:
            raise GalforgeError(
                f"{path}: layer {name} is a {kind} where a network with {blocks} blocks on either side has a {right}: "
                f"set `network` of this denoiser as in the file, or {_OTHERWISE}"
            )
    if len(names) != len(wanted):
        raise GalforgeError(
            f"{path}: has {len(names)} layers, the last of them {names[-1] if names else 'none'}, but a network with "
            f"{blocks} blocks on either side has {len(wanted)}: set `network` of this denoiser as in the file, or "
            f"{_OTHERWISE}"
        )


def _expected(blocks: int) -> list[tuple[str, list[int]]]:
    """Class and places of the inputs of every layer of the denoiser (``galforge.studies.denoising.network``)."""
    found: list[tuple[str, list[int]]] = [(INPUT, [])]

    def then(*kinds: str) -> None:
        for kind in kinds:
            found.append((kind, [len(found) - 1]))

    for kind in (CONVOLUTION, TRANSPOSED):
        then(kind, ACTIVATION)
        for _ in range(blocks):
            begin = len(found) - 1
            then(kind, ACTIVATION, kind)
            found.append((SUM, [begin, len(found) - 1]))
            then(ACTIVATION)
        then(kind)
    return found


def _check_settings(path: Path, layer: Layer) -> None:
    if layer.kind in (CONVOLUTION, TRANSPOSED):
        for key, right in _PLAIN.items():
            value = layer.settings.get(key, right)
            if any(each != right for each in (value if isinstance(value, list) else [value])):
                raise GalforgeError(
                    f"{path}: layer {layer.name} has {key} {value}, but has to have {right}; {_OTHERWISE}"
                )
    if layer.kind == ACTIVATION:
        slope = next((layer.settings[key] for key in _SLOPES if key in layer.settings), SLOPE)
        if not isinstance(slope, int | float) or not abs(slope - SLOPE) < _SLOPE_ERROR:
            raise GalforgeError(
                f"{path}: layer {layer.name} has the slope {slope}, but has to have {SLOPE}; {_OTHERWISE}"
            )


def _before(node: Any) -> list[str]:
    """Names of the layers that a node takes: [name, 0, 0, {}] in Keras 2, ``keras_history`` in Keras 3."""
    if isinstance(node, dict):
        if "keras_history" in node:
            return [str(node["keras_history"][0])]
        return [name for value in node.values() for name in _before(value)]
    if isinstance(node, list):
        if node and isinstance(node[0], str):
            return [node[0]]
        return [name for value in node for name in _before(value)]
    return []
