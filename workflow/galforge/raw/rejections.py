"""Raw images that do not become stamps: each with its reason, counted by kind; too many faulty ones stop the build."""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np

from galforge import atomic
from galforge.errors import GalforgeError
from galforge.logs import log

_EXAMPLES = 3


class Rejected(Exception):
    """A raw image that does not become a stamp.

    Attributes:
        category: one of a few phrases, by which the log counts.
        selection: it is left out by choice (the size cut), not because something is wrong with it.
    """

    def __init__(self, category: str, detail: str = "", selection: bool = False):
        super().__init__(f"{category}: {detail}" if detail else category)
        self.category, self.selection = category, selection


@dataclass
class Tally:
    """What became of the raw images of a release. Use as a context manager, which writes the list of rejected images.

    Attributes:
        path: where the raw images are, for messages.
        total: how many there are.
        max_rejected_share: the largest share of them that may be faulty; images left out by choice do not count.
        rejected: the list to write (CSV: name, reason), also after an error.
        what: plural of what is counted, for messages.
        accepted: how many became stamps; the caller counts them.
        among: numbers of accepted images that the log states, by what is special about them.
    """

    path: Path
    total: int
    max_rejected_share: float
    rejected: Path
    what: str = "images"
    accepted: int = 0
    among: Counter[str] = field(default_factory=Counter)
    _rows: list[tuple[str, str]] = field(default_factory=list)
    _categories: Counter[str] = field(default_factory=Counter)
    _faulty: dict[str, list[str]] = field(default_factory=dict)
    _contents: dict[bytes, str] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([("name", "reason"), *self._rows])
        atomic.write_text(self.rejected, text.getvalue())
        if kind is None:
            log.info(
                "%s: %d %s, %d accepted%s, %d rejected: %s",
                self.path, self.total, self.what, self.accepted,
                "".join(f", {count} of them {which}" for which, count in self.among.items()),
                len(self._rows), self._reasons(),
            )  # fmt: skip

    @contextmanager
    def judging(self, name: str) -> Iterator[None]:
        """Count image ``name`` as rejected if the block raises Rejected; the loop around it goes on.

        Raises:
            GalforgeError: more than ``max_rejected_share`` of the images are faulty by now.
        """
        try:
            yield
        except Rejected as why:
            self.reject(name, why)

    def reject(self, name: str, why: Rejected) -> None:
        """Count one image as rejected.

        Raises:
            GalforgeError: more than ``max_rejected_share`` of the images are faulty by now.
        """
        self._rows.append((name, str(why)))
        self._categories[why.category] += 1
        if why.selection:
            return
        self._faulty.setdefault(why.category, []).append(f"{name} ({why})")
        faulty = sum(map(len, self._faulty.values()))
        if faulty > self.max_rejected_share * self.total:
            lines = [f"  {category}: {'; '.join(names[:_EXAMPLES])}" for category, names in self._faulty.items()]
            raise GalforgeError(
                f"{self.path}: {faulty} of {self.total} {self.what} are faulty so far, a larger share than "
                f"max_rejected_share {self.max_rejected_share:g} allows. Mend them or raise it. Found:\n"
                + "\n".join(lines)
            ) from None

    def check_new(self, name: str, pixels: np.ndarray) -> None:
        """Remember the pixels of image ``name``.

        Raises:
            Rejected: an earlier image has the same pixels.
        """
        content = hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).digest()
        if content in self._contents:
            raise Rejected("identical pixels", f"the same image as {self._contents[content]}")
        self._contents[content] = name

    def nothing(self, remedy: str = "") -> GalforgeError:
        """The error for a release of which no image became a stamp: it counts the reasons and gives an example.

        Raise it before the stamps file is complete. ``remedy`` says what to do, after a blank.
        """
        if not self._rows:
            return GalforgeError(f"{self.path}: has no {self.what}; give some, or another `path`")
        name, why = self._rows[0]
        return GalforgeError(
            f"{self.path}: none of the {self.total} {self.what} became a stamp ({self._reasons()}), for example "
            f"{name} ({why}){remedy}"
        )

    def _reasons(self) -> str:
        """How many were rejected why, the commonest reason first."""
        return ", ".join(f"{count} {category}" for category, count in self._categories.most_common()) or "none"
