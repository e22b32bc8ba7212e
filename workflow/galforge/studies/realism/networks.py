"""Scorers that are networks: the small one of the report's second baseline, and a residual network of 18 layers."""

import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional

from galforge.errors import GalforgeError
from galforge.logs import Progress, log
from galforge.models import device as devices
from galforge.seeds import generator, seed_of
from galforge.studies.realism.folds import predictions
from galforge.studies.realism.images import reduced
from galforge.studies.realism.settings import CnnSettings, NetworkSettings, RealismSettings

_CLASSES = "fc."
_TOP = 4.0  # highest score
_SHOWN = 200  # characters of torch's message


class Cnn(nn.Module):
    """Three convolutions with pooling and a small layer; images (n, 1, side, side) to scores (n,)."""

    fewest = 1  # images that a training step needs

    def __init__(self, settings: CnnSettings):
        super().__init__()
        self.decay, width = settings.decay, settings.width
        layers: list[nn.Module] = []
        for before, after in ((1, width), (width, 2 * width), (2 * width, 4 * width)):
            layers += [nn.Conv2d(before, after, 3), nn.ReLU(), nn.MaxPool2d(2)]
        side = settings.side
        for _ in range(3):
            side = (side - 2) // 2
        self.features = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(settings.dropout))
        self.score = nn.Sequential(
            nn.Linear(4 * width * side**2, settings.hidden), nn.ReLU(), nn.Linear(settings.hidden, 1)
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.score(self.features(images))[:, 0]

    def loss(self, images: Tensor, scores: Tensor) -> Tensor:
        """Squared error, and the decay of the weights of the last layers."""
        loss = functional.mse_loss(self(images), scores)
        return loss + self.decay * sum(each.square().sum() for each in self.score.parameters()) if self.decay else loss

    predict = forward


class Block(nn.Module):
    """Two convolutions whose input is added to their output (He et al. 2016, CVPR)."""

    def __init__(self, before: int, after: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(after)
        self.downsample = None
        if stride > 1 or before != after:
            self.downsample = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, maps: Tensor) -> Tensor:
        passed = maps if self.downsample is None else self.downsample(maps)
        maps = functional.relu(self.bn1(self.conv1(maps)))
        return functional.relu(self.bn2(self.conv2(maps)) + passed)


class ResNet18(nn.Module):
    """The residual network of 18 layers (He et al. 2016, CVPR): gray images (n, 1, side, side) to numbers (n,).

    Its parts have the names that they have in files of ImageNet weights. It learns score / 4 - 1.
    """

    fewest = 2  # images that a training step needs, for the batch normalisation

    def __init__(self, width: int = 64):
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        for number, (before, after) in enumerate(((1, 1), (1, 2), (2, 4), (4, 8)), start=1):
            stride = 1 if number == 1 else 2
            blocks = (Block(before * width, after * width, stride), Block(after * width, after * width, 1))
            setattr(self, f"layer{number}", nn.Sequential(*blocks))
        self.score = nn.Linear(8 * width, 1)

    def forward(self, images: Tensor) -> Tensor:
        maps = functional.max_pool2d(functional.relu(self.bn1(self.conv1(images))), 3, 2, 1)
        for number in range(1, 5):
            maps = getattr(self, f"layer{number}")(maps)
        return self.score(maps.mean((2, 3)))[:, 0]

    def loss(self, images: Tensor, scores: Tensor) -> Tensor:
        """Absolute error."""
        return functional.l1_loss(self(images), scores / _TOP - 1)

    def predict(self, images: Tensor) -> Tensor:
        """Scores (n,)."""
        return _TOP * (self(images) + 1)

    def load_imagenet(self, path: Path) -> None:
        """Start from ImageNet weights; those of the three colours are summed, those of the classes left out.

        Raises:
            GalforgeError: the file cannot be read, or has the weights of another network.
        """
        try:
            read = torch.load(path, map_location="cpu", weights_only=True)
            state = {name: value for name, value in read.items() if not name.startswith(_CLASSES)}
            state["conv1.weight"] = state["conv1.weight"].sum(1, keepdim=True)
            missing, unexpected = self.load_state_dict(state, strict=False)
            if unexpected or set(missing) != {"score.weight", "score.bias"}:
                odd = ", ".join([*unexpected, *(name for name in missing if not name.startswith("score"))][:3])
                raise ValueError(f"look at {odd}")
        except Exception as error:  # what torch.load stumbles over in other files has no narrower family of errors
            about = textwrap.shorten(str(error), _SHOWN)
            raise GalforgeError(
                f"{path}: no weights of a residual network of 18 layers ({about}): set resnet: weights to a .pth file "
                "with the keys of torchvision's resnet18, or leave it empty"
            ) from error


def cross_validate_network(
    stamps: Path, scorer: str, settings: RealismSettings, device: str, weights: Path | None = None
) -> pd.DataFrame:
    """Columns index, score, fold and predicted, as of ``galforge.studies.realism.validation.cross_validate``.

    As in the authors' code, the small network minimises the squared error of scores, the residual network the absolute
    error of score / 4 - 1. On the CPU the same settings give the same bits.

    Args:
        stamps: file of all images.
        weights: ImageNet weights for the residual network; None to train from scratch.

    Raises:
        GalforgeError: there are too few images with scores, or the weights cannot be used.
    """
    residual = scorer.startswith("resnet")
    own: NetworkSettings = settings.resnet if residual else settings.cnn
    rows, images = reduced(stamps, own.side)
    scores, place = rows["score"].to_numpy(np.float32), devices.pick(device)
    log.info("scorer %s: trained on %s%s", scorer, place.type, "" if weights else ", from scratch")
    counter = Progress(own.epochs * settings.folds * len(rows), "images seen")

    def predict(held: np.ndarray, fold: int) -> np.ndarray:
        seed = seed_of(settings.seed, "scorer", scorer, fold) % 2**31
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = ResNet18(settings.resnet.width) if residual else Cnn(settings.cnn)
        if residual and weights is not None:
            network.load_imagenet(weights)
        _train(network.to(place), images[~held], scores[~held], own, seed, counter)
        return _predict(network, images[held], own.batch)

    with devices.reproducible(place, settings.threads):
        return predictions(rows.assign(score=scores), settings, predict)


def _train(
    network: Cnn | ResNet18, images: np.ndarray, scores: np.ndarray, own: NetworkSettings, seed: int, counter: Progress
) -> None:
    place = next(network.parameters()).device
    held, aims = _sent(images, place), _sent(scores, place)
    optimiser = torch.optim.Adam(network.parameters(), lr=own.learning_rate)
    network.train()
    with torch.random.fork_rng(devices=[place] if place.type == "cuda" else []):
        torch.manual_seed(seed)
        for epoch in range(own.epochs):
            order = _sent(generator(seed, "epoch", epoch).permutation(len(images)), place)
            for first in range(0, len(order), own.batch):
                chosen = order[first : first + own.batch]
                if len(chosen) < network.fewest:
                    continue
                loss = network.loss(_input(held.index_select(0, chosen)), aims.index_select(0, chosen))
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                optimiser.step()
                counter.advance(len(chosen))


@torch.no_grad()
def _predict(network: Cnn | ResNet18, images: np.ndarray, batch: int) -> np.ndarray:
    place = next(network.parameters()).device
    network.eval()
    blocks = (images[first : first + batch] for first in range(0, len(images), batch))
    return np.concatenate([network.predict(_input(_sent(block, place))).cpu().numpy() for block in blocks])


def _sent(values: np.ndarray, place: torch.device) -> Tensor:
    """Numbers on a device. A GPU copies them while it computes."""
    tensor = torch.from_numpy(values)
    return tensor.pin_memory().to(place, non_blocking=True) if place.type == "cuda" else tensor


def _input(images: Tensor) -> Tensor:
    """Images (n, side, side) uint8 as (n, 1, side, side) float32 from 0 to 1."""
    return images[:, None].float() / 255.0
