"""Which tables a configuration fills, the files that each is made of, and which of them one job makes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from galforge.config.tree import Run
from galforge.errors import GalforgeError
from galforge.papers import printed_files, registry
from galforge.papers.overall import NAME as ALL
from galforge.papers.overall import taken_of
from galforge.papers.table import Table
from galforge.plan import judged
from galforge.plan.comparisons import GROUPS, KINDS, comparisons, distance_files
from galforge.plan.facts import Facts
from galforge.plan.trainings import behind

Files = dict[str, list[str]]
"""Input files of a table by the name of the rule's input."""
STUDIES = ("scorers", "scores", "experiments", "sweeps", "verdicts", "trainings")
"""What fills tables besides comparisons: rows of the realism study, sweeps of denoising, tests of its generators, and
all trainings."""


@dataclass(frozen=True)
class Job:
    """Tables of one paper that one job makes of the same input files.

    Attributes:
        printed: sha256 of the values that the papers of these tables print, by paper.
        taken: tables that the table of all generators takes something from.
    """

    tables: list[Table]
    inputs: Files
    printed: dict[str, str]
    taken: tuple[Table, ...] = ()

    @property
    def name(self) -> str:
        """The paper and the first of the tables."""
        return self.tables[0].name.replace("/", "_")


class PlannedTables:
    """The tables of one configuration: those with at least one row.

    Tables of a paper that show the same trainings are made by one job; so no table waits for a training, or fails with
    one, that it does not show. What a study fills, and the table of all generators, are jobs of their own.

    Raises:
        GalforgeError: a table is filled by what is neither a comparison nor a study.
    """

    def __init__(self, facts: Facts):
        self.config, self.facts = facts.config, facts
        self.results = f"results/{self.config.overall.name}"
        keys = [(dataset, group) for dataset in self.config.used_datasets for group in GROUPS]
        self.made = [each for key in keys for each in comparisons(self.config, *key)]
        self.jobs = {job.name: job for job in self._jobs()}

    @property
    def names(self) -> list[str]:
        """Planned tables, ``<paper>/<file>``."""
        return [table.name for job in self.jobs.values() for table in job.tables]

    def _jobs(self) -> Iterator[Job]:
        tables, grouped = registry.tables(), {}
        for table in tables.values():
            if table.name == ALL or not self._is_planned(table):
                continue
            of_study = table.comparisons[0] in STUDIES
            shown = table.name if of_study else behind(self.config, self._files([table]))
            grouped.setdefault((table.paper, shown), []).append(table)
        for own in grouped.values():
            yield Job(own, self._files(own), _printed(own))
        if taken := tuple(table for table in taken_of(tables) if self._is_planned(table, table.protocols[0])):
            yield Job([tables[ALL]], self._files(taken), _printed(taken), taken)

    def _is_planned(self, table: Table, protocol: str = "") -> bool:
        """Whether a table has a row, under one protocol if that matters."""
        if unknown := set(table.comparisons) - {*KINDS, *STUDIES}:
            raise GalforgeError(
                f"papers/{table.paper}: the table {table.file} is filled by {', '.join(sorted(unknown))}, which is no "
                f"comparison; there are {', '.join([*KINDS, *STUDIES])}"
            )
        if table.comparisons[0] in STUDIES:
            return any(self._study(table.comparisons[0]).values())
        own = {each.name for each in self.made if protocol in ("", each.protocol)}
        return bool(own & set(table.comparisons)) and own >= set(table.needs)

    def _files(self, tables: Iterable[Table]) -> Files:
        """Input files of some tables: what fills them."""
        wanted = dict.fromkeys(name for table in tables for name in table.comparisons)
        found: Files = {}
        if set(wanted) & set(KINDS):
            found["distances"] = [
                file for dataset in self.config.used_datasets for file in distance_files(self.config, dataset, wanted)
            ]
            found["replicates"] = [str(Path(file).with_suffix(".parquet")) for file in found["distances"]]
        for study in wanted:
            for name, files in self._study(study).items():
                found.setdefault(name, []).extend(files)
        if choices := self._choices(found):
            found["choices"] = choices
        return found

    def _study(self, name: str) -> Files:
        """Files of rows that a study fills tables with; none for comparisons."""
        scored, folder = self.config.scored, f"{self.results}/studies"
        match name:
            case "scorers":
                rows = {dataset: ["scorers"] for dataset in scored}
            case "scores":
                of = {dataset: trained(self.facts.runs(dataset)) for dataset in scored}
                rows = {dataset: [f"generators/{who}" for who in ("real", *of[dataset])] for dataset in scored}
            case "experiments":
                of = {dataset: trained(self.facts.drawing(dataset)) for dataset in scored}
                rows = {dataset: [f"experiments/{who}" for who in of[dataset]] for dataset in scored}
            case "sweeps":
                shown = (sweep.name for sweep in self.config.sweeps if sweep.drawn)
                return {"summaries": [f"{folder}/denoising/summaries/{name}.csv" for name in shown]}
            case "verdicts":
                return {"verdicts": [f"{folder}/denoising/verdicts.csv"] if judged.tests(self.facts) else []}
            case "trainings":
                return self._accounts()
            case _:
                return {}
        return {"distances": [f"{folder}/realism/{d}/{row}.csv" for d, found in rows.items() for row in found]}

    def _choices(self, files: Files) -> list[str]:
        """Choices of snapshots of the trainings that files rest on; a study's rest on all of its models."""
        shown, found = behind(self.config, files), []
        denoised = {(sweep.dataset, sweep.model, sweep.seed) for sweep in self.config.sweeps}
        for run in self.config.run:
            if self.facts.chooses(run.dataset, run.model):
                for seed in run.seeds:
                    key = (run.dataset, run.model, seed)
                    studied = {"realism"} if run.dataset in self.config.scored else set()
                    studied |= {"denoising"} if key in denoised else set()
                    if (run.dataset, run.model, str(seed)) in shown or studied & shown:
                        found.append(self.facts.snapshot(*key)["choice"])
        return found

    def _accounts(self) -> Files:
        """Accounts of all segments of the trainings of the runs, and their weights."""
        found: Files = {"segments": [], "weights": []}
        for run in self.config.run:
            if not self.facts.is_trained(run.dataset, run.model):
                continue
            for seed in run.seeds:
                found["segments"] += self.facts.costs(run.dataset, run.model, seed)
                found["weights"].append(self.facts.trained(run.dataset, run.model, seed)["weights"])
        return found


def _printed(tables: Iterable[Table]) -> dict[str, str]:
    """sha256 of the printed values of the papers that print any, by paper."""
    papers = dict.fromkeys(table.paper for table in tables)
    return {paper: printed_files.digest(paper) for paper in papers if printed_files.file_of(paper).exists()}


def trained(runs: Iterable[Run]) -> list[str]:
    """Every training of some runs, as measurements are filed."""
    return [f"{run.model}-seed{seed}" for run in runs for seed in run.seeds]
