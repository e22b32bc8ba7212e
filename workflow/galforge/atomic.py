"""Atomic writes: a killed job never leaves half a file under its final name."""

import errno
import glob
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from galforge.errors import GalforgeError

_FULL = {code: os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT)}


@contextmanager
def replacing(path: str | Path, token: str = "", check: Callable[[], None] = lambda: None) -> Iterator[Path]:
    """Yield a temporary path in the folder of ``path``, and rename it to ``path`` when the block ends without error.

    The file is flushed to disk before it is renamed. On an error it is removed, and a file that has the final name
    stays as it was. The suffix is kept, because some writers choose their format by it.

    Args:
        path: the final name.
        token: tells the temporary files of several processes apart that may write the file at the same time.
        check: called before the file is renamed; what it raises leaves the old file.

    Raises:
        GalforgeError: the disk is full.
        OSError: the folder cannot be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without a token only one job at a time writes a file, so any other temporary file of it was left by a killed one.
    for left in () if token else path.parent.glob(f".{glob.escape(path.stem)}.[0-9]*.part{path.suffix}"):
        left.unlink(missing_ok=True)
    temporary = path.with_name(f".{path.stem}.{token or os.getpid()}.part{path.suffix}")
    try:
        with naming(path):
            yield temporary
            with open(temporary, "rb") as written:
                os.fsync(written.fileno())
            check()
            os.replace(temporary, path)
    finally:
        # Renaming a link over another link of the same file leaves both.
        temporary.unlink(missing_ok=True)


def link(source: Path, target: Path, token: str = "", check: Callable[[], None] = lambda: None) -> None:
    """Give a finished file a second name by a hard link, or by a copy on file systems without links.

    Args:
        source, target: the file, and its other name, which may have been that of an older file.
        token, check: see ``replacing``.

    Raises:
        GalforgeError: the disk is full.
        OSError: the file cannot be read, or the folder not written.
    """
    with replacing(target, token, check) as temporary:
        try:
            os.link(source, temporary)
        except OSError:
            shutil.copyfile(source, temporary)


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Name the file in the error of a full disk, which most libraries do not.

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
                f"{path}: cannot be written: {why}; make room and run the same command again: it goes on from what is "
                "saved"
            ) from error
        raise


def _full(error: BaseException | None) -> str:
    """The system's words for a full disk or quota, if that caused an error; otherwise empty."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            return _FULL[error.errno]
        # HDF5 quotes the system's words in its own text.
        for words in _FULL.values():
            if words in str(error):
                return words
        error = error.__cause__ or error.__context__
    return ""


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` (UTF-8) to ``path`` atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
