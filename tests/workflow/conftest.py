"""One whole run of the smallest configuration, traced, made once for all tests of this folder; and tests/toys."""

import fcntl
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tree import SMALLEST, copy_tree, snakemake

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the whole run are slow ones: it takes about ten minutes of CPU time."""
    for item in items:
        if "smallest_run" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@dataclass(frozen=True)
class Run:
    """A finished run: the tree it was made in, and what each of its jobs really imported and read."""

    tree: Path
    jobs: list[dict]


@pytest.fixture(scope="session")
def smallest_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The smallest configuration, run whole in a copy of the checkout, with the look at the machine.

    Where several workers test, the first that needs it makes it, and each gets a copy of its own to edit.
    """
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "smallest-run"
    shared.mkdir(exist_ok=True)
    with open(shared / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "said").exists():
            _make(shared)
    said = json.loads((shared / "said").read_text())
    assert said is None, said
    tree = tmp_path_factory.mktemp("smallest") / "galforge"
    subprocess.run(["cp", "-a", shared / "galforge", tree], check=True)
    traces = [file.read_text() for file in sorted((shared / "trace").glob("*.json"))]
    return Run(tree, [json.loads(text.replace(str(shared / "galforge"), str(tree))) for text in traces])


def _make(shared: Path) -> None:
    """Run it, and leave in ``said`` what Snakemake said if it failed."""
    tree, trace = copy_tree(shared / "galforge"), shared / "trace"
    trace.mkdir()
    done = snakemake(
        tree,
        "--",
        "all",
        "gpu_check",
        "results/smallest/fits/skirt/stylegan-seed0.fits",
        "results/smallest/npz/skirt/source.npz",
        "results/smallest/realgalaxy/cosmos/vae-seed0/F814W.fits",
        "results/smallest/weights/cosmos/vae-seed0/README.md",
        # Stamps of any data set can be scored.
        "results/smallest/studies/realism/sparse/scores/sersic/vae-seed0.parquet",
        GALFORGE_TRACE=str(trace),
        GALFORGE_TREE=str(tree),
        PYTHONPATH=str(Path(__file__).parent / "trace"),
        config=SMALLEST,
    )
    (shared / "said").write_text(json.dumps(done.stdout + done.stderr if done.returncode else None))
