"""All files below a folder, through links."""

import os
from collections.abc import Iterator
from pathlib import Path

from galforge.errors import GalforgeError


def walked(folder: Path) -> Iterator[Path]:
    """The files below a folder, in the order of their names; links to folders are followed, each folder once.

    A link to a folder above itself, or to one that was walked already, is not followed, so that loops end and nothing
    comes twice.

    Raises:
        GalforgeError: a folder cannot be listed.
    """
    known: set[tuple[int, int]] = set()
    found: list[Path] = []
    for here, folders, names in os.walk(folder, onerror=_refuse, followlinks=True):
        status = os.stat(here)
        place = status.st_dev, status.st_ino
        if place in known:
            folders.clear()
            continue
        known.add(place)
        # The plain folder is walked before a link to it.
        folders.sort(key=lambda name: (os.path.islink(os.path.join(here, name)), name))
        # A link to nothing is a file that cannot be read, and no pipe is waited for.
        found += [path for path in (Path(here) / name for name in names) if path.is_file() or path.is_symlink()]
    yield from sorted(found)


def _refuse(error: OSError) -> None:
    raise GalforgeError(f"{error.filename}: cannot be listed ({error.strerror}); make it readable, or take it away")
