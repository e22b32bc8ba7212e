"""Scorers that are networks: their sizes, weights of others, what they learn, and the images that they see."""

import numpy as np
import pytest
import torch

from galforge.errors import GalforgeError
from galforge.stamps.file import Stamps
from galforge.studies.realism.folds import folds_of
from galforge.studies.realism.images import reduced
from galforge.studies.realism.networks import Cnn, ResNet18, cross_validate_network
from galforge.studies.realism.settings import CnnSettings, ResnetSettings
from toys import realism as toys

COUNT = 40
CNN = CnnSettings(side=32, epochs=25, batch=8, width=4, hidden=32, dropout=0.0, decay=0.0, learning_rate=1e-2)
RESNET = ResnetSettings(side=32, epochs=20, batch=8, width=4, learning_rate=3e-3)
SETTINGS = toys.settings(cnn=CNN, resnet=RESNET, folds=2)


@pytest.fixture(scope="module")
def stamps(tmp_path_factory):
    """Images whose score is their mean brightness, and behind them two of other sets whose scores are poison."""
    images, scores = toys.bright_images(COUNT + 2, 64)
    sets = np.array(["scored"] * COUNT + ["labeled", "query"])
    scores = np.concatenate([scores[:COUNT], [1e6, 1e6]])
    return toys.write_stamps(tmp_path_factory.mktemp("stamps") / "images.h5", images, set=sets, score=scores)


def imagenet(width=8, classes=10, seed=1):
    """A state in the layout of torchvision's resnet18: three colours, and a layer of classes."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        state = dict(ResNet18(width).state_dict())
        state["conv1.weight"] = torch.randn(width, 3, 7, 7)
        for part in ("weight", "bias"):
            del state[f"score.{part}"]
        state["fc.weight"], state["fc.bias"] = torch.randn(classes, 8 * width), torch.randn(classes)
    return state


def test_the_residual_network_is_the_known_one():
    """11689512 weights of resnet18 less its layer of 1000 classes and two colours, and the layer of the score."""
    count = sum(each.numel() for each in ResNet18(64).parameters())
    assert count == 11_689_512 - 513_000 - 2 * 64 * 7 * 7 + 513
    assert len(ResNet18(4).state_dict()) == 122


@pytest.mark.parametrize("side", [32, 75])
def test_scores_are_numbers(side):
    images = torch.rand(3, 1, side, side)
    for network in (Cnn(CnnSettings(side=side, width=2)), ResNet18(4)):
        assert network.eval()(images).shape == (3,)
        # Each by its own image alone.
        assert torch.allclose(network(images[1:2]), network(images)[1:2], atol=1e-5)


def test_the_small_network_has_its_layers():
    """Of the settings: 3 x 3 filters, twice as many at each step, and a layer of 10 units of what is left."""
    network = Cnn(CnnSettings(side=150, width=16))
    left = 17**2 * 64
    sizes = [16 * 9 + 16, 32 * 16 * 9 + 32, 64 * 32 * 9 + 64, left * 10 + 10, 10 + 1]
    assert sum(each.numel() for each in network.parameters()) == sum(sizes)


@pytest.mark.parametrize("counted", [True, False])
def test_weights_of_imagenet_are_taken(tmp_path, counted):
    """With the numbers of batches that newer files have, or without."""
    state = imagenet()
    if not counted:
        state = {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}
    torch.save(state, tmp_path / "weights.pth")
    network = ResNet18(8)
    score = network.score.weight.clone()
    network.load_imagenet(tmp_path / "weights.pth")
    own = network.state_dict()
    for name, value in state.items():
        if name not in ("conv1.weight", "fc.weight", "fc.bias"):
            assert torch.equal(own[name], value), name
    assert torch.equal(network.score.weight, score)
    gray, filters = torch.rand(2, 1, 20, 20), state["conv1.weight"]
    colours = torch.nn.functional.conv2d(gray.expand(-1, 3, -1, -1), filters, stride=2, padding=3)
    assert torch.allclose(network.conv1(gray), colours, atol=1e-4)


def wrong(kind):
    state = imagenet()
    if kind == "a deeper network":
        return state | {"layer1.2.conv1.weight": state["layer1.1.conv1.weight"]}
    if kind == "a part lacks":
        return {name: value for name, value in state.items() if name != "layer3.0.bn2.weight"}
    return {
        "another width": imagenet(4),
        "no colours": {name: value for name, value in state.items() if name != "conv1.weight"},
        "a number": torch.tensor(3.0),
        "flat filters": state | {"conv1.weight": torch.zeros(8)},
        "numbers for names": dict(enumerate(state.values())),
        "text": state | {"conv1.weight": "none"},
        "text elsewhere": state | {"bn1.weight": "none"},
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        *("a deeper network", "a part lacks", "another width", "no colours", "a number", "flat filters"),
        *("numbers for names", "text", "text elsewhere"),
    ],
)
def test_other_weights_are_refused(tmp_path, kind):
    torch.save(wrong(kind), tmp_path / "other.pth")
    with pytest.raises(GalforgeError, match=r"other\.pth: no weights of a residual network") as caught:
        ResNet18(8).load_imagenet(tmp_path / "other.pth")
    assert "\n" not in str(caught.value)


def test_what_lacks_or_is_too_much_is_named(tmp_path):
    for kind, name in (("a deeper network", "layer1.2.conv1.weight"), ("a part lacks", "layer3.0.bn2.weight")):
        torch.save(wrong(kind), tmp_path / "other.pth")
        with pytest.raises(GalforgeError, match=name):
            ResNet18(8).load_imagenet(tmp_path / "other.pth")


@pytest.mark.filterwarnings("ignore:Detected pickle protocol:UserWarning")
@pytest.mark.parametrize("content", [b"", b"no weights", b"\x80\x04\x95\x00\x00", None])
def test_files_that_hold_no_weights_are_refused(tmp_path, content):
    path = tmp_path / "other.pth"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(GalforgeError, match=r"other\.pth"):
        ResNet18(8).load_imagenet(path)


class Runs:
    """Leaves a file behind where it is unpickled without care."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_weights_are_never_executed(tmp_path):
    torch.save(imagenet() | {"bn1.weight": Runs(tmp_path / "executed")}, tmp_path / "other.pth")
    with pytest.raises(GalforgeError, match=r"other\.pth"):
        ResNet18(8).load_imagenet(tmp_path / "other.pth")
    assert not (tmp_path / "executed").exists()


@pytest.fixture(scope="module")
def found(stamps):
    return {name: cross_validate_network(stamps, name, SETTINGS, "cpu") for name in ("cnn-image", "resnet-image")}


@pytest.mark.parametrize("scorer", ["cnn-image", "resnet-image"])
def test_brightness_is_learned(found, stamps, scorer):
    table = found[scorer]
    with Stamps(stamps) as read:
        expected = read.catalog("score")[:COUNT]
    assert list(table.columns) == ["index", "score", "fold", "predicted"]
    assert np.array_equal(table["index"], np.arange(COUNT))
    assert table["score"].to_numpy() == pytest.approx(expected, rel=1e-6)
    assert np.array_equal(table["fold"], folds_of(COUNT, SETTINGS))
    line = np.abs(expected - np.median(expected)).mean()
    assert np.abs(table["predicted"] - expected).mean() < 0.5 * line


@pytest.mark.parametrize("scorer", ["cnn-image", "resnet-image"])
def test_the_same_settings_give_the_same_bits(found, stamps, scorer):
    torch.manual_seed(99)
    before = torch.random.get_rng_state()
    assert cross_validate_network(stamps, scorer, SETTINGS, "cpu").equals(found[scorer])
    # And no draw of others is touched.
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_seed_decides(found, stamps):
    other = cross_validate_network(stamps, "cnn-image", SETTINGS.model_copy(update={"seed": 1}), "cpu")
    assert not np.array_equal(other["predicted"], found["cnn-image"]["predicted"])


@pytest.mark.parametrize("scorer", ["cnn-image", "resnet-image"])
def test_no_image_is_scored_by_one_that_was_trained_on_it(tmp_path, scorer):
    """A score that is poison stays without effect on the image's own fold."""
    images, scores = toys.bright_images(16, 32, seed=2)
    few = toys.settings(
        cnn=CNN.model_copy(update={"epochs": 2}), resnet=RESNET.model_copy(update={"epochs": 1}), folds=2
    )
    sets, poisoned = np.array(["scored"] * 16), scores.copy()
    poisoned[5] = 500.0
    one, other = (
        cross_validate_network(
            toys.write_stamps(tmp_path / f"{number}.h5", images, set=sets, score=each), scorer, few, "cpu"
        )
        for number, each in enumerate((scores, poisoned))
    )
    own = one["fold"] == one["fold"][5]
    assert one["predicted"][own].equals(other["predicted"][own])
    assert not one["predicted"][~own].equals(other["predicted"][~own])


def test_weights_are_begun_with(stamps, tmp_path):
    """With none to learn on top: the same images get other scores."""
    torch.save(imagenet(4), tmp_path / "weights.pth")
    few = SETTINGS.model_copy(update={"resnet": RESNET.model_copy(update={"epochs": 1, "learning_rate": 1e-9})})
    plain, begun, again = (
        cross_validate_network(stamps, "resnet-image", few, "cpu", weights)["predicted"]
        for weights in (None, tmp_path / "weights.pth", tmp_path / "weights.pth")
    )
    assert not plain.equals(begun)
    assert begun.equals(again)


def test_one_image_that_is_left_over_is_no_error(tmp_path):
    """9 images in batches of 8: one has no statistics to be normalised by."""
    images, scores = toys.bright_images(18, 32)
    path = toys.write_stamps(tmp_path / "few.h5", images, set=np.array(["scored"] * 18), score=scores)
    few = toys.settings(resnet=RESNET.model_copy(update={"epochs": 1}), folds=2)
    assert np.isfinite(cross_validate_network(path, "resnet-image", few, "cpu")["predicted"]).all()


def test_images_are_reduced_to_the_root_of_their_means(stamps):
    rows, images = reduced(stamps, 16)
    with Stamps(stamps) as read:
        whole = read.images[:COUNT, 0].astype(float)
    means = whole.reshape(COUNT, 16, 4, 16, 4).mean(axis=(2, 4))
    assert images.dtype == np.uint8
    assert np.abs(images - 255 * np.sqrt(means / 255)).max() <= 0.5 + 1e-9
    assert np.array_equal(rows["index"], np.arange(COUNT))
    assert (rows["set"] == "scored").all()


def test_pixels_that_are_cut_count_by_their_part(tmp_path):
    """65 px to 26: each pixel of 2.5 px takes half of one that it shares."""
    line = np.zeros(65, dtype=np.uint8)
    line[2] = 250
    images = np.tile(line, (2, 65, 1))
    path = toys.write_stamps(tmp_path / "odd.h5", images, set=np.array(["scored"] * 2), score=np.ones(2))
    _, found = reduced(path, 26)
    expected = np.zeros(26)
    expected[:2] = np.rint(np.sqrt(255 * 250 * 0.5 / 2.5))
    assert np.array_equal(found[0], np.tile(expected, (26, 1)))


def test_faint_galaxies_are_not_rounded_away(tmp_path):
    image = np.zeros((1, 1000, 1000), dtype=np.uint8)
    image[0, 500, 500] = 20
    path = toys.write_stamps(tmp_path / "faint.h5", image, set=np.array(["scored"]), score=np.ones(1))
    assert reduced(path, 150)[1].max() >= 8


def test_no_scores_are_an_error(tmp_path):
    images, scores = toys.bright_images(3, 64)
    path = toys.write_stamps(tmp_path / "query.h5", images, set=np.array(["query"] * 3), score=scores)
    with pytest.raises(GalforgeError, match="no images with a score"):
        reduced(path, 32)
