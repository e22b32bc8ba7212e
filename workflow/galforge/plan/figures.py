"""Which figures a configuration has, and which jobs draw them."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from types import ModuleType
from typing import Any

from galforge.papers import printed_files, registry
from galforge.papers.figure import Needs, Words, load, module_name, words
from galforge.plan.facts import Facts
from galforge.plan.stage import Stage
from galforge.plan.subject import Subject
from galforge.plan.trainings import behind

LIBRARIES = ("numpy", "matplotlib", "h5py")


@dataclass(frozen=True)
class Figure:
    """One figure of one subject: its paper and name, the data set or sweep, and what it needs."""

    paper: str
    name: str
    subject: str
    needs: Needs

    @property
    def module(self) -> ModuleType:
        """The module that draws it."""
        return load(self.paper, self.name)

    @property
    def words(self) -> Words:
        """What readers are told of it."""
        return words(self.paper, self.name)

    @property
    def endings(self) -> list[str]:
        """Endings of its files besides the PNG."""
        return ["pdf", *getattr(self.module, "FILES", ())]


@dataclass(frozen=True)
class FigureJob:
    """One job: all figures of one paper and subject that show the same trainings."""

    name: str
    figures: list[Figure]
    folder: str

    @property
    def inputs(self) -> dict[str, Any]:
        """Files by figure and name."""
        return {f"{each.name}__{name}": paths for each in self.figures for name, paths in each.needs.files.items()}

    def pictures(self) -> dict[str, str]:
        """PNG files by figure."""
        return {each.name: f"{self.folder}/{each.name}-{each.subject}.png" for each in self.figures}

    def files(self) -> dict[str, str]:
        """PDF files, and others beside the pictures, by figure and ending."""
        return {
            f"{each.name}__{ending}": f"{self.folder}/{each.name}-{each.subject}.{ending}"
            for each in self.figures
            for ending in each.endings
        }

    def labels(self, figure: str) -> dict[str, str]:
        """What Snakemake's report calls a figure."""
        own = next(each for each in self.figures if each.name == figure)
        return {"figure": own.words.title, "subject": own.subject}

    def captions(self) -> list[str]:
        """Title and caption of each figure, for Snakemake's report."""
        return [f"**{each.words.title}.** {each.words.caption}" for each in self.figures]

    def stage(self) -> Stage:
        """What the job reads of the configuration, and which code it runs."""
        figures = {
            each.name: {
                "files": list(each.needs.files),
                "printed": {name: printed_files.digest(name) for name in filter(None, [each.needs.printed])},
                "out": each.endings,
                "told": each.needs.told,
            }
            for each in self.figures
        }
        spec = {"paper": self.figures[0].paper, "figures": figures}
        modules = {module_name(each.paper, each.name) for each in self.figures}
        modules |= {module for each in self.figures for module in each.needs.modules}
        libraries = [library for each in self.figures for library in each.needs.libraries]
        return Stage(spec, "figure.py", tuple(sorted(modules)), tuple(dict.fromkeys((*LIBRARIES, *libraries))))


class Figures:
    """The figures of a configuration."""

    def __init__(self, facts: Facts):
        self.planned = list(planned(facts))
        groups: dict[tuple[Any, ...], list[Figure]] = {}
        for each in self.planned:
            shown = behind(facts.config, each.needs.files)
            groups.setdefault((each.paper, each.subject, shown), []).append(each)
        self.jobs: dict[str, FigureJob] = {}
        for (paper, subject, _), figures in groups.items():
            name = re.sub(r"\W", "_", f"figures_{paper}_{subject}")
            # A figure that shows other trainings than the first ones of its subject has a job of its own.
            name = f"{name}_{figures[0].name}" if name in self.jobs else name
            self.jobs[name] = FigureJob(name, figures, f"{facts.results}/figures/{paper}")

    def pictures(self) -> list[str]:
        """PNG files of all figures."""
        return [path for job in self.jobs.values() for path in job.pictures().values()]

    def about(self) -> dict[str, dict[str, str]]:
        """What the page says of each figure, by paper and name."""
        return {
            f"{each.paper}/{each.name}": {**asdict(each.words), "engine_of": getattr(each.module, "ENGINE_OF", "")}
            for each in self.planned
        }


def planned(facts: Facts) -> Iterator[Figure]:
    """Every figure that the configuration has."""
    config = facts.config
    subjects = [
        Subject(facts, each) for each in (*config.used_datasets, *(sweep for sweep in config.sweeps if sweep.drawn))
    ]
    for paper in registry.names():
        for subject in subjects:
            for name in registry.figure_names(paper):
                if needs := load(paper, name).needs(subject):
                    yield Figure(paper, name, subject.name, needs)
