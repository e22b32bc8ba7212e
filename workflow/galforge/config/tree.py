"""The typed tree of a checked configuration: what runs on what, and what data sets, models and measures are."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from pydantic import Field

from galforge.compare.settings import CompareSettings
from galforge.config.declared import declared, optional
from galforge.config.report import ReportSettings
from galforge.datasets.settings import Subset
from galforge.measure.family import declared as declared_measure
from galforge.measure.settings import Measuring
from galforge.models.settings import ConditionSettings, NormalisationSettings
from galforge.sampling.settings import SamplingSettings
from galforge.settings import Settings
from galforge.snapshots.settings import SnapshotSettings
from galforge.studies.denoising.settings import BroughtDenoiser, DenoiserSettings, DenoisingSettings
from galforge.studies.realism.settings import RealismSettings
from galforge.training.settings import TrainingSettings

REDSHIFT = "redshift"
"""The column of a catalogue by which galaxies of different redshifts are told apart."""
FLUXLESS = ("display", "normalised")
"""Units of pixels that are no fluxes: levels of pictures, and stamps that were each scaled by themselves."""
SECTIONS: dict[str, type[Settings]] = {
    "sampling": SamplingSettings,
    "compare": CompareSettings,
    "report": ReportSettings,
    "realism": RealismSettings,
}
"""Sections of the configuration that are the settings of one class, by their keys."""


class Overall(Settings):
    """Keys at the top of the configuration."""

    name: str = "paper"
    """name of this configuration; results go to results/<name>/"""
    scale: str = "paper"
    """scale said on every table and page, such as paper or demo [text]"""
    track: str = ""
    """the track that this configuration follows, a file of config/tracks: what it fixes must not be changed; empty:
    none [name]"""
    raw: str = "data/raw"
    """folder of raw downloads, shared by all configurations [path]"""


class Run(Settings):
    """One entry of `run`: a model trained on a data set with some seeds."""

    dataset: str
    """a key of `datasets`"""
    model: str
    """a key of `models`"""
    seeds: list[int] = Field([0], min_length=1)
    """one training per seed [integers >= 0]"""
    overrides: dict[str, Any] = Field(default_factory=dict)
    """keys of the model that differ for this data set, as a tree"""
    denoise: list[str] = Field(default_factory=list)
    """kinds of networks (keys of `denoisers`) that the denoising study trains on its stamps; those with weights are
    brought, and are tested beside the others"""
    denoise_seeds: Literal["first", "all"] = "first"
    """seeds whose stamps the denoising study takes, each in a sweep of its own"""


@dataclass(frozen=True)
class Dataset:
    """A data set: its family, the family's settings, how its stamps are measured, and, of a part of another data set,
    which part."""

    family: str
    settings: Settings
    measuring: Measuring
    subset: Subset | None = None


@dataclass(frozen=True)
class Model:
    """A model: its family, the family's settings, normalisation, training, the choice of a snapshot, and conditions of
    its images."""

    family: str
    network: Settings
    normalisation: NormalisationSettings
    training: TrainingSettings
    conditions: ConditionSettings
    snapshot: SnapshotSettings

    @property
    def columns(self) -> list[str]:
        """Catalogue columns that the model is conditioned on; none for most."""
        return list(optional(self.network, "conditions"))


@dataclass(frozen=True)
class Measure:
    """A measure: its family, the family's settings, stamps per job, and the band; None is the band of the data set."""

    family: str
    settings: Settings
    chunk: int
    band: int | None

    @property
    def protocol(self) -> str:
        """The protocol; a measure without a published variant is corrected."""
        return optional(self.settings, "protocol")


@dataclass(frozen=True)
class Sweep:
    """One sweep of the denoising study: networks of one kind, trained on real galaxies and on those of one model.

    ``brought`` are kinds of networks that are shown beside them, ``alphas`` the shares of generated galaxies.
    ``several`` says whether other seeds are swept, too, and ``drawn`` whether it has figures and a part of the table of
    sweeps: that of the first seed has, unless it only shows what a longer training gains.
    """

    dataset: str
    model: str
    seed: int
    denoiser: str
    alphas: tuple[float, ...]
    brought: tuple[str, ...] = ()
    several: bool = False
    drawn: bool = True

    @property
    def who(self) -> str:
        """The model and seed whose galaxies are used, as in the paths of their samples."""
        return f"{self.model}-seed{self.seed}"

    @property
    def label(self) -> str:
        """The model in tables, with its seed where several are swept."""
        return self.who if self.several else self.model

    @property
    def name(self) -> str:
        """The name of the sweep, as in the paths of its figures."""
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
    denoisers: dict[str, DenoiserSettings | BroughtDenoiser]
    denoising: dict[str, DenoisingSettings]
    realism: RealismSettings

    def drawn(self, dataset: str) -> int:
        """Images that are drawn from each model of a data set."""
        return self.sampling.sparse_count if is_scored(self.datasets[dataset].family) else self.sampling.count

    @property
    def scored(self) -> list[str]:
        """Data sets that some run uses and whose images have scores of how real they look."""
        return [name for name in self.used_datasets if is_scored(self.datasets[name].family)]

    @property
    def used_datasets(self) -> list[str]:
        """Data sets that some run uses, in the order of the runs."""
        return list(dict.fromkeys(run.dataset for run in self.run))

    @property
    def made_datasets(self) -> list[str]:
        """Data sets whose stamps are made: those that some run uses, and those that images are only taken from."""
        taken = (run for run in self.run if is_taken(self.models[run.dataset, run.model].family))
        sources = (each for run in taken for each in self.models[run.dataset, run.model].network.sources)
        return list(dict.fromkeys([*self.used_datasets, *(source.dataset for source in sources)]))

    def taken(self, dataset: str) -> list[str]:
        """Measures that are taken of a data set, in their order."""
        return list(self._taken[dataset])

    @cached_property
    def _taken(self) -> dict[str, list[str]]:
        # Planning asks for each model, seed and table anew: two thousand times at the papers' scale, in every job.
        return {
            dataset: [name for name, measure in self.measures.items() if takes(entry, name, measure)]
            for dataset, entry in self.datasets.items()
        }

    @property
    def trainings(self) -> list[tuple[str, str, int]]:
        """(data set, model, seed) of every training: of the runs, and of the networks that measures use."""
        runs = [run for run in self.run if is_trained(self.models[run.dataset, run.model].family)]
        found = [(run.dataset, run.model, seed) for run in runs for seed in run.seeds]
        for (dataset, _), entry in self.measured.items():
            name = optional(entry.settings, "model")
            if (dataset, name) in self.models:
                found.append((dataset, name, entry.settings.seed))
        return list(dict.fromkeys(found))

    @property
    def sweeps(self) -> list[Sweep]:
        """The sweeps of the denoising study."""
        found = []
        for run in self.run:
            brought = tuple(name for name in run.denoise if isinstance(self.denoisers[name], BroughtDenoiser))
            trained = [name for name in run.denoise if name not in brought]
            seeds = run.seeds if run.denoise_seeds == "all" else run.seeds[:1]
            for place, seed in enumerate(seeds):
                for name in trained:
                    alphas = self._alphas(run.dataset, name, place)
                    drawn = place == 0 and not self.denoisers[name].only_real
                    found.append(
                        Sweep(run.dataset, run.model, seed, name, alphas, brought, several=len(seeds) > 1, drawn=drawn)
                    )
        return found

    def _alphas(self, dataset: str, denoiser: str, place: int) -> tuple[float, ...]:
        """Shares of generated galaxies of a kind of network, with galaxies of the seed of a place among those swept."""
        settings, own = self.denoising[dataset], self.denoisers[denoiser].alphas
        return tuple(own or (place and settings.other_seeds) or settings.alphas)


def downloadable(datasets: dict[str, Dataset], measures: dict[str, Measure]) -> dict[str, Any]:
    """Settings that may ask for a download, by their key in the configuration."""
    kinds = (("datasets", datasets), ("measures", measures))
    return {f"{kind}.{name}": entry.settings for kind, entries in kinds for name, entry in entries.items()}


def channels(settings: Any) -> int:
    """Channels of a data set's stamps: one per band, and one more where it codes the galaxies' sizes."""
    return len(settings.bands) + bool(optional(settings, "sides"))


def conditions_of(dataset: Dataset) -> tuple[str, ...]:
    """Catalogue columns of a data set's stamps that models can be conditioned on."""
    family = declared("datasets", dataset.family)
    return family.conditions_of(dataset.settings) if family.conditions_of else family.CONDITIONS


def takes(dataset: Dataset, name: str, measure: Measure) -> bool:
    """Whether a measure is taken of a data set: it is among those chosen, has the bands that it needs, and where pixels
    are no fluxes, it asks for none and has no published values, which are all of fluxes."""
    chosen = dataset.measuring.measures
    if chosen is not None and name not in chosen:
        return False
    if declared_measure(measure.family).several_bands and len(dataset.settings.bands) < 2:
        return False
    if optional(dataset.settings, "unit") not in FLUXLESS:
        return True
    return measure.protocol == "corrected" and not declared_measure(measure.family).fluxes


def is_native(family: str) -> bool:
    """Whether a family of data sets keeps its galaxies at their own size too."""
    return declared("datasets", family).NATIVE


def is_scored(family: str) -> bool:
    """Whether images of a family of data sets have scores of how real they look."""
    return declared("datasets", family).SCORED


def is_given(family: str) -> bool:
    """Whether a family's images were generated elsewhere and are read from files."""
    return declared("models", family).GIVEN


def is_taken(family: str) -> bool:
    """Whether a family's images are those of other data sets of the same configuration."""
    return declared("models", family).TAKEN


def is_trained(family: str) -> bool:
    """Whether models of a family are trained here: there are weights, a history, latent vectors and a cost."""
    return not (is_given(family) or is_taken(family))


def is_trainable(dataset: Dataset) -> bool:
    """Whether a data set has galaxies to train on: with a single fold all are held out."""
    folds = optional(dataset.settings, "folds")
    return folds is None or folds.of != 1


def view_of(family: str) -> str:
    """The view of a data set's images that a family of models is trained on; empty for the images themselves."""
    return declared("models", family).VIEW
