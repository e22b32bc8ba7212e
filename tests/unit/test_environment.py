"""The lock, what is installed, the environments of the roles and the project's metadata say the same."""

import importlib.util
import re
import shutil
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from galforge.version import VERSION

ROOT = Path(__file__).resolve().parents[2]
ENVS = ROOT / "envs"
PYTHONS = ["3.11", "3.12", "3.13"]


def load_generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ENVS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = load_generate()


def test_lock_holds_what_is_asked_for_and_nothing_else() -> None:
    """A drift of requirements.in, of the lock, or of the installed environment shows here."""
    assert (ENVS / "requirements.lock").read_text() == generate.lock_text()


def test_installed_versions_are_those_of_the_lock() -> None:
    for name, pin in generate.read_lock(ENVS / "requirements.lock").items():
        assert pin.split("==")[1] == metadata.version(name).split("+")[0], name


def test_torch_is_pinned_without_a_build_label() -> None:
    pins = generate.read_lock(ENVS / "requirements.lock")
    assert re.fullmatch(r"torch==\d+\.\d+\.\d+", pins["torch"])
    assert not [name for name in pins if generate.CUDA.match(name)]


@pytest.mark.parametrize("line", ["torch==2.13.0+cpu", "torch>=2.13", "torch", "torch==2.*"])
def test_lock_with_an_inexact_version_is_refused(tmp_path: Path, line: str) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"# comment\n{line}\n")
    with pytest.raises(generate.LockError, match=re.escape(f"'{line}' is not an exact version")):
        generate.read_lock(lock)


def test_lock_with_a_package_twice_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("typing_extensions==4.1\nTyping-Extensions==4.1\n")
    with pytest.raises(generate.LockError, match="Typing-Extensions is listed twice"):
        generate.read_lock(lock)


def test_role_that_needs_a_package_the_lock_lacks_is_refused() -> None:
    pins = generate.read_lock(ENVS / "requirements.lock")
    del pins["numpy"]
    with pytest.raises(generate.LockError, match=r"lacks numpy, needed by role train"):
        generate.environment_text("train", pins)


@pytest.mark.parametrize("role", sorted(generate.ROLES))
def test_environments_are_generated_from_the_lock(role: str) -> None:
    text = (ENVS / f"{role}.yaml").read_text()
    pins = generate.read_lock(ENVS / "requirements.lock")
    assert text == generate.environment_text(role, pins), "run .venv/bin/python envs/generate.py"
    assert "Untested with conda" in text
    packages = yaml.safe_load(text)["dependencies"][-1]["pip"]
    assert {canonicalize_name(pin.split("==")[0]) for pin in packages} >= {
        canonicalize_name(name) for name in generate.ROLES[role]
    }


def test_every_environment_file_has_a_role_and_rules_name_only_these() -> None:
    files = {path.stem for path in ENVS.glob("*.yaml")}
    assert files == set(generate.ROLES)
    rules = "\n".join(path.read_text() for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    named = set(re.findall(r'"\.\./\.\./envs/([^"]+)\.yaml"', rules))
    assert named
    assert named <= files
    # Those that are made from another rule have its environment, where they do not name their own.
    written = re.split(r"^(?=rule |use rule )", rules, flags=re.MULTILINE)[1:]
    without = [each.split(":")[0] for each in written if each.startswith("rule ") and "\n    conda:\n" not in each]
    assert not without


def test_supported_pythons_are_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    supported = SpecifierSet(project["project"]["requires-python"])
    assert [minor for minor in range(8, 20) if f"3.{minor}" in supported] == [11, 12, 13]
    assert project["tool"]["ruff"]["target-version"] == "py" + PYTHONS[0].replace(".", "")
    setup = (ENVS / "setup.sh").read_text()
    assert f"case $1 in {' | '.join(PYTHONS)})" in setup
    assert generate.CONDA_PYTHON in PYTHONS


def test_no_registry_or_machine_is_named() -> None:
    """Which package index is asked is the machine's matter."""
    files = [
        ROOT / "Makefile",
        ROOT / "README.md",
        ROOT / "pyproject.toml",
        ROOT / ".ci" / "run",
        *ENVS.iterdir(),
    ]
    for path in files:
        if path.is_file():
            assert not re.search(r"pypi\.org|pythonhosted|download\.pytorch|/home/|/root/", path.read_text()), path


def test_commands_that_are_documented_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    told = [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("config/**/*.yaml"), *ROOT.glob("config/*.md")]
    named: set[str] = set()
    for path in told:
        here = set(re.findall(r"(?:^[# ]*|`)make ([a-z-]+)(?=`| [A-Z]+=|$)", path.read_text(), re.MULTILINE))
        assert here <= targets, path
        named |= here
    assert {"demo", "test", "plan"} <= named


def test_the_package_and_the_project_have_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION


def test_a_link_to_another_checkouts_environment_is_left_alone(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for checkout in (first, second):
        (checkout / "envs").mkdir(parents=True)
        for name in ("setup.sh", "requirements.lock"):
            shutil.copy2(ROOT / "envs" / name, checkout / "envs" / name)
    (first / ".venv").mkdir()
    (first / ".venv/stamp").write_text(f"digest {first}\n")
    (second / ".venv").symlink_to(first / ".venv")
    done = subprocess.run(["bash", second / "envs/setup.sh"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"the environment of another checkout ({first})" in done.stderr
    assert (first / ".venv/stamp").exists()
