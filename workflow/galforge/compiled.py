"""A decorator for functions that numba compiles and keeps on disk.

numba compiles a kept function again when its own file changes, but not when a file changes whose functions it
calls: after an edit there it would go on with the old code. So the folder of what is kept is named by all
the files that compile through this module.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import numba

_PACKAGE = Path(__file__).parent


def _folder() -> Path:
    """A folder for the present state, in the one of NUMBA_CACHE_DIR, beside this file, or the user's cache."""
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
    """Decorator: compile, keep on disk, divide by zero as numpy does.

    `fastmath` names what the compiler may do beyond the arithmetic as it is written, of LLVM's flags: "contract"
    (fused multiply-add) and "reassoc" (sums in another order, so that loops use vector instructions).
    """
    return numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=fastmath or False)
