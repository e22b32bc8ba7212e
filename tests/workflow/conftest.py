"""One whole run of the smallest configuration, traced, shared by the tests of this folder."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from tree import SMALLEST, copy_tree, snakemake


@dataclass(frozen=True)
class Run:
    """A finished run: the tree it was made in, and what each of its jobs really imported and read."""

    tree: Path
    jobs: list[dict]


@pytest.fixture(scope="session")
def smallest_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The smallest configuration, run whole in a copy of the checkout, with the look at the machine."""
    tree = copy_tree(tmp_path_factory.mktemp("smallest") / "galforge")
    trace = tmp_path_factory.mktemp("trace")
    done = snakemake(
        tree,
        "--",
        "all",
        "gpu_check",
        GALFORGE_TRACE=str(trace),
        GALFORGE_TREE=str(tree),
        PYTHONPATH=str(Path(__file__).parent / "trace"),
        config=SMALLEST,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Run(tree, [json.loads(file.read_text()) for file in sorted(trace.glob("*.json"))])
