"""Failures of the driver, of memory, of files and of the disk: what is left is sound, and the outcome is the same."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from scenario import MODEL, SEGMENT, TRAINING, Scenario
from undisturbed import CONFIG, REQUIRED_VARIABLE, RESULTS

from galforge.training import state as states

Make = Callable[[str], Scenario]


def test_kill_of_the_driver(scenario: Make) -> None:
    run = scenario("driver")
    run.site(TRAINING)
    # The orphan must not end its segment before `make recover` finds it.
    orphan = run.train(4.0, SEGMENT + 100)
    run.driver.kill()
    run.driver.wait()
    written = len(run.steps())
    run.wait(lambda: len(run.steps()) >= written + 2, "the orphan to go on", fails_early=False)
    _environment_of(run.tree)
    run.spawn(["make", "recover", "PROFILE=profiles/site", f"CONFIG={CONFIG}"])
    run.wait_for_state(orphan.job, "CANCELLED")
    run.pace(0)
    said = run.finish()
    assert f"cancelling job {orphan.job}" in said
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", said, re.MULTILINE))
    assert jobs == {"train_segment": "1", "total": "1"}
    assert len(run.tries(0)) == 1
    # compare() makes sure that the orphan's last step came before the first one of the new job.
    assert len(run.tries(1)) == 2
    assert run.redone() == 0
    run.report("the driver (kill -9), then `make recover`", run.compare())


def test_a_job_over_its_memory(scenario: Make) -> None:
    run = scenario("memory")
    # Python with torch and Snakemake around it need more than the first and less than the second attempt has.
    run.site(TRAINING, mem_mb="300 * 6 ** (attempt - 1)")
    job = run.train().job
    killed, retried = run.submitted("train_segment")
    assert retried == job
    assert run.show(killed)["JobState"] in ("FAILED", "OUT_OF_MEMORY")
    assert [run.show(each)["MinMemoryNode"] for each in (killed, retried)] == ["300M", "1800M"]
    run.slurm("scontrol", "requeue", job)
    run.wait(lambda: len(run.tries(0)) == 2, "the job's second start")
    run.pace(0)
    said = run.finish()
    # One retry for the memory of each segment, none for what SLURM took away.
    assert said.count("Trying to restart job") == 2
    assert len(run.submitted("train_segment")) == 4
    assert (run.show(job)["Restarts"], run.show(job)["MinMemoryNode"]) == ("1", "1800M")
    assert {step.job for step in run.steps()} == {job, run.submitted("train_segment")[-1]}
    assert run.redone() == 0
    run.report("a job over its memory, retried as a new one with more; requeued besides", run.compare())


def test_damaged_checkpoints(scenario: Make) -> None:
    run = scenario("damage")
    run.site(TRAINING)
    run.pace(1.0, 100)
    run.start()
    lost = 0
    for number, damage in enumerate((_truncate, _flip_a_bit), start=1):
        step = run.wait(lambda number=number: _try(run, number), f"try {number} to have two checkpoints")
        run.slurm("scancel", step.job)
        run.wait_for_state(step.job, "CANCELLED")
        run.wait(lambda pid=step.pid: not Path(f"/proc/{pid}").exists(), "the process to end")
        before, latest = _checkpoints(run)[-2:]
        damage(latest)
        run.wait(lambda number=number: len(run.tries(0)) == number + 1, "the next try")
        resumed = run.tries(0)[-1][0]
        assert resumed.images_seen == _images(before)
        said = run.job_log(resumed.job)
        assert f"{latest.relative_to(run.tree)}: {'cannot be read' if damage is _truncate else 'is damaged'}" in said
        assert "it is set aside, and the training goes on from the state before it" in said
        lost += _images(latest) - _images(before)
    run.pace(0)
    run.finish()
    assert run.redone() == lost > 0
    run.report("the last checkpoint truncated, then another with a bit flipped", run.compare())


def test_a_full_disk(scenario: Make) -> None:
    run = scenario("disk")
    run.site(TRAINING | {"retries": 1})
    with _small_disk(run.tree / "results"):
        run.pace(1.0, 100)
        run.start()
        run.wait(lambda: _checkpoints(run), "a checkpoint")
        _fill(run.tree / "results/filler")
        said = run.finish(succeeds=False)
        errors = re.findall(rf"ERROR {MODEL}/work/\S+: cannot be written: No space left on device", said)
        # Of the first try and of the second, each in the log of the rule and in that of SLURM.
        assert len(errors) >= 2, run.story("no clear error")
        assert "Traceback" not in said
        folder = run.tree / MODEL
        assert [path.name for path in folder.iterdir()] == ["work"]
        for file in folder.rglob("*.pt"):
            states.read(file)
        assert not list((run.tree / RESULTS).rglob(".*"))
        (run.tree / "results/filler").unlink()
        run.pace(0)
        run.start()
        run.finish()
        run.report("a full disk while a checkpoint was written; space freed, same command", run.compare())


def _try(run: Scenario, number: int):
    """The latest step of the ``number``-th try at the first segment, once it has saved something itself."""
    tries = run.tries(0)
    if len(tries) < number or len(_checkpoints(run)) < 2:
        return None
    began = tries[number - 1][0].images_seen
    return tries[number - 1][-1] if _images(_checkpoints(run)[-2]) > began else None


def _checkpoints(run: Scenario) -> list[Path]:
    return sorted((run.tree / MODEL).glob("work/state_0-*/checkpoint-*.pt"))


def _images(checkpoint: Path) -> int:
    return int(checkpoint.stem.removeprefix("checkpoint-"))


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _flip_a_bit(path: Path) -> None:
    """In the middle of the largest tensor: between two of them a state has bytes that mean nothing."""
    with zipfile.ZipFile(path) as archive:
        largest = max(archive.infolist(), key=lambda entry: entry.file_size)
        content = archive.read(largest)
    whole = bytearray(path.read_bytes())
    whole[whole.index(content, largest.header_offset) + len(content) // 2] ^= 1
    path.write_bytes(whole)


def _environment_of(tree: Path) -> None:
    """A .venv of this checkout that is the one the tests run in."""
    (tree / ".venv").mkdir()
    for entry in Path(sys.prefix).iterdir():
        if entry.name != "stamp":
            (tree / ".venv" / entry.name).symlink_to(entry)
    lock = subprocess.run(["sha256sum", tree / "envs/requirements.lock"], check=True, capture_output=True, text=True)
    (tree / ".venv/stamp").write_text(f"{lock.stdout.split()[0]} {tree}\n")


@contextmanager
def _small_disk(folder: Path, size: str = "24m") -> Iterator[None]:
    """Put a folder on a disk of its own."""
    aside = folder.with_name(folder.name + "-aside")
    folder.rename(aside)
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=False).returncode:
        leave = pytest.fail if REQUIRED_VARIABLE in os.environ else pytest.skip
        leave("a disk cannot be mounted here: the test needs the right to mount a tmpfs")
    try:
        shutil.copytree(aside, folder, dirs_exist_ok=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def _fill(path: Path) -> None:
    """Write until the disk is full."""
    with open(path, "wb", buffering=0) as file:
        try:
            while file.write(bytes(1 << 16)):
                pass
        except OSError:
            return
