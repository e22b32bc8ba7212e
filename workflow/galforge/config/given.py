"""Checks of images that somebody generated elsewhere: what they say of themselves against what the data set says."""

from typing import Any

from galforge.config.declared import optional
from galforge.config.problems import Problems
from galforge.config.tree import FLUXLESS, Dataset, Model, Run, conditions_of, is_given, is_scored
from galforge.models.settings import ConditionSettings, NormalisationSettings
from galforge.settings import Settings
from galforge.snapshots.settings import SnapshotSettings
from galforge.training.settings import TrainingSettings

UNTRAINED = ("network", "normalisation", "training", "conditions", "snapshot")
"""Sections that a model which is not trained does not have: its keys stand in the entry itself."""
FEWEST_ALIKE = 1e-3
"""Relative difference of pixel scales up to which they are called equal."""


def read_untrained(problems: Problems, entry: dict[str, Any], key: str, kind: type[Settings]) -> Model | None:
    """An entry of `models` whose images are there already: its keys are the settings; None where it has problems."""
    how = "given" if is_given(entry["family"]) else "taken"
    for section in UNTRAINED:
        if section in entry:
            problems.add(
                f"{key}.{section}",
                f"images are {how} and nothing is trained: leave this section out, and put the keys of the images into "
                "the entry itself",
            )
    rest = {name: value for name, value in entry.items() if name not in ("family", *UNTRAINED)}
    settings = problems.parse(kind, rest, key)
    unused = NormalisationSettings(), TrainingSettings(), ConditionSettings(), SnapshotSettings()
    return Model(entry["family"], settings, *unused) if settings else None


def check_given(problems: Problems, key: str, run: Run, model: Model, dataset: Dataset) -> None:
    """Refuse given images that cannot be compared with a data set, as far as the configuration tells."""
    given, source = model.network, dataset.settings
    if is_scored(dataset.family):
        problems.add(key, f"{run.dataset} has images with scores, whose generators compose them; name another data set")
        return
    if run.seeds != [0]:
        problems.add(f"{key}.seeds", f"{run.seeds}: images that are given have no seeds; leave the key out")
    if run.denoise:
        problems.add(f"{key}.denoise", f"{run.model} is given: how its training split was chosen is not known")
    for name in sorted(set(source.bands) - set(given.bands)):
        problems.add(
            f"{key}.bands",
            f"{run.model} has no band {name}, which {run.dataset} has ({', '.join(source.bands)}): choose fewer "
            "bands of the data set, or name the channels as it does",
        )
    unit = optional(source, "unit")
    unit = unit if unit in FLUXLESS else "flux"
    if unit != ("flux" if given.unit == "relative" else given.unit):
        problems.add(
            f"{key}.unit",
            f"{given.unit}, but {run.dataset} has {_words(unit)}: fluxes and other levels cannot be compared; say "
            "the same of both, or give images of the other kind",
        )
    if given.unit == "display" and given.rendering != optional(source, "rendering"):
        problems.add(
            f"{key}.rendering",
            f"{given.rendering!r}, but {run.dataset} says {optional(source, 'rendering')!r}: pictures can be compared "
            "where they were rendered alike; say how in both, in the same words",
        )
    if (scale := optional(source, "pixel_scale")) and abs(given.pixel_scale / scale - 1) > FEWEST_ALIKE:
        problems.add(
            f"{key}.pixel_scale",
            f"{given.pixel_scale:g}, but {run.dataset} has {scale:g}: pixels of another size cannot be compared, and "
            "nothing is resampled here; resample the images, or make the data set at their scale",
        )
    if missing := [name for name in given.columns if name not in conditions_of(dataset)]:
        problems.add(
            f"{key}.columns",
            f"{', '.join(missing)}: no column of {run.dataset} that models are conditioned on; there are "
            f"{', '.join(conditions_of(dataset)) or 'none'}",
        )


def _words(unit: str) -> str:
    return {"flux": "fluxes", "display": "pictures (unit: display)", "normalised": "stamps scaled one by one"}[unit]
