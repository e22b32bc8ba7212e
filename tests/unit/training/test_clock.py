"""The clock: margins, signals, and when a job is put back into the queue."""

import os
import signal
import threading
import time

import pytest

from galforge.training.clock import Clock, OutOfTime, Preempted, requeue


def minutes_left(clock):
    return (clock.deadline - time.monotonic()) / 60


@pytest.mark.parametrize(("limit", "left"), [(1, 0.5), (10, 9), (60, 57), (1440, 1430)])
def test_margin_grows_with_the_limit_within_bounds(limit, left):
    assert minutes_left(Clock(limit)) == pytest.approx(left, abs=0.02)


def test_clock_stops_for_the_time_limit_and_for_what_saving_takes():
    with Clock(1, margin_seconds=50) as clock:
        assert not clock.must_stop()
        assert clock.must_stop(reserve_seconds=11)
        clock.deadline = time.monotonic()
        assert clock.must_stop()
        with pytest.raises(OutOfTime, match="goes on from there"):
            clock.stop()


def test_no_limit_never_stops():
    with Clock(None) as clock:
        assert not clock.must_stop(1e12)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_are_remembered_and_handlers_given_back(number):
    before = signal.getsignal(number)
    with Clock(None) as clock:
        signal.raise_signal(number)
        assert clock.must_stop()
        with pytest.raises(Preempted, match=signal.Signals(number).name):
            clock.stop()
    assert signal.getsignal(number) is before


def test_clock_works_outside_the_main_thread():
    def use():
        with Clock(1) as clock:
            seen.append(clock.must_stop())

    seen = []
    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert seen == [False]


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """A scontrol that records its calls, in a job whose state the test sets."""
    calls = tmp_path / "calls"
    calls.touch()

    def install(job_state, fails=False):
        script = tmp_path / "scontrol"
        script.write_text(
            f'#!/bin/sh\necho "$*" >> {calls}\n'
            f'[ "$1" = show ] && echo "JobId=77 JobName=x JobState={job_state} Reason=None"\n'
            f'[ "$1" = requeue ] && exit {int(fails)}\nexit 0\n'
        )
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("SLURM_JOB_ID", "77")
        return lambda: calls.read_text().splitlines()

    return install


@pytest.mark.parametrize("number", [None, signal.SIGTERM])
def test_running_job_is_requeued(slurm, number):
    calls = slurm("RUNNING")
    requeue(Preempted("stopped", number), grace_seconds=0)
    assert calls() == ["show job -o 77", "requeue 77"]


@pytest.mark.parametrize("job_state", ["CANCELLED", "COMPLETING", "TIMEOUT"])
def test_cancelled_job_stays_cancelled(slurm, job_state):
    calls = slurm(job_state)
    requeue(Preempted("stopped", signal.SIGTERM), grace_seconds=0)
    assert calls() == ["show job -o 77"]


def test_interrupt_from_the_keyboard_is_no_requeue(slurm):
    calls = slurm("RUNNING")
    requeue(Preempted("stopped", signal.SIGINT), grace_seconds=0)
    assert calls() == []


def test_outside_of_slurm_nothing_is_asked(slurm, monkeypatch):
    calls = slurm("RUNNING")
    monkeypatch.delenv("SLURM_JOB_ID")
    requeue(Preempted("stopped", signal.SIGTERM), grace_seconds=0)
    assert calls() == []


def test_failing_requeue_says_that_a_retry_goes_on(slurm, caplog):
    slurm("RUNNING", fails=True)
    with caplog.at_level("WARNING", logger="galforge"):
        began = time.monotonic()
        requeue(Preempted("stopped", signal.SIGTERM), grace_seconds=60)
    assert time.monotonic() - began < 30
    assert "a retry goes on" in caplog.text


def test_a_job_without_scontrol_says_that_a_retry_goes_on(slurm, caplog, monkeypatch):
    """An image has none of SLURM's commands."""
    slurm("RUNNING")
    monkeypatch.setenv("PATH", "/nowhere")
    with caplog.at_level("WARNING", logger="galforge"):
        requeue(Preempted("stopped"), grace_seconds=60)
    assert "here is no scontrol; a retry goes on" in caplog.text
