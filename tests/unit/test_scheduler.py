"""Snakemake's timers: one at a time, and never none where one was asked for."""

import threading
import time
from types import SimpleNamespace

from snakemake.scheduling.job_scheduler import JobScheduler

from galforge.operate.scheduler import calm, look_again


def scheduler():
    return SimpleNamespace(_open_jobs=threading.Semaphore(0))


def test_many_who_ask_wake_it_once():
    asked = scheduler()
    for _ in range(50):
        look_again(asked, 0.1)
    assert asked._open_jobs.acquire(timeout=10)
    time.sleep(0.3)
    assert not asked._open_jobs.acquire(blocking=False)


def test_who_is_woken_can_ask_again_at_once():
    """Hundreds of times, without a wait that never ends: the timer that woke it may still be running."""
    asked = scheduler()
    for _ in range(500):
        look_again(asked, 1e-4)
        assert asked._open_jobs.acquire(timeout=10)


def test_a_shorter_delay_does_not_wait_for_a_longer_one():
    asked = scheduler()
    look_again(asked, 60)
    look_again(asked, 0.01)
    assert asked._open_jobs.acquire(timeout=10)
    pending = [each for each in threading.enumerate() if isinstance(each, threading.Timer)]
    assert all(each.daemon for each in pending), "the end of a run would wait for them"


def test_snakemake_has_what_is_replaced(monkeypatch):
    monkeypatch.setattr(JobScheduler, "_schedule_reevalutation", JobScheduler._schedule_reevalutation)
    calm()
    assert JobScheduler._schedule_reevalutation is look_again
