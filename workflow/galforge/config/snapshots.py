"""Checks of what the choice of a snapshot asks of a data set, its measures and the training."""

from galforge.config.declared import optional
from galforge.config.problems import Problems
from galforge.config.tree import Dataset, Measure, Model, Run
from galforge.snapshots.distances import DISTANCES, SPLIT


def check_snapshot(
    problems: Problems, key: str, run: Run, model: Model, dataset: Dataset, measured: dict[tuple[str, str], Measure]
) -> None:
    """Refuse scores by a measure that the data set does not take, or against galaxies that were trained on."""
    by = model.snapshot.by
    if not by:
        return
    chosen = dataset.measuring.measures
    taken = [name for of, name in measured if of == run.dataset and (chosen is None or name in chosen)]
    usable = [
        name
        for name in taken
        if measured[run.dataset, name].family in DISTANCES and measured[run.dataset, name].protocol == "corrected"
    ]
    if by not in usable:
        right = f"name one of {', '.join(usable)}" if usable else "leave by empty, for none of its measures can"
        families = ", ".join(DISTANCES)
        problems.add(
            key,
            f"snapshot: by: {by} cannot score {run.model} on {run.dataset}, which needs a corrected measure of "
            f"{families} that the data set takes (its measuring.measures): {right}",
        )
    if SPLIT in model.training.splits:
        problems.add(
            key,
            f"snapshot: by: {by} compares {run.model} with the {SPLIT} split of {run.dataset}, but it is trained on it "
            f"(training.splits is {model.training.splits}), so the best would be what knows it by heart: say snapshot: "
            "{choose: last, by: ''}, or training: {splits: [train]}",
        )
    shares = optional(dataset.settings, "splits")
    if shares is not None and shares.validation <= 0:
        problems.add(
            key,
            f"snapshot: by: {by} compares with the {SPLIT} split of {run.dataset}, which has no galaxies: give it a "
            "share (its splits), or leave by empty",
        )
