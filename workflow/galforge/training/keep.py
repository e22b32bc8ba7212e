"""What is kept of a training while it runs: checkpoints, and the history for whoever watches."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

from galforge.logs import Scalars
from galforge.training.cost import Spent
from galforge.training.history import History, write_csv
from galforge.training.state import Checkpoints, State

CHECKPOINT_SECONDS = 600.0
SHOW_SECONDS = 5.0


class Keep(AbstractContextManager["Keep"]):
    """Saves a training in its work folder; a context manager.

    Args:
        checkpoints: of the segment; the lease on its folder is held.
        key: written into every state.
        every_seconds: time between two checkpoints [s].
        tensorboard: folder for TensorBoard to watch; None for none.
        spent: keeps account of the time; it is written with every state.

    Attributes:
        header: of the source stamps, written into every state.
        longest: the longest time that saving took [s].
    """

    def __init__(
        self, checkpoints: Checkpoints, key: str, every_seconds: float, tensorboard: Path | None, spent: Spent
    ):
        self.checkpoints, self.key, self.every, self.spent = checkpoints, key, every_seconds, spent
        self.header, self.longest = "", 0.0
        self._last = time.monotonic()
        self._rows, self._shown = 0, -SHOW_SECONDS
        self._scalars = Scalars(tensorboard) if tensorboard else None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._scalars:
            self._scalars.close()

    def is_due(self) -> bool:
        """Whether the last checkpoint is so old that another one should be saved."""
        return time.monotonic() - self._last >= self.every

    def save(self, state: State) -> None:
        """Save a checkpoint."""
        self._write(self.checkpoints.save, state)

    def finish(self, state: State) -> None:
        """Save the finished state; the checkpoints go."""
        self._write(self.checkpoints.finish, state)
        self._show(state["history"])

    def show(self, history: History) -> None:
        """Write new rows into ``history.csv`` of the work folder and for TensorBoard; not too often."""
        if len(history["images_seen"]) > self._rows and time.monotonic() - self._shown >= SHOW_SECONDS:
            self._show(history)

    def _show(self, history: History) -> None:
        rows = len(history["images_seen"])
        # An orphan must not get in the way of the one that took over.
        self.checkpoints.lease.check()
        write_csv(history, self.checkpoints.folder / "history.csv")
        if self._scalars:
            # All rows at the start: a resumed training draws the whole curve.
            for row in range(self._rows, rows):
                losses = {name: values[row] for name, values in history.items() if name != "images_seen"}
                self._scalars.add(int(history["images_seen"][row]), losses)
        self._rows, self._shown = rows, time.monotonic()

    def _write(self, write: Callable[[State], None], state: State) -> None:
        began = time.monotonic()
        self.spent.write()
        write({**state, "key": self.key, "header": self.header})
        self._last = time.monotonic()
        self.longest = max(self.longest, self._last - began)
