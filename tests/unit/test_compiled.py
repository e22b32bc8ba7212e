"""What is kept of compiled functions never outlives the code that they call."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from galforge import compiled

INNER = "from galforge.compiled import compiled\n\n\n@compiled()\ndef inner():\n    return {value}\n"
OUTER = (
    "from galforge.compiled import compiled\nfrom galforge.inner import inner\n\n\n"
    "@compiled()\ndef outer():\n    return inner() + 1\n\n\nprint(outer(), sum(outer.stats.cache_hits.values()))\n"
)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package of two compiled modules, of which one calls the other."""
    place = tmp_path / "galforge"
    place.mkdir()
    (place / "__init__.py").touch()
    shutil.copy(compiled.__file__, place)
    (place / "inner.py").write_text(INNER.format(value=1))
    (place / "outer.py").write_text(OUTER)
    return place


def run(package: Path, **environment: str) -> list[str]:
    """What `outer` prints: its value, and whether it came from disk."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA")}
    result = subprocess.run(
        [sys.executable, "-m", "galforge.outer"],
        env=inherited | {"PYTHONPATH": str(package.parent)} | environment,
        text=True,
        capture_output=True,
        check=True,
        timeout=120,
    )
    return result.stdout.split()


def test_edit_of_a_called_function_is_seen(package):
    assert run(package) == ["2", "0"]
    assert run(package) == ["2", "1"]
    (package / "inner.py").write_text(INNER.format(value=41))
    assert run(package) == ["42", "0"]
    (package / "plain.py").write_text("x = 1\n")
    assert run(package) == ["42", "1"]


def test_users_folder_is_used(package, tmp_path):
    run(package, NUMBA_CACHE_DIR=str(tmp_path / "mine"))
    assert list((tmp_path / "mine").glob("compiled-*/*/*.nbi"))
    assert not list(package.glob("__pycache__/compiled-*"))
