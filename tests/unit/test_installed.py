"""What pip installs from the repository: the package with its data, and what measuring needs, without torch."""

import ast
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tree import ROOT

PACKAGE = ROOT / "workflow" / "galforge"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MEASURING = ("", "stamps", "measure", *(f"measure/{each}" for each in ("morphology", "photometry", "power_spectrum")))
MEASURING = (*MEASURING, "measure/sources", "compare")
EXTRA = {"torch", "statmorph"}
"""Imported on demand where an extra is installed."""


def imported(folder: str) -> set[str]:
    """Libraries that the modules of a folder import, wherever in their text, by the names of their imports."""
    found = set()
    for file in (PACKAGE / folder).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"galforge"}


def test_dependencies_are_what_measuring_and_comparing_import():
    named = {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"]}
    packages = metadata.packages_distributions()
    libraries = set().union(*map(imported, MEASURING)) - EXTRA
    needed = {canonicalize_name(packages[library][0]) for library in libraries}
    # pandas writes Parquet by it.
    assert needed | {"pyarrow"} == named
    assert "torch" not in named
    assert "snakemake" not in named


def test_ranges_hold_the_versions_that_are_tested():
    lines = [*PROJECT["dependencies"], *(line for extra in PROJECT["optional-dependencies"].values() for line in extra)]
    for requirement in map(Requirement, lines):
        assert requirement.specifier.contains(metadata.version(requirement.name).split("+")[0]), requirement


@pytest.mark.slow
def test_an_installed_copy_measures_without_torch(tmp_path: Path):
    checkout, site = tmp_path / "checkout", tmp_path / "site"
    shutil.copytree(PACKAGE, checkout / "workflow" / "galforge", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, checkout / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    offline = ["--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "wheel", *offline, "-w", tmp_path, checkout], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("galforge-*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    here = {
        path.relative_to(PACKAGE.parent).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in inside if not name.partition("/")[0].endswith(".dist-info")} == here
    subprocess.run([*pip, "install", *offline, "--target", site, wheel], check=True, capture_output=True)

    rows, columns = np.mgrid[:32, :32] - 15.5
    image = np.exp(-np.hypot(rows, columns) / 3) + np.random.default_rng(1).normal(0, 0.01, (32, 32))
    np.save(tmp_path / "stamps.npy", np.stack([image, image.T]))
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError('torch is blocked', name='torch')\n")
    environment = {"PYTHONPATH": f"{tmp_path}:{site}", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}

    def run(*words: str) -> str:
        command = [sys.executable, *words]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert run("-c", "import galforge; print(galforge.__file__)").startswith(str(site))
    run("-m", "galforge.measure", "--measure", "morphology", "stamps.npy", "-o", "table.parquet", "--gain", "500")
    found = pd.read_parquet(tmp_path / "table.parquet")
    assert found["gini"][0] == pytest.approx(found["gini"][1], rel=0.02)
    run("-m", "galforge.measure", "--measure", "photometry", "stamps.npy", "-o", "light.csv")
    said = run("-m", "galforge.compare", "light.csv", "light.csv", "-o", "distances.csv", "--set", "bootstrap=20")
    assert "log_flux" in said
