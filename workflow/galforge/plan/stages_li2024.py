"""The stages of galaxies made for a redshift: tables and figures of Li et al. (2024)."""

from typing import Any

from galforge.plan.stage import Stage
from galforge.plan.stages_report import PLOTTING

REDSHIFTS = (0.1, 0.6, 1.1, 2.6)
"""Redshifts at which galaxies are shown, those of figure 3 of the paper."""
COSMOLOGY = (*PLOTTING, "astropy")


class LiStages:
    """Stages of Li et al. (2024); ``galforge.plan.stages.Stages`` has them all."""

    def table_li2024(self, table: str) -> Stage:
        """One table of the study."""
        return self.table(table)

    def figure_redshift_grid(self, dataset: str) -> Stage:
        """Source and generated galaxies at some redshifts."""
        spec = {**self._first(dataset), "redshifts": list(REDSHIFTS), "seed": self.config.report.seed}
        return Stage(spec, "figure_redshift_grid.py", (), (*COSMOLOGY, "h5py"))

    def figure_properties(self, dataset: str) -> Stage:
        """Distributions of what was measured, in bins of redshift twice as wide as elsewhere."""
        edges = self.config.compare.redshift_edges
        spec = {**self._labels(dataset), "edges": [*edges[:-1:2], edges[-1]]}
        return Stage(spec, "figure_properties.py", (), (*COSMOLOGY, "scipy"))

    def figure_evolution(self, dataset: str) -> Stage:
        """Means of what was measured against redshift."""
        spec = {**self._labels(dataset), "edges": list(self.config.compare.redshift_edges)}
        return Stage(spec, "figure_evolution.py", (), COSMOLOGY)

    def figure_divergences(self, dataset: str) -> Stage:
        """Divergence from the source against redshift."""
        return Stage(self._scaled(dataset), "figure_divergences.py", (), COSMOLOGY)

    def figure_losses(self, dataset: str) -> Stage:
        """Losses against redshift."""
        return Stage(self._scaled(dataset), "figure_losses.py", (), COSMOLOGY)

    def figure_redshifts(self, dataset: str) -> Stage:
        """Redshifts found against those asked for."""
        spec = {**self._first(dataset), "high": self.config.compare.redshift_edges[-1]}
        return Stage(spec, "figure_redshifts.py", (), COSMOLOGY)

    def figure_blind(self, dataset: str) -> Stage:
        """The sheet of source and generated galaxies to be told apart."""
        spec = {
            **self._first(dataset),
            "seed": self.config.report.seed,
            "band": self.config.datasets[dataset].measuring.band,
        }
        return Stage(spec, "figure_blind.py", (), ("numpy", "pandas", "matplotlib", "h5py"))

    def _scaled(self, dataset: str) -> dict[str, Any]:
        return {"dataset": dataset, "scale": self.config.overall.scale}

    def _first(self, dataset: str) -> dict[str, Any]:
        """Labels with the first seed of each model alone."""
        runs = [run for run in self.config.run if run.dataset == dataset]
        return {**self._scaled(dataset), "models": [[run.model, run.seeds[0]] for run in runs]}
