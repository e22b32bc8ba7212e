"""Writes envs/requirements.lock: the versions that are installed, each with the hashes of its files.

    .venv/bin/pip install uv          # asks the package index for the hashes
    .venv/bin/python envs/lock.py     # after requirements.in was installed afresh, into an empty environment

Versions, and what needs what, are read from the metadata of the installed packages, so this runs in the environment
that the lock shall describe.
"""

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ENVS = Path(__file__).resolve().parent
LOCK = ENVS / "requirements.lock"
# PyTorch's CUDA builds pin their CUDA packages exactly and the CPU build has none: the lock leaves them to it.
CUDA = re.compile(r"^(nvidia-|cuda-|triton$)")
SEVERAL_BUILDS = {"torch"}
"""Packages of which one version has several builds, on several indexes: no hash fits all."""

HEADER = """\
# The one environment of galforge: exact versions of everything in requirements.in and all that it needs,
# for Python 3.11, 3.12 and 3.13. Written by envs/lock.py; `make` installs it into .venv and checks the hashes.
# torch has none: which build it is, CUDA or CPU, is the package index's matter. A CUDA build brings its CUDA
# packages itself, at versions that it pins; they are therefore not listed here.
"""


class LockError(Exception):
    """The lock, requirements.in and the installed packages do not fit together."""


def read_lines(text: str) -> list[str]:
    """Requirements as they are written, hashes included; without comments and empty lines."""
    lines = [line.split("#")[0].strip() for line in text.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line]


def read_lock(path: Path) -> dict[str, str]:
    """Canonical name -> pinned requirement as it is written, e.g. {"galsim": "GalSim==2.8.5"}.

    Raises:
        LockError: a version is not exact, a package is there twice, or has no hash and should have one or the reverse.
    """
    pins: dict[str, str] = {}
    for line in read_lines(path.read_text(encoding="utf-8")):
        pin, *hashes = line.split()
        name, separator, version = pin.partition("==")
        if not separator or not re.fullmatch(r"[0-9][0-9A-Za-z.]*", version):
            raise LockError(f"{path.name}: '{pin}' is not an exact version: write 'name==1.2.3'")
        if canonicalize_name(name) in pins:
            raise LockError(f"{path.name}: {name} is listed twice")
        if bool(hashes) == (canonicalize_name(name) in SEVERAL_BUILDS):
            raise LockError(f"{path.name}: {name} has {'a hash, which fits one build only' if hashes else 'no hash'}")
        pins[canonicalize_name(name)] = pin
    return pins


def closure(names: list[str], python: str | None = None) -> set[str]:
    """Canonical names of these packages and all that they need, by the installed packages' metadata.

    Args:
        names: requirements, as in requirements.in.
        python: the version of Python that needs them, such as "3.13"; by default the running one.
    """
    version = {"python_version": python, "python_full_version": f"{python}.0"} if python else {}
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
            if need.marker is None or any(need.marker.evaluate({"extra": one, **version}) for one in extras | {""}):
                waiting.append(need)
    return found


def installed_pins() -> list[str]:
    """Exact versions of requirements.in and all it needs, as the running environment has them; no local labels."""
    names = closure(read_lines((ENVS / "requirements.in").read_text(encoding="utf-8")))
    installed = [metadata.distribution(name) for name in sorted(names)]
    return [f"{one.metadata['Name']}=={one.version.split('+')[0]}" for one in installed]


def hashes_of(pins: list[str]) -> dict[str, list[str]]:
    """Canonical name -> hashes of all files of that version, by the package index that uv is set up to ask.

    Raises:
        LockError: uv is not there or fails.
    """
    command = [sys.executable, "-m", "uv", "pip", "compile", "--no-deps", "--generate-hashes", "--no-header", "-q", "-"]
    done = subprocess.run(command, input="\n".join(pins), capture_output=True, text=True, check=False)
    if done.returncode:
        raise LockError(f"uv finds no hashes ({done.stderr.strip()}): `pip install uv`, and name a package index")
    found = [line.split() for line in read_lines(done.stdout)]
    return {canonicalize_name(pin.split("==")[0]): sorted(set(hashes)) for pin, *hashes in found}


def main() -> None:
    """Command line: see the top of this file."""
    pins = installed_pins()
    names = [canonicalize_name(pin.split("==")[0]) for pin in pins]
    hashes = hashes_of([pin for pin, name in zip(pins, names, strict=True) if name not in SEVERAL_BUILDS])
    lines = [" \\\n    ".join([pin, *hashes.get(name, [])]) for pin, name in zip(pins, names, strict=True)]
    LOCK.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    read_lock(LOCK)


if __name__ == "__main__":
    try:
        main()
    except LockError as error:
        raise SystemExit(f"lock.py: {error}") from None
