"""Checks of images that are taken from other data sets of the same configuration."""

import math
from collections.abc import Sequence
from typing import Any

from galforge.config.declared import optional
from galforge.config.problems import Problems
from galforge.config.tree import Dataset, Model, Run, conditions_of, is_scored, is_taken, is_trainable
from galforge.models.taken.settings import Source
from galforge.sampling.settings import SamplingSettings

ALIKE = (
    *("bands", "size", "unit", "rendering", "pixel_scale", "bin", "zero_point", "zero_points", "sides"),
    *("gain", "gains", "exposure_time_s", "exposure_times_s"),
)
"""Settings of a data set that must be those of the one that its stamps are compared with, where it has them."""
FREE = ("folds", "splits")
"""Settings in which data sets that hold the folds of the same galaxies may differ."""


def check_taken(
    problems: Problems,
    key: str,
    run: Run,
    runs: Sequence[Run],
    datasets: dict[str, Dataset],
    models: dict[tuple[str, str], Model],
    sampling: SamplingSettings,
) -> None:
    """Refuse sources that are not there, or that cannot be compared with a data set, as far as the configuration
    tells."""
    settings, dataset = models[run.dataset, run.model].network, datasets[run.dataset]
    if is_scored(dataset.family):
        problems.add(key, f"{run.dataset} has images with scores, whose generators compose them; name another data set")
        return
    before, place = len(problems.lines), f"models.{run.model}"
    for index, source in enumerate(settings.sources):
        _check_there(problems, f"{place}.sources[{index}]", source, run, runs, datasets, models)
    if len(problems.lines) > before:
        return
    if settings.of_models:
        _check_folds(problems, place, run, settings.sources, datasets)
        if settings.count > sampling.count:
            problems.add(
                f"{place}.count",
                f"{settings.count}: each source has {sampling.count} images (sampling.count); lower it, or draw more",
            )
        if run.denoise:
            problems.add(
                f"{key}.denoise",
                f"{run.model} joins models, each of which was trained on galaxies that denoisers are tested on; run "
                "the study on the data sets of its sources",
            )
        return
    if run.seeds != [0]:
        problems.add(f"{key}.seeds", f"{run.seeds}: {run.model} takes stamps, which have no seeds; leave the key out")
    for index, source in enumerate(settings.sources):
        _check_fresh(problems, f"{place}.sources[{index}]", run, dataset, source, datasets[source.dataset])
        made = _count(datasets[source.dataset])
        if made is not None and made < settings.count:
            problems.add(
                f"{place}.count", f"{settings.count}, but {source.dataset} is made of {made} galaxies: lower it"
            )


def _check_there(
    problems: Problems,
    key: str,
    source: Source,
    run: Run,
    runs: Sequence[Run],
    datasets: dict[str, Dataset],
    models: dict[tuple[str, str], Model],
) -> None:
    """Refuse a source that nothing makes."""
    if source.dataset not in datasets:
        problems.add(f"{key}.dataset", f"{source.dataset!r} is not described; there are {', '.join(sorted(datasets))}")
        return
    if not source.model:
        if source.dataset == run.dataset:
            problems.add(
                f"{key}.dataset",
                f"{source.dataset} is what {run.model} is compared with, so it would be compared with itself: name a "
                "data set of other galaxies",
            )
        return
    seeds = {
        seed for each in runs if (each.dataset, each.model) == (source.dataset, source.model) for seed in each.seeds
    }
    if not seeds:
        there = ", ".join(each.model for each in runs if each.dataset == source.dataset) or "none"
        problems.add(
            f"{key}.model",
            f"no run has {source.model!r} on {source.dataset} (its models: {there}): add it to run, or name another",
        )
        return
    if is_taken(models[source.dataset, source.model].family):
        problems.add(f"{key}.model", f"{source.model} is taken from elsewhere itself: name its sources")
    if missing := sorted(set(run.seeds) - seeds):
        problems.add(
            key,
            f"{source.model} on {source.dataset} has no seed {', '.join(map(str, missing))}, which {run.model} on "
            f"{run.dataset} asks for: give both the same seeds",
        )


def _check_fresh(problems: Problems, key: str, run: Run, dataset: Dataset, source: Source, other: Dataset) -> None:
    """Refuse stamps of another kind than those they are compared with, and such that show the same galaxies."""
    _check_alike(problems, key, run.dataset, dataset, source.dataset, other, ALIKE)
    if missing := [name for name in conditions_of(dataset) if name not in conditions_of(other)]:
        problems.add(
            key, f"{source.dataset} has no {', '.join(missing)} in its catalogue, but {run.dataset} has: add them"
        )
    seeds = drawn_by(dataset), drawn_by(other)
    if None not in seeds and seeds[0] == seeds[1]:
        problems.add(
            key,
            f"{source.dataset} and {run.dataset} draw the same galaxies, with the seed {seeds[0]}: give one of them "
            "another",
        )
    if run.denoise and None in seeds:
        problems.add(
            f"datasets.{source.dataset}",
            f"a denoiser must not be trained on galaxies that it is tested on; that those of {source.dataset} and "
            f"{run.dataset} are others is known only where both are drawn here (mocks, sersic): leave out denoise",
        )


def _check_folds(
    problems: Problems, key: str, run: Run, sources: Sequence[Source], datasets: dict[str, Dataset]
) -> None:
    """Make sure that joined models are judged by galaxies of which each was held out from one of them."""
    names = [source.dataset for source in sources]
    folds = [optional(datasets[name].settings, "folds") for name in names]
    if is_trainable(datasets[run.dataset]):
        problems.add(
            key,
            f"{run.model} joins models, each of which was trained on some galaxies of {run.dataset}, and copies are "
            f"looked for among training galaxies: say datasets.{run.dataset}.folds: {{of: 1}}, so that all count as "
            "held out (families cosmos and cutouts)",
        )
    if any(each is None or each.of < 2 for each in folds):
        problems.add(
            f"{key}.sources",
            f"{', '.join(names)}: models are joined whose data sets hold the folds of the same galaxies; say "
            "folds: {of: 3, fold: 0} and so on in each (families cosmos and cutouts)",
        )
        return
    number = folds[0].of
    if sorted((each.of, each.fold) for each in folds) != [(number, fold) for fold in range(number)]:
        said = "; ".join(f"{name}: {each.fold} of {each.of}" for name, each in zip(names, folds, strict=True))
        problems.add(f"{key}.sources", f"folds are {said}, but each of the same number must be there once")
    for name in names:
        same = [field for field in type(datasets[name].settings).model_fields if field not in FREE]
        _check_alike(problems, key, run.dataset, datasets[run.dataset], name, datasets[name], same)


def _check_alike(
    problems: Problems, key: str, name: str, dataset: Dataset, source: str, other: Dataset, fields: Sequence[str]
) -> None:
    """Refuse two data sets that differ in their family or in some of their settings."""
    if dataset.family != other.family:
        problems.add(key, f"{source} is of the family {other.family}, but {name} of {dataset.family}: name one alike")
        return
    for field in fields:
        mine, theirs = (getattr(each.settings, field, None) for each in (dataset, other))
        if mine != theirs:
            problems.add(
                f"datasets.{source}.{field}", f"{theirs!r}, but {name}, with which it is compared, has {mine!r}"
            )


def drawn_by(dataset: Dataset) -> Any:
    """The seed of the galaxies of a data set that is drawn here; None where they come from files."""
    source = optional(dataset.settings, "source")
    if source == "mock":
        return dataset.settings.mock.seed
    return None if source else getattr(dataset.settings, "seed", None)


def _count(dataset: Dataset) -> int | None:
    """Galaxies that are drawn for a data set; None where they come from files."""
    mocked = optional(dataset.settings, "source") == "mock"
    return getattr(dataset.settings.mock, "count", None) if mocked else optional(dataset.settings, "count")


def available(model: Model, sampling: SamplingSettings) -> float:
    """Images of a model that a study can take: those drawn or taken; infinite where only the files tell how many."""
    if not is_taken(model.family):
        return sampling.count
    return model.network.count * len(model.network.sources) or math.inf
