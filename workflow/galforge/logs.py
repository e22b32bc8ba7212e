"""Log lines and progress."""

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from galforge.errors import GalforgeError

IN_DIGEST = False
"""Progress and log lines: nothing here may touch a number that is written."""

TENSORBOARD_VARIABLE = "GALFORGE_TENSORBOARD"
log = logging.getLogger("galforge")
Item = TypeVar("Item")


def to_file(path: str | None) -> None:
    """Send galforge's log lines to the rule's log file and to standard error."""
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if path:
        handlers.append(logging.FileHandler(path, mode="a"))
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S")
    for handler in handlers:
        handler.setFormatter(formatter)
    for handler in log.handlers:
        handler.close()
    log.handlers = handlers
    log.setLevel(logging.INFO)
    log.propagate = False
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").handlers = handlers


class Progress:
    """Counts items of work, and logs from time to time how many are done, how fast, and how long the rest will take.

    Args:
        total: number of items.
        what: what they are, such as ``images seen``.
        done: items that were done before.
        every_seconds: least time between two lines [s].
    """

    def __init__(self, total: int, what: str, done: int = 0, every_seconds: float = 30.0):
        self.total, self.what, self.every = total, what, every_seconds
        self.first, self.done, self.start = done, done, time.monotonic()
        self.said = self.start

    def advance(self, count: int = 1, note: str = "") -> None:
        """Add ``count`` items; a note is added to the line, if one is logged now."""
        self.done += count
        now = time.monotonic()
        if now - self.said < self.every and self.done < self.total:
            return
        self.said = now
        rate = (self.done - self.first) / max(now - self.start, 1e-9)
        left = (self.total - self.done) / rate if rate > 0 else float("inf")
        said = f"{self.done} of {self.total} {self.what}, {rate:.3g} per s, {duration(left)} left"
        log.info(said + (f", {note}" if note else ""))


def progress(items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
    """Pass items through and log how many have passed, as `Progress` does."""
    counter = Progress(total, what)
    for item in items:
        yield item
        counter.advance()


def duration(seconds: float) -> str:
    """Seconds [s] in the unit that people would use: ``45 s``, ``12 min``, ``3.4 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def curves(folder: Path) -> Any:
    """TensorBoard's writer of event files in a folder.

    Raises:
        GalforgeError: TensorBoard is not installed.
    """
    try:
        # Imported only on demand, because it imports torch and takes seconds.
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise GalforgeError(
            f"TensorBoard was asked for ({TENSORBOARD_VARIABLE}), but cannot be imported ({error}): run "
            f"`.venv/bin/pip install tensorboard`, or unset {TENSORBOARD_VARIABLE}"
        ) from error
    return SummaryWriter(str(folder))
