"""Which figures of galaxies made for a redshift a configuration asks for."""

from galforge.comparisons import GROUPS, comparisons, has_redshifts
from galforge.config import Config

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
    return "li2024" if kind in REDSHIFT_FIGURES else "holzschuh2022"
