"""What each job reads of the configuration, and which code it runs: the two parameters that decide reruns.

One method per rule, named like it or like the one that WHOLE says. Rules that measure have one method together; rules
of tables and figures have the stages of their jobs. A spec holds what its stage reads and nothing else. What only cuts
work into jobs (chunks, the total length of a training) stays out of it, so that changing it makes nothing again.
"""

from collections.abc import Mapping
from typing import Any

from galforge.config.tree import Config
from galforge.plan.card_stages import CardStages
from galforge.plan.data_stages import DataStages
from galforge.plan.denoising_stages import DenoisingStages
from galforge.plan.export_stages import ExportStages
from galforge.plan.facts import Facts, rule_for
from galforge.plan.figures import Figures
from galforge.plan.measure_stages import MeasureStages
from galforge.plan.model_stages import ModelStages
from galforge.plan.realism_stages import RealismStages
from galforge.plan.report_stages import ReportStages
from galforge.plan.snapshot_stages import SnapshotStages
from galforge.plan.stage import Stage
from galforge.plan.table_stages import PREFIX, TableStages

WHOLE = {"sample_chunk": "sample", "merge_samples": "sample"}
"""Rules with the stage of another. A part has that of the whole, because parts are gone when a later run compares."""


class Stages:
    """The stages of one configuration."""

    def __init__(self, config: Config):
        self.config = config
        self.facts = Facts(config)
        self.denoising = DenoisingStages(self.facts)
        self.realism = RealismStages(self.facts)
        self.tables = TableStages(self.facts)
        self.figures = Figures(self.facts)
        self.exports = ExportStages(self.facts)
        kinds = (DataStages, ModelStages, MeasureStages, SnapshotStages, CardStages)
        page = ReportStages(config, self.facts, self.figures, self.tables)
        self._kinds = (*(kind(self.facts) for kind in kinds), page, self.denoising, self.realism, self.exports)
        self.whole = WHOLE | {rule_for("latents", dataset): "latents" for dataset in config.datasets}
        for name, dataset in config.datasets.items():
            self.whole[self.facts.stamps_rule(name)] = "subset" if dataset.subset else "stamps"
        self._made: dict[tuple[Any, ...], Stage] = {}

    @property
    def made(self) -> list[Stage]:
        """Every stage that was asked for so far."""
        return list(self._made.values())

    def stage(self, rule: str, wildcards: Mapping[str, Any]) -> Stage:
        """The stage behind a job of a rule (wildcards as Snakemake gives them)."""
        rule = self.whole.get(rule, rule)
        if (measuring := self.facts.measuring.get(rule.removesuffix("_chunk"))) is not None:
            rule, wildcards = "measure", {**wildcards, "kind": measuring}
        whole = {name: value for name, value in wildcards.items() if name not in ("part", "parts")}
        key = (rule, *sorted(whole.items()))
        if key not in self._made:
            if rule.startswith(PREFIX):
                self._made[key] = self.tables.stage(rule)
            elif rule in self.figures.jobs:
                self._made[key] = self.figures.jobs[rule].stage()
            else:
                kind = next(each for each in self._kinds if hasattr(each, rule))
                self._made[key] = getattr(kind, rule)(**whole)
        return self._made[key]
