"""The lock, what is installed, the recipe of the image and the project's metadata say the same."""

import importlib.util
import re
import shutil
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from galforge.version import VERSION

ROOT = Path(__file__).resolve().parents[2]
ENVS = ROOT / "envs"
PYTHONS = ["3.11", "3.12", "3.13"]


def load_lock() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lock", ENVS / "lock.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


lock = load_lock()
PINS = lock.read_lock(lock.LOCK)


def requirements() -> list[str]:
    return lock.read_lines((ENVS / "requirements.in").read_text())


def test_lock_holds_what_is_asked_for_and_nothing_else() -> None:
    """A drift of requirements.in, of the lock, or of the installed environment shows here."""
    assert list(PINS.values()) == lock.installed_pins()


@pytest.mark.parametrize("python", PYTHONS)
def test_lock_suffices_on_every_python(python: str) -> None:
    """pip refuses packages without a hash, so one that only another Python needs must be in the lock too."""
    assert lock.closure(requirements(), python) <= set(PINS)


def test_torch_is_pinned_without_a_build_label() -> None:
    assert re.fullmatch(r"torch==\d+\.\d+\.\d+", PINS["torch"])
    assert not [name for name in PINS if lock.CUDA.match(name)]


def test_nothing_in_the_lock_needs_torch() -> None:
    """torch is installed after everything that has hashes; what needs it would bring it in without."""
    needs = [need for name in PINS for need in metadata.requires(name) or []]
    assert not [need for need in map(Requirement, needs) if need.name == "torch" and need.marker is None]


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "requirements.lock"
    path.write_text(f"# comment\n{text}\n")
    return path


@pytest.mark.parametrize("line", ["torch==2.13.0+cpu", "torch>=2.13", "torch", "torch==2.*"])
def test_lock_with_an_inexact_version_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(lock.LockError, match=re.escape(f"'{line}' is not an exact version")):
        lock.read_lock(write(tmp_path, line))


def test_lock_with_a_package_twice_is_refused(tmp_path: Path) -> None:
    text = "typing_extensions==4.1 \\\n    --hash=sha256:00\nTyping-Extensions==4.1 --hash=sha256:00"
    with pytest.raises(lock.LockError, match="Typing-Extensions is listed twice"):
        lock.read_lock(write(tmp_path, text))


def test_lock_without_a_hash_or_with_one_of_a_single_build_is_refused(tmp_path: Path) -> None:
    with pytest.raises(lock.LockError, match="numpy has no hash"):
        lock.read_lock(write(tmp_path, "numpy==2.4.6"))
    with pytest.raises(lock.LockError, match="torch has a hash, which fits one build only"):
        lock.read_lock(write(tmp_path, "torch==2.13.0 \\\n    --hash=sha256:00"))


def test_hashes_come_from_the_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numpy = "numpy==2.4.6 \\\n    --hash=sha256:11 \\\n    --hash=sha256:00\n    # via scipy\n"
    said = numpy + "Pot==0.9 \\\n    --hash=sha256:22\n"
    answer = subprocess.CompletedProcess([], 0, said, "")
    monkeypatch.setattr(lock.subprocess, "run", lambda *words, **options: answer)
    found = lock.hashes_of(["numpy==2.4.6", "POT==0.9"])
    assert found == {"numpy": ["--hash=sha256:00", "--hash=sha256:11"], "pot": ["--hash=sha256:22"]}
    answer.returncode, answer.stderr = 1, "No module named uv"
    with pytest.raises(lock.LockError, match=r"finds no hashes \(No module named uv\): `pip install uv`"):
        lock.hashes_of(["numpy==2.4.6"])


def test_supported_pythons_are_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    supported = SpecifierSet(project["project"]["requires-python"])
    assert [minor for minor in range(8, 20) if f"3.{minor}" in supported] == [11, 12, 13]
    assert project["tool"]["ruff"]["target-version"] == "py" + PYTHONS[0].replace(".", "")
    setup = (ENVS / "setup.sh").read_text()
    assert f"case $1 in {' | '.join(PYTHONS)})" in setup


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
