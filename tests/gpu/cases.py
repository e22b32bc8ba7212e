"""Whatever of galforge runs networks on a GPU, at a scale: what is set up once, and the step that is counted."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor

from galforge import families
from galforge.config.tree import Config, is_trained
from galforge.estimate.work import Workload
from galforge.logs import Progress
from galforge.measure.features import weights as feature_weights
from galforge.models import device as devices
from galforge.models.normalisation import Normalisation
from galforge.settings import canonical
from galforge.studies.denoising import training as denoising
from galforge.studies.denoising.batches import Batches
from galforge.studies.denoising.galaxies import Member
from galforge.studies.realism import networks as scorers
from galforge.training.data import TrainingImages
from galforge.training.loop import Training

SMALLER = 3 / 4
"""Side of the smaller galaxies of a denoiser's batch, over that of the largest."""
LATER = 64
"""Steps that a training has seen: the first ones make what stays, and some work is only done every so many."""


@dataclass(frozen=True)
class Counted:
    """One step to count.

    Attributes:
        kind: empty, or ``penalised``.
        every: steps from one of this kind to the next.
        images: of a step.
        run: takes it.
        times: how often it is repeated for the images, such as evaluations of a sampler.
    """

    kind: str
    every: int
    images: int
    run: Callable[[], object]
    times: int = 1


@dataclass(frozen=True)
class Case:
    """What is counted together.

    Attributes:
        what: train, sample, denoise, score or features.
        family: of the model; otherwise like ``what``.
        name: data set and model; the kind of denoiser; the scorer; the feature network.
        precision: ``bfloat16`` or ``float32``, as its settings choose on this device.
        side: of the images [px].
        image_channels: maps with at most so many channels are images.
        begin: sets it up on a device: the warm-up, the steps to count, and bytes that data take there.
        key: equal for cases that do the same.
    """

    what: str
    family: str
    name: str
    precision: str
    side: int
    image_channels: int
    begin: Callable[[torch.device, ExitStack], tuple[Callable[[], object], list[Counted], int]]
    key: str


def cases(config: Config, device: torch.device) -> Iterator[Case]:
    """All cases of a configuration, each once."""
    seen: set[str] = set()
    for case in (*_trainings(config, device), *_denoisers(config, device), *_scorers(config), *_features(config)):
        if case.key not in seen:
            seen.add(case.key)
            yield case


class _Stamps:
    """As many stamps as a batch has, all black, in the place of a file."""

    path = Path("black.h5")

    def __init__(self, shape: tuple[int, int, int], count: int):
        self.shape, self._count = shape, count
        self.images = np.zeros((count, *shape), np.float32)

    def __len__(self) -> int:
        return self._count

    def split(self, *names: str) -> np.ndarray:
        return np.arange(self._count)

    def catalog(self, name: str) -> np.ndarray:
        return np.linspace(0.1, 2.0, self._count)


class _Noise:
    """Random numbers of a block of sampled images, drawn on the device."""

    def __init__(self, count: int, device: torch.device):
        self.count, self.device = count, device

    def normal(self, *shape: int) -> Tensor:
        return torch.randn((self.count, *shape), device=self.device)

    uniform = normal


def _trainings(config: Config, device: torch.device) -> Iterator[Case]:
    workload = Workload(config, {})
    for (dataset, name), model in config.models.items():
        if not is_trained(model.family):
            continue
        shape, settings = workload.shape(dataset, name), model.training.model_copy(update={"history_images": 10**9})
        halved = devices.computes_in_bfloat16(settings.precision, device)
        channels = shape[0] * getattr(model.network, "patch", 1) ** 2 + len(model.columns) * 64
        about = (model.family, f"{dataset}/{name}")
        step = settings.model_dump(
            include={"batch", "precision", "layout", "compile", "augmentation", "gradient_clip", "micro_batch"}
        )
        same = canonical([model.family, model.network.spec(), list(shape), step])
        begin = _training(model, shape, settings)
        yield Case("train", *about, _precision(halved), shape[1], channels, begin, f"train {same}")
        halved = devices.computes_in_bfloat16(config.sampling.precision, device)
        if not hasattr(families.load("models", model.family, "settings"), "PREDICTS"):
            begin = _sampling(model, shape, config.sampling.batch, halved)
            yield Case("sample", *about, _precision(halved), shape[1], channels, begin, f"sample {same}")


def _training(model: Any, shape: tuple[int, int, int], settings: Any) -> Any:
    def begin(device: torch.device, stack: ExitStack) -> Any:
        run = Training(model.family, model.network, shape, _normalisation(model, shape), settings, 0, device)
        stamps: Any = _Stamps(shape, settings.batch)
        images = stack.enter_context(TrainingImages(stamps, device, run.family.conditions, 0))
        interval = getattr(model.network, "r1_interval", 1) if getattr(model.network, "r1", 0) else 1

        def at(index: int) -> Callable[[], None]:
            def step() -> None:
                run.images_seen = index * settings.batch
                run.step(images)

            return step

        stack.enter_context(devices.reproducible(device, 1, fast=True))
        plain = Counted("", 1, settings.batch, at(LATER * interval + 1))
        penalised = Counted("penalised", interval, settings.batch, at(LATER * interval))
        held = 0 if images.held is None else 4 * prod(images.held.shape)
        return at(LATER * interval + 1), [plain, penalised] if interval > 1 else [plain], held

    return begin


def _sampling(model: Any, shape: tuple[int, int, int], batch: int, halved: bool) -> Any:
    def begin(device: torch.device, stack: ExitStack) -> Any:
        family: Any = families.load("models", model.family, "family").Family(
            model.network, shape, _normalisation(model, shape)
        )
        family.networks.to(device).eval().requires_grad_(False)
        stack.enter_context(devices.reproducible(device, 1))
        stack.enter_context(torch.no_grad())
        conditions = {name: torch.ones(batch, device=device) for name in family.conditions} or None
        # A sampler of many evaluations is counted by one of them.
        evaluations = getattr(family, "evaluations", None)
        noise = _Noise(batch, device)

        def draw() -> None:
            with devices.autocast(halved, device):
                (family.evaluate if evaluations else family.sample)(noise, conditions)

        return lambda: None, [Counted("", 1, batch, draw, evaluations or 1)], 0

    return begin


def _denoisers(config: Config, device: torch.device) -> Iterator[Case]:
    swept = {kind: run.dataset for run in config.run for kind in run.denoise}
    for kind, dataset in swept.items():
        settings = config.denoisers[kind]
        if not hasattr(settings, "learning_rate"):  # brought, and only tested
            continue
        data = config.datasets[dataset].settings
        bands, side = len(data.bands), data.size
        halved = devices.computes_in_bfloat16(settings.precision, device)
        begin = _denoiser(settings, bands, side, config.denoising[dataset])
        yield Case("denoise", "denoise", kind, _precision(halved), side, bands, begin, f"denoise {kind}")


def _denoiser(settings: Any, bands: int, side: int, study: Any) -> Any:
    def begin(device: torch.device, stack: ExitStack) -> Any:
        observed = (study.psf_sigma, study.noise_sigma)
        job = denoising.Job(_Stamps.path, None, settings, *observed, 0.0, 0, 0, "")
        run = denoising.Training(job, bands, device)
        sides = [side, *[int(SMALLER * side)] * (settings.batch - 1)]
        galaxies: Any = [np.zeros((bands, each, each), np.float32) for each in sides]
        members = [Member(False, row) for row in range(len(sides))]
        # Held images would not be sent in the step that is counted.
        source = stack.enter_context(Batches(lambda step: members, (galaxies, None), device, 0))
        stack.enter_context(devices.reproducible(device, 1, fast=True))

        def step() -> None:
            run.step(source(run.steps))

        return step, [Counted("", 1, settings.batch, step)], 0

    return begin


def _scorers(config: Config) -> Iterator[Case]:
    if not any(dataset.family == "sparse" for dataset in config.datasets.values()):
        return
    for name, own in (("cnn", config.realism.cnn), ("resnet", config.realism.resnet)):
        yield Case("score", "score", name, "float32", own.side, 1, _scorer(name, own), f"score {name}")


def _scorer(name: str, own: Any) -> Any:
    def begin(device: torch.device, stack: ExitStack) -> Any:
        network = (scorers.ResNet18(own.width) if name == "resnet" else scorers.Cnn(own)).to(device)
        images, scores = np.zeros((own.batch, own.side, own.side), np.uint8), np.zeros(own.batch, np.float32)
        once = own.model_copy(update={"epochs": 1})
        stack.enter_context(devices.reproducible(device, 1))

        def step() -> None:
            scorers._train(network, images, scores, once, 0, Progress(own.batch, "images seen"))

        return step, [Counted("", 1, own.batch, step)], 0

    return begin


def _features(config: Config) -> Iterator[Case]:
    for measure in config.measured.values():
        if measure.family in ("features", "band_features"):
            settings: Any = measure.settings
            name = settings.network
            yield Case("features", "features", name, "float32", 0, 3, _feature_network(settings), f"features {name}")


def _feature_network(settings: Any) -> Any:
    def begin(device: torch.device, stack: ExitStack) -> Any:
        def unloaded(engine: Any, settings: Any, path: Path, device: torch.device) -> torch.nn.Module:
            network = feature_weights.fold(engine.Network().eval()).requires_grad_(False)
            return network.to(device=device, memory_format=torch.channels_last)

        stack.enter_context(patch.object(feature_weights, "load", unloaded))
        chosen = settings.model_copy(update={"device": "cuda"})
        _, network, place = stack.enter_context(feature_weights.ready(chosen, Path("none.pth")))
        images = torch.zeros((settings.batch, 3, 256, 256), device=place).to(memory_format=torch.channels_last)
        return lambda: None, [Counted("", 1, settings.batch, lambda: network(images))], 0

    return begin


def _normalisation(model: Any, shape: tuple[int, int, int]) -> Normalisation:
    ones = (1.0,) * shape[0]
    return Normalisation(model.normalisation.kind, ones, (0.0,) * shape[0], ones)


def _precision(halved: bool) -> str:
    return "bfloat16" if halved else "float32"
