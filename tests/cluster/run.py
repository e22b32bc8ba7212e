"""Start a SLURM cluster, run the tests on it, and end it whatever happens: ``python tests/cluster/run.py``.

Where no cluster can be, the tests are skipped and a line says why; with ``--required`` that is a failure. Other words
go to pytest.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

from daemons import Cluster, missing

HERE = Path(__file__).resolve().parent
WORKERS = 6
PARTITIONS = {
    "cpu": 1, "path": 1, "pair": 1, "limit": 1, "clock": 1, "cancel": 1, "requeue": 1, "lost": 2, "driver": 1,
    "memory": 1, "damage": 1, "disk": 1, "several": 1, "restart": 1, "submit": 1, "late": 1, "drain": 2, "share": 1,
    "fewer": 1,
}  # fmt: skip
"""Nodes by partition. Each test has a partition of its own, all share the one for CPU jobs."""


def main(words: list[str]) -> int:
    """Run pytest on a cluster; its exit code."""
    required, words = "--required" in words, [word for word in words if word != "--required"]
    if why := missing():
        print(f"test-cluster: skipped: {why}")
        return int(required)
    began = time.monotonic()
    signal.signal(signal.SIGTERM, _stop)
    folder = Path(tempfile.mkdtemp(prefix="galforge-cluster-"))
    folder.chmod(0o755)
    (folder / "report").mkdir()
    partitions = {name: [f"{name}{index}" for index in range(count)] for name, count in PARTITIONS.items()}
    (folder / "partitions.json").write_text(json.dumps(partitions))
    cluster = Cluster(folder, partitions)
    code = 1
    try:
        cluster.start()
        print(f"test-cluster: {len(cluster.nodes)} nodes in {folder}, {WORKERS} tests at a time")
        command = [sys.executable, "-m", "pytest", HERE, "-n", str(WORKERS), "--basetemp", folder / "tests", *words]
        variables = {"GALFORGE_TEST_CLUSTER": str(folder)} | ({"GALFORGE_TEST_REQUIRED": "1"} if required else {})
        code = subprocess.run(command, env=os.environ | variables).returncode
    finally:
        cluster.stop()
        _end_strays(folder)
        _unmount(folder)
        for file in sorted((folder / "report").iterdir()):
            print(f"  {file.read_text().strip()}")
        print(f"test-cluster: {(time.monotonic() - began) / 60:.1f} min")
        if code == 0:
            shutil.rmtree(folder)
        else:
            print(f"test-cluster: failed; everything is in {folder}")
    return code


def _stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _end_strays(folder: Path) -> None:
    """End processes that belong to this cluster and outlived it, such as those of a node that was lost."""
    mark = f"GALFORGE_TEST_CLUSTER={folder}".encode()
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                os.kill(int(entry.name), signal.SIGKILL)
        except OSError:
            continue


def _unmount(folder: Path) -> None:
    """Take away the disk of a test that was killed."""
    for line in Path("/proc/mounts").read_text().splitlines():
        if (place := line.split()[1]).startswith(f"{folder}/"):
            subprocess.run(["umount", "--lazy", place], check=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
