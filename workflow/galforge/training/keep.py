"""What is kept of a training while it runs: checkpoints, and the history for those who watch."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from galforge.logs import curves
from galforge.training.cost import Spent
from galforge.training.history import History, write_csv
from galforge.training.state import Checkpoints, State

CHECKPOINT_SECONDS = 600.0
SHOW_SECONDS = 5.0


class Keep(AbstractContextManager["Keep"]):
    """Saves a training in its work folder; a context manager.

    Args:
        checkpoints: of the segment, whose lease on the folder is held.
        key: written into every state.
        every_seconds: time between two checkpoints [s].
        tensorboard: folder for TensorBoard to watch; None for none.
        spent: the account of the time, which is written with every state.

    Attributes:
        header: of the stamps that are trained on, written into every state.
        longest: the longest time that saving took [s].
    """

    def __init__(
        self, checkpoints: Checkpoints, key: str, every_seconds: float, tensorboard: Path | None, spent: Spent
    ):
        self.checkpoints, self.key, self.every, self.spent = checkpoints, key, every_seconds, spent
        self.header, self.longest = "", 0.0
        self._last = time.monotonic()
        self._rows, self._shown = 0, -SHOW_SECONDS
        self._curves = curves(tensorboard) if tensorboard else None

    def __exit__(self, *exception: object) -> None:
        if self._curves:
            self._curves.close()

    def is_due(self) -> bool:
        """Whether the last checkpoint is old enough for another one."""
        return time.monotonic() - self._last >= self.every

    def save(self, state: State) -> None:
        """Save a checkpoint."""
        self._write(self.checkpoints.save, state)

    def finish(self, state: State) -> None:
        """Save the finished state and remove the checkpoints."""
        self._write(self.checkpoints.finish, state)
        self._show(state["history"])

    def show(self, history: History) -> None:
        """Write new rows to ``history.csv`` of the work folder and to TensorBoard, at most every few seconds."""
        if len(history["images_seen"]) > self._rows and time.monotonic() - self._shown >= SHOW_SECONDS:
            self._show(history)

    def _show(self, history: History) -> None:
        rows = len(history["images_seen"])
        # An orphan must not interfere with the process that took over.
        self.checkpoints.lease.check()
        write_csv(history, self.checkpoints.folder / "history.csv")
        if self._curves:
            # All rows at first, so that a resumed training shows the whole curve.
            for row in range(self._rows, rows):
                for name in history.keys() - {"images_seen"}:
                    self._curves.add_scalar(name, history[name][row], int(history["images_seen"][row]))
            self._curves.flush()
        self._rows, self._shown = rows, time.monotonic()

    def _write(self, write: Callable[[State], None], state: State) -> None:
        began = time.monotonic()
        self.spent.write()
        write({**state, "key": self.key, "header": self.header})
        self._last = time.monotonic()
        self.longest = max(self.longest, self._last - began)
