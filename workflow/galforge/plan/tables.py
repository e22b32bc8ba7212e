"""Which tables a configuration fills, and the files of distances and scores that each is made of."""

from collections.abc import Iterable

from galforge.config.tree import Config, Run, is_native
from galforge.plan.comparisons import (
    ALL,
    GANTASTIC,
    GROUPS,
    HEADLINE,
    KINDS,
    LI2024,
    OF_ALL,
    REAL,
    ROUNDTRIP,
    TABLES,
    comparisons,
)
from galforge.plan.stages import Stages


def planned_tables(stages: Stages) -> list[str]:
    """Tables that the configured measures fill: at least one row of each."""
    config = stages.config
    every = [
        comparison
        for dataset in config.used_datasets
        for group in GROUPS
        for comparison in comparisons(config, dataset, group)
    ]
    made = {comparison.name for comparison in every}
    corrected = {comparison.name for comparison in every if comparison.protocol == "corrected"}
    headline = ["headline"] if {"morphology", "power_spectrum"} <= made else []
    shared = [ALL] if corrected & OF_ALL or summaries(stages, "table2", "") else []
    own = (table for table, needed in TABLES.items() if needed in made)
    study = ["denoising"] if config.sweeps else []
    galaxies = [table for table, needed in LI2024.items() if made & set(needed)]
    scores = [table for table, file in GANTASTIC.items() if summaries(stages, file, "")]
    return [*headline, *shared, *own, *study, *galaxies, *scores, "cost"]


def summaries(stages: Stages, file: str, folder: str) -> list[str]:
    """Rows that a table of sparse images and their scores is made of, by the name of its file."""
    config, found = stages.config, []
    for dataset in config.scored:
        if file == "table1":
            found.append(f"{folder}/{dataset}/scorers.csv")
        elif file == "table2":
            names = ["real", *trained(run for run in config.run if run.dataset == dataset)]
            found += [f"{folder}/{dataset}/generators/{name}.csv" for name in names]
        else:
            names = trained(stages.facts.drawing(dataset))
            found += [f"{folder}/{dataset}/experiments/{name}.csv" for name in names]
    return found


def _compared(config: Config, dataset: str, group: str) -> list[tuple[str, int]]:
    """(model, seed) of everything that a group of comparisons puts beside a data set's source.

    Besides the models that is the way there and back, or real galaxies where they are compared by redshift.
    """
    found = [(run.model, seed) for run in config.run if run.dataset == dataset for seed in run.seeds]
    if any(KINDS[name].by_redshift for name in GROUPS[group]):
        return [*found, (REAL, 0)]
    return found + ([(ROUNDTRIP, 0)] if is_native(config.datasets[dataset].family) else [])


def distance_files(config: Config, results: str, table: str | None = None) -> list[str]:
    """Files of distances that a table is made of, or of every group of comparisons that is made."""
    wanted = set(KINDS)
    if table is not None:
        wanted = HEADLINE if table == "headline" else set(LI2024.get(table, ())) or {TABLES[table]}
    return [
        f"{results}/distances/{dataset}/{model}/seed{seed}/{group}.csv"
        for dataset in config.used_datasets
        for group in GROUPS
        if any(comparison.name in wanted for comparison in comparisons(config, dataset, group))
        for model, seed in _compared(config, dataset, group)
    ]


def trained(runs: Iterable[Run]) -> list[str]:
    """Every training of some runs, as measurements are filed."""
    return [f"{run.model}-seed{seed}" for run in runs for seed in run.seeds]
