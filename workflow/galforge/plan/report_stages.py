"""The stages of what a person sees: tables, figures, the page."""

from typing import Any

from galforge.config.declared import declared
from galforge.plan.facts import Facts
from galforge.plan.stage import Stage
from galforge.provenance.records import locked_versions

PLOTTING = ("numpy", "pandas", "matplotlib")
REDSHIFTS = (0.1, 0.6, 1.1, 2.6)
"""Redshifts at which galaxies are shown, those of figure 3 of the paper."""
COSMOLOGY = (*PLOTTING, "astropy")


class ReportStages:
    """Stages of tables, figures and the page."""

    def __init__(self, facts: Facts):
        self.config, self.facts = facts.config, facts

    def table(self, table: str) -> Stage:
        """One table of a study."""
        spec = {"table": table, "scale": self.config.overall.scale, "statmorph": locked_versions()["statmorph"]}
        return Stage(spec, "table.py", (), ("numpy", "pandas"))

    def table_cost(self) -> Stage:
        """What each model cost."""
        trainings = []
        for run in self.config.run:
            family = self.config.models[run.dataset, run.model].family
            generator = list(declared("models", family).GENERATOR)
            segments = self.facts.segments(run.dataset, run.model)
            trainings += [[run.dataset, run.model, seed, segments, generator] for seed in run.seeds]
        spec = {
            "trainings": trainings,
            "scale": self.config.overall.scale,
            "statmorph": locked_versions()["statmorph"],
        }
        return Stage(spec, "table_cost.py", (), ("numpy", "pandas", "safetensors"))

    def figure_stamps(self, dataset: str) -> Stage:
        """Source stamps beside each model's."""
        return self._gallery(dataset, "figure_stamps.py")

    def figure_interpolations(self, dataset: str) -> Stage:
        """Latent walks of each model, and source stamps that it reconstructs."""
        return self._gallery(dataset, "figure_interpolations.py")

    def figure_distributions(self, dataset: str) -> Stage:
        """Distributions of the nine morphological properties."""
        return Stage(self._labels(dataset), "figure_distributions.py", (), PLOTTING)

    def figure_contours(self, dataset: str) -> Stage:
        """Pairs of morphological properties."""
        return Stage(self._labels(dataset), "figure_contours.py", (), (*PLOTTING, "scipy"))

    def figure_planes(self, dataset: str) -> Stage:
        """Gini-M20, and size against magnitude."""
        spec = {"band": self.config.datasets[dataset].measuring.band, **self._labels(dataset)}
        return Stage(spec, "figure_planes.py", (), (*PLOTTING, "scipy", "h5py"))

    def figure_colours(self, dataset: str) -> Stage:
        """Colours of early and late types, and the bulge statistic."""
        return Stage(self._labels(dataset), "figure_colours.py", (), (*PLOTTING, "scipy", "h5py"))

    def figure_spectra(self, dataset: str) -> Stage:
        """Mean power spectra with their scatter."""
        return Stage(self._labels(dataset), "figure_spectra.py", (), (*PLOTTING, "scipy"))

    def figure_history(self, dataset: str) -> Stage:
        """Losses against images seen."""
        return Stage({"models": self._models(dataset)}, "figure_history.py", (), PLOTTING)

    def page(self) -> Stage:
        """The page a person opens first."""
        spec = {
            "name": self.config.overall.name,
            "scale": self.config.overall.scale,
            "datasets": self.config.used_datasets,
            "runs": [[run.dataset, run.model, run.seeds] for run in self.config.run],
            "generated": {name: self.config.drawn(name) for name in self.config.used_datasets},
            "statmorph": locked_versions()["statmorph"],
        }
        return Stage(spec, "page.py", (), ("numpy", "pandas", "jinja2"))

    def _gallery(self, dataset: str, script: str) -> Stage:
        report, band = self.config.report, self.config.datasets[dataset].measuring.band
        spec = {"count": report.stamps_per_row, "seed": report.seed, "band": band, **self._labels(dataset)}
        native, more = self.facts.galaxies(dataset)
        return Stage(spec, script, native, ("numpy", "matplotlib", "h5py", *more))

    def _labels(self, dataset: str) -> dict[str, Any]:
        return {"dataset": dataset, "scale": self.config.overall.scale, "models": self._models(dataset)}

    def _models(self, dataset: str) -> list[list[Any]]:
        runs = [run for run in self.config.run if run.dataset == dataset]
        return [[run.model, seed] for run in runs for seed in run.seeds]

    def table_denoising(self) -> Stage:
        """The table of the study."""
        spec = {"scale": self.config.overall.scale, "statmorph": locked_versions()["statmorph"]}
        return Stage(spec, "table_denoising.py", (), ("numpy", "pandas"))

    def figure_sweep(self, sweep: str) -> Stage:
        """Gain and MSE against alpha."""
        spec = {**self._sweep_labels(sweep), "scale": self.config.overall.scale}
        return Stage(spec, "figure_sweep.py", (), PLOTTING)

    def figure_robustness(self, sweep: str) -> Stage:
        """MSE against noise and pixel size."""
        return Stage(self._sweep_labels(sweep), "figure_robustness.py", (), PLOTTING)

    def figure_denoised(self, sweep: str) -> Stage:
        """Galaxies before and after denoising."""
        found = self.facts.sweep(sweep)
        spec = {
            **self._sweep_labels(sweep),
            "band": self.config.datasets[found.dataset].measuring.band,
            "networks": [[who, alpha, replicate] for who, alpha, replicate in self.facts.networks(found)],
            "noise_sigma": self.config.denoising[found.dataset].noise_sigma,
            "tests": ["in_domain", self._second_test(found.dataset)],
        }
        return Stage(spec, "figure_denoised.py", (), PLOTTING)

    def _second_test(self, dataset: str) -> str:
        """The test whose images are shown besides those of training: more noise, or else the last one."""
        cases = list(self.config.denoising[dataset].cases)
        return "noise_shift" if "noise_shift" in cases else cases[-1]

    def _sweep_labels(self, sweep: str) -> dict[str, Any]:
        found = self.facts.sweep(sweep)
        return {
            "dataset": found.dataset,
            "model": found.model,
            "denoiser": found.denoiser,
            "protocol": self.config.denoisers[found.denoiser].protocol,
        }

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

    def table_gantastic2020(self, table: str) -> Stage:
        """One table of the study."""
        spec = {"file": table, "scale": self.config.overall.scale, "statmorph": locked_versions()["statmorph"]}
        return Stage(spec, "table_gantastic2020.py", (), ("numpy", "pandas"))

    def table_all(self) -> Stage:
        """The table of every generator on every data set."""
        spec = {"scale": self.config.overall.scale, "statmorph": locked_versions()["statmorph"]}
        return Stage(spec, "table_all.py", (), ("numpy", "pandas"))

    def figure_score_features(self, dataset: str) -> Stage:
        """Features of images with low and high scores."""
        side = self.config.datasets[dataset].settings.size
        spec = {**self._shown(dataset), "scorer": self.config.realism.scorer, "side": side}
        return Stage(spec, "figure_score_features.py", (), PLOTTING)

    def figure_sparse_galaxies(self, dataset: str) -> Stage:
        """Galaxies that models draw."""
        spec = {
            **self._shown(dataset),
            "models": [[run.model, run.seeds[0]] for run in self.facts.drawing(dataset)],
            "count": self.config.report.stamps_per_row,
            "seed": self.config.report.seed,
        }
        return Stage(spec, "figure_sparse_galaxies.py", (), ("numpy", "matplotlib", "h5py"))

    def figure_sparse_images(self, dataset: str) -> Stage:
        """Whole images of the source and of each model."""
        spec = {**self._first(dataset), "origin": self.facts.origin(dataset), "seed": self.config.report.seed}
        return Stage(spec, "figure_sparse_images.py", (), ("numpy", "matplotlib", "h5py"))

    def _shown(self, dataset: str) -> dict[str, Any]:
        return {"dataset": dataset, "scale": self.config.overall.scale, "origin": self.facts.origin(dataset)}
