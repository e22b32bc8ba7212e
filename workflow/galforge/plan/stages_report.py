"""The stages of what a person sees: tables, figures, the page."""

from typing import Any

from galforge import families
from galforge.plan.stage import Stage
from galforge.provenance.records import locked_versions

PLOTTING = ("numpy", "pandas", "matplotlib")


class ReportStages:
    """Stages of tables, figures and the page; ``galforge.plan.stages.Stages`` has them all."""

    def table(self, table: str) -> Stage:
        """One table of a study."""
        spec = {"table": table, "scale": self.config.overall.scale, "statmorph": locked_versions()["statmorph"]}
        return Stage(spec, "table.py", (), ("numpy", "pandas"))

    def table_cost(self) -> Stage:
        """What each model cost."""
        trainings = []
        for run in self.config.run:
            family = self.config.models[run.dataset, run.model].family
            generator = list(getattr(families.load("models", family, "settings"), "GENERATOR", ()))
            segments = self.segments(run.dataset, run.model)
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
        native, more = self.galaxies(dataset)
        return Stage(spec, script, native, ("numpy", "matplotlib", "h5py", *more))

    def _labels(self, dataset: str) -> dict[str, Any]:
        return {"dataset": dataset, "scale": self.config.overall.scale, "models": self._models(dataset)}

    def _models(self, dataset: str) -> list[list[Any]]:
        runs = [run for run in self.config.run if run.dataset == dataset]
        return [[run.model, seed] for run in runs for seed in run.seeds]
