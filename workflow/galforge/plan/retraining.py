"""What a run would train again although it was trained, and why: said before the first job, while it can be stopped."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from galforge.config.tree import Sweep
from galforge.plan.stage import SCRIPTS, Stage
from galforge.plan.stages import Stages
from galforge.provenance.digest import own_digest, own_digests

REASONS_SHOWN = 5
OLD = "0.1.0"
"""The release that took digests by the names of modules."""


def retrained(stages: Stages, results: Path) -> list[str]:
    """One line per model with finished segments that this configuration and this code would train again, and why.

    One line for all that were made by galforge 0.1.0, and how to keep them.
    """
    lines, old = [], []
    for dataset, model, seed in stages.config.trainings:
        reasons, is_old = _why(stages, results, dataset, model, str(seed))
        if reasons:
            lines.append(
                f"{model} on {dataset}, seed {seed}, was trained and will be trained again: {'; '.join(reasons)}"
            )
        if is_old:
            old.append(f"{model} on {dataset}, seed {seed}")
    for sweep in stages.config.sweeps:
        found = [_differences(record, stage, "denoiser") for record, stage in _networks(stages, results, sweep)]
        if again := [reasons for reasons, _ in found if reasons]:
            lines.append(
                f"{len(again)} of {len(found)} networks of the sweep {sweep.name} are finished and will be trained "
                f"again: {'; '.join(again[0])}"
            )
        if count := sum(is_old for _, is_old in found):
            old.append(f"{count} of {len(found)} networks of the sweep {sweep.name}")
    return [*lines, *_of_old(old)]


def _of_old(trainings: list[str]) -> Iterator[str]:
    """A line about the trainings that galforge 0.1.0 made, if there are any."""
    if trainings:
        yield (
            f"these are finished and will be trained again, once, because galforge {OLD} made them and took the "
            f"digest of its code another way: {'; '.join(trainings)}. To keep them, stop now, and go on with that "
            f"release (`commit` in the records of the results names the code) or give the results another folder"
        )


def _networks(stages: Stages, results: Path, sweep: Sweep) -> Iterator[tuple[dict[str, Any] | None, Stage]]:
    """The networks of a sweep: their records, and what they would be made from now."""
    for who, alpha, replicate in stages.facts.networks(sweep):
        folder = results / "studies/denoising" / sweep.dataset / sweep.denoiser / who
        names = {"dataset": sweep.dataset, "denoiser": sweep.denoiser, "who": who}
        stage = stages.stage("train_denoiser", {**names, "alpha": alpha, "replicate": str(replicate)})
        yield record_of(folder / f"alpha{alpha}-{replicate}.json"), stage


def _why(stages: Stages, results: Path, dataset: str, model: str, seed: str) -> tuple[list[str], bool]:
    """Why finished segments would be trained again, and whether galforge 0.1.0 made it or what it was trained on."""
    folder = results / "models" / dataset / model / f"seed{seed}"
    if record_of(folder / "state_0.json") is None:
        return [], False
    stamps = record_of(results / "stamps" / f"{dataset}.json")
    # A subset is made by another rule than the stamps it is taken of.
    rule = stages.facts.stamps_rule(dataset)
    reasons, is_old = _differences(stamps, stages.stage(rule, {"dataset": dataset}), "stamps")
    segments = stages.facts.segments(dataset, model)
    for index in range(segments):
        record = record_of(folder / f"state_{index}.json")
        if record is None:
            break
        if index == segments - 1 and not (folder / f"state_{index}.pt").exists():
            reasons.append(f"training: state_{index}.pt is gone (`make prune` keeps the last state)")
        wildcards = {"dataset": dataset, "model": model, "seed": seed, "segment": str(index)}
        more, also_old = _differences(record, stages.stage("train_segment", wildcards), "training")
        reasons, is_old = reasons + more, is_old or also_old
        if reasons:
            break
    return reasons, is_old


def record_of(path: Path) -> dict[str, Any] | None:
    """A job's record; None where there is none or another kind of JSON."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) and {"spec", "code", "modules"} <= set(data) else None


def _differences(record: dict[str, Any] | None, stage: Stage, what: str) -> tuple[list[str], bool]:
    """What changed between a record and a stage, in words, and whether the record is one of galforge 0.1.0."""
    if record is None:
        return [], False
    # That release named the modules of a stage here; nothing can be said of its digests.
    is_old = "modules" in record["code"]
    reasons = [f"{what}: {line}" for line in _changed(record["spec"], stage.spec, "")]
    planned = json.loads(stage.code_param)
    if planned["digest"] != record["code"]["digest"] and not is_old:
        reasons.append(f"{what}: {_changed_code(record, stage)}")
    for name, version in planned["libraries"].items():
        if record["code"]["libraries"].get(name) != version:
            reasons.append(f"{what}: {name} {record['code']['libraries'].get(name)} is now {version}")
    return reasons[:REASONS_SHOWN], is_old


def _changed_code(record: dict[str, Any], stage: Stage) -> str:
    """Which code changed. By what modules say, not by their names: one that was only moved changed nothing."""
    script = SCRIPTS / stage.script
    before, now = record["modules"], own_digests(script, stage.modules)
    changed = [name for name, digest in now.items() if digest not in before.values()]
    changed += [name for name, digest in before.items() if digest not in now.values() and name not in changed]
    if record.get("script") != own_digest(script):
        changed.append(stage.script)
    if changed:
        return f"code of {', '.join(sorted(changed))}"
    return f"code behind {stage.script}: a module imports from another one than before"


def _changed(before: Any, now: Any, key: str) -> list[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        names = sorted({*before, *now})
        return [
            line
            for name in names
            for line in _changed(before.get(name), now.get(name), f"{key}.{name}" if key else name)
        ]
    return [] if before == now else [f"{key} was {before!r}, is {now!r}"]
