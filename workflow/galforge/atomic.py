"""Writes that are either whole or absent: a killed job never leaves half a file under its final name."""

import errno
import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from galforge.errors import GalforgeError

_FULL = {code: os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT)}


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of ``path``; it takes the final name when the block ends well.

    The file is flushed to disk before it is renamed. On an error the temporary file is removed and whatever had the
    final name stays as it was. The suffix is kept, because some writers choose their format by it.

    Raises:
        GalforgeError: the disk is full.
        OSError: the folder cannot be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # One job writes a file at a time, so any other temporary file of it was left by one that was killed.
    for left in path.parent.glob(f".{glob.escape(path.stem)}.[0-9]*.part{path.suffix}"):
        left.unlink(missing_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        with naming(path):
            yield temporary
            with open(temporary, "rb") as written:
                os.fsync(written.fileno())
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Where the disk is full, name the file that could not be written: most libraries do not.

    Raises:
        GalforgeError: the disk is full, or the quota is used up. Any other error passes.
    """
    try:
        yield
    except GalforgeError:
        raise
    except Exception as error:
        if why := _full(error):
            raise GalforgeError(
                f"{path}: cannot be written: {why}; make room and run the same again, which goes on from what is saved"
            ) from error
        raise


def _full(error: BaseException | None) -> str:
    """The system's words for a full disk, if that is at the bottom of an error; else empty."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return _FULL[error.errno]
        # HDF5 gives the system's words in its own text.
        for words in _FULL.values():
            if words in str(error):
                return words
        error = error.__cause__ or error.__context__
    return ""


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` (UTF-8) to ``path`` atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
