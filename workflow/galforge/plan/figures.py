"""Which figures of galaxies made for a redshift, and of sparse images, a configuration asks for."""

from galforge.config.tree import Config
from galforge.plan.comparisons import GROUPS, comparisons, has_redshifts
from galforge.plan.stages import Stages

REDSHIFT_FIGURES = {
    "redshift_grid": set(),
    "properties": {"galaxy_kl"},
    "evolution": {"galaxy_kl"},
    "divergences": {"galaxy_kl"},
    "redshifts": {"redshift_loss"},
    "losses": {"fitting_loss", "redshift_loss"},
    "blind": set(),
}
"""Figures of Li et al. (2024), and the comparisons whose measurements or rows they show."""


SPARSE_FIGURES = ("sparse_images", "sparse_galaxies", "score_features")
"""Figures of Gantastic 4 (2020); galaxies are shown where a model draws them one by one."""


def sparse_figures(stages: Stages) -> list[tuple[str, str]]:
    """(kind, data set) of the figures of every data set whose images have scores."""
    config = stages.config
    return [
        (kind, dataset)
        for dataset in config.scored
        for kind in SPARSE_FIGURES
        if kind != "sparse_galaxies" or stages.facts.drawing(dataset)
    ]


def redshift_figures(config: Config) -> list[tuple[str, str]]:
    """(kind, data set) of the figures of every data set that has redshifts."""
    found = []
    for dataset in config.used_datasets:
        if has_redshifts(config, dataset):
            made = {each.name for group in GROUPS for each in comparisons(config, dataset, group)}
            found += [(kind, dataset) for kind, needed in REDSHIFT_FIGURES.items() if needed <= made]
    return found


def figure_study(kind: str) -> str:
    """The study that a figure is filed under."""
    if kind in SPARSE_FIGURES:
        return "gantastic2020"
    return "li2024" if kind in REDSHIFT_FIGURES else "holzschuh2022"
