"""After kill -9 of a local driver in mid-training, `make recover` ends with what an undisturbed run makes."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tree import SNAKEMAKE, copy_tree, snakemake

CONFIG = "tests/config/killed.yaml"
OVERLAY = """\
name: killed
scale: smallest
datasets:
  sersic: {count: 24, size: 32, pixel_scale: 0.32, measuring: {expected_count: 24}}
models:
  vae:
    network: {latent: 4, width: 16, max_width: 64, kl_warmup_images: 30}
    training: {precision: float32, images_total: 4000, segment_images: 2000, batch: 10, history_images: 100}
run:
  - {dataset: sersic, model: vae, seeds: [0]}
"""
SEED = "results/killed/models/sersic/vae/seed0"
WEIGHTS = f"{SEED}/weights_1.safetensors"
ARTEFACTS = ("state_0.pt", "state_1.pt", "weights_1.safetensors", "history_1.csv")


def made(tree: Path) -> dict[str, bytes]:
    return {name: (tree / SEED / name).read_bytes() for name in ARTEFACTS}


def make(tree: Path, target: str) -> subprocess.CompletedProcess:
    """A target of the Makefile with the environment of this test."""
    words = ["make", "-o", "setup", target, "PROFILE=profiles/local", f"CONFIG={CONFIG}", f"ARGS=-- {WEIGHTS}"]
    return subprocess.run(words, cwd=tree, capture_output=True, text=True, timeout=300, check=False)


def wait_for_segment(tree: Path, segment: int, driver: subprocess.Popen) -> None:
    """Until a process works on the segment."""
    deadline = time.monotonic() + 120
    while not list((tree / SEED / "work").glob(f"state_{segment}-*/lease-*")):
        assert driver.poll() is None, "the driver ended"
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
def test_a_killed_driver(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    # SLURM's commands may be installed here without a controller, and then jobs could not be known.
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/squeue").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    tree = copy_tree(tmp_path / "galforge")
    (tree / CONFIG).write_text(OVERLAY)
    (tree / ".venv").symlink_to(sys.prefix)
    done = snakemake(tree, "--", WEIGHTS, config=CONFIG)
    assert done.returncode == 0, done.stdout + done.stderr
    undisturbed = made(tree)
    (tree / "results").rename(tmp_path / "results")
    (tree / ".snakemake").rename(tmp_path / "snakemake")

    with open(tmp_path / "driver.log", "w") as said:
        command = [SNAKEMAKE, "--profile", "profiles/local", "--configfile", CONFIG, "--", WEIGHTS]
        driver = subprocess.Popen(command, cwd=tree, stdout=said, stderr=said)
    try:
        wait_for_segment(tree, 0, driver)
        status = make(tree, "status")
        assert status.returncode == 0, status.stderr
        assert f"driver: process {driver.pid} " in status.stdout
        assert re.search(r"^  train_segment +[01] of 2$", status.stdout, re.MULTILINE)
        assert re.search(r"^  process \d+: train_segment, .*segment_\d\.log$", status.stdout, re.MULTILINE)
        wait_for_segment(tree, 1, driver)
        refused = make(tree, "recover")
        assert refused.returncode != 0
        assert f"process {driver.pid} " in refused.stderr
        unsaid = subprocess.run(
            ["make", "-o", "setup", "recover"], cwd=tree, capture_output=True, text=True, check=False
        )
        assert unsaid.returncode != 0
        assert "give the profile of the run" in unsaid.stderr
    finally:
        os.kill(driver.pid, signal.SIGKILL)
        driver.wait()
    first = (tree / SEED / "state_0.pt").stat()

    done = make(tree, "recover")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "recover: ending process" in done.stdout
    assert "train_segment.py" in done.stdout
    assert "recover: they have ended" in done.stdout
    assert made(tree) == undisturbed
    # What was finished stayed, and the segment that was ended went on from where it was.
    now = (tree / SEED / "state_0.pt").stat()
    assert (now.st_ino, now.st_mtime_ns) == (first.st_ino, first.st_mtime_ns)
    log = (tree / "results/killed/logs/train/sersic/vae/seed0/segment_1.log").read_text()
    assert "going on from" in log
    again = snakemake(tree, "-n", "--", WEIGHTS, config=CONFIG)
    assert "Nothing to be done" in again.stdout + again.stderr
