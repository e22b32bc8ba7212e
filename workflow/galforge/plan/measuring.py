"""Which measurements one job takes: the variants of one measure, and nothing else."""

from dataclasses import dataclass
from itertools import product

from galforge.config.declared import optional
from galforge.config.tree import Config, Measure, is_native
from galforge.plan.comparisons import KINDS
from galforge.studies.realism.settings import MEASURES

GENERATED = r"[a-z0-9_-]+-seed\d+"
WHOSE = ("source|native", "scored", GENERATED)
"""Whose stamps are measured, as regular expressions: galaxies of the source, its images with scores, a model's."""
BOTH = ("source", "native")
"""Galaxies of the source at one size and at their own, which the store-and-decode round trip compares."""


@dataclass(frozen=True)
class Measuring:
    """The measurements of one rule: variants of one measure, of some data sets and of some of their stamps.

    Attributes:
        rule: name of the rule that measures all stamps in one job or puts parts together; that of a part ends in
            ``_chunk``.
        measures: the variants, by their configured names.
        datasets: names of data sets.
        who: regular expression of whose stamps are measured.
        whose: those that one job measures all; none where a job measures those of its wildcard ``who``.
    """

    rule: str
    measures: tuple[str, ...]
    datasets: tuple[str, ...]
    who: str
    whose: tuple[str, ...] = ()

    @property
    def variants(self) -> dict[str, tuple[str, str]]:
        """Whose stamps, and the measure, of each variant, by its name among the job's files and in its spec."""
        whose = self.whose or ("",)
        return {f"{who} {name}".strip(): (who or "{who}", name) for who in whose for name in self.measures}

    @property
    def generated(self) -> bool:
        """Whether the stamps are a model's: only those of a source can be shared between working directories."""
        return self.who == GENERATED


def taker(entry: Measure) -> str:
    """The family whose code takes a measure: its own, or the one that its settings name (``taken_by``)."""
    return optional(entry.settings, "taken_by") or entry.family


def measurings(config: Config) -> dict[str, Measuring]:
    """Every kind of measuring job, by the name of its rule.

    The variants that a data set takes are measured together, if the same code takes them. Those that it does not take
    can still be asked for by name, and are measured together too. Where the round trip compares galaxies of the source
    at one size and at their own, one job measures both.
    """
    compared = {family for kind in KINDS.values() if not kind.by_redshift for family in kind.families}
    grouped: dict[tuple[tuple[str, ...], bool, tuple[str, ...]], dict[str, list[str]]] = {}
    for family in dict.fromkeys(entry.family for entry in config.measures.values()):
        # Sorted, so that names of rules do not depend on the order of a configuration.
        own = sorted(name for name, entry in config.measures.items() if entry.family == family)
        for who in WHOSE:
            # Textures take long, and scorers read them of images with scores alone.
            apart = set() if who == "scored" else set(MEASURES[1:])
            for dataset in config.datasets:
                taken = set(config.taken(dataset)) - apart
                takers = {name: taker(config.measured[dataset, name]) for name in own}
                for wanted, code in product((taken, set(own) - taken - apart, apart), dict.fromkeys(takers.values())):
                    if chosen := tuple(name for name in own if name in wanted and takers[name] == code):
                        native = wanted is taken and family in compared and is_native(config.datasets[dataset].family)
                        kind = (chosen, who == GENERATED, BOTH if native and who != GENERATED else ())
                        grouped.setdefault(kind, {}).setdefault(dataset, []).append(who)
    found = {}
    names = _names({measures for measures, _, _ in grouped})
    for (measures, generated, whose), where in grouped.items():
        # Data sets of which the same stamps are measured share a rule.
        same: dict[str, list[str]] = {}
        for dataset, patterns in where.items():
            same.setdefault("|".join(patterns), []).append(dataset)
        for number, (who, datasets) in enumerate(same.items()):
            of = "" if generated else f"_{'_and_'.join(whose or BOTH[:1])}"
            rule = names[measures] + of + (f"_{number + 1}" if number else "")
            found[rule] = Measuring(rule, measures, tuple(datasets), who, whose)
    return found


def _names(groups: set[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """Names of rules, after the first variant; where two groups begin with the same one, the smaller names all."""
    names: dict[tuple[str, ...], str] = {}
    for measures in sorted(groups, key=lambda group: (-len(group), group)):
        name = measures[0]
        if f"measure_{name}" in names.values():
            name = "_and_".join(measures) if len(measures) > 1 else f"{name}_alone"
        names[measures] = f"measure_{name.replace('-', '_')}"
    return names
