"""Raw images that do not become stamps: each with its reason, counted by kind, and too many of them stop the build."""

import csv
import io
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from galforge import atomic
from galforge.errors import GalforgeError

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
    """What became of the raw images of a release.

    Attributes:
        path: where they are, for messages.
        total: how many there are.
        max_rejected_share: of them may be faulty; what is left out by choice does not count.
    """

    path: Path
    total: int
    max_rejected_share: float
    accepted: int = 0
    faulty: int = 0
    rows: list[tuple[str, str]] = field(default_factory=list)
    categories: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def reject(self, name: str, why: Rejected) -> None:
        """Count one image as rejected.

        Raises:
            GalforgeError: more than ``max_rejected_share`` of the images are faulty by now.
        """
        self.rows.append((name, str(why)))
        self.categories[why.category] += 1
        if why.selection:
            return
        self.faulty += 1
        shown = self.examples.setdefault(why.category, [])
        if len(shown) < _EXAMPLES:
            shown.append(f"{name} ({why})")
        if self.faulty > self.max_rejected_share * self.total:
            raise self._too_many() from None

    def reasons(self) -> str:
        """How many were rejected why, the commonest reason first."""
        return ", ".join(f"{count} {category}" for category, count in self.categories.most_common()) or "none"

    def write(self, path: Path) -> None:
        """Write the list of rejected images (CSV: name, reason)."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([("name", "reason"), *self.rows])
        atomic.write_text(path, text.getvalue())

    def _too_many(self) -> GalforgeError:
        lines = [f"  {category}: {'; '.join(names)}" for category, names in self.examples.items()]
        return GalforgeError(
            f"{self.path}: {self.faulty} of {self.total} cutouts are faulty so far, a larger share than "
            f"max_rejected_share {self.max_rejected_share:g} allows. Mend them or raise it. Found:\n" + "\n".join(lines)
        )
