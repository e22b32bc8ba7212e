"""The scripts behind docs/benchmarks.md start: what they import is there, and their arguments are understood."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = "".join((REPOSITORY / "docs" / name).read_text(encoding="utf-8") for name in ("benchmarks.md", "design.md"))
DOCUMENTED = sorted(set(re.findall(r"python (benchmarks/\w+\.py)", DOCS)))


def test_every_benchmark_is_documented_or_part_of_one():
    scripts = {f"benchmarks/{path.name}" for path in (REPOSITORY / "benchmarks").glob("*.py")}
    others = "".join((REPOSITORY / name).read_text() for name in scripts)
    parts = {name for name in scripts if f"from {Path(name).stem} import" in others}
    assert scripts - parts == set(DOCUMENTED)


@pytest.mark.parametrize("script", sorted(path.name for path in (REPOSITORY / "benchmarks").glob("*.py")))
def test_modules_that_a_benchmark_imports_are_there_also_where_text_names_them(script):
    text = (REPOSITORY / "benchmarks" / script).read_text(encoding="utf-8")
    for name in re.findall(r"^from (galforge[\w.]*) import", text, re.MULTILINE):
        assert importlib.util.find_spec(name), name


@pytest.mark.parametrize("script", DOCUMENTED)
def test_a_documented_benchmark_starts(script):
    command = [sys.executable, script, "--help"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert script.split("/")[1] in done.stdout
