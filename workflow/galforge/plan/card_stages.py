"""The stage of the card, and the records that say how its numbers were measured."""

import re

from galforge.papers import registry
from galforge.plan.comparisons import distance_files
from galforge.plan.facts import Facts
from galforge.plan.stage import Stage
from galforge.plan.tracks import track_of


class CardStages:
    """The stage of the card."""

    def __init__(self, facts: Facts):
        self.config, self.facts = facts.config, facts

    def card(self) -> Stage:
        """Headline numbers of a configuration in one file, with what one must know to put others beside them."""
        spec = {
            "name": self.config.overall.name,
            "scale": self.config.overall.scale,
            "track": track_of(self.config),
            "datasets": self.config.used_datasets,
            "given": {
                f"{run.dataset}/{run.model}": self.config.models[run.dataset, run.model].network.sentence
                for run in self.config.run
                if not self.facts.is_trained(run.dataset, run.model)
            },
        }
        # Tables are found by the names of their papers.
        modules = tuple(f"galforge.papers.{name}.paper" for name in registry.names())
        return Stage(spec, "card.py", modules, ("numpy", "pandas", "h5py"))


def card_records(facts: Facts) -> list[str]:
    """Records of what was measured of the sources and compared with them: settings, code and libraries."""
    found = []
    for dataset in facts.config.used_datasets:
        for kind in facts.measuring.values():
            if dataset in kind.datasets and re.fullmatch(kind.who, "source") and facts.is_compared(dataset, kind):
                found.append(f"{facts.results}/measurements/{dataset}/source/{kind.measures[0]}.json")
        found += [file.removesuffix(".csv") + ".json" for file in distance_files(facts.config, dataset)]
    return found
