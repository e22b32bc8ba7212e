"""The denoiser against an explicit graph, and networks that were trained elsewhere: what is read, what is refused."""

import logging
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import torch

from galforge.errors import GalforgeError
from galforge.studies.denoising.apply import restoring
from galforge.studies.denoising.brought import load
from galforge.studies.denoising.degrade import Observed
from galforge.studies.denoising.network import Denoiser
from galforge.studies.denoising.settings import DenoiserNetwork, weights_of
from galforge.studies.denoising.summary import summarise
from galforge.studies.denoising.sweep import with_brought
from galforge.studies.denoising.trials import CASE, Trial
from toys import denoising as toy
from toys import keras

CPU = torch.device("cpu")
BANDS, SMALL = 3, DenoiserNetwork(width=4, blocks=2, kernel=3, bottleneck=2)
PUBLISHED = DenoiserNetwork()
IN_DOMAIN = Trial(CASE, "in_domain", 1.0, 1.0)


def weights(network: DenoiserNetwork = SMALL, bands: int = BANDS, seed: int = 0) -> keras.Weights:
    return keras.drawn(bands, network.width, network.blocks, network.kernel, network.bottleneck, seed)


def image(bands: int = BANDS, side: int = 13) -> np.ndarray:
    return np.random.default_rng(side).normal(0, 2, (bands, side, side))


def opened(path: Path, network: DenoiserNetwork = SMALL, bands: int = BANDS, scale: float = 1.0) -> Denoiser:
    return load(path, network, bands, scale, CPU)


def close(found: np.ndarray, expected: np.ndarray) -> None:
    # Single precision through tens of layers.
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def test_the_published_network_is_the_explicit_graph(tmp_path: Path) -> None:
    given = weights(PUBLISHED, 4)
    assert sum(kernel.size + bias.size for kernel, bias in given) == weights_of(PUBLISHED, 4) == 522_310
    brought = opened(keras.write(tmp_path / "a.h5", keras.layers(given, 5)), PUBLISHED, 4)
    assert sum(each.numel() for each in brought.parameters()) == 522_310
    expected = keras.restored(image(4, 15), given, 5)
    close(brought(torch.from_numpy(image(4, 15)).float()[None])[0].numpy(), expected)
    # The order of operations is what the comparison is about: with the other one it would not hold.
    other = keras.restored(image(4, 15), given, 5, activate_first=True)
    assert np.sqrt(np.mean((other - expected) ** 2)) > 0.1 * np.std(expected)


@pytest.mark.parametrize(("kernel", "blocks", "bands"), [(3, 1, 1), (5, 2, 3), (7, 1, 2)])
def test_other_layers_are_the_explicit_graph(tmp_path: Path, kernel: int, blocks: int, bands: int) -> None:
    network = DenoiserNetwork(width=5, blocks=blocks, kernel=kernel, bottleneck=3)
    given = weights(network, bands)
    brought = opened(keras.write(tmp_path / "a.h5", keras.layers(given, blocks)), network, bands)
    given_image = image(bands, 12)
    found = brought(torch.from_numpy(given_image).float()[None])[0].numpy()
    close(found, keras.restored(given_image, given, blocks))


@pytest.mark.parametrize(("with_config", "version"), [(True, 2), (True, 3), (False, 2), (False, 3)])
def test_files_of_keras_are_read(
    tmp_path: Path, with_config: bool, version: int, caplog: pytest.LogCaptureFixture
) -> None:
    given = weights()
    path = keras.write(tmp_path / "a.h5", keras.layers(given, 2), with_config, version)
    brought = opened(path, scale=10.0)
    observed = Observed(image(), image())
    with caplog.at_level(logging.WARNING):
        output, setting = restoring(brought, CPU)(IN_DOMAIN, observed)
    assert np.isnan(setting)
    close(output, 10 * keras.restored(observed.image / 10, given, 2))
    assert not any(parameter.requires_grad for parameter in brought.parameters())
    assert caplog.text == ""


def test_long_lists_of_names_are_put_together(tmp_path: Path) -> None:
    given = weights()
    path = keras.write(tmp_path / "a.h5", keras.layers(given, 2))
    with h5py.File(path, "a") as file:
        names = file["model_weights"].attrs["layer_names"]
        del file["model_weights"].attrs["layer_names"]
        for number, piece in enumerate(np.array_split(names, 3)):
            file["model_weights"].attrs[f"layer_names{number}"] = piece
    close(opened(path)(torch.from_numpy(image()).float()[None])[0].numpy(), keras.restored(image(), given, 2))


def test_layers_of_other_names_count_by_their_order_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = weights()
    model = keras.layers(given, 2)
    for number, layer in enumerate(model):
        layer.name = f"z{len(model) - number}"
    path = keras.write(tmp_path / "a.h5", model, with_config=False)
    monkeypatch.setattr(logging.getLogger("galforge"), "propagate", True)
    with caplog.at_level(logging.WARNING):
        brought = opened(path)
    assert "taken to be those of the released network" in caplog.text
    close(brought(torch.from_numpy(image()).float()[None])[0].numpy(), keras.restored(image(), given, 2))


def of_other_order(model: list[keras.Layer]) -> list[keras.Layer]:
    """Two layers change places, with their names' numbers: activation before the sum."""
    at = next(index for index, layer in enumerate(model) if layer.name == "add")
    model[at], model[at + 1] = model[at + 1], model[at]
    return model


def with_layer(model: list[keras.Layer], layer: keras.Layer) -> list[keras.Layer]:
    return [*model[:2], layer, *model[2:]]


def of_kind(kind: str) -> Callable[[list[keras.Layer]], list[keras.Layer]]:
    return lambda model: keras.changed(model, "conv2d_transpose_1", lambda layer: setattr(layer, "kind", kind))


def setting(name: str, **settings: object) -> Callable[[list[keras.Layer]], list[keras.Layer]]:
    return lambda model: keras.changed(model, name, lambda layer: layer.settings.update(settings))


NORMALISATION = keras.Layer(
    "batch_normalization", "BatchNormalization", ["conv2d"], dict.fromkeys(("gamma", "beta"), np.ones(4, np.float32))
)
LAMBDA = keras.Layer("lambda", "Lambda", ["conv2d"], settings={"function": ["4wEAAAAAAAAA", None, None]})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (of_other_order, "layer leaky_re_lu_2 is a LeakyReLU where"),
        (lambda model: model[:-1], "has 26 layers, the last of them leaky_re_lu_9"),
        (lambda model: with_layer(model, NORMALISATION), "layer batch_normalization is a BatchNormalization where"),
        (lambda model: with_layer(model, LAMBDA), "layer lambda is a Lambda where"),
        (of_kind("Conv2D"), "layer conv2d_transpose_1 is a Conv2D where"),
        (setting("conv2d_2", strides=[2, 2]), r"layer conv2d_2 has strides \[2, 2\], but has to have 1"),
        (setting("conv2d_2", padding="valid"), "layer conv2d_2 has padding valid, but has to have same"),
        (setting("conv2d", activation="relu"), "layer conv2d has activation relu"),
        (setting("leaky_re_lu_3", alpha=0.2), "layer leaky_re_lu_3 has the slope 0.2, but has to have 0.3"),
        (
            lambda model: keras.changed(model, "add_1", lambda layer: layer.inputs.__setitem__(0, "leaky_re_lu")),
            "layer add_1 takes leaky_re_lu, conv2d_4, but has to take leaky_re_lu_2, conv2d_4",
        ),
    ],
)
def test_another_graph_is_refused_by_its_layer(tmp_path: Path, change: Callable, says: str) -> None:
    path = keras.write(tmp_path / "a.h5", change(keras.layers(weights(), 2)))
    with pytest.raises(GalforgeError, match=says) as error:
        opened(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "laid out as the released ones" in str(error.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (of_other_order, "layer leaky_re_lu_2 is a LeakyReLU where"),
        (lambda model: [each for each in model if each.name != "conv2d_2"], "layer add is a Add where"),
        (
            lambda model: with_layer(
                [layer for layer in model if layer.weights],
                keras.Layer("batch_normalization", "", [], {"beta": np.ones(4)}),
            ),
            "layer batch_normalization has the weights beta",
        ),
    ],
)
def test_names_tell_another_graph_where_there_is_no_config(tmp_path: Path, change: Callable, says: str) -> None:
    path = keras.write(tmp_path / "a.h5", change(keras.layers(weights(), 2)), with_config=False)
    with pytest.raises(GalforgeError, match=says):
        opened(path)


@pytest.mark.parametrize(
    ("network", "bands", "says"),
    [
        ({"width": 5}, BANDS, r"kernel of layer conv2d is float32 of the shape \(3, 3, 3, 4\), .* \(3, 3, 3, 5\)"),
        ({"kernel": 5}, BANDS, r"\(5, 5, 3, 4\)"),
        ({"bottleneck": 3}, BANDS, r"kernel of layer conv2d_5 .* \(3, 3, 4, 3\)"),
        ({"blocks": 1}, BANDS, "with 1 blocks on either side"),
        ({}, 1, r"kernel of layer conv2d .* \(3, 3, 1, 4\), for images of 1 band:"),
    ],
)
def test_another_architecture_than_the_settings_say_is_refused(
    tmp_path: Path, network: dict, bands: int, says: str
) -> None:
    path = keras.write(tmp_path / "a.h5", keras.layers(weights(), 2))
    with pytest.raises(GalforgeError, match=says) as error:
        opened(path, SMALL.model_copy(update=network), bands)
    assert "`network` of this denoiser" in str(error.value)


def put(name: str, value: object) -> Callable[[h5py.File], None]:
    """Another dataset or attribute in the place of one of a file; None takes it away."""

    def change(file: h5py.File) -> None:
        group, _, last = f"model_weights/{name}".rpartition("/")
        place = file[group].attrs if last in file[group].attrs else file[group]
        del place[last]
        if value is not None:
            place[last] = value

    return change


def not_finite(file: h5py.File) -> None:
    file["model_weights/conv2d_1/conv2d_1/kernel:0"][1, 1, 0, 2] = np.nan
    file["model_weights/conv2d_1/conv2d_1/kernel:0"][0, 1, 0, 2] = np.inf


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (put("conv2d_1", None), "lacks the layer conv2d_1, which its layer_names have"),
        (put("conv2d_1/conv2d_1/bias:0", None), "layer conv2d_1 lacks its weights conv2d_1/bias:0"),
        (put("conv2d_1/weight_names", [b"conv2d_1/kernel:0"]), "layer conv2d_1 has the weights kernel, but"),
        (put("layer_names", None), "lacks the attribute layer_names"),
        (put("conv2d_1/weight_names", None), "lacks the attribute weight_names of the layer conv2d_1"),
        (put("conv2d_1/conv2d_1/bias:0", np.ones(5)), r"bias of layer conv2d_1 is float64 of the shape \(5,\)"),
        (put("conv2d_1/conv2d_1/bias:0", np.ones(4, int)), "bias of layer conv2d_1 is int64 .* floating-point"),
        (put("conv2d_1/conv2d_1/kernel:0", np.ones((3, 3, 4))), r"the shape \(3, 3, 4\), .* \(3, 3, 4, 4\)"),
        (not_finite, "kernel of layer conv2d_1 has 2 values of 144 that are not finite"),
        (lambda file: file.attrs.__setitem__("model_config", "{"), "model_config cannot be read"),
        (lambda file: file.attrs.__setitem__("model_config", '{"config": []}'), "model_config cannot be read"),
        (put("layer_names", [b"conv2d"]), "other layers"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, change: Callable, says: str) -> None:
    path = keras.write(tmp_path / "a.h5", keras.layers(weights(), 2))
    with h5py.File(path, "a") as file:
        change(file)
    with pytest.raises(GalforgeError, match=says) as error:
        opened(path)
    assert str(error.value).startswith(f"{path}: ")


def test_what_is_no_whole_hdf5_is_refused(tmp_path: Path) -> None:
    path = keras.write(tmp_path / "a.h5", keras.layers(weights(), 2))
    whole = path.read_bytes()
    cut = [whole[:size] for size in range(0, len(whole), len(whole) // 40)]
    for content in (*cut, whole[:-1], b"not weights", b"\x80\x04K\x01."):
        path.write_bytes(content)
        with pytest.raises(GalforgeError, match=r"cannot be read as HDF5 .*; get the file again"):
            opened(path)
    with pytest.raises(GalforgeError, match="cannot be read as HDF5"):
        opened(tmp_path / "missing.h5")


def summary(**more: object) -> pd.DataFrame:
    runs = toy.sweep((0.0, 0.5), 2, galaxies=20, cases={"in_domain": (1.0, 1.0)}, curves=False)
    references = toy.references(20, {"in_domain": (1.0, 1.0)}, curves=False)
    references.attrs["origin"] = "simulated"
    return summarise(runs, with_brought(references, more), bootstrap=20)


def test_a_brought_network_has_rows_of_its_own_and_moves_no_other() -> None:
    table = toy.evaluation(0.0, 7, 20, {"in_domain": (1.0, 1.0)}, curves=False)
    table["mse"] *= 2
    plain, more = summary(), summary(released=table)
    own = more["method"] == "brought:released"
    pd.testing.assert_frame_equal(more[~own].reset_index(drop=True), plain)
    rows = more[own].set_index("metric")
    quality = {"mse", "mse_median", "psnr", "ssim", "mse_to_identity", "morphology"}
    assert quality <= set(rows.index)
    assert (rows.loc[list(quality), "replicates"] == 1).all()
    assert rows.loc[list(quality), "alpha"].isna().all()
    assert rows.loc["mse", "value"] == pytest.approx(table["mse"].mean())
    # Of half its error are networks of alpha 0, that is about half their typical error is gained over it.
    assert rows[rows["alpha"] == 0].loc["advantage", "value"] == pytest.approx(0.5, abs=0.1)


def test_a_brought_network_of_other_tests_is_refused() -> None:
    table = toy.evaluation(0.0, 7, 20, {"in_domain": (1.0, 1.0)}, curves=False)
    with pytest.raises(
        GalforgeError, match="brought:released: its tests and those of the references differ by in_domain, noise"
    ):
        summary(released=table.assign(case="noise"))
    with pytest.raises(GalforgeError, match="brought:released: its table has other methods"):
        summary(released=table.assign(method="wiener"))
    with pytest.raises(GalforgeError, match="galaxies are not those"):
        summary(released=table.iloc[1:])
