"""The lease: one holder at a time, taken over when it lapses, and a loser that may not write."""

import json
import os
import subprocess
import sys
import threading
import time

import pytest

from galforge.training import lease as leases
from galforge.training.lease import Lease, LeaseLost


def elsewhere(folder, number=1, beat=0):
    """The file of a holder on another machine, of whose process nothing is known here."""
    entry = {"token": "f" * 32, "host": "elsewhere", "boot": "b", "pid": 1, "started": "1", "released": "no "}
    path = folder / f"lease-{number:08d}"
    path.write_text(json.dumps(entry | {"beat": f"{beat:016d}"}))
    return path


def test_released_folder_is_taken_at_once(tmp_path):
    with Lease(tmp_path, 3600):
        pass
    began = time.monotonic()
    with Lease(tmp_path, 3600) as lease:
        lease.check()
    assert time.monotonic() - began < 5


def test_holder_of_another_machine_is_waited_for_until_its_heartbeat_stands_still(tmp_path):
    path = elsewhere(tmp_path)
    beats = threading.Event()

    def beat():
        for number in range(5):
            time.sleep(0.2)
            path.write_text(path.read_text()[:-18] + f'{number + 1:016d}"}}')
        beats.set()

    thread = threading.Thread(target=beat)
    thread.start()
    began = time.monotonic()
    with Lease(tmp_path, 0.6) as lease:
        assert beats.is_set()
        assert time.monotonic() - began > 1.0 + 0.55
        lease.check()
        assert not path.exists()
    thread.join()


def test_process_of_this_machine_that_ended_is_not_waited_for(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from galforge.training.lease import Lease;"
        "Lease(Path(sys.argv[1]), 3600).__enter__(); os.kill(os.getpid(), 9)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], env=environment, check=False).returncode == -9
    began = time.monotonic()
    with Lease(tmp_path, 3600) as lease:
        lease.check()
    assert time.monotonic() - began < 5


def test_living_process_of_this_machine_is_waited_for(tmp_path):
    class TooLong(Exception):
        pass

    def give_up():
        raise TooLong

    with Lease(tmp_path, 3600) as holder:
        with pytest.raises(TooLong), Lease(tmp_path, 3600, pause=give_up):
            pass
        holder.check()


def test_loser_notices_before_it_writes(tmp_path, monkeypatch):
    """A holder without heartbeat, as on a lost node, loses the folder and may not write when it wakes up."""
    monkeypatch.setattr(Lease, "_heartbeat", lambda self: self._stop.wait())
    with Lease(tmp_path, 3600) as loser:
        loser.check()
        with Lease(tmp_path, 0.3) as winner:
            with pytest.raises(LeaseLost, match="took over"):
                loser.check()
            winner.check()
        with pytest.raises(LeaseLost):
            loser.check()


def test_heartbeat_keeps_the_folder_longer_than_its_time_to_live(tmp_path):
    tries = []

    def pause():
        tries.append(time.monotonic())
        if tries[-1] - tries[0] > 2.0:
            raise InterruptedError

    with Lease(tmp_path, 0.6) as holder:
        with pytest.raises(InterruptedError), Lease(tmp_path, 0.6, pause=pause):
            pass
        holder.check()


def test_of_many_newcomers_one_wins(tmp_path):
    elsewhere(tmp_path)
    holding, most, lock = 0, 0, threading.Lock()

    def take():
        nonlocal holding, most
        with Lease(tmp_path, 0.5) as lease:
            with lock:
                holding += 1
                most = max(most, holding)
            time.sleep(0.05)
            lease.check()
            with lock:
                holding -= 1

    threads = [threading.Thread(target=take) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert leases._highest(tmp_path) == 6


def test_half_written_lease_lapses_too(tmp_path):
    (tmp_path / "lease-00000001").write_bytes(b"")
    with Lease(tmp_path, 0.3) as lease:
        assert lease.number == 2


def test_number_of_a_process_that_ended_may_be_used_again(tmp_path):
    """The start time tells a new process from an old one with the same number."""
    path = elsewhere(tmp_path)
    mine = {"host": leases.socket.gethostname(), "boot": leases._boot(), "pid": os.getpid(), "started": "1"}
    path.write_text(json.dumps(json.loads(path.read_text()) | mine))
    assert leases._is_over(path.read_bytes())
    path.write_text(json.dumps(json.loads(path.read_text()) | {"started": leases._started(os.getpid())}))
    assert not leases._is_over(path.read_bytes())
