"""What is in a folder of raw cutouts, by content: Snakemake looks into files, not into folders."""

import contextlib
import hashlib
import json
from pathlib import Path

from galforge.atomic import write_text

CACHE = Path(".snakemake/galforge/contents.json")


def contents_digest(base: Path, files: list[Path]) -> str:
    """sha256 over the names (below ``base``) and contents of files.

    A file is read only when its size or date is not the one noted when it was last read: touching costs one reading and
    changes nothing, and a file replaced by one of the same size is seen.
    """
    known: dict[str, list] = json.loads(CACHE.read_text(encoding="utf-8")) if CACHE.exists() else {}
    lines, fresh = [], False
    for file in sorted(files):
        status, key = file.stat(), str(file.absolute())
        noted = known.get(key)
        if noted is None or noted[:2] != [status.st_size, status.st_mtime_ns]:
            with open(file, "rb") as content:
                noted = [status.st_size, status.st_mtime_ns, hashlib.file_digest(content, "sha256").hexdigest()]
            known[key], fresh = noted, True
        lines.append(f"{file.relative_to(base)}\t{noted[2]}")
    if fresh:
        # Two drivers may write at once; the one that loses reads again next time.
        with contextlib.suppress(FileNotFoundError):
            write_text(CACHE, json.dumps(known))
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
