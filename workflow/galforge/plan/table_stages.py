"""The stages of tables: one job makes tables of a paper that show the same trainings."""

from functools import cached_property
from typing import Any

from galforge.config.declared import declared
from galforge.plan.facts import Facts
from galforge.plan.stage import Stage
from galforge.plan.tables import Job, PlannedTables
from galforge.plan.trainings import behind
from galforge.provenance.records import locked_versions

PREFIX = "tables_"
"""Rules of tables are called so, followed by the job's name."""


class TableStages:
    """Stages of tables."""

    def __init__(self, facts: Facts):
        self.config, self.facts = facts.config, facts

    @cached_property
    def planned(self) -> PlannedTables:
        """The tables of the configuration, and their jobs."""
        return PlannedTables(self.facts)

    def stage(self, rule: str) -> Stage:
        """The stage behind a rule.

        What the tables are is in its spec, so that its code is that of its own tables: adding a table or a paper makes
        no other again but the table of all generators.
        """
        job = self.planned.jobs[rule.removeprefix(PREFIX)]
        spec: dict[str, Any] = {
            "tables": [[table.name, table.spec()] for table in job.tables],
            "scale": self.config.overall.scale,
            "statmorph": locked_versions()["statmorph"],
            "printed": job.printed,
        }
        if job.taken:
            spec["taken"] = [[table.name, table.spec()] for table in job.taken]
        if "weights" in job.inputs:
            spec["trainings"] = self._trainings()
        if given := self._given(job):
            spec["given"] = given
        modules = dict.fromkeys(name for table in job.tables for name in table.modules)
        modules |= dict.fromkeys(table.select.partition(":")[0] for table in job.taken if table.select)
        libraries = dict.fromkeys(name for table in job.tables for name in ("numpy", "pandas", *table.libraries))
        return Stage(spec, "table.py", tuple(modules), tuple(libraries))

    def _trainings(self) -> list[list[Any]]:
        """Data set, model, seed, number of segments, and networks that generate, of the trainings of the runs."""
        found = []
        for run in self.config.run:
            if not self.facts.is_trained(run.dataset, run.model):
                continue
            family = self.config.models[run.dataset, run.model].family
            generator = list(declared("models", family).GENERATOR)
            segments = self.facts.segments(run.dataset, run.model)
            found += [[run.dataset, run.model, seed, segments, generator] for seed in run.seeds]
        return found

    def _given(self, job: Job) -> list[list[str]]:
        """Data set, model and a sentence, of images that are not drawn here and that tables of a job show; the table of
        costs names all."""
        shown, found = behind(self.config, job.inputs), []
        for run in self.config.run:
            keys = {(run.dataset, run.model, str(seed)) for seed in run.seeds}
            origin = self.facts.images_from(run.dataset, run.model)
            if origin and (keys & shown or "weights" in job.inputs):
                found.append([run.dataset, run.model, origin])
        return found
