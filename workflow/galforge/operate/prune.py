"""Free the disk that trainings hold beyond their results (``make prune``).

``python workflow/galforge/operate/prune.py results/<name> ...``, in the folder where Snakemake runs, removes

- work folders that were made from other settings, code or data than the states (or denoising networks) that stand now:
  undoing an edit then trains again;
- of trainings whose weights are exported, the states that the exported one was made from. A longer training goes on
  from that one, so it still adds segments only; a shorter one trains again.

Records stay, and with them everything that says what a result was made from.
"""

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from galforge.errors import GalforgeError
from galforge.operate.processes import LOCKS

_STATE = re.compile(r"state_(\d+)\.pt")


def unused(results: Path) -> list[Path]:
    """Work folders of segments, and of denoising networks, whose key is not that of what stands beside them, in a
    folder ``results/<name>``."""
    found = []
    trainings = ("models/*/*/seed*/work/*", "studies/denoising/*/*/*/work/*")
    for folder in sorted(path for pattern in trainings for path in results.glob(pattern)):
        state, _, key = folder.name.rpartition("-")
        record = _record(folder.parents[1] / f"{state}.json")
        # Without a record the segment is not finished, and its checkpoints are what it goes on from.
        if record is not None and record["key"][:16] != key:
            found.append(folder)
    return found


def passed(results: Path) -> list[Path]:
    """States that the exported one was made from, and the work folders with their other names, in ``results/<name>``.

    The weights of a training stand until they are exported again. What is before them by number may be newer than they
    are, so the records say what they were made from: nothing is listed from the first on that does not agree.
    """
    found = []
    for weights in sorted(results.glob("models/*/*/seed*/weights.json")):
        record = _record(weights)
        if record is None:
            continue
        (exported,) = [int(match[1]) for name in record["inputs"] if (match := _STATE.fullmatch(Path(name).name))]
        for index in range(exported, -1, -1):
            state, used = weights.with_name(f"state_{index}.pt"), record["inputs"]
            record = _record(state.with_suffix(".json"))
            if record is None or _digest(record["outputs"], state.name) != _digest(used, state.name):
                break
            if index < exported:
                work = state.parent / "work" / f"{state.stem}-{record['key'][:16]}"
                found += [path for path in (state, work) if path.exists()]
    return found


def prune(results: list[Path]) -> tuple[int, int]:
    """Remove what ``unused`` and ``passed`` find, and print each.

    Returns:
        How many files and folders were removed, and the disk that it freed [bytes]; a file with several names frees its
        disk with the last one.

    Raises:
        GalforgeError: Snakemake runs here, or was killed and left jobs that may run.
    """
    if any(LOCKS.glob("*")):
        raise GalforgeError(
            f"{LOCKS} is locked: Snakemake runs here, or was killed and left jobs that may run still. Wait until it "
            "ends, or `make recover` with the PROFILE and CONFIG of the run; nothing was removed"
        )
    freed: dict[int, tuple[int, int, int]] = {}
    targets = dict.fromkeys(path for folder in results for path in (*unused(folder), *passed(folder)))
    for target in targets:
        for file in [target] if target.is_file() else [path for path in target.rglob("*") if path.is_file()]:
            status = file.stat()
            _, _, gone = freed.get(status.st_ino, (0, 0, 0))
            freed[status.st_ino] = (status.st_size, status.st_nlink, gone + 1)
    for target in targets:
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink()
        print(f"removed {target}")
    return len(targets), sum(size for size, names, gone in freed.values() if gone == names)


def main(names: list[str]) -> None:
    """Prune some result folders, and say what was freed."""
    try:
        count, freed = prune([Path(name) for name in names])
    except GalforgeError as error:
        sys.exit(f"prune: {error}")
    print(f"{count} files and folders removed, {freed / 2**30:.2f} GiB freed")


def _digest(files: dict[str, str], name: str) -> str:
    """The digest of the file called ``name`` among a record's inputs or outputs."""
    return next(digest for path, digest in files.items() if Path(path).name == name)


def _record(path: Path) -> dict[str, Any] | None:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


if __name__ == "__main__":
    main(sys.argv[1:])
