"""Where an artefact comes from, and the refusal to make one from anything but what the driver planned."""

import hashlib
import importlib.metadata
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from galforge import atomic, logs
from galforge.errors import GalforgeError
from galforge.provenance import remembered
from galforge.provenance.digest import PACKAGE, code_digest, own_digest, own_digests
from galforge.settings import canonical

IN_DIGEST = False
"""Records and refusals: what an artefact is made from is said beside it, and no number of it is made here."""

ROOT = PACKAGE.parents[1]
LOCK = ROOT / "envs" / "requirements.lock"
PLAN_VARIABLE = "GALFORGE_PLAN"
DRIVER_JOB_VARIABLE = "GALFORGE_DRIVER_JOB"
_begun: dict[str, tuple[str, ...]] = {}
"""Modules of the jobs that this process began."""


def code_param(script: Path, modules: tuple[str, ...], libraries: tuple[str, ...]) -> str:
    """The parameter ``code`` of a rule: digest of the code, and the versions of the libraries behind its numbers.

    Raises:
        GalforgeError: a library is not in the lock.
    """
    locked = locked_versions()
    missing = sorted(set(libraries) - set(locked))
    if missing:
        raise GalforgeError(
            f"{LOCK}: no version of {', '.join(missing)}, which {script.name} declares; add it to the lock"
        )
    versions = {name: locked[name] for name in libraries}
    # Not the names of the modules: moving one must plan nothing. Jobs find them in the plan.
    return canonical({"digest": remembered.code_digest(script, modules), "libraries": versions})


def locked_versions() -> dict[str, str]:
    """Versions by library name, as the lock pins them."""
    pins = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    return {name.lower(): version for name, version in pins}


def job_key(rule: str, wildcards: dict[str, str]) -> str:
    """The name of a job in a plan."""
    return canonical([rule, dict(wildcards)])


def planned_job(spec_param: str, code_param: str, modules: tuple[str, ...]) -> list[Any]:
    """What a plan says of a job: its parameters, and the modules that its script finds at run time."""
    return [spec_param, code_param, list(modules)]


def begin(snakemake: Any, script: str) -> dict[str, Any]:
    """Start a job: open its log, make sure that it is the job the driver planned, and return its spec.

    Raises:
        GalforgeError: the code, the configuration or a library is not the planned one, galforge was imported from
            elsewhere, or the job was not started by a driver.
    """
    logs.to_file(snakemake.log[0] if snakemake.log else None)
    sys.excepthook = _one_message
    file = Path(script).resolve()
    home = file.parents[1] / "galforge"
    if home != PACKAGE:
        raise GalforgeError(
            f"galforge was imported from {PACKAGE}, not from {home}: uninstall that copy or mend PYTHONPATH"
        )
    planned, modules = json.loads(snakemake.params.code), _planned_modules(snakemake)
    if modules is None or code_digest(file, modules) != planned["digest"]:
        raise GalforgeError(
            f"{snakemake.rule}: the code or the configuration was edited after this job was planned, so its result "
            "would be recorded under the wrong name; run Snakemake again (work in another clone during long runs)"
        )
    for name, version in planned["libraries"].items():
        installed = importlib.metadata.version(name).split("+")[0]
        if installed != version:
            raise GalforgeError(
                f"{name} {installed} is installed, the lock says {version}: run `make setup` (or build the "
                f"image again), or put {installed} into envs/requirements.lock, which reruns what depends on it"
            )
    # A plan may be gone when a long job ends.
    _begun[_key(snakemake)] = modules
    return json.loads(snakemake.params.spec)


def finish(snakemake: Any, script: str, **more: Any) -> None:
    """Write the record (output ``record``) of a job that ``begin`` started: what it was made from and what it made.

    No clock times.

    Args:
        snakemake: the job.
        script: the script's ``__file__``.
        more: further facts of the job, such as its seed.
    """
    modules, file = _begun[_key(snakemake)], Path(script).resolve()
    head, dirty = commit()
    record = {
        "rule": snakemake.rule,
        "wildcards": dict(snakemake.wildcards.items()),
        "spec": json.loads(snakemake.params.spec),
        "code": json.loads(snakemake.params.code),
        "script": own_digest(file),
        "modules": own_digests(file, modules),
        # A raw folder was digested by the driver, for the parameter that tracks it.
        "inputs": {
            path: snakemake.params.listing if Path(path).is_dir() else file_digest(path)
            for path in sorted(map(str, snakemake.input))
            # What a training or drawing took is another number each time.
            if not path.endswith(".cost.json")
        },
        "outputs": {
            path: file_digest(path)
            for name, path in snakemake.output.items()
            if name not in ("record", "cost") and isinstance(path, str)
        },
        "commit": head,
        "dirty": dirty,
        **more,
    }
    atomic.write_text(snakemake.output.record, json.dumps(record, indent=1, sort_keys=True) + "\n")


def file_digest(path: str | Path) -> str:
    """sha256 of a file; of a stamps file, the digest it carries."""
    path = Path(path)
    if path.suffix == ".h5":
        # Imported here, and not by way of galforge.stamps.file: most jobs have no stamps file and need neither.
        import h5py

        with h5py.File(path) as file:
            # Files of others, such as weights, carry none.
            if "content_sha256" in file.attrs:
                return file.attrs["content_sha256"]
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _planned_modules(snakemake: Any) -> tuple[str, ...] | None:
    """The modules that the plan names for a job; None if it is not the planned job.

    Raises:
        GalforgeError: there is no plan.
    """
    plan = os.environ.get(PLAN_VARIABLE)
    if plan is None:
        raise GalforgeError(
            f"{snakemake.rule}: no plan in ${PLAN_VARIABLE}: jobs are started by `snakemake`, not by hand"
        )
    try:
        jobs = json.loads(Path(plan).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise GalforgeError(f"{snakemake.rule}: the plan {plan} is gone; run Snakemake again") from None
    # A plan of galforge 0.1.0 names no modules; under its driver, this code is an edit.
    spec, code, modules = [*jobs.get(_key(snakemake), []), None, None, None][:3]
    if [spec, code] != [snakemake.params.spec, snakemake.params.code] or modules is None:
        return None
    return tuple(modules)


def _key(snakemake: Any) -> str:
    return job_key(snakemake.rule, dict(snakemake.wildcards.items()))


def commit() -> tuple[str, bool | None]:
    """Hash of the checkout and whether tracked files were edited; ``unknown`` and None outside a checkout."""

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(ROOT), *words], check=True, capture_output=True, text=True
        ).stdout.strip()

    try:
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.CalledProcessError):
        return "unknown", None


def _one_message(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    """An expected error is one line in the log; anything else keeps its traceback."""
    if isinstance(error, GalforgeError):
        logs.log.error("%s", error)
    else:
        logs.log.error("unexpected %s", kind.__name__, exc_info=(kind, error, trace))
