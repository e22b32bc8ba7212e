"""The stages of what a person sees: tables, figures, the page."""

from galforge import families
from galforge.papers import registry
from galforge.plan.facts import Facts
from galforge.plan.figures import Figures
from galforge.plan.stage import Stage
from galforge.provenance.records import locked_versions


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
            generator = list(getattr(families.load("models", family, "settings"), "GENERATOR", ()))
            segments = self.facts.segments(run.dataset, run.model)
            trainings += [[run.dataset, run.model, seed, segments, generator] for seed in run.seeds]
        spec = {
            "trainings": trainings,
            "scale": self.config.overall.scale,
            "statmorph": locked_versions()["statmorph"],
        }
        return Stage(spec, "table_cost.py", (), ("numpy", "pandas", "safetensors"))

    def page(self) -> Stage:
        """The page a person opens first."""
        spec = {
            "name": self.config.overall.name,
            "scale": self.config.overall.scale,
            "datasets": self.config.used_datasets,
            "runs": [[run.dataset, run.model, run.seeds] for run in self.config.run],
            "generated": {name: self.config.drawn(name) for name in self.config.used_datasets},
            "figures": Figures(self.facts).about(),
            "statmorph": locked_versions()["statmorph"],
        }
        # The sections of the page, and the tables of each, are those of papers.
        modules = tuple(f"galforge.papers.{name}.paper" for name in registry.names())
        return Stage(spec, "page.py", modules, ("numpy", "pandas", "jinja2"))

    def table_denoising(self) -> Stage:
        """The table of the study."""
        spec = {"scale": self.config.overall.scale, "statmorph": locked_versions()["statmorph"]}
        return Stage(spec, "table_denoising.py", (), ("numpy", "pandas"))

    def table_li2024(self, table: str) -> Stage:
        """One table of the study."""
        return self.table(table)

    def table_gantastic2020(self, table: str) -> Stage:
        """One table of the study."""
        spec = {"file": table, "scale": self.config.overall.scale, "statmorph": locked_versions()["statmorph"]}
        return Stage(spec, "table_gantastic2020.py", (), ("numpy", "pandas"))

    def table_all(self) -> Stage:
        """The table of every generator on every data set."""
        spec = {"scale": self.config.overall.scale, "statmorph": locked_versions()["statmorph"]}
        return Stage(spec, "table_all.py", (), ("numpy", "pandas"))
