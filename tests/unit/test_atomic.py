import errno
import os
from pathlib import Path

import pytest

from galforge.atomic import naming, replacing, write_text
from galforge.errors import GalforgeError


def test_a_full_disk_is_named_and_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_text(path, "before")
    with pytest.raises(GalforgeError, match=f"{path}: cannot be written: No space left on device; make room"):
        _write_half(path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def _write_half(path: Path) -> None:
    with replacing(path) as temporary:
        temporary.write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_known_whatever_a_library_makes_of_it() -> None:
    """torch hides the system's error behind one of its own, HDF5 quotes its words, and a quota is a disk too."""
    hidden = RuntimeError("unexpected position")
    hidden.__context__ = OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
    for error in (hidden, RuntimeError("write failed (errno = 28, error message = 'No space left on device')")):
        with pytest.raises(GalforgeError, match=r"x\.pt: cannot be written: (Disk quota|No space)"), naming("x.pt"):
            raise error


def test_other_errors_pass() -> None:
    with pytest.raises(PermissionError), naming("x.pt"):
        raise PermissionError(errno.EACCES, "Permission denied")
