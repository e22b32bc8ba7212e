"""The whole configuration: composed from the sections that live with their stages, checked before anything runs.

Only the Snakefile and the tools around it import this module; each job gets the part that it reads as a spec.
"""

import re
from typing import Any

from galforge.config import checks
from galforge.config.denoising import Study
from galforge.config.problems import Problems
from galforge.config.snapshots import check_snapshot
from galforge.config.subsets import with_subsets
from galforge.config.taken import check_taken
from galforge.config.tree import SECTIONS, Config, Measure, Model, Overall, Run, downloadable, is_taken
from galforge.errors import GalforgeError

NAME = re.compile(r"[a-z][a-z0-9_]*(-[a-z][a-z0-9_]*)*")
_NAME_RULE = "small letters, digits and _; parts joined by -, each beginning with a letter"
RESERVED = ("source", "native", "scored", "roundtrip")
"""Names that say whose stamps are measured or compared, so they cannot be a model's."""


class ConfigError(GalforgeError):
    """The configuration cannot be used; the message lists every problem with its key."""


def parse(raw: dict[str, Any]) -> Config:
    """Check a configuration as Snakemake merged it, and compose its typed tree.

    Raises:
        ConfigError: one message with every wrong key, value and unit, and every impossible combination.
    """
    problems, raw = Problems(), dict(raw)
    given = {kind: raw.pop(kind, {}) for kind in checks.READERS}
    named = {kind: _entries(problems, kind, entries) for kind, entries in given.items()}
    named["datasets"] = with_subsets(problems, named["datasets"])
    entries = {
        kind: {name: read(problems, entry, f"{kind}.{name}") for name, entry in named[kind].items()}
        for kind, read in checks.READERS.items()
    }
    datasets, measures = entries["datasets"], entries["measures"]
    sections = {key: problems.parse(settings, raw.pop(key, {}), key) for key, settings in SECTIONS.items()}
    study = Study(problems, raw.pop("denoisers", {}), raw.pop("denoising", {}))
    runs_raw = raw.pop("run", [])
    if not isinstance(runs_raw, list) or not runs_raw:
        problems.add("run", "is empty or no list: name at least one {dataset, model, seeds}")
        runs_raw = []
    runs = [problems.parse(Run, entry, f"run[{i}]") for i, entry in enumerate(runs_raw)]
    overall = problems.parse(Overall, raw, "")
    if overall and not NAME.fullmatch(overall.name):
        problems.add("name", f"{overall.name!r} cannot name a folder here: {_NAME_RULE}")
    models: dict[tuple[str, str], Model] = {}
    measured: dict[tuple[str, str], Measure] = {}
    if not problems.lines:
        checks.check_measures(problems, measures)
        for name, dataset in datasets.items():
            checks.check_overrides(problems, name, dataset, named["measures"], set(given["measures"]), measured)
        checks.check_downloads(problems, downloadable(datasets, measures))
        for i, run in enumerate(runs):
            checks.check_run(problems, f"run[{i}]", run, datasets, named["models"], models)
    if not problems.lines:
        checks.check_predictors(problems, runs, datasets, named["models"], measured, models)
        checks.check_scored(problems, runs, datasets, measured, sections["realism"])
        for i, run in enumerate(runs):
            if is_taken(models[run.dataset, run.model].family):
                check_taken(problems, f"run[{i}]", run, runs, datasets, models, sections["sampling"])
    if not problems.lines:
        for i, run in enumerate(runs):
            model, dataset = models[run.dataset, run.model], datasets[run.dataset]
            check_snapshot(problems, f"run[{i}].model", run, model, dataset, measured)
            study.check(f"run[{i}]", run, datasets[run.dataset], models[run.dataset, run.model], sections["sampling"])
    if not problems.lines:
        study.check_oracles(runs)
    if problems.lines:
        count = len(problems.lines)
        raise ConfigError(
            f"the configuration has {count} problem{'s' if count > 1 else ''} (config/README.md explains every key):\n"
            + "\n".join(f"  {line}" for line in problems.lines)
        )
    return Config(
        overall=overall,
        datasets=datasets,
        models=models,
        measures=measures,
        measured=measured,
        run=runs,
        denoisers=study.denoisers,
        denoising=study.denoising,
        **sections,
    )


def _entries(problems: Problems, kind: str, given: Any) -> dict[str, Any]:
    """The entries of `datasets`, `models` or `measures`; an overlay removes one by setting it to null."""
    if not isinstance(given, dict) or not (kept := {name: entry for name, entry in given.items() if entry is not None}):
        problems.add(kind, "is empty or no section: describe at least one")
        return {}
    taken = (*RESERVED, "real") if kind == "models" else RESERVED
    for name in kept:
        if not NAME.fullmatch(str(name)) or name in taken:
            problems.add(f"{kind}.{name}", f"not a usable name: {_NAME_RULE}; {', '.join(taken)} are taken")
        if not isinstance(kept[name], dict):
            problems.add(f"{kind}.{name}", f"{kept[name]!r} is not a section")
    return {name: entry for name, entry in kept.items() if isinstance(entry, dict)}
