"""Sections of the configuration, read one by one, and whether what they ask of each other is there."""

from typing import Any

from galforge import families
from galforge.config.problems import Problems, merged
from galforge.config.tree import Dataset, Measure, Model, Run, channels, conditions_of, is_scored, view_of
from galforge.download.wanted import downloads_of
from galforge.errors import GalforgeError
from galforge.measure.settings import MeasureEntry, Measuring
from galforge.models.settings import ConditionSettings, NormalisationSettings
from galforge.plan.comparisons import REDSHIFT
from galforge.studies.realism.settings import MEASURES, TEXTURE, RealismSettings
from galforge.training.settings import TrainingSettings


def read_dataset(problems: Problems, entry: Any, key: str) -> Dataset | None:
    if not isinstance(entry, dict):
        problems.add(key, f"{entry!r} is not a section")
        return None
    rest = dict(entry)
    family, measuring = rest.pop("family", None), rest.pop("measuring", {})
    module = problems.family("datasets", family, "settings", key)
    settings = problems.parse(module.DatasetSettings, rest, key) if module else None
    parsed = problems.parse(Measuring, measuring, f"{key}.measuring")
    return Dataset(family, settings, parsed) if settings and parsed else None


def read_measure(problems: Problems, entry: Any, key: str) -> Measure | None:
    if not isinstance(entry, dict):
        problems.add(key, f"{entry!r} is not a section")
        return None
    own = {name: entry[name] for name in MeasureEntry.model_fields if name in entry}
    common = problems.parse(MeasureEntry, own, key)
    module = problems.family("measure", entry.get("family"), "settings", key) if common else None
    rest = {name: value for name, value in entry.items() if name not in own}
    settings = problems.parse(module.MeasureSettings, rest, key) if module else None
    return Measure(common.family, settings, common.chunk, common.band) if common and settings else None


def read_model(problems: Problems, entry: Any, key: str) -> Model | None:
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
    _check_limits(problems, key, model)
    check = getattr(module, "check_normalisation", None)
    if check is not None:
        try:
            check(network, normalisation.kind, normalisation.scale)
        except GalforgeError as error:
            problems.add(f"{key}.normalisation", str(error))
    return model


def _check_limits(problems: Problems, key: str, model: Model) -> None:
    """Limits of uniform conditions are redshifts where nothing is said, and in the complete configuration file."""
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


def check_overrides(
    problems: Problems, key: str, name: str, dataset: Dataset, measures_raw: dict, measured: dict
) -> None:
    """Measures as they are taken of one data set."""
    overrides = dataset.measuring.overrides
    bands = getattr(dataset.settings, "bands", None)
    for measure, raw in measures_raw.items():
        changed = measure in overrides
        place = f"{key}.overrides.{measure}" if changed else f"measures.{measure}"
        entry = read_measure(problems, merged(raw, overrides.get(measure, {})), place)
        if entry is None:
            continue
        if (entry.family, entry.protocol) != (raw["family"], read_measure(Problems(), raw, "").protocol):
            problems.add(place, "family and protocol of a measure are the same for all data sets")
        measured[name, measure] = entry
        for where, band in ((f"{key}.band", dataset.measuring.band), (f"{place}.band", entry.band)):
            if bands is not None and band is not None and band >= len(bands):
                line = f"{where}: {band}: there are {len(bands)} bands, counted from 0"
                if line not in problems.lines:
                    problems.lines.append(line)


def check_downloads(problems: Problems, entries: dict[str, Any]) -> None:
    """Downloads are kept under their file names, so two of one name must be the same file."""
    urls: dict[str, tuple[str, str]] = {}
    for key, settings in entries.items():
        for file, fetched in downloads_of(settings).items():
            other, url = urls.setdefault(file, (key, fetched["url"]))
            if url != fetched["url"]:
                problems.add(f"{key}.url", f"its file {file} has the name of that of {other}; fetch one by hand")


def check_run(
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
    model = read_model(
        problems, merged(models_raw[run.model], run.overrides), f"{key}.overrides" if run.overrides else key
    )
    if model is None:
        return
    if getattr(families.load("models", model.family, "settings"), "PREDICTS", False):
        problems.add(f"{key}.model", f"{run.model} predicts and draws no images; measures name it (key `model`)")
        return
    models[run.dataset, run.model] = model
    there = conditions_of(datasets[run.dataset])
    if model.columns and model.conditions.source == "uniform" and REDSHIFT in there and REDSHIFT not in model.columns:
        problems.add(
            f"{key}.model",
            f"{run.model} is asked for {', '.join(model.columns)} between low and high, with which no redshift of "
            f"{run.dataset} goes, so that its images could not be compared by redshift: say conditions: "
            "{source: test}, or condition it on redshift",
        )
    if missing := [name for name in model.columns if name not in there]:
        right = f"choose among {', '.join(there)}" if there else "its stamps have none to choose"
        problems.add(
            f"{key}.model",
            f"{run.model} is conditioned on {', '.join(missing)} (its network.conditions), which {run.dataset} does "
            f"not have: {right}, or say overrides: {{network: {{conditions: []}}}}",
        )
    _check_orientation(problems, key, run, model, datasets[run.dataset])
    side = getattr(datasets[run.dataset].settings, "size", None)
    check = getattr(families.load("models", model.family, "settings"), "check_shape", None)
    shape = _view_shape(problems, key, run, model, datasets[run.dataset])
    if side is not None and check is not None and shape is not None:
        try:
            check(model.network, shape)
        except (GalforgeError, ValueError) as error:
            problems.add(key, f"{run.model} cannot be trained on {run.dataset}: {error}")


def _check_orientation(problems: Problems, key: str, run: Run, model: Model, dataset: Dataset) -> None:
    """Refuse conditions that would be wrong for the turned and mirrored images that a model is trained on."""
    oriented = getattr(families.load("datasets", dataset.family, "settings"), "ORIENTED", ())
    if model.training.augmentation and (turned := [name for name in model.columns if name in oriented]):
        problems.add(
            f"{key}.model",
            f"{run.model} is conditioned on {', '.join(turned)}, but training.augmentation turns and mirrors images of "
            f"{run.dataset} and not what is told of them: say training: {{augmentation: false}}",
        )


def _view_shape(problems: Problems, key: str, run: Run, model: Model, dataset: Dataset) -> tuple[int, int, int] | None:
    """Shape of what a model is trained on: the data set's images, or a view of them; None where it has none such."""
    view, side = view_of(model.family), getattr(dataset.settings, "size", 0)
    if not view:
        return channels(dataset.settings), side, side
    shapes = getattr(families.load("datasets", dataset.family, "settings"), "VIEWS", {})
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
            f"{run.model} learns where in an image galaxies are, which turned grids of positions do not say: say "
            "training: {augmentation: false}",
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
    """Networks that measures are taken with are trained on every data set that runs and has what they predict."""
    used = list(dict.fromkeys(run.dataset for run in runs))
    for (dataset, measure), entry in measured.items():
        name = getattr(entry.settings, "model", None)
        chosen = datasets[dataset].measuring.measures
        if name is None or dataset not in used or (chosen is not None and measure not in chosen):
            continue
        if entry.family not in conditions_of(datasets[dataset]):
            continue
        key = f"measures.{measure}.model"
        if name not in models_raw:
            problems.add(key, f"{name!r} is not described; there are {', '.join(sorted(models_raw))}")
            continue
        model = read_model(problems, models_raw[name], f"models.{name}")
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


def check_scored(
    problems: Problems,
    runs: list[Run],
    datasets: dict[str, Dataset],
    measured: dict[tuple[str, str], Measure],
    realism: RealismSettings,
) -> None:
    """Data sets whose images have scores need the measures that scorers read, of fields of their images' size."""
    textured = any(set(name.partition("-")[2].split("_")) & set(TEXTURE) for name in realism.scorers)
    for name in dict.fromkeys(run.dataset for run in runs):
        if not is_scored(datasets[name].family):
            continue
        chosen, side = datasets[name].measuring.measures, datasets[name].settings.size
        for measure in MEASURES if textured else MEASURES[:1]:
            if (name, measure) not in measured or (chosen is not None and measure not in chosen):
                problems.add(
                    f"datasets.{name}.measuring.measures",
                    f"scorers of realism need the measure {measure}; add it, or leave out the scorers that do",
                )
            elif (found := measured[name, measure].settings.size) != side:
                problems.add(f"measures.{measure}.size", f"{found} px, but the images of {name} have {side} px")
