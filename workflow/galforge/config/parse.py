"""The whole configuration: composed from the sections that live with their stages, checked before anything runs.

Only the Snakefile and the tools around it import this module; jobs get their part of it as a spec.
"""

import re
from typing import Any

from galforge.compare.settings import CompareSettings
from galforge.config.checks import (
    check_downloads,
    check_measures,
    check_overrides,
    check_predictors,
    check_run,
    check_scored,
    read_dataset,
    read_measure,
    read_model,
)
from galforge.config.denoising import Study
from galforge.config.problems import Problems
from galforge.config.tree import Config, Measure, Model, Overall, Run, downloadable
from galforge.errors import GalforgeError
from galforge.report.settings import ReportSettings
from galforge.sampling.settings import SamplingSettings
from galforge.studies.realism.settings import RealismSettings

NAME = re.compile(r"[a-z][a-z0-9_]*(-[a-z][a-z0-9_]*)*")
RESERVED = ("source", "native", "scored", "roundtrip")
"""Names that say whose stamps are measured or compared, and are not a model's."""


class ConfigError(GalforgeError):
    """The configuration cannot be used; the message lists every problem with its key."""


def parse(raw: dict[str, Any]) -> Config:
    """Check a configuration as Snakemake merged it, and compose its typed tree.

    Raises:
        ConfigError: one message with every wrong key, value, unit and impossible combination.
    """
    problems = Problems()
    raw = dict(raw)
    sections = {name: raw.pop(name, {}) for name in ("datasets", "models", "measures", "sampling", "compare", "report")}
    denoisers_raw, denoising_raw = raw.pop("denoisers", {}), raw.pop("denoising", {})
    realism = problems.parse(RealismSettings, raw.pop("realism", {}), "realism")
    runs_raw = raw.pop("run", [])
    overall = problems.parse(Overall, raw, "")
    if overall and not NAME.fullmatch(overall.name):
        problems.add("name", f"{overall.name!r} cannot name a folder here: {_NAME_RULE}")
    left_out: set[str] = set()
    for name in ("datasets", "models", "measures"):
        if isinstance(sections[name], dict):
            if name == "measures":
                left_out = {entry for entry, value in sections[name].items() if value is None}
            # An overlay cannot take an entry away: it sets it to null.
            sections[name] = {entry: value for entry, value in sections[name].items() if value is not None}
        if not isinstance(sections[name], dict) or not sections[name]:
            problems.add(name, "is empty or no section: describe at least one")
            sections[name] = {}
        for entry in sections[name]:
            taken = (*RESERVED, "real") if name == "models" else RESERVED
            if not NAME.fullmatch(str(entry)) or entry in taken:
                problems.add(f"{name}.{entry}", f"not a usable name: {_NAME_RULE}; {', '.join(taken)} are taken")
    datasets = {name: read_dataset(problems, entry, f"datasets.{name}") for name, entry in sections["datasets"].items()}
    measures = {name: read_measure(problems, entry, f"measures.{name}") for name, entry in sections["measures"].items()}
    for name, entry in sections["models"].items():
        read_model(problems, entry, f"models.{name}")
    sampling = problems.parse(SamplingSettings, sections["sampling"], "sampling")
    compare = problems.parse(CompareSettings, sections["compare"], "compare")
    report = problems.parse(ReportSettings, sections["report"], "report")
    if not isinstance(runs_raw, list) or not runs_raw:
        problems.add("run", "is empty or no list: name at least one {dataset, model, seeds}")
        runs_raw = []
    runs = [problems.parse(Run, entry, f"run[{i}]") for i, entry in enumerate(runs_raw)]
    models: dict[tuple[str, str], Model] = {}
    measured: dict[tuple[str, str], Measure] = {}
    if not problems.lines:
        check_measures(problems, measures)
        for name, dataset in datasets.items():
            key = f"datasets.{name}.measuring"
            # What a data set says of a measure that an overlay took away concerns nobody.
            for unknown in sorted(set(dataset.measuring.overrides) - set(measures) - left_out):
                there = ", ".join(sorted(measures))
                problems.add(f"{key}.overrides.{unknown}", f"no such measure; there are {there}")
            for unknown in sorted(set(dataset.measuring.measures or ()) - set(measures) - left_out):
                problems.add(f"{key}.measures", f"no measure {unknown}; there are {', '.join(sorted(measures))}")
            check_overrides(problems, key, name, dataset, sections["measures"], measured)
        check_downloads(problems, downloadable(datasets, measures))
        for i, run in enumerate(runs):
            check_run(problems, f"run[{i}]", run, datasets, sections["models"], models)
    if not problems.lines:
        check_predictors(problems, runs, datasets, sections["models"], measured, models)
        check_scored(problems, runs, datasets, measured, realism)
    study = Study(problems, denoisers_raw, denoising_raw)
    if not problems.lines:
        for i, run in enumerate(runs):
            study.check(f"run[{i}]", run, datasets[run.dataset], models[run.dataset, run.model], sampling)
    if problems.lines:
        count = len(problems.lines)
        raise ConfigError(
            f"the configuration has {count} problem{'s' if count > 1 else ''} (config/README.md explains every key):\n"
            + "\n".join(f"  {line}" for line in problems.lines)
        )
    return Config(
        overall,
        datasets,
        models,
        measures,
        measured,
        sampling,
        compare,
        report,
        runs,
        study.denoisers,
        study.denoising,
        realism,
    )  # type: ignore[arg-type]


_NAME_RULE = "small letters, digits and _, parts joined by -, each beginning with a letter"
