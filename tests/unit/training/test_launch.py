"""Several processes train what one would, and end together, whatever ends them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from galforge.errors import GalforgeError
from galforge.training import state as states
from galforge.training.clock import Clock, Preempted
from galforge.training.gpus import processes
from galforge.training.group import Group
from galforge.training.launch import launch
from toys.galaxies import write_stamps
from toys.job import WIDER, plain, train

STOP = 120
SLURM = {"SLURM_NTASKS": "1", "SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_NODELIST": "elsewhere[1-4]"}


@pytest.fixture(scope="module")
def stamps(tmp_path_factory):
    return write_stamps(tmp_path_factory.mktemp("stamps") / "toy.h5")


@pytest.fixture(scope="module")
def alone(stamps, tmp_path_factory):
    """The state that one process reaches."""
    folder = tmp_path_factory.mktemp("alone")
    train(stamps, folder / "state.pt", folder / "work", STOP, network=WIDER)
    return states.read(folder / "state.pt")


def surroundings():
    return signal.getsignal(signal.SIGTERM), os.environ.get("PYTHONPATH"), os.environ.get("OMP_NUM_THREADS")


def begun_by_two(stamps, out, work):
    """A launcher of two processes that have saved a checkpoint."""
    command = [sys.executable, "-m", "toys.job", "2", str(stamps), str(out), str(work), str(STOP)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list(work.glob("checkpoint-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    return process


def assert_equal_to_float_tolerance(state, other):
    assert state["images_seen"] == other["images_seen"]
    assert state["history"]["images_seen"] == other["history"]["images_seen"]
    for name in ("loss", "reconstruction", "divergence"):
        assert state["history"][name] == pytest.approx(other["history"][name], rel=1e-4)
    for kind in ("networks", "average"):
        assert state[kind].keys() == other[kind].keys()
        for name, value in state[kind].items():
            # By norm, because Adam turns rounding errors of gradients near zero into parts of a step.
            difference = torch.linalg.vector_norm(value.double() - other[kind][name].double())
            assert difference <= 1e-4 * torch.linalg.vector_norm(value.double()) + 1e-6, name


@pytest.mark.parametrize(
    ("gpu", "gres", "count"),
    [
        (1, None, 1),
        (4, None, 4),
        (0, "gpu:a100:2", 2),
        (0, "gpu:3", 3),
        (0, "gpu:a100", 1),
        (None, None, 1),
        (0, None, 1),
    ],
)
def test_one_process_for_each_gpu_that_the_job_asked_for(gpu, gres, count):
    assert processes(gpu, gres) == count


def test_batch_that_cannot_be_shared_is_refused_with_the_remedy():
    assert Group(0, 4).share(32) == 8
    with pytest.raises(GalforgeError, match=r"a number of GPUs .* that divides"):
        Group(0, 3).share(32)


@pytest.mark.parametrize(("error", "leaves"), [(None, True), (Preempted("stopped"), True), (OSError("full"), False)])
def test_a_process_with_an_error_does_not_wait_for_the_others(monkeypatch, error, leaves):
    left = []
    monkeypatch.setattr("torch.distributed.destroy_process_group", lambda: left.append(True))
    Group(0, 2).__exit__(type(error) if error else None, error, None)
    assert bool(left) is leaves


def test_reason_of_another_process_to_stop_is_taken_over():
    clock = Clock(None)
    with clock:
        signal.raise_signal(signal.SIGTERM)
        reason = clock.reason()
    other = Clock(None)
    assert (other.reason(), Clock(1, 60).reason()) == (0, 1)
    assert reason > Clock(1, 60).reason()
    other.adopt(reason)
    with pytest.raises(Preempted, match="SIGTERM"):
        other.stop()


@pytest.mark.slow
def test_two_processes_reach_the_weights_of_one_even_inside_a_slurm_step(stamps, tmp_path, alone, monkeypatch):
    for name, value in SLURM.items():
        monkeypatch.setenv(name, value)
    log = tmp_path / "log"
    before = surroundings()
    launch(plain(stamps, tmp_path / "state.pt", tmp_path / "work", STOP, log=str(log)), 2)
    # Signals that come later, while the job waits to be requeued, meet the same handlers as before.
    assert surroundings() == before
    state = states.read(tmp_path / "state.pt")
    assert_equal_to_float_tolerance(state, alone)
    assert any(not torch.equal(value, alone["networks"][name]) for name, value in state["networks"].items())
    assert "processes 2" in log.read_text()
    assert log.read_text().count("training images") == 1


@pytest.mark.slow
def test_training_goes_on_with_another_number_of_processes(stamps, tmp_path, alone):
    """Two processes are asked to stop and one finishes, as on a node with fewer GPUs."""
    out, work = tmp_path / "state.pt", tmp_path / "work"
    process = begun_by_two(stamps, out, work)
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 1, said
    assert "Preempted: the training was stopped by SIGTERM" in said
    saved = [int(path.stem.split("-")[1]) for path in work.glob("checkpoint-*")]
    assert 0 < max(saved) < STOP
    train(stamps, out, work, STOP, network=WIDER)
    assert_equal_to_float_tolerance(states.read(out), alone)


@pytest.mark.slow
def test_error_of_a_process_is_the_error_of_the_training(stamps, tmp_path):
    damaged = tmp_path / "before.pt"
    damaged.write_bytes(b"nothing")
    given = plain(stamps, tmp_path / "state.pt", tmp_path / "work", STOP)
    given["segment"]["state_in"] = str(damaged)
    with pytest.raises(GalforgeError, match=r"before\.pt.*remove that file") as caught:
        launch(given, 2)
    assert not isinstance(caught.value, Preempted)


@pytest.mark.slow
def test_killed_process_ends_the_training_with_an_error_and_leaves_its_checkpoints(stamps, tmp_path, alone):
    out, work = tmp_path / "state.pt", tmp_path / "work"
    process = begun_by_two(stamps, out, work)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[-1]), signal.SIGKILL)
    said = process.communicate(timeout=90)[1]
    assert process.returncode == 1, said
    assert "GalforgeError" in said
    train(stamps, out, work, STOP, network=WIDER, ttl_seconds=2.0)
    assert_equal_to_float_tolerance(states.read(out), alone)


def test_fewer_gpus_than_were_asked_for_are_refused(stamps, tmp_path, monkeypatch):
    """Also one that was asked for and not given: the training would go on on the CPU."""
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    job = plain(stamps, tmp_path / "state.pt", tmp_path / "work", STOP) | {"gpus": 1}
    job["segment"]["training"]["device"] = "auto"
    with pytest.raises(GalforgeError, match="the job asked SLURM for 1 GPUs and torch sees 0"):
        launch(job, 1)
    assert not (tmp_path / "work").exists()
