"""Zoobot and DINOv2 from files as they are published, against their definitions written down in plain torch."""

import re
import socket
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from galforge.errors import GalforgeError
from galforge.measure.band_features.settings import MeasureSettings as BandSettings
from galforge.measure.features import preparation
from galforge.measure.features.encoders import dinov2, weights, zoobot
from galforge.measure.features.encoders.measure import measure
from galforge.measure.features.settings import MeasureSettings
from galforge.measure.variants import measured
from galforge.measure.vectors import rows_of
from galforge.seeds import generator
from galforge.stamps.file import Header, Stamps, StampsWriter

CPU = torch.device("cpu")
NETWORKS = ("zoobot", "zoobot-greyscale", "dinov2-small", "dinov2-large")
State = dict[str, torch.Tensor]


def settings_of(network: str) -> MeasureSettings:
    return MeasureSettings(network=network, weights="path", path="file")


def drawn(name: str, *shape: int) -> torch.Tensor:
    """Weights under which a signal neither dies nor grows, the same on every machine."""
    draws = generator(0, "encoders", name)
    if name.endswith(("norm.weight", "norm1.weight", "norm2.weight", "stem.1.weight", "downsample.0.weight")):
        values = 1 + 0.2 * draws.standard_normal(shape)
    elif name.endswith("gamma"):
        values = draws.uniform(0.2, 0.8, shape)
    elif name.endswith(("bias", "cls_token", "pos_embed", "mask_token")):
        values = 0.2 * draws.standard_normal(shape)
    else:
        values = draws.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))
    return torch.from_numpy(values.astype(np.float32))


def of_timm(colours: int) -> State:
    """What timm keeps of convnext_nano without a classifier: names and shapes as its definition has them."""
    shapes = {"stem.0.weight": (80, colours, 4, 4)} | dict.fromkeys(
        ("stem.0.bias", "stem.1.weight", "stem.1.bias"), (80,)
    )
    before = 80
    for stage, (depth, width) in enumerate(((2, 80), (2, 160), (8, 320), (2, 640))):
        if stage:
            shapes |= dict.fromkeys([f"stages.{stage}.downsample.0.{part}" for part in ("weight", "bias")], (before,))
            shapes[f"stages.{stage}.downsample.1.weight"] = (width, before, 2, 2)
            shapes[f"stages.{stage}.downsample.1.bias"] = (width,)
        for block in range(depth):
            here = f"stages.{stage}.blocks.{block}"
            shapes |= {f"{here}.gamma": (width,), f"{here}.conv_dw.weight": (width, 1, 7, 7)}
            shapes |= {
                f"{here}.{part}": (width,) for part in ("conv_dw.bias", "norm.weight", "norm.bias", "mlp.fc2.bias")
            }
            shapes |= {f"{here}.mlp.fc1.weight": (4 * width, width, 1, 1), f"{here}.mlp.fc1.bias": (4 * width,)}
            shapes[f"{here}.mlp.fc2.weight"] = (width, 4 * width, 1, 1)
        before = width
    shapes |= {"head.norm.weight": (640,), "head.norm.bias": (640,)}
    return {name: drawn(name, *shape) for name, shape in shapes.items()}


def convnext(state: State, x: torch.Tensor) -> torch.Tensor:
    """Liu et al. 2022, figure 4, with layer scale: images (n, C, 224, 224) as they are to (n, 640)."""

    def norm(x: torch.Tensor, name: str) -> torch.Tensor:
        mean, variance = x.mean(1, keepdim=True), x.var(1, keepdim=True, unbiased=False)
        weight, bias = (state[f"{name}.{part}"].reshape(-1, *[1] * (x.ndim - 2)) for part in ("weight", "bias"))
        return (x - mean) / torch.sqrt(variance + 1e-6) * weight + bias

    def convolved(x: torch.Tensor, name: str, **more) -> torch.Tensor:
        return F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], **more)

    x = norm(convolved(x, "stem.0", stride=4), "stem.1")
    for stage, depth in enumerate((2, 2, 8, 2)):
        if stage:
            x = convolved(norm(x, f"stages.{stage}.downsample.0"), f"stages.{stage}.downsample.1", stride=2)
        for block in range(depth):
            here = f"stages.{stage}.blocks.{block}"
            y = norm(convolved(x, f"{here}.conv_dw", padding=3, groups=x.shape[1]), f"{here}.norm")
            y = convolved(y, f"{here}.mlp.fc1")
            y = convolved(y * (1 + torch.erf(y / 2**0.5)) / 2, f"{here}.mlp.fc2")
            x = x + y * state[f"{here}.gamma"][:, None, None]
    return norm(x.mean((2, 3)), "head.norm")


def of_meta(width: int, depth: int) -> State:
    """What Meta keeps of a ViT with patches of 14 px, trained at 518 px: 37 x 37 of them."""
    shapes = {"cls_token": (1, 1, width), "pos_embed": (1, 1370, width), "mask_token": (1, width)}
    shapes |= {"patch_embed.proj.weight": (width, 3, 14, 14), "patch_embed.proj.bias": (width,)}
    for number in range(depth):
        here = f"blocks.{number}"
        shapes |= {f"{here}.{norm}.{part}": (width,) for norm in ("norm1", "norm2") for part in ("weight", "bias")}
        shapes |= {f"{here}.attn.qkv.weight": (3 * width, width), f"{here}.attn.qkv.bias": (3 * width,)}
        shapes |= {f"{here}.attn.proj.weight": (width, width), f"{here}.attn.proj.bias": (width,)}
        shapes |= {f"{here}.ls1.gamma": (width,), f"{here}.ls2.gamma": (width,)}
        shapes |= {f"{here}.mlp.fc1.weight": (4 * width, width), f"{here}.mlp.fc1.bias": (4 * width,)}
        shapes |= {f"{here}.mlp.fc2.weight": (width, 4 * width), f"{here}.mlp.fc2.bias": (width,)}
    shapes |= {"norm.weight": (width,), "norm.bias": (width,)}
    return {name: drawn(name, *shape) for name, shape in shapes.items()}


def of_hub(state: State) -> State:
    """The same weights under the names that Hugging Face keeps them by."""
    names = {"cls_token": "cls_token", "pos_embed": "position_embeddings", "mask_token": "mask_token"}
    found = {f"embeddings.{theirs}": state[ours] for ours, theirs in names.items()}
    for part in ("weight", "bias"):
        found[f"embeddings.patch_embeddings.projection.{part}"] = state[f"patch_embed.proj.{part}"]
        found[f"layernorm.{part}"] = state[f"norm.{part}"]
    for name, value in state.items():
        if block := re.fullmatch(r"blocks\.(\d+)\.(.+)", name):
            here, rest = f"encoder.layer.{block[1]}", block[2]
            if rest.startswith("attn.qkv."):
                part, width = rest.removeprefix("attn.qkv."), len(value) // 3
                for number, what in enumerate(("query", "key", "value")):
                    piece = value[number * width : (number + 1) * width].clone()
                    found[f"{here}.attention.attention.{what}.{part}"] = piece
            else:
                rest = rest.replace("attn.proj", "attention.output.dense")
                rest = re.sub(r"ls(.)\.gamma", r"layer_scale\1.lambda1", rest)
                found[f"{here}.{rest}"] = value
    return found


def cubic(distance: np.ndarray) -> np.ndarray:
    """The kernel of bicubic interpolation with a = -0.75."""
    x, a = np.abs(distance), -0.75
    near, far = (a + 2) * x**3 - (a + 3) * x**2 + 1, a * (x**3 - 5 * x**2 + 8 * x - 4)
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


def resampled(old: int, new: int, scale: float) -> np.ndarray:
    """Matrix (new, old) that interpolates a row of numbers; beyond the ends their values are repeated."""
    matrix = np.zeros((new, old))
    for row in range(new):
        place = (row + 0.5) / scale - 0.5
        for column in range(int(np.floor(place)) - 1, int(np.floor(place)) + 3):
            matrix[row, min(max(column, 0), old - 1)] += cubic(np.array(place - column))
    return matrix


def vit(state: State, x: torch.Tensor, depth: int, heads: int) -> torch.Tensor:
    """Dosovitskiy et al. 2021 with layer scale: images (n, 3, 224, 224), normalised, to class tokens (n, width)."""
    n, width = len(x), state["cls_token"].shape[-1]

    def norm(x: torch.Tensor, name: str) -> torch.Tensor:
        mean, variance = x.mean(-1, keepdim=True), x.var(-1, keepdim=True, unbiased=False)
        return (x - mean) / torch.sqrt(variance + 1e-6) * state[f"{name}.weight"] + state[f"{name}.bias"]

    def linear(x: torch.Tensor, name: str) -> torch.Tensor:
        return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    # Meta interpolates to 16 patches by the factor 16.1 / 37.
    matrix = torch.from_numpy(resampled(37, 16, 16.1 / 37).astype(np.float32))
    grid = torch.einsum("ai,bj,ijd->abd", matrix, matrix, state["pos_embed"][0, 1:].reshape(37, 37, width))
    positions = torch.cat([state["pos_embed"][0, :1], grid.reshape(256, width)])
    # A patch is a product with the weights, pixel by pixel.
    patches = x.reshape(n, 3, 16, 14, 16, 14).permute(0, 2, 4, 1, 3, 5).reshape(n, 256, 588)
    patches = patches @ state["patch_embed.proj.weight"].reshape(width, 588).T + state["patch_embed.proj.bias"]
    x = torch.cat([state["cls_token"].expand(n, 1, width), patches], 1) + positions
    for number in range(depth):
        here = f"blocks.{number}"
        qkv = linear(norm(x, f"{here}.norm1"), f"{here}.attn.qkv").reshape(n, 257, 3, heads, width // heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        attention = torch.softmax(q @ k.transpose(-1, -2) / (width // heads) ** 0.5, -1)
        y = (attention @ v).transpose(1, 2).reshape(n, 257, width)
        x = x + state[f"{here}.ls1.gamma"] * linear(y, f"{here}.attn.proj")
        y = linear(norm(x, f"{here}.norm2"), f"{here}.mlp.fc1")
        y = y * (1 + torch.erf(y / 2**0.5)) / 2
        x = x + state[f"{here}.ls2.gamma"] * linear(y, f"{here}.mlp.fc2")
    return norm(x[:, 0], "norm")


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def states() -> dict[str, State]:
    return {"zoobot": of_timm(3), "zoobot-greyscale": of_timm(1), "dinov2-small": of_meta(384, 12)}


@pytest.fixture(scope="module")
def files(tmp_path_factory, states) -> dict[str, Path]:
    """Files of each layout, by network: that of its default address."""
    folder = tmp_path_factory.mktemp("weights")
    found = {network: folder / f"{network}.safetensors" for network in ("zoobot", "zoobot-greyscale")}
    for network, path in found.items():
        save_file(states[network], path)
    found["dinov2-small"] = folder / "dinov2_vits14_pretrain.pth"
    torch.save(states["dinov2-small"], found["dinov2-small"])
    return found


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.from_numpy(generator(0, "images").uniform(0, 255, (2, 3, 224, 224)).astype(np.float32))


def features_of(network: str, path: Path, images: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return weights.load(settings_of(network), path, CPU)(images)


def test_zoobot_is_timms_convnext_nano(states, files, images):
    """Pixel values in [0, 1]; the greyscale network sees the mean of the colours."""
    found = features_of("zoobot", files["zoobot"], images)
    assert found.shape == (2, 640)
    assert found.std() > 0.3
    torch.testing.assert_close(found, convnext(states["zoobot"], images / 255), atol=1e-4, rtol=0)
    gray = convnext(states["zoobot-greyscale"], images.mean(1, keepdim=True) / 255)
    torch.testing.assert_close(
        features_of("zoobot-greyscale", files["zoobot-greyscale"], images), gray, atol=1e-4, rtol=0
    )


def test_dinov2_is_metas_and_hugging_faces(states, files, images, tmp_path):
    state = states["dinov2-small"]
    found = features_of("dinov2-small", files["dinov2-small"], images)
    mean, spread = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    normalised = (images / 255 - mean[:, None, None]) / spread[:, None, None]
    assert found.shape == (2, 384)
    torch.testing.assert_close(found, vit(state, normalised, 12, 6), atol=1e-4, rtol=0)
    hub = tmp_path / "model.safetensors"
    save_file(of_hub(state), hub)
    assert torch.equal(features_of("dinov2-small", hub, images), found)


def test_positions_are_interpolated_as_by_meta(states):
    """By the factor 16.1 / 37; `transformers` would take 16 / 37."""
    stored = states["dinov2-small"]["pos_embed"]
    found = dinov2.positions(stored, 16)
    assert found.shape == (1, 257, 384)
    assert torch.equal(found[:, 0], stored[:, 0])
    grid, patches = stored[0, 1:].reshape(37, 37, 384).double().numpy(), found[0, 1:].reshape(16, 16, 384).numpy()
    metas, other = (np.einsum("ai,bj,ijd->abd", *[resampled(37, 16, side / 37)] * 2, grid) for side in (16.1, 16))
    np.testing.assert_allclose(patches, metas, atol=1e-5)
    assert np.abs(patches - other).max() > 0.01


@pytest.mark.parametrize(("network", "count"), [("dinov2-small", 22_056_576), ("dinov2-large", 304_368_640)])
def test_dinov2_has_its_weights(network, count):
    """Of Meta's files: 22 and 304 million, the 1,370 positions and the mask token included."""
    with torch.device("meta"):
        made = dinov2.Network(network)
    layout = made.layout({})
    assert sum(np.prod(place.shape) for place in layout.values()) == count
    parts = [part for place in layout.values() for part in place.parts]
    assert sorted(parts) == sorted(made.encoder.state_dict())


def test_zoobot_has_its_weights():
    """15.6 million with timm's classifier of 1,000 classes, which Zoobot's files do not have."""
    with torch.device("meta"):
        counts = [sum(value.numel() for value in zoobot.Network(name).parameters()) for name in NETWORKS[:2]]
    assert counts[0] + 1000 * (640 + 1) == 15_593_560
    assert counts[0] - counts[1] == 80 * 2 * 16


def test_nothing_is_fetched_and_torchvision_is_not_needed(files, monkeypatch):
    def refuse(*_):
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    weights.load(settings_of("dinov2-small"), files["dinov2-small"], CPU)
    assert not {"torchvision", "timm", "torch_fidelity", "zoobot"} & set(sys.modules)


def test_images_of_another_size_are_resized(files):
    """Smooth images have nearly the same features at 256 px, after being resized."""
    both = []
    for side in (256, 224):
        y, x = np.mgrid[:side, :side] * (224 / side) - (111.5 - (224 / side - 1) / 2)
        image = np.stack([255 * np.exp(-(x**2 + 2 * y**2) / 2 / width**2) for width in (20, 30, 40)])
        both.append(torch.from_numpy(image.astype(np.float32))[None])
    for network, path in files.items():
        large, right = (features_of(network, path, image) for image in both)
        assert (large - right).norm() < 0.02 * right.norm(), network


def one_line(path: Path, network: str) -> str:
    with pytest.raises(GalforgeError) as refusal:
        weights.load(settings_of(network), path, CPU)
    message = str(refusal.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


def test_other_networks_are_refused_by_the_first_key(states, files, tmp_path):
    path = tmp_path / "other.safetensors"
    message = one_line(files["dinov2-small"], "zoobot")
    assert (
        "these are not the weights of zoobot (lacks stem.0.weight): give the file of https://huggingface.co/" in message
    )
    assert "(lacks cls_token)" in one_line(files["zoobot"], "dinov2-small")
    assert "has cls_token of shape (1, 1, 384), not (1, 1, 1024)" in one_line(files["dinov2-small"], "dinov2-large")
    assert "has stem.0.weight of shape (80, 1, 4, 4), not (80, 3, 4, 4)" in one_line(
        files["zoobot-greyscale"], "zoobot"
    )
    # timm's own weights of this architecture, which saw no galaxies, have a classifier.
    save_file(states["zoobot"] | {"head.fc.weight": torch.zeros(1000, 640)}, path)
    assert "has head.fc.weight of shape (1000, 640), not a part of that network" in one_line(path, "zoobot")
    hub = of_hub(states["dinov2-small"])
    del hub["encoder.layer.11.attention.attention.key.bias"]
    save_file(hub, path)
    assert "(lacks encoder.layer.11.attention.attention.key.bias)" in one_line(path, "dinov2-small")
    save_file(states["zoobot"] | {"head.norm.bias": torch.full((640,), torch.inf)}, path)
    assert "head.norm.bias has values that are no finite numbers" in one_line(path, "zoobot")


def test_files_that_are_no_weights_are_refused(files, tmp_path):
    page, cut, whole = tmp_path / "page", tmp_path / "cut", tmp_path / "whole"
    page.write_text("<!DOCTYPE html><title>Not found</title>")
    assert "not a file of plain weights, or truncated" in one_line(page, "zoobot")
    for file in files.values():
        cut.write_bytes(file.read_bytes()[:1_000_000])
        assert "not a file of plain weights, or truncated" in one_line(cut, "zoobot")
    cut.write_bytes(b"")
    assert "not a file of plain weights, or truncated" in one_line(cut, "zoobot")
    torch.save(torch.nn.Linear(2, 2), whole)
    assert "not a file of plain weights" in one_line(whole, "zoobot")
    torch.save([torch.zeros(2)], whole)
    assert "does not hold a plain state dict" in one_line(whole, "zoobot")
    assert "cannot be read (No such file or directory)" in one_line(tmp_path / "missing", "zoobot")


@pytest.fixture
def stamps(tmp_path) -> Stamps:
    """Three galaxies in three bands."""
    rows, columns = np.mgrid[:64, :64] - 31.5
    radii = [np.hypot(rows, columns / shape) + 0.5 for shape in (1, 0.7, 0.4)]
    galaxies = np.array([[scale * np.exp(-radius / 5) for scale in (1, 2, 4)] for radius in radii])
    noise = 0.01 * generator(0, "encoder stamps").standard_normal(galaxies.shape)
    path = tmp_path / "stamps.h5"
    header = Header(("g", "r", "i"), 0.1, "arcsec", "electron/s", (), 1.0, "mock")
    with StampsWriter(path, (3, 64, 64), header, 3) as writer:
        writer.append_block((galaxies + noise).astype(np.float32), {"split": np.array(["train", "test", "validation"])})
    with Stamps(path) as opened:
        yield opened


def values(table: pd.DataFrame) -> np.ndarray:
    return rows_of(table, "features")[:].astype(np.float64)


def test_stamps_are_measured_as_a_job_is_told(stamps, files):
    """Colours and fluxes count; runs give the same bits; the engine names the network."""
    stretch = preparation.stretch_of(stamps, (2, 1, 0))
    for network, path in files.items():
        settings = settings_of(network)
        spec = {"settings": settings.spec(), "band": 0}
        given = {"noise": None, "weights": str(path), "scale": str(stamps.path)}
        table = measured(settings.taken_by, spec, str(stamps.path), {"who": "source"}, given)
        assert table.attrs["engine"] == network
        assert table["split"].tolist() == ["train", "test", "validation"]
        seen = [preparation.corrected(stamps.images[i][[2, 1, 0]].astype(np.float64), stretch) for i in range(3)]
        expected = features_of(network, path, torch.from_numpy(np.stack(seen)))
        np.testing.assert_allclose(values(table), expected.numpy(), atol=1e-4)
        again = measure(stamps, 0, 3, settings, 0, 0.0, 0, stretch=stretch, weights=path)
        assert (values(again) == values(table)).all()
        assert (np.linalg.norm(np.diff(values(table), axis=0), axis=1) > 0.1).all()


def test_what_cannot_be_measured_is_refused(stamps, files):
    settings = settings_of("zoobot")
    with pytest.raises(GalforgeError, match="zoobot: no weights file was given: set weights to download or path"):
        measure(stamps, 0, 3, settings, 0, 0.0, 0)
    with pytest.raises(GalforgeError, match="needs the stretch of the source stamps"):
        measure(stamps, 0, 3, settings, 0, 0.0, 0, weights=files["zoobot"])


def test_settings_say_where_weights_come_from():
    for network in NETWORKS:
        settings = MeasureSettings(network=network, weights="download")
        assert settings.engine == network
        assert settings.sha256 == "", "nobody here could verify one"
        assert "transformers" in settings.engine_libraries
        told = MeasureSettings.from_spec(settings.spec())
        assert told == settings.model_copy(update={"weights": "package"})
        assert not {"url", "sha256", "weights"} & set(settings.spec())
        with pytest.raises(ValueError, match=f"weights of {network} come with no package: set weights to download"):
            MeasureSettings(network=network)
        with pytest.raises(ValueError, match="protocol: published is the colour map of published FIDs"):
            MeasureSettings(network=network, weights="download", protocol="published")
        with pytest.raises(ValueError, match="Input should be 'efficientnet-lite0' or 'inception-v3'"):
            BandSettings(network=network, weights="download")
    assert MeasureSettings(network="dinov2-large", weights="download").url.endswith("/dinov2_vitl14_pretrain.pth")
    given = "ab" * 32
    assert MeasureSettings(network="zoobot", weights="download", sha256=given).sha256 == given
    with pytest.raises(ValueError, match="sha256 is '12': give the 64 hexadecimal digits"):
        MeasureSettings(network="zoobot", weights="download", sha256="12")
    with pytest.raises(ValueError, match="but the weights of inception-v3 have 6726825d0af5f729"):
        MeasureSettings(network="inception-v3", weights="download", sha256=given)


def test_empty_addresses_and_checksums_are_the_networks_own():
    """config.yaml lists all keys, so an overlay that names another network has those of the one before."""
    settings = MeasureSettings(network="inception-v3", weights="download", url="", sha256="")
    assert settings == MeasureSettings(network="inception-v3", weights="download")
    assert settings.url.endswith("pt_inception-2015-12-05-6726825d.pth")
    assert settings.sha256.startswith("6726825d")
