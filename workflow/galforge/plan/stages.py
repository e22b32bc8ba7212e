"""What each job reads of the configuration, and which code it runs: the two parameters that decide reruns.

One method per rule, named like it, or like the one that WHOLE says. A spec holds what its stage reads and nothing
else; what only cuts work into jobs (chunks, total length of a training) stays out of it, so that changing it makes
nothing again that is already made.
"""

import math
from collections.abc import Mapping
from typing import Any

from galforge import families
from galforge.config.tree import REDSHIFT, Config, Measure, downloadable
from galforge.download.wanted import downloads_of
from galforge.plan import comparisons
from galforge.plan.stage import Stage
from galforge.plan.stages_denoising import DenoisingStages
from galforge.plan.stages_li2024 import LiStages
from galforge.plan.stages_realism import RealismStages
from galforge.plan.stages_report import ReportStages

WHOLE = {
    "sample_chunk": "sample",
    "stamps_native": "stamps",
    "stamps_scored": "stamps",
    **{
        f"{rule}{whose}{part}": "measure"
        for rule in ("measure", "features")
        for whose in ("", "_source")
        for part in ("", "_chunk")
    },
}
"""Rules with the stage of another. A part has that of the whole, because parts are gone when a later run compares."""


class Stages(ReportStages, DenoisingStages, LiStages, RealismStages):
    """The stages of one configuration."""

    def __init__(self, config: Config):
        self.config = config
        self._made: dict[tuple[Any, ...], Stage] = {}

    def stage(self, rule: str, wildcards: Mapping[str, str]) -> Stage:
        """The stage behind a job of a rule (wildcards as Snakemake gives them)."""
        rule = WHOLE.get(rule, rule)
        whole = {name: value for name, value in wildcards.items() if name not in ("part", "parts")}
        key = (rule, *sorted(whole.items()))
        if key not in self._made:
            self._made[key] = getattr(self, rule)(**whole)
        return self._made[key]

    # Data sets

    def download(self, file: str) -> Stage:
        """Fetching a file of a survey's release."""
        for settings in downloadable(self.config.datasets, self.config.measures).values():
            if (fetched := downloads_of(settings).get(file)) is not None:
                return Stage(fetched, "download.py", (), ())
        raise KeyError(file)

    def raw_mock(self, dataset: str) -> Stage:
        """Writing a stand-in for a survey's release, in its format."""
        entry = self.config.datasets[dataset]
        settings = families.load("datasets", entry.family, "settings")
        modules = (families.module_name("datasets", entry.family, "mock"),)
        return Stage(
            {"family": entry.family, "mock": entry.settings.mock.spec()},
            "raw_mock.py",
            modules,
            settings.MOCK_LIBRARIES,
        )

    def stamps(self, dataset: str) -> Stage:
        """From raw cutouts to stamps."""
        entry = self.config.datasets[dataset]
        settings = families.load("datasets", entry.family, "settings")
        modules = (families.module_name("datasets", entry.family, "dataset"),)
        return Stage(
            {"family": entry.family, "settings": entry.settings.spec()}, "stamps.py", modules, settings.LIBRARIES
        )

    def galaxies(self, dataset: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Modules and libraries that bring galaxies back to their own size, where a data set's stamps have one size."""
        coded = bool(getattr(self.config.datasets[dataset].settings, "sides", ()))
        return (("galforge.stamps.sizes",), ("scikit-image",)) if coded else ((), ())

    # Models

    def train_segment(self, dataset: str, model: str, seed: str, segment: str) -> Stage:
        """One segment of a training; the total length is no part of it."""
        entry = self.config.models[dataset, model]
        training = entry.training.spec()
        del training["images_total"], training["segment_images"]
        spec = {
            "family": entry.family,
            "network": entry.network.spec(),
            "normalisation": entry.normalisation.spec(),
            "training": training,
            "seed": int(seed),
            "stop": self.segment_end(dataset, model, int(segment)),
        }
        return Stage(spec, "train_segment.py", self._model_modules(entry.family), self._model_libraries(entry.family))

    def export_weights(self, dataset: str, model: str, seed: str) -> Stage:
        """From the last state to the averaged weights."""
        return Stage({}, "export_weights.py", (), ("torch", "safetensors"))

    def sample(self, dataset: str, model: str, seed: str) -> Stage:
        """Drawing the generated stamps of a model."""
        entry, sampling = self.config.models[dataset, model], self.config.sampling.spec()
        family = entry.family
        del sampling["chunk"], sampling["sparse_count"]
        spec = {"family": family, "seed": int(seed), **sampling, "count": self.config.drawn(dataset)}
        if columns := self.asked(dataset, model):
            # What a model is not told stands beside its images all the same: they are compared by it.
            spec["conditions"] = {"columns": columns, "told": bool(entry.columns), **entry.conditions.spec()}
            if entry.columns and (beside := [name for name in columns if name not in entry.columns]):
                spec["conditions"]["beside"] = beside
        libraries = self._model_libraries(family)
        return Stage(spec, "sample.py", self._model_modules(family), (*libraries, "safetensors"))

    def latents(self, dataset: str, model: str, seed: str) -> Stage:
        """Walks through a model's latent space, and source stamps that it reconstructs."""
        family, report = self.config.models[dataset, model].family, self.config.report
        sampling = {name: getattr(self.config.sampling, name) for name in ("device", "threads")}
        spec = {
            "family": family,
            "seed": int(seed),
            "rows": report.walks,
            "steps": report.stamps_per_row,
            **sampling,
        }
        libraries = self._model_libraries(family)
        return Stage(spec, "latents.py", self._model_modules(family), (*libraries, "safetensors"))

    # Measures

    def calibrate_noise(self, dataset: str, measure: str) -> Stage:
        """Finding the noise that noiseless stamps need before they can be measured."""
        entry, measuring = self.config.measured[dataset, measure], self.config.datasets[dataset].measuring
        names = ("calibration_stamps", "calibration_target", "seed")
        spec = {
            "family": entry.family,
            "settings": entry.settings.spec(),
            "measuring": {"band": self._band(dataset, entry), **{name: getattr(measuring, name) for name in names}},
        }
        native, libraries = self.galaxies(dataset)
        modules = (*self._measure_modules(entry, "noise"), *native)
        return Stage(spec, "calibrate_noise.py", modules, (*self._measure_libraries(entry), *libraries))

    def measure(self, dataset: str, who: str, measure: str) -> Stage:
        """Measuring the stamps of a data set or of a model."""
        entry, measuring = self.config.measured[dataset, measure], self.config.datasets[dataset].measuring
        spec: dict[str, Any] = {
            "family": entry.family,
            "settings": entry.settings.spec(),
            "band": self._band(dataset, entry),
        }
        if self.adds_noise(dataset, measure):
            spec["noise"] = {"sigma": measuring.noise_sigma, "seed": measuring.seed}
        native, more = self.galaxies(dataset) if who != "native" else ((), ())
        modules = (*self._measure_modules(entry, "measure"), *native, *self._predictor(dataset, entry))
        libraries = (*self._measure_libraries(entry), *more, "pandas", "pyarrow", "h5py")
        return Stage(spec, "measure.py", modules, tuple(dict.fromkeys(libraries)))

    # Comparison

    def distances(self, dataset: str, model: str, seed: str, group: str) -> Stage:
        """Distances between source and generated measurements, of all comparisons of a group."""
        made = comparisons.comparison_specs(self.config, dataset, model, seed, group)
        tables = comparisons.tables_needed(self.config, dataset, model, seed, group)
        spec = {"comparisons": made, "tables": [list(table) for table in tables]}
        names = list(dict.fromkeys(each["comparison"] for each in made.values()))
        libraries = [library for name in names for library in comparisons.KINDS[name].libraries]
        modules = tuple(f"galforge.compare.{name}" for name in names)
        return Stage(spec, "distances.py", modules, tuple(dict.fromkeys(("numpy", "pandas", *libraries))))

    # Apart from the results

    def export_fits(self, dataset: str, who: str) -> Stage:
        """Stamps as FITS."""
        native, libraries = self.galaxies(dataset) if who != "native" else ((), ())
        return Stage(
            {"count": self.config.report.fits_stamps},
            "export_fits.py",
            native,
            ("numpy", "h5py", "astropy", *libraries),
        )

    def gpu_check(self) -> Stage:
        """A look at the machine that trainings get."""
        return Stage({}, "gpu_check.py", (), ("torch",))

    # How work is cut into jobs

    def segment_end(self, dataset: str, model: str, index: int) -> int:
        """Images seen at the end of a segment."""
        training = self.config.models[dataset, model].training
        return min((index + 1) * training.segment_images, training.images_total)

    def segments(self, dataset: str, model: str) -> int:
        """Number of segments of a training."""
        training = self.config.models[dataset, model].training
        return math.ceil(training.images_total / training.segment_images)

    def sample_parts(self, dataset: str) -> int:
        """Number of jobs that draw the stamps of one model."""
        return math.ceil(self.config.drawn(dataset) / self.config.sampling.chunk)

    def takes_conditions(self, dataset: str, model: str) -> bool:
        """Whether generated stamps take their conditions from the test split."""
        return bool(self.asked(dataset, model)) and self.config.models[dataset, model].conditions.source == "test"

    def asked(self, dataset: str, model: str) -> list[str]:
        """Catalogue columns that generated stamps have: the model's conditions, and the redshift of a data set that
        has it."""
        redshift = [REDSHIFT] if comparisons.has_redshifts(self.config, dataset) else []
        columns = self.config.models[dataset, model].columns
        return [*columns, *(name for name in redshift if name not in columns)]

    def measure_parts(self, dataset: str, who: str, measure: str) -> int:
        """Number of jobs that measure one stamps file."""
        measuring = self.config.datasets[dataset].measuring
        known = {"source": measuring.expected_count, "native": measuring.expected_count}
        count = (known | {"scored": measuring.expected_scored}).get(who, self.config.drawn(dataset))
        return math.ceil(count / self.config.measured[dataset, measure].chunk)

    def adds_noise(self, dataset: str, measure: str) -> bool:
        """Whether noise is added before this measure is taken."""
        return bool(getattr(self.config.measured[dataset, measure].settings, "adds_noise", False))

    def calibrates(self, dataset: str, measure: str) -> bool:
        """Whether that noise has to be found first."""
        return self.adds_noise(dataset, measure) and self.config.datasets[dataset].measuring.noise_sigma == "auto"

    def _band(self, dataset: str, entry: Measure) -> int:
        return self.config.datasets[dataset].measuring.band if entry.band is None else entry.band

    def _model_modules(self, family: str) -> tuple[str, ...]:
        return (families.module_name("models", family, "family"),)

    def _model_libraries(self, family: str) -> tuple[str, ...]:
        own = families.load("models", family, "settings").LIBRARIES
        return tuple(dict.fromkeys(("torch", "numpy", "h5py", *own)))

    def _measure_modules(self, entry: Measure, part: str) -> tuple[str, ...]:
        # A measure with several engines imports the chosen one by name.
        engine = getattr(entry.settings, "engine_module", None)
        return (families.module_name("measure", entry.family, part), *([engine] if engine else []))

    def _predictor(self, dataset: str, entry: Measure) -> tuple[str, ...]:
        """The module of the network that a measure is taken with, where the workflow trains it."""
        name = getattr(entry.settings, "model", None)
        return self._model_modules(self.config.models[dataset, name].family) if name else ()

    def _measure_libraries(self, entry: Measure) -> tuple[str, ...]:
        own = families.load("measure", entry.family, "settings").LIBRARIES
        return (*own, *getattr(entry.settings, "engine_libraries", ()))
