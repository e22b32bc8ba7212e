"""Writes that are either whole or absent: a killed job never leaves half a file under its final name."""

import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of ``path``; it takes the final name when the block ends well.

    The file is flushed to disk before it is renamed. On an error the temporary file is removed and whatever had the
    final name stays as it was. The suffix is kept, because some writers choose their format by it.

    Raises:
        OSError: the folder cannot be written, or the disk is full.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # One job writes a file at a time, so any other temporary file of it was left by one that was killed.
    for left in path.parent.glob(f".{glob.escape(path.stem)}.[0-9]*.part{path.suffix}"):
        left.unlink(missing_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` (UTF-8) to ``path`` atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
