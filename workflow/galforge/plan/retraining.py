"""What a run would train again although it is finished, and why: said before the first job, while it can be stopped."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from galforge.config.tree import Sweep
from galforge.plan.stage import SCRIPTS
from galforge.plan.stages import Stages
from galforge.provenance.digest import content_digest, module_file, reachable

REASONS_SHOWN = 5


def retrained(stages: Stages, results: Path) -> list[str]:
    """One line per finished model that this configuration and this code would train again, and why."""
    lines = []
    for dataset, model, seed in stages.config.trainings:
        if reasons := _why(stages, results, dataset, model, str(seed)):
            lines.append(
                f"{model} on {dataset}, seed {seed}, is finished and will be trained again: " + "; ".join(reasons)
            )
    return lines + [line for sweep in stages.config.sweeps for line in _denoised_again(stages, results, sweep)]


def _denoised_again(stages: Stages, results: Path, sweep: Sweep) -> Iterator[str]:
    """A line about the finished networks of a sweep that would be trained again, if there are any."""
    found = []
    for who, alpha, replicate in stages.facts.networks(sweep):
        folder = results / "studies/denoising" / sweep.dataset / sweep.denoiser / who
        names = {"dataset": sweep.dataset, "denoiser": sweep.denoiser, "who": who}
        stage = stages.stage("train_denoiser", {**names, "alpha": alpha, "replicate": str(replicate)})
        found.append(_differences(record_of(folder / f"alpha{alpha}-{replicate}.json"), stage, "denoiser"))
    if again := [reasons for reasons in found if reasons]:
        yield (
            f"{len(again)} of {len(found)} networks of the sweep {sweep.name} are finished and will be trained "
            f"again: {'; '.join(again[0])}"
        )


def _why(stages: Stages, results: Path, dataset: str, model: str, seed: str) -> list[str]:
    folder = results / "models" / dataset / model / f"seed{seed}"
    if record_of(folder / "weights.json") is None:
        return []
    settings = stages.config.datasets[dataset].settings
    reasons = []
    if getattr(settings, "source", None) == "mock":
        mock = record_of(results / "raw" / f"{dataset}.json")
        reasons = _differences(mock, stages.stage("raw_mock", {"dataset": dataset}), "mock")
    reasons += _differences(
        record_of(results / "stamps" / f"{dataset}.json"),
        stages.stage("stamps", {"dataset": dataset}),
        "stamps",
    )
    segments = stages.facts.segments(dataset, model)
    for index in range(segments):
        record = record_of(folder / f"state_{index}.json")
        if record is None:
            break
        if index == segments - 1 and not (folder / f"state_{index}.pt").exists():
            reasons.append(f"training: state_{index}.pt is gone (`make prune` keeps the last state)")
        wildcards = {"dataset": dataset, "model": model, "seed": seed, "segment": str(index)}
        reasons += _differences(record, stages.stage("train_segment", wildcards), "training")
        if reasons:
            break
    return reasons


def record_of(path: Path) -> dict[str, Any] | None:
    """A job's record; None where there is none or another kind of JSON."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) and {"spec", "code", "modules"} <= set(data) else None


def _differences(record: dict[str, Any] | None, stage: Any, what: str) -> list[str]:
    """What changed between a record and a stage, in words."""
    if record is None:
        return []
    reasons = [f"{what}: {line}" for line in _changed(record["spec"], stage.spec, "")]
    planned = json.loads(stage.code_param)
    if planned["digest"] != record["code"]["digest"]:
        modules = _changed_modules(record["modules"], planned["modules"], stage)
        reasons.append(f"{what}: code of {', '.join(modules) or stage.script}")
    for name, version in planned["libraries"].items():
        if record["code"]["libraries"].get(name) != version:
            reasons.append(f"{what}: {name} {record['code']['libraries'].get(name)} is now {version}")
    return reasons[:REASONS_SHOWN]


def _changed_modules(before: dict[str, str], modules: list[str], stage: Any) -> list[str]:
    now = {
        name: content_digest(module_file(name, modules))[:16]
        for name in reachable(SCRIPTS / stage.script, tuple(modules))
    }
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def _changed(before: Any, now: Any, key: str) -> list[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        names = sorted({*before, *now})
        return [
            line
            for name in names
            for line in _changed(before.get(name), now.get(name), f"{key}.{name}" if key else name)
        ]
    return [] if before == now else [f"{key} was {before!r}, is {now!r}"]
