"""The whole configuration: composed from the sections that live with their stages, checked before anything runs.

Only the Snakefile and the tools around it import this module; jobs get their part of it as a spec.
"""

import re
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from galforge import families
from galforge.compare.settings import CompareSettings
from galforge.config_denoising import Study
from galforge.config_problems import Problems, merged
from galforge.downloads import downloads_of
from galforge.errors import GalforgeError
from galforge.measure.settings import MeasureEntry, Measuring
from galforge.report.settings import ReportSettings
from galforge.settings import Settings
from galforge.studies.denoising.settings import DenoiserSettings, DenoisingSettings
from galforge.training.settings import ConditionSettings, NormalisationSettings, SamplingSettings, TrainingSettings

NAME = re.compile(r"[a-z][a-z0-9_]*(-[a-z][a-z0-9_]*)*")
RESERVED = ("source", "native", "roundtrip")
"""Names that say whose stamps are measured or compared, and are not a model's."""


class ConfigError(GalforgeError):
    """The configuration cannot be used; the message lists every problem with its key."""


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


def parse(raw: dict[str, Any]) -> Config:
    """Check a configuration as Snakemake merged it, and compose its typed tree.

    Raises:
        ConfigError: one message with every wrong key, value, unit and impossible combination.
    """
    problems = Problems()
    raw = dict(raw)
    sections = {name: raw.pop(name, {}) for name in ("datasets", "models", "measures", "sampling", "compare", "report")}
    denoisers_raw, denoising_raw = raw.pop("denoisers", {}), raw.pop("denoising", {})
    runs_raw = raw.pop("run", [])
    overall = problems.parse(Overall, raw, "")
    if overall and not NAME.fullmatch(overall.name):
        problems.add("name", f"{overall.name!r} cannot name a folder here: {_NAME_RULE}")
    left_out: set[str] = set()
    for name in ("datasets", "models", "measures"):
        if isinstance(sections[name], dict):
            if name == "measures":
                left_out = {entry for entry, value in sections[name].items() if value is None}
            # An overlay cannot take an entry away: it sets it to null.
            sections[name] = {entry: value for entry, value in sections[name].items() if value is not None}
        if not isinstance(sections[name], dict) or not sections[name]:
            problems.add(name, "is empty or no section: describe at least one")
            sections[name] = {}
        for entry in sections[name]:
            taken = (*RESERVED, "real") if name == "models" else RESERVED
            if not NAME.fullmatch(str(entry)) or entry in taken:
                problems.add(f"{name}.{entry}", f"not a usable name: {_NAME_RULE}; {', '.join(taken)} are taken")
    datasets = {name: _dataset(problems, entry, f"datasets.{name}") for name, entry in sections["datasets"].items()}
    measures = {name: _measure(problems, entry, f"measures.{name}") for name, entry in sections["measures"].items()}
    for name, entry in sections["models"].items():
        _model(problems, entry, f"models.{name}")
    sampling = problems.parse(SamplingSettings, sections["sampling"], "sampling")
    compare = problems.parse(CompareSettings, sections["compare"], "compare")
    report = problems.parse(ReportSettings, sections["report"], "report")
    if not isinstance(runs_raw, list) or not runs_raw:
        problems.add("run", "is empty or no list: name at least one {dataset, model, seeds}")
        runs_raw = []
    runs = [problems.parse(Run, entry, f"run[{i}]") for i, entry in enumerate(runs_raw)]
    models: dict[tuple[str, str], Model] = {}
    measured: dict[tuple[str, str], Measure] = {}
    if not problems.lines:
        _check_measures(problems, measures)
        for name, dataset in datasets.items():
            key = f"datasets.{name}.measuring"
            # What a data set says of a measure that an overlay took away concerns nobody.
            for unknown in sorted(set(dataset.measuring.overrides) - set(measures) - left_out):
                there = ", ".join(sorted(measures))
                problems.add(f"{key}.overrides.{unknown}", f"no such measure; there are {there}")
            for unknown in sorted(set(dataset.measuring.measures or ()) - set(measures) - left_out):
                problems.add(f"{key}.measures", f"no measure {unknown}; there are {', '.join(sorted(measures))}")
            _check_overrides(problems, key, name, dataset, sections["measures"], measured)
        _check_downloads(problems, downloadable(datasets, measures))
        for i, run in enumerate(runs):
            _check_run(problems, f"run[{i}]", run, datasets, sections["models"], models)
    if not problems.lines:
        _check_predictors(problems, runs, datasets, sections["models"], measured, models)
    study = Study(problems, denoisers_raw, denoising_raw)
    if not problems.lines:
        for i, run in enumerate(runs):
            study.check(f"run[{i}]", run, datasets[run.dataset], models[run.dataset, run.model], sampling)
    if problems.lines:
        count = len(problems.lines)
        raise ConfigError(
            f"the configuration has {count} problem{'s' if count > 1 else ''} (config/README.md explains every key):\n"
            + "\n".join(f"  {line}" for line in problems.lines)
        )
    return Config(
        overall, datasets, models, measures, measured, sampling, compare, report, runs, study.denoisers, study.denoising
    )  # type: ignore[arg-type]


_NAME_RULE = "small letters, digits and _, parts joined by -, each beginning with a letter"


def _dataset(problems: Problems, entry: Any, key: str) -> Dataset | None:
    if not isinstance(entry, dict):
        problems.add(key, f"{entry!r} is not a section")
        return None
    rest = dict(entry)
    family, measuring = rest.pop("family", None), rest.pop("measuring", {})
    module = problems.family("datasets", family, "settings", key)
    settings = problems.parse(module.DatasetSettings, rest, key) if module else None
    parsed = problems.parse(Measuring, measuring, f"{key}.measuring")
    return Dataset(family, settings, parsed) if settings and parsed else None


def _measure(problems: Problems, entry: Any, key: str) -> Measure | None:
    if not isinstance(entry, dict):
        problems.add(key, f"{entry!r} is not a section")
        return None
    own = {name: entry[name] for name in MeasureEntry.model_fields if name in entry}
    common = problems.parse(MeasureEntry, own, key)
    module = problems.family("measure", entry.get("family"), "settings", key) if common else None
    rest = {name: value for name, value in entry.items() if name not in own}
    settings = problems.parse(module.MeasureSettings, rest, key) if module else None
    return Measure(common.family, settings, common.chunk, common.band) if common and settings else None


def _model(problems: Problems, entry: Any, key: str) -> Model | None:
    if not isinstance(entry, dict):
        problems.add(key, f"{entry!r} is not a section")
        return None
    parts = ["family", "network", "normalisation", "training", "conditions"]
    for name in sorted(set(entry) - set(parts)):
        problems.add(f"{key}.{name}", f"unknown key; a model has {', '.join(parts)}")
    module = problems.family("models", entry.get("family"), "settings", key)
    network = problems.parse(module.ModelSettings, entry.get("network", {}), f"{key}.network") if module else None
    normalisation = problems.parse(NormalisationSettings, entry.get("normalisation", {}), f"{key}.normalisation")
    training = problems.parse(TrainingSettings, entry.get("training", {}), f"{key}.training")
    conditions = problems.parse(ConditionSettings, entry.get("conditions", {}), f"{key}.conditions")
    if not (network and normalisation and training and conditions):
        return None
    model = Model(entry["family"], network, normalisation, training, conditions)
    if "conditions" in entry and not hasattr(network, "conditions"):
        problems.add(f"{key}.conditions", f"family {model.family} takes no conditions; leave this section out")
    if conditions.source == "uniform" and len(model.columns) > 1:
        problems.add(
            f"{key}.conditions.source",
            f"uniform is for one condition, not {', '.join(model.columns)}; take source: test",
        )
    check = getattr(module, "check_normalisation", None)
    if check is not None:
        try:
            check(network, normalisation.kind, normalisation.scale)
        except GalforgeError as error:
            problems.add(f"{key}.normalisation", str(error))
    return model


def _check_measures(problems: Problems, measures: dict[str, Measure]) -> None:
    """Comparisons find a measure by its family's name, and its published variant by a suffix.

    Between the two, a family of which several measures are taken may have a word of its own (``features-inception``).
    """
    for name, entry in measures.items():
        variant = name.removesuffix("-published")
        suffixed = variant != name
        if suffixed != (entry.protocol == "published") or not f"{variant}-".startswith(f"{entry.family}-"):
            right = f"{entry.family}-published" if entry.protocol == "published" else entry.family
            problems.add(
                f"measures.{name}", f"this variant of {entry.family} is called {right} (comparisons find it by name)"
            )


def _check_overrides(
    problems: Problems, key: str, name: str, dataset: Dataset, measures_raw: dict, measured: dict
) -> None:
    """Measures as they are taken of one data set."""
    overrides = dataset.measuring.overrides
    bands = getattr(dataset.settings, "bands", None)
    for measure, raw in measures_raw.items():
        changed = measure in overrides
        place = f"{key}.overrides.{measure}" if changed else f"measures.{measure}"
        entry = _measure(problems, merged(raw, overrides.get(measure, {})), place)
        if entry is None:
            continue
        if (entry.family, entry.protocol) != (raw["family"], _measure(Problems(), raw, "").protocol):
            problems.add(place, "family and protocol of a measure are the same for all data sets")
        measured[name, measure] = entry
        for where, band in ((f"{key}.band", dataset.measuring.band), (f"{place}.band", entry.band)):
            if bands is not None and band is not None and band >= len(bands):
                line = f"{where}: {band}: there are {len(bands)} bands, counted from 0"
                if line not in problems.lines:
                    problems.lines.append(line)


def _check_downloads(problems: Problems, entries: dict[str, Any]) -> None:
    """Downloads are kept under their file names, so two of one name must be the same file."""
    urls: dict[str, tuple[str, str]] = {}
    for key, settings in entries.items():
        for file, fetched in downloads_of(settings).items():
            other, url = urls.setdefault(file, (key, fetched["url"]))
            if url != fetched["url"]:
                problems.add(f"{key}.url", f"its file {file} has the name of that of {other}; fetch one by hand")


def _check_run(
    problems: Problems, key: str, run: Run, datasets: dict, models_raw: dict, models: dict[tuple[str, str], Model]
) -> None:
    for kind, name, known in (("dataset", run.dataset, datasets), ("model", run.model, models_raw)):
        if name not in known:
            problems.add(f"{key}.{kind}", f"{name!r} is not described; there are {', '.join(sorted(known))}")
            return
    if (run.dataset, run.model) in models:
        problems.add(key, f"{run.model} on {run.dataset} is named twice; put all its seeds into one entry")
    if len(set(run.seeds)) < len(run.seeds) or min(run.seeds) < 0:
        problems.add(f"{key}.seeds", f"{run.seeds}: seeds are different integers >= 0")
    model = _model(problems, merged(models_raw[run.model], run.overrides), f"{key}.overrides" if run.overrides else key)
    if model is None:
        return
    if getattr(families.load("models", model.family, "settings"), "PREDICTS", False):
        problems.add(f"{key}.model", f"{run.model} predicts and draws no images; measures name it (key `model`)")
        return
    models[run.dataset, run.model] = model
    there = getattr(families.load("datasets", datasets[run.dataset].family, "settings"), "CONDITIONS", ())
    if missing := [name for name in model.columns if name not in there]:
        right = f"choose among {', '.join(there)}" if there else "its stamps have none to choose"
        problems.add(
            f"{key}.model",
            f"{run.model} is conditioned on {', '.join(missing)} (its network.conditions), which {run.dataset} does "
            f"not have: {right}, or say overrides: {{network: {{conditions: []}}}}",
        )
    side = getattr(datasets[run.dataset].settings, "size", None)
    check = getattr(families.load("models", model.family, "settings"), "check_shape", None)
    if side is not None and check is not None:
        try:
            check(model.network, (channels(datasets[run.dataset].settings), side, side))
        except (GalforgeError, ValueError) as error:
            problems.add(key, f"{run.model} cannot be trained on {run.dataset}: {error}")


def _check_predictors(
    problems: Problems,
    runs: list[Run],
    datasets: dict[str, Dataset],
    models_raw: dict,
    measured: dict[tuple[str, str], Measure],
    models: dict[tuple[str, str], Model],
) -> None:
    """Networks that measures are taken with are trained on every data set that runs and has what they predict."""
    used = list(dict.fromkeys(run.dataset for run in runs))
    for (dataset, measure), entry in measured.items():
        name = getattr(entry.settings, "model", None)
        chosen = datasets[dataset].measuring.measures
        if name is None or dataset not in used or (chosen is not None and measure not in chosen):
            continue
        columns = getattr(families.load("datasets", datasets[dataset].family, "settings"), "CONDITIONS", ())
        if entry.family not in columns:
            continue
        key = f"measures.{measure}.model"
        if name not in models_raw:
            problems.add(key, f"{name!r} is not described; there are {', '.join(sorted(models_raw))}")
            continue
        model = _model(problems, models_raw[name], f"models.{name}")
        if model is None:
            continue
        module = families.load("models", model.family, "settings")
        if not getattr(module, "PREDICTS", False):
            problems.add(key, f"{name} draws images and predicts nothing; name a model of the family redshift_cnn")
            continue
        try:
            settings = datasets[dataset].settings
            module.check_shape(model.network, (channels(settings), settings.size, settings.size))
        except GalforgeError as error:
            problems.add(key, f"{name} cannot be trained on {dataset}: {error}")
        models[dataset, name] = model


def downloadable(datasets: dict[str, Dataset], measures: dict[str, Measure]) -> dict[str, Any]:
    """Settings that may ask for a download, by their key in the configuration."""
    return {f"datasets.{name}": entry.settings for name, entry in datasets.items()} | {
        f"measures.{name}": entry.settings for name, entry in measures.items()
    }


def channels(settings: Any) -> int:
    """Channels of a data set's stamps: one per band, and one more where it codes the galaxies' sizes."""
    return len(settings.bands) + bool(getattr(settings, "sides", ()))


def is_native(family: str) -> bool:
    """Whether a family of data sets keeps its galaxies at their own size too."""
    return bool(getattr(families.load("datasets", family, "settings"), "NATIVE", False))
