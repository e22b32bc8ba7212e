"""Pruning a finished run frees disk, changes no plan, and leaves what a longer training needs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tree import SMALLEST, planned, snakemake

TRAININGS = (
    *("sersic/vae/seed0", "cosmos/vae/seed0", "cosmos/vae/seed1", "skirt/stylegan/seed0"),
    *("galaxiesml/ddpm/seed0", "galaxiesml/redshift_cnn/seed0", "sparse/two_stage_conditional/seed0"),
)

CHOSEN = "sersic/vae/seed0"
"""The one that a snapshot is chosen from."""


def prune(tree: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "workflow/galforge/operate/prune.py", "results/smallest"]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)


def allocated(folder: Path) -> int:
    """Bytes on disk; a file with two names counts once."""
    files = {status.st_ino: status for path in folder.rglob("*") if (status := path.lstat()) and path.is_file()}
    return sum(status.st_blocks * 512 for status in files.values())


@pytest.fixture(scope="module")
def pruned(smallest_run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the finished run, with its hard links, pruned."""
    tree = tmp_path_factory.mktemp("pruned") / "galforge"
    subprocess.run(["cp", "-a", smallest_run.tree, tree], check=True)
    models = tree / "results/smallest/models"
    for training in TRAININGS:
        state = models / training / "state_0.pt"
        (finished,) = models.glob(f"{training}/work/state_0-*/finished.pt")
        assert os.path.samefile(state, finished), "removing one name alone would free nothing"
    before = allocated(models)
    names = ("state_0.pt", "weights_0.safetensors", "history_0.csv")
    gone = [models / training / name for training in TRAININGS for name in names]
    # A longer training chooses among all snapshots.
    gone.remove(models / CHOSEN / "weights_0.safetensors")
    freed = sum(path.stat().st_size for path in gone)
    done = prune(tree)
    assert done.returncode == 0, done.stderr
    assert "27 files and folders removed" in done.stdout
    assert f"{freed / 2**30:.2f} GiB freed" in done.stdout
    assert before - allocated(models) >= freed
    return tree


def test_only_the_last_state_and_all_records_are_left(pruned):
    for training in TRAININGS:
        folder = pruned / "results/smallest/models" / training
        left = {path.name for path in folder.iterdir()}
        records = {f"state_{segment}.{kind}" for segment in (0, 1) for kind in ("json", "cost.json")}
        if training == CHOSEN:
            records |= {f"score_{segment}.{kind}" for segment in (0, 1) for kind in ("json", "record.json")}
            records |= {"snapshot.json", "snapshot.record.json", "snapshot.safetensors", "weights_0.safetensors"}
        assert left == records | {"state_1.pt", "weights_1.safetensors", "history_1.csv", "work"}
        assert [path.name.split("-")[0] for path in (folder / "work").iterdir()] == ["state_1"]


def test_a_pruned_run_has_nothing_to_do_and_nothing_more_to_prune(pruned):
    assert planned(pruned) == {}
    assert "0 files and folders removed, 0.00 GiB freed" in prune(pruned).stdout


@pytest.fixture
def configured(pruned):
    """Edit the configuration of the pruned run for one test."""
    path = pruned / SMALLEST
    before = path.read_text()

    def configure(old: str, new: str) -> None:
        assert old in before
        path.write_text(before.replace(old, new))

    yield configure
    path.write_text(before)


def test_a_longer_training_adds_segments_only(pruned, configured):
    configured("images_total: 80", "images_total: 120")
    plan = planned(pruned)
    assert plan["train_segment"] == len(TRAININGS)
    assert "will be trained again" not in snakemake(pruned, "-n").stderr


def test_a_key_of_the_report_reruns_the_report_only(pruned, configured):
    configured("name: smallest", "report: {stamps_per_row: 3}\nname: smallest")
    # The walks between latents have as many steps as a row has stamps.
    walked = ("sersic", "cosmos", "skirt")
    shown = [*(f"figures_holzschuh2022_{name}" for name in (*walked, "galaxiesml")), "page"]
    shown += [*(f"latents_{name}" for name in walked), "figures_gantastic2020_sparse_sparse_galaxies"]
    assert planned(pruned) == dict.fromkeys(shown, 1)


def test_a_shorter_training_needs_what_was_pruned_and_the_driver_says_so(pruned, configured):
    configured("images_total: 80", "images_total: 40")
    assert planned(pruned)["train_segment"] == len(TRAININGS)
    said = snakemake(pruned, "-n").stderr
    assert said.count("was trained and will be trained again: training: state_0.pt is gone") == len(TRAININGS)


def test_a_changed_hyperparameter_is_still_announced(pruned, configured):
    configured("ema_half_life_images: 40", "ema_half_life_images: 20")
    said = snakemake(pruned, "-n").stderr
    assert said.count("will be trained again: training: training.ema_half_life_images was 40, is 20") == len(TRAININGS)


def test_a_locked_folder_is_left_alone(pruned):
    lock = pruned / ".snakemake/locks/0.output.lock"
    lock.touch()
    try:
        done = prune(pruned)
    finally:
        lock.unlink()
    assert done.returncode != 0
    assert "Snakemake runs here, or was killed" in done.stderr
    assert done.stdout == ""
