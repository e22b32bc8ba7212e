"""What planned jobs have to do: how many items of which kind, and how many bytes they leave."""

import json
import math
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from galforge.config.declared import declared, optional
from galforge.config.tree import Config, channels, is_scored, is_trained
from galforge.errors import GalforgeError
from galforge.parts import bounds
from galforge.plan.facts import Facts
from galforge.plan.stages import WHOLE
from galforge.settings import canonical
from galforge.studies.denoising.settings import weights_of
from galforge.studies.denoising.trials import REFERENCES

FLOAT = 4
STATE_COPIES = 4
"""A state of a training holds the weights, their average, and Adam's two moments."""
TENSOR_BYTES = 5 * 275
"""What one tensor of the network adds to a state besides its numbers: its four copies and Adam's step counter are five
entries of the archive."""
CATALOGUE_BYTES = 320
"""A stamp's row in the catalogue: up to forty columns of eight bytes."""
HEADER_BYTES = 4096
EVALUATION_BYTES = 120
"""Size of the row of one denoised galaxy."""


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
        stage: its row in the table: the rule, and the model or measure where rates differ between them.
        kind: the rule whose rate counts (parts count as their whole).
        variant: the family within it, or what ``Workload.measured`` says: noiseless galaxies take ten times as long.
        items: how many ``unit``; one "job" where the time hardly depends on the size.
        side: pixels per side of an item; 0 where the time does not depend on it.
        operations: floating-point operations per item where they are known, otherwise 0.
        disk: bytes that the job leaves; a file with two names counts once.
        logged: whether the job's log counts these items; otherwise its time as a whole is divided by them.
        precision: number format in which a model computes; empty where no model does.
        parallel: whether the model uses all GPUs of its job, and not one.
        counted: what its steps are in config/gpu_steps.csv, such as train; empty where none were counted.
        name: the name of its row there.
        images: of a step, on all GPUs together.
        per_image: operations per image, where an item is something else.
    """

    stage: str
    kind: str
    variant: str = ""
    items: int = 1
    unit: str = "job"
    side: int = 0
    operations: float = 0.0
    disk: float = 0.0
    logged: bool = True
    precision: str = ""
    parallel: bool = False
    counted: str = ""
    name: str = ""
    images: int = 0
    per_image: float = 0.0


def kind_of(rule: str) -> str:
    """The rule whose stage and rate a rule has, or a piece of it."""
    rule = rule.partition(" ")[0]
    if rule == "merge_samples":
        return rule
    if rule == "evaluate_brought":
        return "evaluate_denoiser"
    looped = next((kind for kind in ("measure", "latents", "stamps") if rule.startswith(f"{kind}_")), rule)
    return WHOLE.get(rule, looped)


class Workload:
    """The work of the jobs of one configuration.

    Rules whose jobs differ in size have a method ``of_<rule>``, called with the wildcards. Jobs of every other rule
    count whole, so a new rule needs nothing here.

    Args:
        config: the configuration.
        bytes_per_stamp: what a stamp leaves where no formula says it, as measured, by (rule, variant).
    """

    def __init__(self, config: Config, bytes_per_stamp: Mapping[tuple[str, str], float]):
        self.config, self._facts, self._bytes = config, Facts(config), bytes_per_stamp

    def of(self, job: Job) -> Work:
        """What a job does."""
        kind = kind_of(job.rule)
        own = getattr(self, f"of_{kind}", None)
        known = own(**job.wildcards) if own else {}
        stage = f"{kind} {known.pop('what')}" if "what" in known else kind.partition("_")[0]
        return Work(stage, kind, **known)

    def of_download(self, file: str) -> dict[str, Any]:
        """Fetching a file, whose size is not known before."""
        return {"disk": math.nan}

    def of_stamps(self, dataset: str) -> dict[str, Any]:
        """Making the stamps of a data set."""
        entry, count = self.config.datasets[dataset], self._count(dataset)
        left = self._stamps_left(dataset, count, "stamps")
        if not self._facts.is_mock(dataset):
            return self._stamps_of(entry.family, count, self.shape(dataset)[1], left)
        variant, mocks = f"mock of {entry.family}", entry.settings.mock.count
        return self._stamps_of(variant, mocks, 0, left + mocks * self._bytes.get(("stamps", variant), 0.0))

    def of_train_segment(self, dataset: str, model: str, seed: str, segment: str) -> dict[str, Any]:
        """One segment of a training."""
        ends = [self._facts.segment_end(dataset, model, index) for index in range(int(segment) + 1)]
        network = self.networks[dataset, model]
        return self._images_of(dataset, model, ends[-1] - sum(ends[-2:-1])) | {
            "operations": network["train"],
            # The weights are written once more beside the state.
            "disk": float((STATE_COPIES + 1) * FLOAT * network["weights"] + TENSOR_BYTES * network["tensors"]),
            "precision": self.config.models[dataset, model].training.precision,
            "parallel": True,
            "counted": "train",
            "images": self.config.models[dataset, model].training.batch,
        }

    def of_sample(self, dataset: str, model: str, seed: str, **part: str) -> dict[str, Any]:
        """Drawing a model's images, or a part of them."""
        count = self.config.drawn(dataset)
        start, stop = bounds(count, part)
        return self._images_of(dataset, model, stop - start) | {
            "operations": self.networks[dataset, model]["sample"],
            "precision": self.config.sampling.precision,
            "counted": "sample",
            "images": self.config.sampling.batch,
            "disk": 0.0 if part else self._stamps_left(dataset, count, "sample"),
        }

    def of_merge_samples(self, dataset: str, model: str, seed: str) -> dict[str, Any]:
        """Putting the parts of a model's images together."""
        disk = self._stamps_left(dataset, self.config.drawn(dataset), "sample")
        return {"what": f"{model} on {dataset}", "disk": disk}

    def of_calibrate_noise(self, dataset: str, measure: str) -> dict[str, Any]:
        """Finding the noise that noiseless stamps need, on some of them."""
        count = self.config.datasets[dataset].measuring.calibration_stamps
        return self._stamps_of(self.measured(dataset, measure), count, self.shape(dataset)[1], 0.0)

    def of_measure(self, dataset: str, who: str, measure: str, **part: str) -> dict[str, Any]:
        """Measuring all stamps of a file or a part of them, or putting the parts together."""
        variant, count = self.measured(dataset, measure), self._stamps(dataset, who)
        # Parts are temporary: what is left of them is counted where they are put together.
        disk = 0.0 if part else count * self._bytes.get(("measure", variant), 0.0)
        together = self._facts.together(dataset, who, measure)
        if not part and self._facts.measure_parts(dataset, who, together) > 1:
            return {"what": variant, "variant": "parts", "disk": disk}
        start, stop = bounds(count, part)
        return self._stamps_of(variant, stop - start, self.measured_side(dataset, measure), disk)

    def of_distances(self, dataset: str, model: str, seed: str, group: str) -> dict[str, Any]:
        """Comparing a model with its source: some groups of comparisons take longer than others."""
        return {"variant": group}

    def of_train_denoiser(self, dataset: str, denoiser: str, **which: str) -> dict[str, Any]:
        """Training a denoiser, at most: to its greatest length, and as if no galaxy were smaller than the stamps."""
        network, side = self.config.denoisers[denoiser], self.shape(dataset)[1]
        weights = weights_of(network.network, len(self.config.datasets[dataset].settings.bands))
        images = 3 * network.steps_per_epoch * network.batch + network.validation_images
        return {
            "what": f"{denoiser} on {dataset}",
            "items": network.epochs,
            "unit": "epoch",
            "side": side,
            "operations": 2.0 * images * weights * side**2,
            "per_image": 2.0 * 3 * weights * side**2,
            # The best weights, those at the end, and Adam's two moments; and the best once more as a result.
            "disk": float((STATE_COPIES + 1) * FLOAT * weights),
            "precision": network.precision,
            "parallel": True,
            "counted": "denoise",
            "name": denoiser,
            "images": network.batch,
        }

    def of_evaluate_denoiser(self, dataset: str, denoiser: str, **which: str) -> dict[str, Any]:
        """Denoising the galaxies of all tests with one network."""
        return self._tests(f"{denoiser} on {dataset}", dataset, 1)

    def of_denoising_references(self, dataset: str) -> dict[str, Any]:
        """Denoising the galaxies of all tests with every classical method, and with none."""
        return self._tests(f"on {dataset}", dataset, len(REFERENCES) + 1)

    def of_cross_validate(self, dataset: str, scorer: str, logged: bool = True, epochs: int = 1) -> dict[str, Any]:
        """Training a scorer on most of the images with scores, and scoring the others."""
        return self._scores(dataset, scorer, epochs * self._stamps(dataset, "scored"), 0, logged)

    def of_cross_validate_network(self, dataset: str, scorer: str) -> dict[str, Any]:
        """The same with a network."""
        epochs = getattr(self.config.realism, scorer.partition("-")[0]).epochs
        return self.of_cross_validate(dataset, scorer, False, epochs)

    def of_experiment(self, dataset: str, model: str, seed: str, experiment: str) -> dict[str, Any]:
        """Drawing images of a model with one thing changed, and scoring them."""
        experiments = self.config.realism.experiments
        times = {"random_positions": 2, "new_galaxies": experiments.sets}.get(experiment, experiments.permutations)
        return self._scores(dataset, "", experiments.images * times, self.shape(dataset)[1], True)

    @cached_property
    def networks(self) -> dict[tuple[str, str], dict[str, float]]:
        """What ``operations.count`` says of every model that runs, by (data set, model).

        They are counted in a process of their own, because torch takes seconds to import.

        Raises:
            GalforgeError: a model cannot be counted.
        """
        trained = {key: model for key, model in self.config.models.items() if is_trained(model.family)}
        asked = [
            {"family": model.family, "network": model.network.spec(), "shape": self.shape(*key)}
            for key, model in trained.items()
        ]
        script = Path(__file__).with_name("operations.py")
        done = subprocess.run(
            [sys.executable, script], input=canonical(asked), capture_output=True, text=True, check=False
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise GalforgeError(f"{script.name}: the operations of the models could not be counted: {last}")
        return dict(zip(trained, json.loads(done.stdout), strict=True))

    def _stamps_of(self, variant: str, count: int, side: int, disk: float) -> dict[str, Any]:
        return {"what": variant, "variant": variant, "items": count, "unit": "stamp", "side": side, "disk": disk}

    def _images_of(self, dataset: str, model: str, count: int) -> dict[str, Any]:
        family, side = self.config.models[dataset, model].family, self.shape(dataset, model)[1]
        what, name = f"{model} on {dataset}", f"{dataset}/{model}"
        return {"what": what, "variant": family, "items": count, "unit": "image", "side": side, "name": name}

    def _tests(self, what: str, dataset: str, methods: int) -> dict[str, Any]:
        settings = self.config.denoising[dataset]
        tests = self._count(dataset) * self.config.datasets[dataset].settings.splits.test
        tests = min(tests, settings.test_images or tests)
        points = len(settings.noise_curve) + len(settings.pixel_curve)
        count = methods * round(len(settings.cases) * tests + points * min(settings.curve_images, tests))
        side, disk = self.shape(dataset)[1], float(count * EVALUATION_BYTES)
        return {"what": what, "items": count, "unit": "galaxy", "side": side, "disk": disk}

    def _scores(self, dataset: str, variant: str, count: int, side: int, logged: bool) -> dict[str, Any]:
        what = f"on {dataset}"
        return {"what": what, "variant": variant, "items": count, "unit": "image", "side": side, "logged": logged}

    def measured(self, dataset: str, measure: str) -> str:
        """The variant of a measurement: the measure, its engine where it has one, and the family that is measured."""
        engine = optional(self.config.measured[dataset, measure].settings, "engine")
        by = f" by {engine}" if engine else ""
        return f"{measure}{by} on {self.config.datasets[dataset].family}"

    def measured_side(self, dataset: str, measure: str) -> int:
        """The side of the stamps [pixels] where a measurement's time depends on it; otherwise 0."""
        # Networks see every image at one size of their own.
        return 0 if "features" in self.config.measured[dataset, measure].family else self.shape(dataset)[1]

    def _stamps_left(self, dataset: str, count: int, kind: str) -> float:
        scored = is_scored(self.config.datasets[dataset].family)
        count += self._stamps(dataset, "scored") if scored and kind == "stamps" else 0
        pixel = 1 if scored else FLOAT
        return float(count * (math.prod(self.shape(dataset)) * pixel + CATALOGUE_BYTES) + HEADER_BYTES)

    def shape(self, dataset: str, model: str = "") -> tuple[int, int, int]:
        """Shape of a data set's images, or of the view of them that a model is trained on."""
        settings: Any = self.config.datasets[dataset].settings
        if model and (view := self._facts.view(dataset, model)):
            return declared("datasets", self.config.datasets[dataset].family).VIEWS[view]
        return channels(settings), settings.size, settings.size

    def _count(self, dataset: str) -> int:
        """Source stamps to expect."""
        entry = self.config.datasets[dataset]
        return optional(entry.settings, "count") or entry.measuring.expected_count

    def _stamps(self, dataset: str, who: str) -> int:
        """Stamps of the source or of a model."""
        if who == "scored":
            return self.config.datasets[dataset].measuring.expected_scored
        return self._count(dataset) if who in ("source", "native") else self.config.drawn(dataset)
