"""What planned jobs have to do: how many items of what kind, and how many bytes they leave."""

import json
import math
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from galforge import families
from galforge.config.tree import Config, channels, is_scored
from galforge.errors import GalforgeError
from galforge.parts import bounds
from galforge.plan.realism_stages import EXPERIMENTS
from galforge.plan.stages import Stages
from galforge.settings import canonical
from galforge.studies.denoising.settings import weights_of
from galforge.studies.denoising.trials import REFERENCES

FLOAT = 4
STATE_COPIES = 4
"""A state holds the weights, their average, and Adam's two moments."""
TENSOR_BYTES = 5 * 275
"""What a tensor of the network adds to a state beside its numbers: its four copies and Adam's counter, each an entry of
the archive."""
CATALOGUE_BYTES = 320
"""A stamp's row of the catalogue: up to forty columns of eight bytes."""
HEADER_BYTES = 4096
EVALUATION_BYTES = 120
"""A denoised galaxy's row."""
STAGES = {
    "download": "download",
    "train_segment": "training",
    "export_weights": "training",
    **dict.fromkeys(("sample", "merge_samples", "sample_galaxies"), "sampling"),
    "calibrate_noise": "noise",
    "measure": "measuring",
    **dict.fromkeys(
        ("denoise_galaxies", "train_denoiser", "evaluate_denoiser", "denoising_references", "summarise_denoising"),
        "denoising",
    ),
    **dict.fromkeys(("cross_validate", "cross_validate_network", "fit_scorer", "experiment"), "scoring"),
    **dict.fromkeys(("score", "score_generator", "score_real"), "scoring"),
}
"""Stages by rule; those of stamps and their mocks are named below, every other rule compares or shows."""
REPORT = "comparison and report"


@dataclass(frozen=True)
class Job:
    """A planned job, as a dry run prints it. ``gpus`` is what it asks for; ``reason`` is why it runs."""

    rule: str
    wildcards: Mapping[str, str]
    threads: int
    gpus: int
    reason: str

    @property
    def name(self) -> str:
        """Rule and wildcards in one line."""
        return f"{self.rule} {' '.join(f'{name}={value}' for name, value in self.wildcards.items())}".strip()


@dataclass(frozen=True)
class Work:
    """What a job does.

    Attributes:
        stage: the stage it belongs to, with the family or measure where rates differ between them.
        kind: the rule whose rate counts (parts count as their whole).
        variant: the family within it, or what ``Workload.measured`` says: noiseless galaxies take ten times as long.
        items: how many ``unit``, with ``side`` pixels a side (0 where that does not matter).
        operations: floating-point operations per item, where they are known; otherwise 0.
        disk: bytes that the job leaves; a file under two names counts once.
    """

    stage: str
    kind: str
    variant: str
    items: int
    unit: str
    side: int
    operations: float
    disk: float


@dataclass(frozen=True)
class Network:
    """A model's operations per image in a training step and in sampling, its number of weights, in so many tensors."""

    train: float
    sample: float
    weights: int
    tensors: int


class Workload:
    """The work of the jobs of one configuration.

    Args:
        config: the configuration.
        bytes_per_stamp: by (rule, variant): what a stamp leaves where no formula says it, as measured.
    """

    def __init__(self, config: Config, bytes_per_stamp: Mapping[tuple[str, str], float]):
        self.config, self.stages, self._bytes = config, Stages(config), bytes_per_stamp
        # Rules with the rate of another; to put samples together has one of its own.
        self._rated = {**self.stages.whole, "measure_chunk": "measure", "merge_samples": "merge_samples"}

    def pieces(self, job: Job) -> list[Job]:
        """A job as one of each variant that it measures, of each scorer or experiment: each has a rate of its own."""
        part = "_chunk" * job.rule.endswith("_chunk")
        if (kind := self.stages.facts.measuring.get(job.rule.removesuffix("_chunk"))) is not None:
            job, name, values = replace(job, rule=f"measure{part}"), "measure", kind.measures
        elif job.rule == "cross_validate":
            name, values = "scorer", self.stages.realism.scorers(by_network=False)
        elif job.rule == "experiment":
            name, values = "experiment", EXPERIMENTS
        else:
            return [job]
        return [replace(job, wildcards={**job.wildcards, name: value}) for value in values]

    def of(self, job: Job) -> Work:
        """What a job does, or a piece of one."""
        kind, names = self._rated.get(job.rule, job.rule), job.wildcards
        dataset, model, measure = (names.get(name, "") for name in ("dataset", "model", "measure"))
        stage, side = STAGES.get(kind, REPORT), self._shape(dataset)[1] if dataset else 0
        if kind == "stamps":
            return self._work(stage, kind, self.config.datasets[dataset].family, self._count(dataset), side, job)
        if kind == "raw_mock":
            count = self.config.datasets[dataset].settings.mock.count
            return self._work(stage, kind, self.config.datasets[dataset].family, count, 0, job)
        if kind == "train_segment":
            index = int(names["segment"])
            before = self.stages.facts.segment_end(dataset, model, index - 1) if index else 0
            images = self.stages.facts.segment_end(dataset, model, index) - before
            return self._model(stage, kind, dataset, model, images, "image")
        if kind == "sample":
            start, stop = bounds(self.config.drawn(dataset), names)
            drawn = self._model(stage, kind, dataset, model, stop - start, "image")
            return drawn if "part" in names else replace(drawn, disk=self._left(kind, "", stop, dataset))
        if kind == "calibrate_noise":
            count = self.config.datasets[dataset].measuring.calibration_stamps
            return self._work(stage, kind, self.measured(dataset, measure), count, side, job)
        if kind in ("train_denoiser", "evaluate_denoiser", "denoising_references"):
            return self._denoising(stage, kind, dataset, names.get("denoiser", ""))
        if kind in ("cross_validate", "cross_validate_network", "fit_scorer", "experiment"):
            return self._scoring(stage, kind, names, side)
        if kind == "measure" and (job.rule.endswith("_chunk") or self._parts(names) == 1):
            start, stop = bounds(self._stamps(dataset, names["who"]), names)
            side = self.measured_side(dataset, measure)
            return self._work(stage, kind, self.measured(dataset, measure), stop - start, side, job)
        return self._single(stage, kind, job, dataset, model, measure)

    def networks(self) -> dict[str, Network]:
        """Operations and weights of every model that runs, by ``<dataset> <model>``."""
        return self._networks

    @cached_property
    def _networks(self) -> dict[str, Network]:
        """Counted in a process of its own, because torch takes seconds to import."""
        keys = list(self.config.models)
        asked = [
            {
                "family": self.config.models[key].family,
                "network": self.config.models[key].network.spec(),
                "shape": self._shape(*key),
            }
            for key in keys
        ]
        script = Path(__file__).with_name("operations.py")
        done = subprocess.run(
            [sys.executable, script], input=canonical(asked), capture_output=True, text=True, check=False
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise GalforgeError(f"{script.name}: the operations of the models could not be counted: {last}")
        found = json.loads(done.stdout)
        return {" ".join(key): Network(**each) for key, each in zip(keys, found, strict=True)}

    def _work(self, stage: str, kind: str, variant: str, items: int, side: int, job: Job) -> Work:
        # Parts are temporary: what is left of them is counted where they are put together.
        disk = 0.0 if "part" in job.wildcards else self._left(kind, variant, items, job.wildcards.get("dataset", ""))
        label = {"stamps": f"stamps of {variant}", "raw_mock": f"mock of {variant}"}.get(kind, f"{stage} {variant}")
        return Work(label, kind, variant, items, "stamp", side, 0.0, disk)

    def _model(self, stage: str, kind: str, dataset: str, model: str, images: int, unit: str) -> Work:
        network, family = self._networks[f"{dataset} {model}"], self.config.models[dataset, model].family
        train = kind == "train_segment"
        disk = float(STATE_COPIES * FLOAT * network.weights + TENSOR_BYTES * network.tensors) if train else 0.0
        operations = network.train if train else network.sample
        side = self._shape(dataset, model)[1]
        return Work(f"{stage} {model} on {dataset}", kind, family, images, unit, side, operations, disk)

    def _denoising(self, stage: str, kind: str, dataset: str, denoiser: str) -> Work:
        """Training a denoiser, at most: to its greatest length, and as if no galaxy were smaller than the stamps."""
        side, settings = self._shape(dataset)[1], self.config.denoising[dataset]
        name = f"{stage} {denoiser or 'references'} on {dataset}"
        if kind == "train_denoiser":
            network = self.config.denoisers[denoiser]
            weights = weights_of(network.network, len(self.config.datasets[dataset].settings.bands))
            images = 3 * network.steps_per_epoch * network.batch + network.validation_images
            operations = 2.0 * images * weights * side**2
            # The best weights, those at the end, and Adam's two moments; and the best once more as a result.
            disk = float((STATE_COPIES + 1) * FLOAT * weights)
            return Work(name, kind, "", network.epochs, "epoch", side, operations, disk)
        tests = self._count(dataset) * self.config.datasets[dataset].settings.splits.test
        tests = min(tests, settings.test_images or tests)
        points = len(settings.noise_curve) + len(settings.pixel_curve)
        count = round(len(settings.cases) * tests + points * min(settings.curve_images, tests))
        methods = 1 if denoiser else len(REFERENCES) + 1
        return Work(name, kind, "", count * methods, "galaxy", side, 0.0, count * methods * EVALUATION_BYTES)

    def _scoring(self, stage: str, kind: str, names: Mapping[str, str], side: int) -> Work:
        """Training a scorer, or drawing and scoring images of a model."""
        realism, dataset = self.config.realism, names["dataset"]
        if kind in ("cross_validate", "cross_validate_network", "fit_scorer"):
            scorer, count = names.get("scorer", realism.scorer), self._stamps(dataset, "scored")
            if kind == "cross_validate_network":
                count *= getattr(realism, scorer.partition("-")[0]).epochs
            return Work(f"{stage} on {dataset}", kind, scorer, count, "image", 0, 0.0, 0.0)
        count = realism.images
        if kind == "experiment":
            experiments = realism.experiments
            times = {"random_positions": 2, "new_galaxies": experiments.sets}
            count = experiments.images * times.get(names["experiment"], experiments.permutations)
        return Work(f"{stage} on {dataset}", kind, "", count, "image", side, 0.0, 0.0)

    def _single(self, stage: str, kind: str, job: Job, dataset: str, model: str, measure: str) -> Work:
        """A job whose time hardly depends on its size: putting parts together, comparing, drawing."""
        label, disk, variant = stage, math.nan if job.rule == "download" else 0.0, ""
        if job.rule == "merge_samples":
            label, disk = f"{stage} {model} on {dataset}", self._left("sample", "", self.config.drawn(dataset), dataset)
        elif job.rule == "export_weights":
            label = f"{stage} {model} on {dataset}"
            disk = float(FLOAT * self._networks[f"{dataset} {model}"].weights)
        elif job.rule == "measure":
            left = self._left(
                "measure", self.measured(dataset, measure), self._stamps(dataset, job.wildcards["who"]), dataset
            )
            label, disk, variant = f"{stage} {self.measured(dataset, measure)}", left, "parts"
        elif job.rule == "distances":
            variant = job.wildcards["group"]
        return Work(label, kind, variant, 1, "job", 0, 0.0, disk)

    def measured(self, dataset: str, measure: str) -> str:
        """The variant of a measurement: the measure, its engine where it has one, and what is measured."""
        engine = getattr(self.config.measured[dataset, measure].settings, "engine", "")
        by = f" by {engine}" if engine else ""
        return f"{measure}{by} on {self.config.datasets[dataset].family}"

    def measured_side(self, dataset: str, measure: str) -> int:
        """The side of the stamps [pixels] where a measurement's time depends on it; otherwise 0."""
        # Networks see every image at one size of their own.
        return 0 if "features" in self.config.measured[dataset, measure].family else self._shape(dataset)[1]

    def _left(self, kind: str, variant: str, count: int, dataset: str) -> float:
        if kind in ("stamps", "sample"):
            scored = is_scored(self.config.datasets[dataset].family)
            if scored and kind == "stamps":
                count += self._stamps(dataset, "scored")
            pixel = 1 if scored else FLOAT
            return float(count * (math.prod(self._shape(dataset)) * pixel + CATALOGUE_BYTES) + HEADER_BYTES)
        return count * self._bytes.get((kind, variant), 0.0)

    def _shape(self, dataset: str, model: str = "") -> tuple[int, int, int]:
        """Shape of a data set's images, or of the view of them that a model is trained on."""
        settings: Any = self.config.datasets[dataset].settings
        if model and (view := self.stages.facts.view(dataset, model)):
            return families.load("datasets", self.config.datasets[dataset].family, "settings").VIEWS[view]
        return channels(settings), settings.size, settings.size

    def _count(self, dataset: str) -> int:
        """Source stamps to expect."""
        entry = self.config.datasets[dataset]
        return getattr(entry.settings, "count", entry.measuring.expected_count)

    def _stamps(self, dataset: str, who: str) -> int:
        """Stamps of the source or of a model."""
        if who == "scored":
            return self.config.datasets[dataset].measuring.expected_scored
        return self._count(dataset) if who in ("source", "native") else self.config.drawn(dataset)

    def _parts(self, names: Mapping[str, str]) -> int:
        kinds = self.stages.facts.measuring.values()
        together = next(
            kind.measures
            for kind in kinds
            if names["measure"] in kind.measures
            and names["dataset"] in kind.datasets
            and re.fullmatch(kind.who, names["who"])
        )
        return self.stages.facts.measure_parts(names["dataset"], names["who"], together)
