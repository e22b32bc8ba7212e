"""A decorator for functions that numba compiles and keeps on disk.

numba compiles a kept function again when its own file changes, but not when the file of a function that it calls
changes: it would go on with the old code. So the name of the folder of kept functions has the digest of all files that
compile through this module.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import numba

_PACKAGE = Path(__file__).parent


def _folder() -> Path:
    """The folder for the code as it is now: in NUMBA_CACHE_DIR, beside this file, or in the user's cache."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        text = path.read_bytes()
        if b"galforge.compiled" in text:
            digest.update(str(path.relative_to(_PACKAGE)).encode() + b"\0" + text + b"\0")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "galforge"
    if os.access(_PACKAGE, os.W_OK):
        base = _PACKAGE / "__pycache__"
    return Path(numba.config.CACHE_DIR or base) / f"compiled-{digest.hexdigest()[:16]}"


numba.config.CACHE_DIR = str(_folder())


def compiled(fastmath: set[str] | None = None) -> Callable[[Callable], Callable]:
    """A decorator that compiles a function and keeps it on disk; division by zero gives what numpy gives.

    Args:
        fastmath: LLVM's flags for what the compiler may do beyond the arithmetic as it is written, such as "contract"
            (fused multiply-add) and "reassoc" (sums in another order, so that loops use vector instructions).
    """
    return numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=fastmath or False)
