"""The stages of tables: one job makes tables of a paper that show the same trainings."""

from functools import cached_property

from galforge.plan.facts import Facts
from galforge.plan.stage import Stage
from galforge.plan.tables import PlannedTables
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
        spec = {
            "tables": [[table.name, table.spec()] for table in job.tables],
            "scale": self.config.overall.scale,
            "statmorph": locked_versions()["statmorph"],
            **job.more,
        }
        modules = dict.fromkeys(name for table in (*job.tables, *job.taken) for name in table.modules)
        libraries = dict.fromkeys(name for table in job.tables for name in ("numpy", "pandas", *table.libraries))
        return Stage(spec, "table.py", tuple(modules), tuple(libraries))
