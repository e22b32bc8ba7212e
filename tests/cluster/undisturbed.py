"""The undisturbed run that all others are compared with, and the checkout that they start from."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from daemons import Cluster
from tree import copy_tree

FOLDER_VARIABLE = "GALFORGE_TEST_CLUSTER"
REQUIRED_VARIABLE = "GALFORGE_TEST_REQUIRED"
SNAKEMAKE = Path(sys.executable).with_name("snakemake")
CONFIG = "tests/cluster/cluster.yaml"
RESULTS = Path("results/cluster")
WHOLE_PATH = (f"{RESULTS}/tables/holzschuh2022/photometry.csv", f"{RESULTS}/figures/holzschuh2022/history-sersic.png")
NOT_COMPARED = ("logs", "benchmarks", "work")
"""Logs and benchmarks hold times; the work folder holds leases and what is left of interrupted tries."""
TIMES = ".cost.json"
"""What files are called that say how long a training took."""
_SECONDS = 1200


def cluster_of(folder: Path) -> Cluster:
    """The cluster that run.py has started in a folder."""
    return Cluster(folder, json.loads((folder / "partitions.json").read_text()))


def environment(cluster: Cluster) -> dict[str, str]:
    """Environment of Snakemake on the cluster."""
    # Nor what the make that started these tests was told: another make would take it for its own.
    others = ("GALFORGE_PLAN", "SLURM_", "MAKE", "MFLAGS", "ARGS")
    variables = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    path = os.pathsep.join([str(cluster.bin), str(Path(sys.executable).parent), os.environ["PATH"]])
    return variables | {"PATH": path, "OMP_NUM_THREADS": "1"}


def artefacts(folder: Path) -> list[Path]:
    """Files under a results folder that must be equal, hidden ones included, relative to it."""
    files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return sorted(path for path in files if not set(path.parts) & set(NOT_COMPARED) and not path.name.endswith(TIMES))


def stamps_made(cluster: Cluster) -> Path:
    """A checkout in which the stamps are made and nothing else."""
    folder = cluster.folder / "start"
    with only_once(folder) as todo:
        if todo:
            (copy_tree(folder / "galforge") / "workflow/toys").symlink_to("../tests/toys")
            run_locally(cluster, folder / "galforge", "--", f"{RESULTS}/stamps/sersic.h5")
    return folder / "galforge"


def undisturbed(cluster: Cluster) -> Path:
    """The same checkout with the whole path run through, on this machine and without SLURM."""
    start, folder = stamps_made(cluster), cluster.folder / "undisturbed"
    with only_once(folder) as todo:
        if todo:
            shutil.copytree(start, folder / "galforge", symlinks=True)
            run_locally(cluster, folder / "galforge", "--", *WHOLE_PATH)
    return folder / "galforge"


@contextmanager
def only_once(folder: Path) -> Iterator[bool]:
    """Whether this process is the first to make a folder; others wait until it is done, and fail if it failed."""
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        todo = not folder.exists()
        folder.mkdir(exist_ok=True)
        assert todo or (folder / "done").exists(), f"{folder} could not be made; see the first test that failed"
        yield todo
        (folder / "done").touch()


def run_locally(cluster: Cluster, tree: Path, *words: str) -> None:
    """Run Snakemake on this machine, without SLURM."""
    done = subprocess.run(
        [SNAKEMAKE, "--profile", "profiles/local", "--configfile", CONFIG, *words],
        cwd=tree, env=environment(cluster), capture_output=True, text=True, timeout=_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
