"""The typed tree of a checked configuration: what runs on what, and what data sets, models and measures are."""

from dataclasses import dataclass
from typing import Any

from pydantic import Field

from galforge import families
from galforge.compare.settings import CompareSettings
from galforge.measure.settings import Measuring
from galforge.models.settings import ConditionSettings, NormalisationSettings
from galforge.report.settings import ReportSettings
from galforge.sampling.settings import SamplingSettings
from galforge.settings import Settings
from galforge.studies.denoising.settings import DenoiserSettings, DenoisingSettings
from galforge.studies.realism.settings import RealismSettings
from galforge.training.settings import TrainingSettings


class Overall(Settings):
    """Keys at the top of the configuration."""

    name: str = Field("paper", description="name of this configuration; results go to results/<name>/")
    scale: str = Field("paper", description="scale said on every table and page, such as paper or demo [text]")
    raw: str = Field("data/raw", description="folder of raw downloads, shared by all configurations [path]")


class Run(Settings):
    """One entry of `run`: a model trained on a data set with some seeds."""

    dataset: str = Field(description="a key of `datasets`")
    model: str = Field(description="a key of `models`")
    seeds: list[int] = Field([0], min_length=1, description="one training per seed [integers >= 0]")
    overrides: dict[str, Any] = Field(
        default_factory=dict, description="keys of the model that differ for this data set, as a tree"
    )
    denoise: list[str] = Field(
        default_factory=list,
        description="kinds of networks (keys of `denoisers`) that the denoising study trains on its stamps of the "
        "first seed",
    )


@dataclass(frozen=True)
class Dataset:
    """A data set: its family, the family's settings, and how its stamps are measured."""

    family: str
    settings: Settings
    measuring: Measuring


@dataclass(frozen=True)
class Model:
    """A model: its family, the family's settings, normalisation and training, and what it is asked for."""

    family: str
    network: Settings
    normalisation: NormalisationSettings
    training: TrainingSettings
    conditions: ConditionSettings

    @property
    def columns(self) -> list[str]:
        """Catalogue columns that the model is conditioned on; none for most."""
        return list(getattr(self.network, "conditions", ()))


@dataclass(frozen=True)
class Measure:
    """A measure: its family, the family's settings, the stamps per job, and the band where it is not the data set's."""

    family: str
    settings: Settings
    chunk: int
    band: int | None

    @property
    def protocol(self) -> str:
        """The protocol of a measure; one without a published method is corrected."""
        return getattr(self.settings, "protocol", "corrected")


@dataclass(frozen=True)
class Sweep:
    """One sweep of the denoising study: networks of one kind, trained on real galaxies and on those of one model."""

    dataset: str
    model: str
    seed: int
    denoiser: str

    @property
    def who(self) -> str:
        """Whose generated galaxies, as samples are filed."""
        return f"{self.model}-seed{self.seed}"

    @property
    def name(self) -> str:
        """The name of the sweep, as figures are filed."""
        return f"{self.dataset}-{self.who}-{self.denoiser}"


@dataclass(frozen=True)
class Config:
    """The configuration, checked.

    ``models`` holds one entry per (data set, model) that runs, ``measured`` one per (data set, measure), and
    ``denoising`` one per data set with a sweep, overrides applied.
    """

    overall: Overall
    datasets: dict[str, Dataset]
    models: dict[tuple[str, str], Model]
    measures: dict[str, Measure]
    measured: dict[tuple[str, str], Measure]
    sampling: SamplingSettings
    compare: CompareSettings
    report: ReportSettings
    run: list[Run]
    denoisers: dict[str, DenoiserSettings]
    denoising: dict[str, DenoisingSettings]
    realism: RealismSettings

    def drawn(self, dataset: str) -> int:
        """Images that are drawn from each model of a data set."""
        sparse = is_scored(self.datasets[dataset].family)
        return self.sampling.sparse_count if sparse else self.sampling.count

    @property
    def scored(self) -> list[str]:
        """Data sets that some run uses and whose images have scores of how real they look."""
        return [name for name in self.used_datasets if is_scored(self.datasets[name].family)]

    @property
    def used_datasets(self) -> list[str]:
        """Data sets that some run uses, in the order of the runs."""
        return list(dict.fromkeys(run.dataset for run in self.run))

    def taken(self, dataset: str) -> list[str]:
        """Measures that are taken of a data set, in their order."""
        chosen = self.datasets[dataset].measuring.measures
        return [name for name in self.measures if chosen is None or name in chosen]

    @property
    def trainings(self) -> list[tuple[str, str, int]]:
        """(data set, model, seed) of every training: those of the runs, and networks that measures are taken with."""
        found = [(run.dataset, run.model, seed) for run in self.run for seed in run.seeds]
        for (dataset, _), entry in self.measured.items():
            name = getattr(entry.settings, "model", None)
            if (dataset, name) in self.models:
                found.append((dataset, name, entry.settings.seed))
        return list(dict.fromkeys(found))

    @property
    def sweeps(self) -> list[Sweep]:
        """The sweeps of the denoising study."""
        return [Sweep(run.dataset, run.model, run.seeds[0], name) for run in self.run for name in run.denoise]


def downloadable(datasets: dict[str, Dataset], measures: dict[str, Measure]) -> dict[str, Any]:
    """Settings that may ask for a download, by their key in the configuration."""
    return {f"datasets.{name}": entry.settings for name, entry in datasets.items()} | {
        f"measures.{name}": entry.settings for name, entry in measures.items()
    }


def channels(settings: Any) -> int:
    """Channels of a data set's stamps: one per band, and one more where it codes the galaxies' sizes."""
    return len(settings.bands) + bool(getattr(settings, "sides", ()))


def conditions_of(dataset: Dataset) -> tuple[str, ...]:
    """Catalogue columns of a data set's stamps that models can be conditioned on."""
    module = families.load("datasets", dataset.family, "settings")
    own = getattr(module, "conditions_of", None)
    return own(dataset.settings) if own else getattr(module, "CONDITIONS", ())


def is_native(family: str) -> bool:
    """Whether a family of data sets keeps its galaxies at their own size too."""
    return bool(getattr(families.load("datasets", family, "settings"), "NATIVE", False))


def is_scored(family: str) -> bool:
    """Whether images of a family of data sets have scores of how real they look."""
    return bool(getattr(families.load("datasets", family, "settings"), "SCORED", False))


def view_of(family: str) -> str:
    """The view of a data set's images that a family of models is trained on; empty where it is the images."""
    return getattr(families.load("models", family, "settings"), "VIEW", "")
