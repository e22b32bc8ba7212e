"""Segments: whatever ends a try, the next one goes on and reaches the state of an uninterrupted training."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from galforge.errors import GalforgeError
from galforge.seeds import generator
from galforge.stamps.file import StampsWriter
from galforge.training import export
from galforge.training import state as states
from galforge.training.clock import OutOfTime, Preempted
from galforge.training.launch import launch
from galforge.training.lease import Lease, LeaseLost
from galforge.training.loop import Diverged, Training
from galforge.training.segment import run_segment
from toys import job
from toys.galaxies import header, image, write_stamps
from toys.job import plain, train

STOP = 320
JOB = Path(job.__file__)


@pytest.fixture(scope="module")
def stamps(tmp_path_factory):
    return write_stamps(tmp_path_factory.mktemp("stamps") / "toy.h5")


@pytest.fixture(scope="module")
def uninterrupted(stamps, tmp_path_factory):
    """The state of a training that nothing disturbed."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    train(stamps, folder / "state.pt", folder / "work", STOP)
    return folder / "state.pt"


@pytest.fixture
def at_step(monkeypatch):
    """Does something before a certain step of the next trainings; returns the list of steps made."""
    made = []
    real = Training.step

    def install(images_seen=-1, action=lambda run: None):
        def step(self, images):
            if self.images_seen == images_seen and images_seen not in made:
                action(self)
            made.append(self.images_seen)
            real(self, images)

        monkeypatch.setattr(Training, "step", step)
        return made

    return install


def test_sigterm_saves_and_a_retry_goes_on_to_the_same_state(stamps, tmp_path, uninterrupted, at_step):
    made = at_step(100, lambda run: signal.raise_signal(signal.SIGTERM))
    out = tmp_path / "state.pt"
    with pytest.raises(Preempted, match="SIGTERM"):
        train(stamps, out, tmp_path / "work", STOP)
    assert not out.exists()
    assert made[-1] == 100
    train(stamps, out, tmp_path / "work", STOP)
    assert made == list(range(0, STOP, 4))
    assert out.read_bytes() == uninterrupted.read_bytes()


def test_own_clock_stops_in_time_and_a_retry_goes_on(stamps, tmp_path, uninterrupted, at_step, monkeypatch):
    passed = [0.0]
    shifted = SimpleNamespace(monotonic=lambda: time.monotonic() + passed[0], sleep=time.sleep)
    monkeypatch.setattr("galforge.training.clock.time", shifted)
    made = at_step(100, lambda run: passed.append(passed.pop() + 3600.0))
    out = tmp_path / "state.pt"
    with pytest.raises(OutOfTime, match="goes on from there"):
        train(stamps, out, tmp_path / "work", STOP, minutes=60.0)
    assert made[-1] == 100
    train(stamps, out, tmp_path / "work", STOP, minutes=60.0)
    assert made == list(range(0, STOP, 4))
    assert out.read_bytes() == uninterrupted.read_bytes()


def test_time_limit_without_a_single_step_is_an_error_and_no_preemption(stamps, tmp_path):
    with pytest.raises(GalforgeError, match="more time") as caught:
        train(stamps, tmp_path / "state.pt", tmp_path / "work", STOP, minutes=1.0, margin_seconds=60.0)
    assert not isinstance(caught.value, Preempted)


def test_preempted_job_is_requeued_after_its_lease_was_released(stamps, tmp_path, at_step, monkeypatch):
    at_step(40, lambda run: signal.raise_signal(signal.SIGTERM))
    scontrol = tmp_path / "bin" / "scontrol"
    scontrol.parent.mkdir()
    scontrol.write_text(
        f'#!/bin/sh\n[ "$1" = show ] && echo JobState=RUNNING && exit 0\n'
        f"cp {tmp_path}/work/lease-* {tmp_path}/lease-then\n"
    )
    scontrol.chmod(0o755)
    monkeypatch.setenv("PATH", f"{scontrol.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_JOB_ID", "5")
    with pytest.raises(Preempted):
        launch(plain(stamps, tmp_path / "state.pt", tmp_path / "work", STOP), 1, grace_seconds=0.0)
    assert '"released": "yes"' in (tmp_path / "lease-then").read_text()


@pytest.mark.slow
def test_killed_at_any_moment_it_reaches_the_same_state(stamps, tmp_path, uninterrupted):
    """kill -9 at random moments of a training that checkpoints all the time, so that many hit a write."""
    out, work = tmp_path / "state.pt", tmp_path / "work"
    command = [sys.executable, str(JOB), str(stamps), str(out), str(work), str(STOP), "0"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    draw = generator("kill")
    kills, progress = 0, []
    for _ in range(6):
        latest = max(work.glob("checkpoint-*"), default=None)
        process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        while process.poll() is None and max(work.glob("checkpoint-*"), default=None) == latest:
            time.sleep(0.002)
        time.sleep(draw.uniform(0.0, 0.05))
        process.kill()
        kills += process.wait() == -signal.SIGKILL
        progress.append(max(work.glob("checkpoint-*"), default=Path("none")).name)
    assert kills == 6
    assert progress == sorted(set(progress))
    train(stamps, out, work, STOP)
    assert out.read_bytes() == uninterrupted.read_bytes()
    left = sorted(path.name for path in work.iterdir())
    assert left == ["cost.json", "finished.pt", "history.csv", f"lease-{kills + 1:08d}"]


@pytest.mark.parametrize("damage", ["truncated", "flipped"])
def test_damaged_checkpoint_falls_back_to_the_one_before(stamps, tmp_path, uninterrupted, at_step, damage, caplog):
    at_step(100, lambda run: signal.raise_signal(signal.SIGTERM))
    out, work = tmp_path / "state.pt", tmp_path / "work"
    with pytest.raises(Preempted):
        train(stamps, out, work, STOP, checkpoint_seconds=0.0)
    earlier, latest = sorted(work.glob("checkpoint-*"))
    whole = bytearray(latest.read_bytes())
    if damage == "truncated":
        del whole[len(whole) // 2 :]
    else:
        weight = next(iter(states.read(latest)["networks"].values()))
        whole[bytes(whole).index(weight.numpy().tobytes()) + 1] ^= 4
    latest.write_bytes(whole)
    with caplog.at_level("INFO", logger="galforge"):
        train(stamps, out, work, STOP)
    assert f"{latest.name}" in caplog.text
    assert f"{earlier.name}: going on" in caplog.text
    assert out.read_bytes() == uninterrupted.read_bytes()


def content(path):
    """Digest of a state without its key, which differs between a chain and a single run."""
    return states.content_digest({name: value for name, value in states.read(path).items() if name != "key"})


def test_chain_of_segments_equals_one_run(stamps, tmp_path):
    train(stamps, tmp_path / "one.pt", tmp_path / "work-one", 160)
    previous = None
    for stop in (40, 120, 160):
        out = tmp_path / f"{stop}.pt"
        train(stamps, out, tmp_path / f"work-{stop}", stop, state_in=previous)
        previous = out
    assert content(tmp_path / "one.pt") == content(tmp_path / "160.pt")


def test_finished_state_that_grew_from_another_state_is_not_handed_out(stamps, tmp_path, at_step):
    train(stamps, tmp_path / "before.pt", tmp_path / "work-before", 40)
    train(stamps, tmp_path / "after.pt", tmp_path / "work", 80, state_in=tmp_path / "before.pt")
    with Lease(tmp_path / "lease") as lease:
        other = states.read(tmp_path / "before.pt")
        other["history"]["loss"][0] += 1.0
        states.write(tmp_path / "before.pt", other, lease)
    made = at_step()
    train(stamps, tmp_path / "after.pt", tmp_path / "work", 80, state_in=tmp_path / "before.pt")
    assert made == list(range(40, 80, 4))


def test_undoing_an_edit_restores_without_training(stamps, tmp_path, uninterrupted, at_step):
    out, work = tmp_path / "state.pt", tmp_path / "work"
    train(stamps, out, work, STOP)
    assert out.samefile(work / "finished.pt")
    out.unlink()
    made = at_step()
    train(stamps, out, work, STOP)
    assert made == []
    assert out.read_bytes() == uninterrupted.read_bytes()


def test_damaged_finished_state_is_trained_again(stamps, tmp_path, uninterrupted, at_step):
    out, work = tmp_path / "state.pt", tmp_path / "work"
    train(stamps, out, work, STOP)
    os.truncate(work / "finished.pt", 1000)
    made = at_step()
    train(stamps, out, work, STOP)
    assert len(made) == STOP // 4
    assert out.read_bytes() == uninterrupted.read_bytes()


def test_state_that_has_seen_enough_is_passed_on_by_link(stamps, tmp_path, uninterrupted, at_step):
    made = at_step()
    first, second = (tmp_path / f"state_{index}.pt" for index in (0, 1))
    os.link(uninterrupted, first)
    train(stamps, second, tmp_path / "work", 160, state_in=first)
    assert made == []
    assert second.samefile(uninterrupted)
    export.export(first, None)
    export.export(second, first)
    for name in ("weights_{}.safetensors", "history_{}.csv"):
        assert (tmp_path / name.format(0)).samefile(tmp_path / name.format(1))


def test_weights_and_history_are_those_of_their_own_state(stamps, tmp_path, uninterrupted):
    train(stamps, tmp_path / "state_0.pt", tmp_path / "work", 40)
    os.link(uninterrupted, tmp_path / "state_1.pt")
    for state, before in (("state_0.pt", None), ("state_1.pt", tmp_path / "state_0.pt")):
        export.export(tmp_path / state, before)
        export.export_weights(tmp_path / state, tmp_path / "weights.safetensors")
        own = tmp_path / f"weights_{state[6]}.safetensors"
        assert own.read_bytes() == (tmp_path / "weights.safetensors").read_bytes()
    histories = [(tmp_path / f"history_{index}.csv").read_text().splitlines() for index in (0, 1)]
    assert histories[1][: len(histories[0])] == histories[0]
    assert [len(history) for history in histories] == [1 + 40 // 40, 1 + STOP // 40]


def test_damaged_state_of_the_segment_before_is_named_with_the_remedy(stamps, tmp_path, uninterrupted):
    damaged = tmp_path / "before.pt"
    damaged.write_bytes(uninterrupted.read_bytes()[:-2000])
    with pytest.raises(states.StateError, match=r"before\.pt.*remove that file"):
        train(stamps, tmp_path / "state.pt", tmp_path / "work", 2 * STOP, state_in=damaged)


def test_writer_that_lost_its_lease_replaces_nothing(stamps, tmp_path, at_step):
    out, work = tmp_path / "state.pt", tmp_path / "work"
    out.write_text("of the winner")

    def lose(run):
        for path in work.glob("lease-*"):
            path.unlink()
        (work / "lease-00000009").write_text("{}")

    at_step(100, lose)
    with pytest.raises(LeaseLost):
        train(stamps, out, work, STOP)
    assert out.read_text() == "of the winner"
    assert not (work / "finished.pt").exists()


def test_second_writer_waits_for_the_first_and_stops_in_time(stamps, tmp_path):
    with Lease(tmp_path / "work", 3600), pytest.raises(OutOfTime):
        train(stamps, tmp_path / "state.pt", tmp_path / "work", STOP, minutes=0.02, margin_seconds=0.5)


def test_divergence_names_the_loss_and_the_images_and_leaves_no_state(stamps, tmp_path, at_step):
    def poison(run):
        with torch.no_grad():
            run.family.networks.observation.log_sky.fill_(float("nan"))

    at_step(100, poison)
    with pytest.raises(Diverged, match=r"'(loss|reconstruction)' is nan after 120 images seen"):
        train(stamps, tmp_path / "state.pt", tmp_path / "work", STOP)
    assert not list(tmp_path.glob("**/*.pt"))


def test_weights_that_are_not_finite_are_never_saved(stamps, tmp_path, at_step):
    """No loss shows that the last step before a save broke a weight."""

    def poison(run):
        real = run._update

        def update(name, loss):
            real(name, loss)
            with torch.no_grad():
                run.family.networks.decoder.head.bias[0] = float("inf")

        run._update = update

    at_step(STOP - 4, poison)
    with pytest.raises(Diverged, match=r"decoder\.head\.bias"):
        train(stamps, tmp_path / "state.pt", tmp_path / "work", STOP)
    assert not list(tmp_path.glob("**/*.pt"))


def test_history_has_a_row_per_interval_and_no_clock_times(uninterrupted, tmp_path):
    export.export_history(uninterrupted, tmp_path / "history.csv")
    lines = (tmp_path / "history.csv").read_text().splitlines()
    assert lines[0] == "images_seen,divergence,loss,reconstruction"
    assert [int(line.split(",")[0]) for line in lines[1:]] == list(range(40, STOP + 1, 40))


def test_bfloat16_resumes_bit_for_bit_too(stamps, tmp_path, monkeypatch):
    """In bfloat16 the layout of tensors, those of optimisers included, differs from that of stored ones."""
    monkeypatch.setattr(job, "TRAINING", job.TRAINING.model_copy(update={"precision": "bfloat16"}))
    train(stamps, tmp_path / "one.pt", tmp_path / "work-one", 80)
    train(stamps, tmp_path / "half.pt", tmp_path / "work-half", 40)
    train(stamps, tmp_path / "two.pt", tmp_path / "work-two", 80, state_in=tmp_path / "half.pt")
    assert content(tmp_path / "one.pt") == content(tmp_path / "two.pt")


def test_history_has_losses_of_the_validation_split_and_a_retry_goes_on_to_the_same(tmp_path, at_step):
    stamps = tmp_path / "toy.h5"
    with StampsWriter(stamps, (1, 32, 32), header(1), capacity=40) as writer:
        for index in range(40):
            split = "validation" if index % 4 == 0 else "train"
            writer.append(image(index, 1, 32)[0], name=f"toy-{index}", split=split)
    asked = job.TRAINING.model_copy(update={"validation_images": 8})
    made_from = replace(job.segment(stamps, 120), training=asked)
    run_segment(made_from, tmp_path / "whole.pt", tmp_path / "whole")
    at_step(60, lambda run: signal.raise_signal(signal.SIGTERM))
    with pytest.raises(Preempted):
        run_segment(made_from, tmp_path / "state.pt", tmp_path / "work")
    run_segment(made_from, tmp_path / "state.pt", tmp_path / "work")
    assert (tmp_path / "state.pt").read_bytes() == (tmp_path / "whole.pt").read_bytes()
    history = states.read(tmp_path / "state.pt")["history"]
    assert history["images_seen"] == [40, 80, 120]
    assert len(history["validation reconstruction"]) == 3
    export.export_history(tmp_path / "state.pt", tmp_path / "history.csv")
    assert "validation loss" in (tmp_path / "history.csv").read_text().splitlines()[0]
