"""Denoisers as Keras writes them, and what they do to an image, written down layer by layer."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

Weights = list[tuple[np.ndarray, np.ndarray]]
"""Kernel and bias of every convolution, from the first to the last, as Keras keeps them."""


@dataclass
class Layer:
    """A layer of a model: its name, class, inputs, weights by name, and settings that differ from those of others."""

    name: str
    kind: str
    inputs: list[str]
    weights: dict[str, np.ndarray] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


def drawn(bands: int, width: int, blocks: int, kernel: int, bottleneck: int, seed: int = 0) -> Weights:
    """Weights of a denoiser, drawn so that signals neither grow nor fade, with biases of either sign."""
    draws = np.random.default_rng(seed)
    encoder = [(bands, width), *[(width, width)] * (2 * blocks), (width, bottleneck)]
    decoder = [(bottleneck, width), *[(width, width)] * (2 * blocks), (width, bands)]
    out = []
    for number, (inputs, outputs) in enumerate([*encoder, *decoder]):
        # Keras: (height, width, inputs, outputs), of transposed convolutions (height, width, outputs, inputs).
        ends = (inputs, outputs) if number < len(encoder) else (outputs, inputs)
        values = draws.normal(0, 1 / np.sqrt(kernel**2 * inputs), (kernel, kernel, *ends))
        out.append((values.astype(np.float32), draws.normal(0, 0.3, outputs).astype(np.float32)))
    return out


def restored(image: np.ndarray, weights: Weights, blocks: int, activate_first: bool = False) -> np.ndarray:
    """What the released network makes of an image (C, H, W), in double precision.

    ``activate_first`` puts the second activation of a block before the sum, where it is not.
    """
    left = iter(weights)
    features = np.moveaxis(np.asarray(image, dtype=np.float64), 0, -1)
    for layer in (convolved, transposed):
        features = leaky(layer(features, *next(left)))
        for _ in range(blocks):
            inner = leaky(layer(features, *next(left)))
            inner = layer(inner, *next(left))
            features = features + leaky(inner) if activate_first else leaky(features + inner)
        features = layer(features, *next(left))
    assert next(left, None) is None
    return np.moveaxis(features, -1, 0)


def leaky(values: np.ndarray) -> np.ndarray:
    """The leaky ReLU with the slope that Keras has by default."""
    return np.where(values > 0, values, 0.3 * values)


def convolved(features: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """``Conv2D`` of features (H, W, inputs) with stride 1 and padding "same": each pixel gathers from around it."""
    height, width, _ = features.shape
    reach = kernel.shape[0] // 2
    filled = np.pad(features, ((reach, reach), (reach, reach), (0, 0)))
    out = np.zeros((height, width, kernel.shape[3])) + bias
    for y, x in np.ndindex(*kernel.shape[:2]):
        out += filled[y : y + height, x : x + width] @ kernel[y, x].astype(np.float64)
    return out


def transposed(features: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """``Conv2DTranspose`` of that kind: each pixel scatters to around it, and what falls outside is lost."""
    height, width, _ = features.shape
    reach = kernel.shape[0] // 2
    out = np.zeros((height + 2 * reach, width + 2 * reach, kernel.shape[2]))
    for y, x in np.ndindex(*kernel.shape[:2]):
        out[y : y + height, x : x + width] += features @ kernel[y, x].astype(np.float64).T
    return out[reach : reach + height, reach : reach + width] + bias


def layers(weights: Weights, blocks: int) -> list[Layer]:
    """The layers of the released network in the order of its file, named as Keras names them."""
    numbers: dict[str, int] = {}
    out = [Layer("input_1", "InputLayer", [])]

    def add(stem: str, kind: str, inputs: list[str], own: tuple[np.ndarray, np.ndarray] | None = None) -> str:
        number = numbers[stem] = numbers.get(stem, -1) + 1
        name = f"{stem}_{number}" if number else stem
        out.append(Layer(name, kind, inputs, dict(zip(("kernel", "bias"), own, strict=True)) if own else {}))
        return name

    left = iter(weights)
    for stem, kind in (("conv2d", "Conv2D"), ("conv2d_transpose", "Conv2DTranspose")):
        last = add("leaky_re_lu", "LeakyReLU", [add(stem, kind, [out[-1].name], next(left))])
        for _ in range(blocks):
            one = add("leaky_re_lu", "LeakyReLU", [add(stem, kind, [last], next(left))])
            last = add("leaky_re_lu", "LeakyReLU", [add("add", "Add", [last, add(stem, kind, [one], next(left))])])
        add(stem, kind, [last], next(left))
    return out


def write(path: Path, model: Sequence[Layer], with_config: bool = True, version: int = 2) -> Path:
    """Write a model as ``model.save`` does, or without its settings, as ``save_weights`` does."""
    with h5py.File(path, "w") as file:
        group = file.create_group("model_weights") if with_config else file
        if with_config:
            file.attrs["model_config"] = json.dumps(config(model, version))
            file.create_group("optimizer_weights")
            group.create_group("top_level_model_weights").attrs["weight_names"] = np.array([])
        for place in {file, group}:
            place.attrs["backend"], place.attrs["keras_version"] = b"tensorflow", b"2.9.0"
        group.attrs["layer_names"] = [layer.name.encode() for layer in model]
        for layer in model:
            own = group.create_group(layer.name)
            full = {
                f"{layer.name}/{name}{':0' if version == 2 else ''}": array for name, array in layer.weights.items()
            }
            own.attrs["weight_names"] = [name.encode() for name in full]
            for name, array in full.items():
                own[name] = array
    return path


def config(model: Sequence[Layer], version: int = 2) -> dict[str, Any]:
    """The settings of a model, as Keras 2 or 3 describes them."""

    def told(layer: Layer) -> dict[str, Any]:
        settings: dict[str, Any] = {"name": layer.name, "trainable": True, "dtype": "float32"}
        if layer.kind.startswith("Conv2D"):
            settings |= {"kernel_size": [5, 5], "strides": [1, 1], "padding": "same", "dilation_rate": [1, 1]}
            settings |= {"data_format": "channels_last", "groups": 1, "activation": "linear", "use_bias": True}
        if layer.kind == "LeakyReLU":
            settings["alpha" if version == 2 else "negative_slope"] = 0.30000001192092896
        told = {"class_name": layer.kind, "config": settings | layer.settings, "name": layer.name}
        return told | {"inbound_nodes": inbound(layer.inputs)}

    def inbound(names: list[str]) -> list[Any]:
        if version == 2:
            return [[[name, 0, 0, {}] for name in names]] if names else []
        tensors = [
            {
                "class_name": "__keras_tensor__",
                "config": {"shape": [None, None, None, 4], "keras_history": [name, 0, 0]},
            }
            for name in names
        ]
        return [{"args": [tensors] if len(tensors) > 1 else tensors, "kwargs": {"mask": None}}] if names else []

    ends = {"input_layers": [[model[0].name, 0, 0]], "output_layers": [[model[-1].name, 0, 0]]}
    return {"class_name": "Functional", "config": {"name": "model", "layers": [told(each) for each in model], **ends}}


def changed(model: Sequence[Layer], name: str, change: Callable[[Layer], None]) -> list[Layer]:
    """A copy of a model in which one layer is changed."""
    out = [Layer(each.name, each.kind, list(each.inputs), dict(each.weights), dict(each.settings)) for each in model]
    change(next(each for each in out if each.name == name))
    return out
