"""The stage of the page."""

from galforge.config.tree import Config, Run, is_given
from galforge.papers import registry
from galforge.plan.figures import Figures
from galforge.plan.stage import Stage
from galforge.provenance.records import locked_versions


class ReportStages:
    """The stage of the page."""

    def __init__(self, config: Config, figures: Figures):
        self.config, self.figures = config, figures

    def page(self) -> Stage:
        """The page a person opens first."""
        spec = {
            "name": self.config.overall.name,
            "scale": self.config.overall.scale,
            "datasets": self.config.used_datasets,
            "runs": [[run.dataset, run.model, self._seeds(run)] for run in self.config.run],
            "generated": {name: self.config.drawn(name) for name in self.config.used_datasets},
            "figures": self.figures.about(),
            "statmorph": locked_versions()["statmorph"],
        }
        # Papers, and the functions that lay out their tables, are found by name.
        modules = dict.fromkeys(f"galforge.papers.{name}.paper" for name in registry.names())
        for table in registry.tables().values():
            modules |= dict.fromkeys(name.partition(":")[0] for name in (table.blocks, table.remarks) if name)
        return Stage(spec, "page.py", tuple(modules), ("numpy", "pandas", "jinja2"))

    def _seeds(self, run: Run) -> list[int]:
        """Those of trainings: images that were given have none."""
        return [] if is_given(self.config.models[run.dataset, run.model].family) else run.seeds
