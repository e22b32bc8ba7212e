"""One writer at a time in a work folder, on a file system shared by hosts whose clocks may disagree.

Every holder creates a numbered file of its own, exclusively; the highest number holds the folder. So no two newcomers
can win the same takeover, and a writer that was taken for dead finds out as soon as it looks. A holder changes its file
at every heartbeat. A newcomer measures on its own monotonic clock how long the bytes stay the same.
"""

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from galforge.atomic import naming
from galforge.errors import GalforgeError
from galforge.logs import log

IN_DIGEST = False
"""Who may write, never what is written."""

TTL_SECONDS = 120.0
_BEATS_PER_TTL = 6
_PREFIX = "lease-"


class LeaseLost(GalforgeError):
    """Another process has taken over the work folder, and this one may no longer write there."""


class Lease:
    """Holds ``folder`` within ``with``, after waiting for another holder to end or to lapse.

    Args:
        folder: the work folder, made if it is missing.
        ttl_seconds: a holder whose heartbeat has not changed for so long is taken for dead [s].
        pause: called again and again while waiting; it may raise an error to give up.
    """

    def __init__(self, folder: Path, ttl_seconds: float = TTL_SECONDS, pause: Callable[[], None] = lambda: None):
        self.folder, self.ttl, self.pause = folder, ttl_seconds, pause
        self.token = secrets.token_hex(16)
        self.number = 0
        self._beat = 0
        self._stop = threading.Event()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._acquire()
        self._thread = threading.Thread(target=self._heartbeat, name="lease heartbeat", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join()
        try:
            self._write(released=True)
        except OSError as failure:
            log.warning("%s: could not release the work folder (%s); it lapses by itself", self.folder, failure)

    def check(self) -> None:
        """Make sure that this process still holds the folder; call this right before every ``os.replace``.

        Raises:
            LeaseLost: it does not.
        """
        try:
            # Opened, because a network file system may answer a listing from its cache, but asks the server to open.
            mine = self._file(self.number).read_bytes()
        except FileNotFoundError:
            mine = b""
        if self.token.encode() not in mine or _highest(self.folder) != self.number:
            raise LeaseLost(
                f"{self.folder}: another process took over this training, because this one did not answer for "
                f"{self.ttl:g} s; nothing is lost: the other one goes on from the last checkpoint"
            )

    def _acquire(self) -> None:
        seen, since, said = (0, b""), time.monotonic(), False
        while True:
            number = _highest(self.folder)
            try:
                content = self._file(number).read_bytes() if number else b""
            except FileNotFoundError:
                continue
            now = time.monotonic()
            if (number, content) != seen:
                seen, since = (number, content), now
            if number == 0 or _is_over(content) or now - since >= self.ttl:
                if self._create(number + 1):
                    return
                continue
            if not said:
                log.info("%s: waiting for %s to end or to lapse", self.folder, _describe(content))
                said = True
            self.pause()
            time.sleep(min(self.ttl / 20, 2.0))

    def _create(self, number: int) -> bool:
        try:
            descriptor = os.open(self._file(number), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except FileExistsError:
            return False
        self.number = number
        try:
            with naming(self._file(number)):
                self._put(descriptor, released=False)
        except (GalforgeError, OSError):
            # An empty file would look like that of a holder who is about to write.
            self._file(number).unlink(missing_ok=True)
            raise
        if _highest(self.folder) != number:
            # This process was so slow that the number was taken, used and removed in the meantime.
            self._file(number).unlink(missing_ok=True)
            return False
        for other, path in _files(self.folder):
            if other < number:
                path.unlink(missing_ok=True)
        return True

    def _heartbeat(self) -> None:
        while not self._stop.wait(self.ttl / _BEATS_PER_TTL):
            try:
                self._write(released=False)
            except FileNotFoundError:
                return
            except OSError as failure:
                log.warning("%s: a heartbeat could not be written (%s)", self.folder, failure)

    def _write(self, released: bool) -> None:
        with self._lock:
            self._beat += 1
            # Without O_CREAT, because a file that a newcomer removed must not come back. Its length never changes.
            self._put(os.open(self._file(self.number), os.O_WRONLY), released)

    def _put(self, descriptor: int, released: bool) -> None:
        pid = os.getpid()
        entry = {
            "token": self.token,
            "host": socket.gethostname(),
            "boot": _boot(),
            "pid": pid,
            "started": _started(pid),
            "released": "yes" if released else "no ",
            "beat": f"{self._beat:016d}",
        }
        with open(descriptor, "wb") as file:
            file.write(json.dumps(entry).encode())
            file.flush()
            os.fsync(file.fileno())

    def _file(self, number: int) -> Path:
        return self.folder / f"{_PREFIX}{number:08d}"


def _files(folder: Path) -> list[tuple[int, Path]]:
    return [(int(path.name[len(_PREFIX) :]), path) for path in folder.glob(f"{_PREFIX}[0-9]*")]


def _highest(folder: Path) -> int:
    return max((number for number, _ in _files(folder)), default=0)


def _entry(content: bytes) -> dict[str, Any] | None:
    """The entry of a holder; None before the first write or in the middle of another."""
    try:
        return json.loads(content)
    except ValueError:
        return None


def _is_over(content: bytes) -> bool:
    """Whether the holder released the folder, or is a process of this very machine that has ended."""
    entry = _entry(content)
    if entry is None or entry["released"] == "yes":
        return entry is not None
    same_machine = entry["boot"] and entry["host"] == socket.gethostname() and entry["boot"] == _boot()
    return bool(same_machine and entry["started"] != _started(entry["pid"]))


def _describe(content: bytes) -> str:
    entry = _entry(content)
    return f"process {entry['pid']} on {entry['host']}" if entry else "another process"


def _boot() -> str:
    """Identifies this boot of this machine and its namespace of process numbers; empty if unknown."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _started(pid: int) -> str:
    """When a process began, in ticks since boot, to tell it from a later one of the same number; empty if it ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]
