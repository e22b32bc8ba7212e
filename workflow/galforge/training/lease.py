"""One writer at a time in a work folder, on a file system shared by hosts whose clocks do not agree.

Every holder creates its own numbered file, exclusively; the highest number holds the folder. So a takeover
needs no rename that two newcomers could win, and a writer that was taken for dead finds out as soon as it
looks. A holder changes its file at every heartbeat; a newcomer watches the bytes and measures how long they
stay the same on its own monotonic clock.
"""

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from galforge.atomic import naming
from galforge.errors import GalforgeError
from galforge.logs import log

IN_DIGEST = False
"""Who may write, never what is written."""

TTL_SECONDS = 120.0
_BEATS_PER_TTL = 6
_PREFIX = "lease-"


class LeaseLost(GalforgeError):
    """Another process has taken over the work folder; this one may not write there any more."""


class Lease:
    """Holds ``folder`` from ``with`` on; waits for another holder to end or to lapse.

    Args:
        folder: the work folder, made where it is missing.
        ttl_seconds: a holder whose heartbeat has not changed for so long is taken for dead.
        pause: called between two looks while waiting; it may raise to give up.
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

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        try:
            self._write(released=True)
        except OSError as failure:
            log.warning("%s: could not release the work folder (%s); it lapses by itself", self.folder, failure)

    def check(self) -> None:
        """Make sure that this process still holds the folder; call it right before every ``os.replace``.

        Raises:
            LeaseLost: it does not.
        """
        try:
            # Opened, not only listed: a network file system may answer a listing from its cache, an open
            # asks the server.
            mine = _read(self._file(self.number))
        except FileNotFoundError:
            mine = b""
        if self.token.encode() not in mine or _highest(self.folder) != self.number:
            raise LeaseLost(
                f"{self.folder}: another process took over this training while this one did not answer for "
                f"{self.ttl:g} s; nothing is lost, the other one goes on from the last checkpoint"
            )

    def _acquire(self) -> None:
        seen, since, said = (0, b""), time.monotonic(), False
        while True:
            number = _highest(self.folder)
            try:
                content = _read(self._file(number)) if number else b""
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
            with naming(self._file(number)), open(descriptor, "wb") as file:
                file.write(self._content(released=False))
                file.flush()
                os.fsync(file.fileno())
        except (GalforgeError, OSError):
            # Left empty, it would look like that of a holder who is about to write, and be waited for.
            self._file(number).unlink(missing_ok=True)
            raise
        if _highest(self.folder) != number:
            # This process was so slow that the number had been taken, used and removed in the meantime.
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
            # Without O_CREAT: a file that a newcomer removed must not come back. Always of one length, so
            # never cut.
            descriptor = os.open(self._file(self.number), os.O_WRONLY)
            with open(descriptor, "wb") as file:
                file.write(self._content(released))
                file.flush()
                os.fsync(file.fileno())

    def _content(self, released: bool) -> bytes:
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
        return json.dumps(entry).encode()

    def _file(self, number: int) -> Path:
        return self.folder / f"{_PREFIX}{number:08d}"


def _files(folder: Path) -> list[tuple[int, Path]]:
    return [(int(path.name[len(_PREFIX) :]), path) for path in folder.glob(f"{_PREFIX}[0-9]*")]


def _highest(folder: Path) -> int:
    return max((number for number, _ in _files(folder)), default=0)


def _read(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _is_over(content: bytes) -> bool:
    """Whether the holder said so, or is a process of this very machine that has ended."""
    try:
        entry = json.loads(content)
    except ValueError:
        # Between creation and first write, or caught in the middle of a write: only time can tell.
        return False
    if entry["released"] == "yes":
        return True
    same_machine = entry["boot"] and entry["host"] == socket.gethostname() and entry["boot"] == _boot()
    return bool(same_machine and entry["started"] != _started(entry["pid"]))


def _describe(content: bytes) -> str:
    try:
        entry = json.loads(content)
    except ValueError:
        return "another process"
    return f"process {entry['pid']} on {entry['host']}"


def _boot() -> str:
    """This boot of this machine and the space its process numbers count in; empty where that cannot be
    known."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _started(pid: int) -> str:
    """When a process began, in ticks since boot, which tells it from a later one of the same number; empty
    if it ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]
