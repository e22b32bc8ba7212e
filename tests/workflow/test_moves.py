"""A module may be moved and renamed, with the import lines that follow, and nothing is made again.

In a copy of the finished smallest run: each module goes to another package under another name, imports and uses are
rewritten and sorted anew. All jobs must keep their parameters, and an edit must change what it changed before.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from tree import planned

HERE = Path(__file__).parent
RUFF = Path(sys.executable).with_name("ruff")


class Move(NamedTuple):
    """A module that is moved (names are dotted, below galforge), and an edit of it."""

    module: str
    to: str
    words: str
    others: str


MOVES = [
    Move("measure.morphology.apertures", "compare.rings", "_ARC = 0.1", "_ARC = 0.2"),
    Move("training.keep", "models.saving", "CHECKPOINT_SECONDS = 600.0", "CHECKPOINT_SECONDS = 601.0"),
    # Used as a whole, by its name.
    Move("studies.denoising.degrade", "datasets.blurred", "REACH = 10", "REACH = 11"),
    # Imported where it is needed, by a text.
    Move("stamps.sizes", "measure.own_sides", "_ROUNDING = 1e-3", "_ROUNDING = 2e-3"),
    # In no digest.
    Move(
        "training.settings",
        "models.lengths",
        "decay_images: int = Field(0,",
        "decay_images: int = Field(1,",
    ),
    Move("logs", "report.progress", "every_seconds: float = 30.0", "every_seconds: float = 60.0"),
]


def file_of(module: str) -> str:
    return f"workflow/galforge/{module.replace('.', '/')}.py"


def moved(tree: Path, move: Move) -> None:
    """Move a module as one would by hand: the file, what imports it, what uses it, and the order of imports."""
    (tree / file_of(move.module)).rename(tree / file_of(move.to))
    package, _, name = f"galforge.{move.module}".rpartition(".")
    other, _, new = f"galforge.{move.to}".rpartition(".")
    whole = re.compile(rf"^( *)from {re.escape(package)} import (.*\b{name}\b.*)$", re.MULTILINE)
    for file in [
        *(tree / "workflow").glob("**/*.py"),
        *(tree / "workflow").glob("**/*.smk"),
        tree / "workflow/Snakefile",
    ]:
        text = file.read_text()
        changed = re.sub(rf"\b{re.escape(f'{package}.{name}')}\b", f"{other}.{new}", text)
        if found := whole.search(changed):
            rest = [each for each in found[2].split(", ") if each != name]
            lines = [f"{found[1]}from {other} import {new}"]
            lines += [f"{found[1]}from {package} import {', '.join(rest)}"] if rest else []
            changed = changed.replace(found[0], "\n".join(lines))
            changed = re.sub(rf"(?<![\w.]){name}\.", f"{new}.", changed)
        if changed != text:
            file.write_text(changed)
    subprocess.run([RUFF, "check", "-q", "--select", "I", "--fix", "workflow"], cwd=tree, check=True)


def asked(tree: Path, jobs: list, edits: list) -> dict:
    """Parameters of all jobs, and what edits change, computed by the tree's own code."""
    done = subprocess.run(
        [sys.executable, HERE / "oracle.py", tree, "edits"],
        input=json.dumps({"jobs": jobs, "edits": edits}),
        capture_output=True,
        text=True,
        check=False,
        cwd=tree,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def tree(smallest_run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the finished run, in which one module after the other is moved."""
    tree = tmp_path_factory.mktemp("moved") / "galforge"
    subprocess.run(["cp", "-a", smallest_run.tree, tree], check=True)
    return tree


@pytest.fixture(scope="module")
def jobs(smallest_run) -> list:
    return [[json.dumps([job["rule"], job["wildcards"]]), job["rule"], job["wildcards"]] for job in smallest_run.jobs]


@pytest.fixture(scope="module")
def before(tree, jobs) -> dict:
    """What the jobs and the edits are before anything is moved."""
    return asked(tree, jobs, [[file_of(move.module), move.words, move.others] for move in MOVES])


@pytest.mark.parametrize("move", MOVES, ids=[move.module for move in MOVES])
def test_a_move_changes_no_job_and_an_edit_what_it_changed_before(before, tree, jobs, move):
    moved(tree, move)
    after = asked(tree, jobs, [[file_of(move.to), move.words, move.others]])
    assert [job for job in before["codes"] if before["codes"][job] != after["codes"][job]] == []
    expected = before["changed"][MOVES.index(move)]
    assert after["changed"] == [expected]
    in_digest = "IN_DIGEST = False" not in (tree / file_of(move.to)).read_text()
    assert bool(expected) == in_digest


def test_snakemake_plans_nothing_after_all_moves(before, tree):
    for move in MOVES:
        if (tree / file_of(move.module)).exists():
            moved(tree, move)
    assert planned(tree) == {}
