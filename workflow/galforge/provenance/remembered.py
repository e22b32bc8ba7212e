"""Code digests of earlier starts, kept in a file for as long as no code is edited.

A plan reads nearly all code of the package, which takes about as long as Snakemake's own start. Jobs do not remember:
they take the digest of their code anew, so what stands in the file is never trusted with a result.
"""

import atexit
import hashlib
import json
import os
import socket
from pathlib import Path

from galforge.atomic import replacing
from galforge.provenance import digest, imports
from galforge.settings import canonical

IN_DIGEST = False
"""This keeps digests; it touches no number."""

_known: dict[str, str] | None = None
"""Digests by script and modules; None where this process does not remember."""


def remember(file: Path) -> None:
    """Take digests from a file where it has them, and write it with the new ones when the process ends.

    A file that is missing, damaged, or of other code counts as empty.
    """
    global _known
    state = _state()
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        _known = dict(kept["digests"]) if kept["state"] == state else {}
    except (OSError, ValueError, KeyError, TypeError):
        _known = {}
    atexit.register(_keep, file, state, dict(_known))


def code_digest(script: Path, modules: tuple[str, ...] = ()) -> str:
    """``digest.code_digest``; taken anew where modules lie outside galforge, whose files are not looked at here.

    Raises:
        GalforgeError: as that function.
    """
    if _known is None or imports.outside(modules):
        return digest.code_digest(script, modules)
    key = canonical([script.name, modules])
    if key not in _known:
        _known[key] = digest.code_digest(script, modules)
    return _known[key]


def _keep(file: Path, state: str, before: dict[str, str]) -> None:
    # Digests of code that was edited meanwhile are not those of the code at the start. A dry run may write, too.
    if _known != before and _state() == state:
        with replacing(file, f"{socket.gethostname()}-{os.getpid()}") as temporary:
            temporary.write_text(canonical({"state": state, "digests": _known}) + "\n", encoding="utf-8")


def _state() -> str:
    """Digest of the names and contents of all code in the package and of all scripts."""
    state = hashlib.sha256()
    for folder in (imports.PACKAGE, imports.PACKAGE.parent / "scripts"):
        for file in sorted(folder.rglob("*.py")):
            state.update(f"{file.relative_to(imports.PACKAGE.parent)}\x00".encode())
            state.update(hashlib.sha256(file.read_bytes()).digest())
    return state.hexdigest()
