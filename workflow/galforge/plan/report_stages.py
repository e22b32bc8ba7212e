"""The stage of the page."""

from galforge.config.tree import Config, Run, is_given
from galforge.papers import registry
from galforge.plan.figures import Figures
from galforge.plan.stage import Stage
from galforge.plan.table_stages import TableStages
from galforge.provenance.records import locked_versions


class ReportStages:
    """The stage of the page."""

    def __init__(self, config: Config, figures: Figures, tables: TableStages):
        self.config, self.figures, self.tables = config, figures, tables

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
        # Papers, and the functions that lay out the tables of this configuration, are found by name.
        modules = dict.fromkeys(f"galforge.papers.{name}.paper" for name in registry.names())
        for name in self.tables.planned.names:
            table = registry.tables()[name]
            modules |= dict.fromkeys(each.partition(":")[0] for each in (table.blocks, table.remarks) if each)
        return Stage(spec, "page.py", tuple(modules), ("numpy", "pandas", "jinja2"))

    def _seeds(self, run: Run) -> list[int]:
        """Those of trainings: images that were given have none."""
        return [] if is_given(self.config.models[run.dataset, run.model].family) else run.seeds
