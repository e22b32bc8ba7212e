"""The stage of the page."""

from typing import Any

from galforge.config.tree import Config, Run
from galforge.papers import registry
from galforge.plan.facts import Facts
from galforge.plan.figures import Figures
from galforge.plan.stage import Stage
from galforge.plan.table_stages import TableStages
from galforge.provenance.records import locked_versions


class ReportStages:
    """The stage of the page."""

    def __init__(self, config: Config, facts: Facts, figures: Figures, tables: TableStages):
        self.config, self.facts, self.figures, self.tables = config, facts, figures, tables

    def page(self) -> Stage:
        """The page a person opens first."""
        spec = {
            "name": self.config.overall.name,
            "scale": self.config.overall.scale,
            "datasets": self.config.used_datasets,
            "runs": [self._run(run) for run in self.config.run],
            "generated": {name: self.config.drawn(name) for name in self.config.used_datasets},
            "figures": self.figures.about(),
            "statmorph": locked_versions()["statmorph"],
        }
        # Papers, their answers, and the functions that lay out the tables of this configuration are found by name.
        modules = dict.fromkeys(f"galforge.papers.{name}.paper" for name in registry.names())
        sections = [section for name in registry.names() for section in registry.paper(name).sections]
        modules |= dict.fromkeys(section.answer.partition(":")[0] for section in sections)
        for name in self.tables.planned.names:
            table = registry.tables()[name]
            modules |= dict.fromkeys(each.partition(":")[0] for each in (table.blocks, table.remarks) if each)
        return Stage(spec, "page.py", tuple(modules), ("numpy", "pandas", "jinja2", "pillow"))

    def _run(self, run: Run) -> list[Any]:
        return [run.dataset, run.model, run.seeds, self.facts.images_from(run.dataset, run.model)]
