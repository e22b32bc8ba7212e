"""Which tables a configuration fills, the files that each is made of, and which of them one job makes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from galforge import families
from galforge.config.tree import Config, Run, is_native
from galforge.errors import GalforgeError
from galforge.papers import registry
from galforge.papers.overall import NAME as ALL
from galforge.papers.overall import taken_of
from galforge.papers.table import Table
from galforge.plan.comparisons import GROUPS, KINDS, REAL, ROUNDTRIP, comparisons
from galforge.plan.facts import Facts
from galforge.provenance.records import ROOT

Training = tuple[str, str, int]
"""Data set, model, seed."""
Files = dict[str, list[str]]
"""Input files of a table by the name of the rule's input."""


@dataclass(frozen=True)
class Job:
    """Tables of one paper that one job makes.

    Attributes:
        name: the paper and the first of the tables.
        inputs: their input files.
        more: what its spec holds besides the tables.
        taken: tables that the table of all generators takes something from.
    """

    name: str
    tables: list[Table]
    inputs: Files
    more: Mapping[str, Any] = field(default_factory=dict)
    taken: list[Table] = field(default_factory=list)


class PlannedTables:
    """The tables of one configuration: those with at least one row.

    Tables of a paper that show the same trainings are made by one job; so no table waits for a training, or fails with
    one, that it does not show. What a study of its own fills, and the table of all generators, are jobs of their own.

    Raises:
        GalforgeError: a table is filled by what is no comparison and no study.
    """

    def __init__(self, facts: Facts):
        self.config, self.facts = facts.config, facts
        self.results = f"results/{self.config.overall.name}"
        self.made = {
            dataset: {group: comparisons(self.config, dataset, group) for group in GROUPS}
            for dataset in self.config.used_datasets
        }
        self._studies = {
            "scorers": self._scorers,
            "scores": self._scores,
            "experiments": self._experiments,
            "sweeps": self._sweeps,
            "trainings": self._trainings,
        }
        self.jobs = {job.name: job for job in self._jobs()}

    @property
    def names(self) -> list[str]:
        """Planned tables, ``<paper>/<file>``."""
        return [table.name for job in self.jobs.values() for table in job.tables]

    def _jobs(self) -> Iterator[Job]:
        tables = registry.tables()
        grouped: dict[tuple[str, frozenset[Training]], list[Table]] = {}
        for table in tables.values():
            if table.name == ALL or not self._is_planned(table):
                continue
            if (study := self._studies.get(table.comparisons[0])) is not None:
                inputs, more = study()
                yield Job(_named(table), [table], {**inputs, "published": printed([table])}, more)
            else:
                grouped.setdefault((table.paper, frozenset(self._shown(table.comparisons))), []).append(table)
        for own in grouped.values():
            wanted = {name for table in own for name in table.comparisons}
            inputs = {"distances": self._distances(wanted), "published": printed(own)}
            yield Job(_named(own[0]), own, inputs)
        if taken := [table for table in taken_of(tables) if self._is_planned(table, table.protocols[0])]:
            yield self._all(tables[ALL], taken)

    def _all(self, table: Table, taken: list[Table]) -> Job:
        studies = [self._studies[name]()[0] for each in taken for name in each.comparisons if name in self._studies]
        files = [file for inputs in studies for file in inputs.get("distances", [])]
        inputs = {"distances": [*self._distances(set(table.comparisons)), *files], "published": printed(taken)}
        return Job(ALL, [table], inputs, {"taken": [[each.name, each.spec()] for each in taken]}, taken)

    def _is_planned(self, table: Table, protocol: str = "") -> bool:
        """Whether a table has a row, under one protocol if that matters."""
        if table.comparisons[0] in self._studies:
            return any(self._studies[table.comparisons[0]]()[0].values())
        if unknown := set(table.comparisons) - set(KINDS):
            raise GalforgeError(
                f"papers/{table.paper}: the table {table.file} is filled by {', '.join(sorted(unknown))}, which is no "
                f"comparison; there are {', '.join([*KINDS, *self._studies])}"
            )
        found = [each for groups in self.made.values() for made in groups.values() for each in made]
        own = {each.name for each in found if protocol in ("", each.protocol)}
        return bool(own & set(table.comparisons)) and own >= set(table.needs)

    def _groups(self, wanted: Iterable[str]) -> Iterator[tuple[str, str]]:
        """(data set, group) of the comparisons among which there is one of these."""
        for dataset, groups in self.made.items():
            for group, found in groups.items():
                if any(each.name in wanted for each in found):
                    yield dataset, group

    def _distances(self, wanted: Iterable[str]) -> list[str]:
        """Files of distances that hold some comparisons."""
        return [
            f"{self.results}/distances/{dataset}/{model}/seed{seed}/{group}.csv"
            for dataset, group in self._groups(wanted)
            for model, seed in compared(self.config, dataset, group)
        ]

    def _shown(self, wanted: Iterable[str]) -> Iterator[Training]:
        """Trainings behind files of distances: of the models, and of networks that measures are taken with."""
        for dataset, group in self._groups(wanted):
            for model, seed in compared(self.config, dataset, group):
                if model not in (REAL, ROUNDTRIP):
                    yield dataset, model, seed
            for measure in {name for each in self.made[dataset][group] for name in each.measures}:
                settings = self.config.measured[dataset, measure].settings
                if (model := getattr(settings, "model", None)) is not None:
                    yield dataset, model, settings.seed

    def _scorers(self) -> tuple[Files, dict[str, Any]]:
        return self._realism(lambda name: ["scorers"])

    def _scores(self) -> tuple[Files, dict[str, Any]]:
        runs = {name: [run for run in self.config.run if run.dataset == name] for name in self.config.scored}
        return self._realism(lambda name: [f"generators/{who}" for who in ("real", *trained(runs[name]))])

    def _experiments(self) -> tuple[Files, dict[str, Any]]:
        return self._realism(lambda name: [f"experiments/{who}" for who in trained(self.facts.drawing(name))])

    def _realism(self, rows: Callable[[str], list[str]]) -> tuple[Files, dict[str, Any]]:
        """Files of rows of every data set of sparse images."""
        folder = f"{self.results}/studies/realism"
        return {"distances": [f"{folder}/{name}/{each}.csv" for name in self.config.scored for each in rows(name)]}, {}

    def _sweeps(self) -> tuple[Files, dict[str, Any]]:
        folder = f"{self.results}/studies/denoising/summaries"
        return {"summaries": [f"{folder}/{sweep.name}.csv" for sweep in self.config.sweeps]}, {}

    def _trainings(self) -> tuple[Files, dict[str, Any]]:
        """Accounts of all segments of all trainings, and their weights; which networks of them generate."""
        trainings, segments, weights = [], [], []
        for run in self.config.run:
            family = self.config.models[run.dataset, run.model].family
            generator = list(getattr(families.load("models", family, "settings"), "GENERATOR", ()))
            count = self.facts.segments(run.dataset, run.model)
            for seed in run.seeds:
                folder = f"{self.results}/models/{run.dataset}/{run.model}/seed{seed}"
                segments += [f"{folder}/state_{index}.cost.json" for index in range(count)]
                weights.append(f"{folder}/weights.safetensors")
                trainings.append([run.dataset, run.model, seed, count, generator])
        return {"segments": segments, "weights": weights}, {"trainings": trainings}


def compared(config: Config, dataset: str, group: str) -> list[tuple[str, int]]:
    """(model, seed) of everything that a group of comparisons puts beside a data set's source.

    Besides the models that is the store-and-decode round trip, or real galaxies where they are compared by redshift.
    """
    found = [(run.model, seed) for run in config.run if run.dataset == dataset for seed in run.seeds]
    if any(KINDS[name].by_redshift for name in GROUPS[group]):
        return [*found, (REAL, 0)]
    return found + ([(ROUNDTRIP, 0)] if is_native(config.datasets[dataset].family) else [])


def trained(runs: Iterable[Run]) -> list[str]:
    """Every training of some runs, as measurements are filed."""
    return [f"{run.model}-seed{seed}" for run in runs for seed in run.seeds]


def printed(tables: Iterable[Table]) -> list[str]:
    """The files of printed values of the papers of some tables, where there are any."""
    files = dict.fromkeys(f"config/published/{table.paper}.csv" for table in tables)
    return [file for file in files if (ROOT / file).exists()]


def _named(table: Table) -> str:
    return table.name.replace("/", "_")
