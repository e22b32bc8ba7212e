"""Readers of the entries of the configuration, and checks of what the sections ask of each other."""

from typing import Any

from galforge.config.declared import declared, optional
from galforge.config.given import check_given, read_untrained
from galforge.config.problems import Problems, merged
from galforge.config.tree import (
    REDSHIFT,
    Dataset,
    Measure,
    Model,
    Run,
    channels,
    conditions_of,
    is_given,
    is_scored,
    is_trainable,
    is_trained,
    takes,
    view_of,
)
from galforge.datasets.settings import Subset
from galforge.download.wanted import downloads_of
from galforge.measure.settings import MeasureEntry, Measuring
from galforge.models.settings import ConditionSettings, NormalisationSettings
from galforge.snapshots.settings import SnapshotSettings
from galforge.studies.realism.settings import MEASURES, TEXTURE, RealismSettings
from galforge.training.settings import TrainingSettings


def read_dataset(problems: Problems, entry: dict[str, Any], key: str) -> Dataset | None:
    """An entry of `datasets`; None where it has problems."""
    module = problems.family("datasets", entry, key)
    part = {name: entry[name] for name in Subset.model_fields if name in entry}
    subset = problems.parse(Subset, part, key) if "subset_of" in part else None
    own = ("family", "measuring", *(part if subset else ()))
    rest = {name: value for name, value in entry.items() if name not in own}
    settings = problems.parse(module.DatasetSettings, rest, key) if module else None
    measuring = problems.parse(Measuring, entry.get("measuring", {}), f"{key}.measuring")
    if settings and measuring and (check := getattr(module, "check_measuring", None)):
        with problems.caught(key):
            check(settings, measuring.band)
    return Dataset(entry["family"], settings, measuring, subset) if settings and measuring else None


def read_measure(problems: Problems, entry: dict[str, Any], key: str) -> Measure | None:
    """An entry of `measures`; None where it has problems."""
    own = {name: entry[name] for name in MeasureEntry.model_fields if name in entry}
    common = problems.parse(MeasureEntry, own, key)
    module = problems.family("measure", entry, key) if common else None
    rest = {name: value for name, value in entry.items() if name not in own}
    settings = problems.parse(module.MeasureSettings, rest, key) if module else None
    return Measure(common.family, settings, common.chunk, common.band) if common and settings else None


def read_model(problems: Problems, entry: dict[str, Any], key: str) -> Model | None:
    """An entry of `models`; None where it has problems that hide others."""
    module = problems.family("models", entry, key)
    if module and not is_trained(entry["family"]):
        return read_untrained(problems, entry, key, module.ModelSettings)
    kinds = {
        "network": module.ModelSettings if module else None,
        "normalisation": NormalisationSettings,
        "training": TrainingSettings,
        "conditions": ConditionSettings,
        "snapshot": SnapshotSettings,
    }
    for name in sorted(set(entry) - {"family", *kinds}):
        problems.add(f"{key}.{name}", f"unknown key; a model has {', '.join(('family', *kinds))}")
    parts = {
        name: problems.parse(kind, entry.get(name, {}), f"{key}.{name}") if kind else None
        for name, kind in kinds.items()
    }
    if not all(parts.values()):
        return None
    model = Model(entry["family"], **parts)
    if "conditions" in entry and not hasattr(model.network, "conditions"):
        problems.add(f"{key}.conditions", f"family {model.family} takes no conditions; leave this section out")
    if model.conditions.source == "uniform" and len(model.columns) > 1:
        problems.add(
            f"{key}.conditions.source",
            f"uniform is for one condition, not {', '.join(model.columns)}; take source: test",
        )
    _check_limits(problems, key, model)
    if check := declared("models", model.family).check_normalisation:
        with problems.caught(f"{key}.normalisation"):
            check(model.network, model.normalisation.kind, model.normalisation.scale)
    return model


READERS = {"datasets": read_dataset, "models": read_model, "measures": read_measure}
"""Sections with named entries, and the reader of an entry."""


def _check_limits(problems: Problems, key: str, model: Model) -> None:
    """Refuse default limits of uniform conditions other than redshift: the defaults are redshifts.

    The complete configuration file gives the defaults as values, so limits that equal them count as not given.
    """
    conditions, limits = model.conditions, ("low", "high")
    if conditions.source != "uniform" or len(model.columns) != 1 or model.columns == [REDSHIFT]:
        return
    usual = all(getattr(conditions, name) == ConditionSettings.model_fields[name].default for name in limits)
    if usual or not conditions.model_fields_set.issuperset(limits):
        problems.add(
            f"{key}.conditions",
            f"with source: uniform say both low and high of {model.columns[0]}, whose defaults are redshifts "
            f"({conditions.low:g} to {conditions.high:g} now)",
        )


def check_measures(problems: Problems, measures: dict[str, Measure]) -> None:
    """Check names: comparisons find a measure by its family's name, and its published variant by a suffix.

    Where several measures of one family are taken, each may have a word of its own in between
    (``features-inception-published``).
    """
    for name, entry in measures.items():
        variant = name.removesuffix("-published")
        published = entry.protocol == "published"
        if (variant != name) != published or not f"{variant}-".startswith(f"{entry.family}-"):
            right = entry.family + "-published" * published
            problems.add(
                f"measures.{name}", f"this variant of {entry.family} is called {right} (comparisons find it by name)"
            )


def check_overrides(
    problems: Problems, name: str, dataset: Dataset, measures_raw: dict, known: set[str], measured: dict
) -> None:
    """Read all measures as they are taken of one data set, and put them into ``measured`` by (data set, measure).

    Overrides of a measure that an overlay removed (it is in ``known``, but not in ``measures_raw``) are ignored.
    """
    key, there = f"datasets.{name}.measuring", ", ".join(sorted(measures_raw))
    overrides, bands = dataset.measuring.overrides, dataset.settings.bands
    for unknown in sorted(set(overrides) - known):
        problems.add(f"{key}.overrides.{unknown}", f"no such measure; there are {there}")
    if len(given := dataset.measuring.psf_fwhm) not in (0, 1, len(bands)):
        problems.add(
            f"{key}.psf_fwhm", f"{len(given)} values for {len(bands)} bands; give one for each, or one for all"
        )
    for unknown in sorted(set(dataset.measuring.measures or ()) - known):
        problems.add(f"{key}.measures", f"no measure {unknown}; there are {there}")
    for measure, raw in measures_raw.items():
        over = overrides.get(measure, {})
        place = f"{key}.overrides.{measure}" if measure in overrides else f"measures.{measure}"
        if not isinstance(over, dict):
            problems.add(place, f"{over!r} is not a section")
        elif entry := read_measure(problems, merged(raw, over), place):
            if (entry.family, entry.protocol) != (raw["family"], read_measure(Problems(), raw, "").protocol):
                problems.add(place, "family and protocol of a measure are the same for all data sets")
            measured[name, measure] = entry
            for where, band in ((f"{key}.band", dataset.measuring.band), (f"{place}.band", entry.band)):
                if band is not None and band >= len(bands):
                    problems.add(where, f"{band}: there are {len(bands)} bands, counted from 0")


def check_downloads(problems: Problems, entries: dict[str, Any]) -> None:
    """Refuse two downloads of one file name from different addresses: they are kept under their file names."""
    urls: dict[str, tuple[str, str]] = {}
    for key, settings in entries.items():
        for file, fetched in downloads_of(settings).items():
            other, url = urls.setdefault(file, (key, fetched["url"]))
            if url != fetched["url"]:
                problems.add(f"{key}.url", f"its file {file} has the name of that of {other}; fetch one by hand")


def check_run(
    problems: Problems, key: str, run: Run, datasets: dict, models_raw: dict, models: dict[tuple[str, str], Model]
) -> None:
    """Check an entry of `run`, and put its model, with the overrides, into ``models`` by (data set, model)."""
    for kind, name, known in (("dataset", run.dataset, datasets), ("model", run.model, models_raw)):
        if name not in known:
            problems.add(f"{key}.{kind}", f"{name!r} is not described; there are {', '.join(sorted(known))}")
            return
    if (run.dataset, run.model) in models:
        problems.add(key, f"{run.model} on {run.dataset} is named twice; put all its seeds into one entry")
    if len(set(run.seeds)) < len(run.seeds) or min(run.seeds) < 0:
        problems.add(f"{key}.seeds", f"{run.seeds}: seeds are different integers >= 0")
    place = f"{key}.overrides" if run.overrides else key
    model = read_model(problems, merged(models_raw[run.model], run.overrides), place)
    if model is None:
        return
    if declared("models", model.family).PREDICTS:
        problems.add(f"{key}.model", f"{run.model} predicts and draws no images; measures name it (key `model`)")
        return
    dataset = datasets[run.dataset]
    models[run.dataset, run.model] = model
    if not is_trainable(dataset) and (is_trained(model.family) or run.denoise):
        problems.add(
            f"{key}.dataset",
            f"{run.dataset} has all galaxies in its test split (folds: {{of: 1}}), so nothing can be trained on it: "
            "name a data set with more folds, or without",
        )
    if is_given(model.family):
        check_given(problems, key, run, model, dataset)
    if not is_trained(model.family):
        return
    _check_conditions(problems, f"{key}.model", run, model, dataset)
    shape = _view_shape(problems, key, run, model, dataset)
    check = declared("models", model.family).check_shape
    if check and shape:
        with problems.caught(key, f"{run.model} cannot be trained on {run.dataset}: "):
            check(model.network, shape)


def _check_conditions(problems: Problems, key: str, run: Run, model: Model, dataset: Dataset) -> None:
    """Refuse conditions that a data set lacks, that hide its redshifts, or that augmentation makes wrong."""
    there = conditions_of(dataset)
    if model.columns and model.conditions.source == "uniform" and REDSHIFT in there and REDSHIFT not in model.columns:
        problems.add(
            key,
            f"{run.model} is asked for {', '.join(model.columns)} between low and high, with which no redshift of "
            f"{run.dataset} goes, so that its images could not be compared by redshift: say conditions: "
            "{source: test}, or condition it on redshift",
        )
    if missing := [name for name in model.columns if name not in there]:
        right = f"choose among {', '.join(there)}" if there else "its stamps have none to choose"
        problems.add(
            key,
            f"{run.model} is conditioned on {', '.join(missing)} (its network.conditions), which {run.dataset} does "
            f"not have: {right}, or say overrides: {{network: {{conditions: []}}}}",
        )
    oriented = declared("datasets", dataset.family).ORIENTED
    if model.training.augmentation and (turned := [name for name in model.columns if name in oriented]):
        problems.add(
            key,
            f"{run.model} is conditioned on {', '.join(turned)}, but training.augmentation turns and mirrors images of "
            f"{run.dataset} and leaves these values as they are: say training: {{augmentation: false}}",
        )


def _view_shape(problems: Problems, key: str, run: Run, model: Model, dataset: Dataset) -> tuple[int, int, int] | None:
    """Shape of what a model is trained on: the data set's images, or a view of them; None without such a view."""
    view, side = view_of(model.family), dataset.settings.size
    if not view:
        return channels(dataset.settings), side, side
    shapes = declared("datasets", dataset.family).VIEWS
    if view not in shapes:
        problems.add(
            f"{key}.model",
            f"{run.model} is trained on {view} of sparse images, which {run.dataset} does not have: name a data set of "
            "the family sparse",
        )
        return None
    if model.network.size != side:
        problems.add(
            key, f"{run.model} composes images of {model.network.size} px (its network.size), {run.dataset} has {side}"
        )
    if view == "parts" and model.training.augmentation:
        problems.add(
            key,
            f"{run.model} learns the positions of galaxies in an image, which are not turned with it: say training: "
            "{augmentation: false}",
        )
    return shapes[view]


def check_predictors(
    problems: Problems,
    runs: list[Run],
    datasets: dict[str, Dataset],
    models_raw: dict,
    measured: dict[tuple[str, str], Measure],
    models: dict[tuple[str, str], Model],
) -> None:
    """Check the networks that measures use, and put them into ``models``.

    Each is trained on every data set that runs and has what it predicts.
    """
    used = {run.dataset for run in runs}
    for (name, measure), entry in measured.items():
        predictor, dataset = optional(entry.settings, "model"), datasets[name]
        taken = name in used and takes(dataset, measure, entry) and entry.family in conditions_of(dataset)
        if predictor is None or not taken:
            continue
        key = f"measures.{measure}.model"
        if predictor not in models_raw:
            problems.add(key, f"{predictor!r} is not described; there are {', '.join(sorted(models_raw))}")
            continue
        model = read_model(problems, models_raw[predictor], f"models.{predictor}")
        if model is None:
            continue
        family = declared("models", model.family)
        if not family.PREDICTS:
            problems.add(key, f"{predictor} draws images and predicts nothing; name a model of the family redshift_cnn")
            continue
        if not is_trainable(dataset):
            problems.add(
                key,
                f"{predictor} cannot be trained on {name}, all of whose galaxies are in its test split (folds: {{of: "
                f"1}}): leave {measure} out of datasets.{name}.measuring.measures",
            )
        if model.snapshot.by:
            problems.add(f"models.{predictor}.snapshot", f"{predictor} draws no images to score: leave it out")
        with problems.caught(key, f"{predictor} cannot be trained on {name}: "):
            family.check_shape(model.network, (channels(dataset.settings), *[dataset.settings.size] * 2))
        models[name, predictor] = model


def check_scored(
    problems: Problems,
    runs: list[Run],
    datasets: dict[str, Dataset],
    measured: dict[tuple[str, str], Measure],
    realism: RealismSettings,
) -> None:
    """Data sets whose images have scores need the measures that scorers read, taken of fields of their images' size."""
    textured = any(set(name.partition("-")[2].split("_")) & set(TEXTURE) for name in realism.scorers)
    for name in dict.fromkeys(run.dataset for run in runs):
        if not is_scored(datasets[name].family):
            continue
        side = datasets[name].settings.size
        for measure in MEASURES if textured else MEASURES[:1]:
            if (name, measure) not in measured or not takes(datasets[name], measure, measured[name, measure]):
                problems.add(
                    f"datasets.{name}.measuring.measures",
                    f"scorers of realism need the measure {measure}; add it, or leave out the scorers that do",
                )
            elif (found := measured[name, measure].settings.size) != side:
                problems.add(f"measures.{measure}.size", f"{found} px, but the images of {name} have {side} px")
