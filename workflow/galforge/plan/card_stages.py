"""The stage of the card: what was judged, by which code and settings."""

import hashlib
import re
from typing import Any

from galforge.papers import registry
from galforge.plan import comparisons
from galforge.plan.facts import Facts
from galforge.plan.measure_stages import MeasureStages
from galforge.plan.stage import Stage
from galforge.plan.tracks import followed
from galforge.settings import canonical
from galforge.version import VERSION


class CardStages:
    """The stage of the card."""

    def __init__(self, facts: Facts):
        self.config, self.facts = facts.config, facts
        self._measures = MeasureStages(facts)

    def card(self) -> Stage:
        """Headline numbers of a configuration in one file, with what one must know to put others beside them."""
        spec = {
            "name": self.config.overall.name,
            "scale": self.config.overall.scale,
            "version": VERSION,
            "track": followed(self.config),
            "judged": {dataset: self.judged(dataset) for dataset in self.config.used_datasets},
            "given": {
                f"{run.dataset}/{run.model}": self.config.models[run.dataset, run.model].network.sentence
                for run in self.config.run
                if self.facts.is_given(run.dataset, run.model)
            },
        }
        # The names of papers' tables are found by name.
        modules = tuple(f"galforge.papers.{name}.paper" for name in registry.names())
        return Stage(spec, "card.py", modules, ("numpy", "pandas", "h5py"))

    def judged(self, dataset: str) -> dict[str, str]:
        """Digests of settings, code and libraries: of each measure of the source, and of each comparison."""
        found: dict[str, Any] = {}
        made = [each for group in comparisons.GROUPS for each in comparisons.comparisons(self.config, dataset, group)]
        compared = {measure for each in made for measure in each.measures}
        for kind in self.facts.measuring.values():
            if (
                dataset not in kind.datasets
                or not re.fullmatch(kind.who, "source")
                or not compared & set(kind.measures)
            ):
                continue
            code = self._measures.measure(dataset, kind, "source").code_param
            for measure in compared.intersection(kind.measures):
                found[f"measure {measure}"] = [self.facts.variant(dataset, measure), code]
        for group in comparisons.GROUPS:
            for model, seed in comparisons.compared(self.config, dataset, group)[:1]:
                code = self._measures.distances(dataset, model, str(seed), group).code_param
                made = comparisons.comparison_specs(self.config, dataset, model, str(seed), group)
                found |= {f"comparison {name}": [each["settings"], code] for name, each in made.items()}
        return {name: hashlib.sha256(canonical(each).encode()).hexdigest()[:16] for name, each in found.items()}
