"""Free the disk that trainings use beyond their results (``make prune``).

``python workflow/galforge/operate/prune.py results/<name> ...``, in the folder where Snakemake runs, removes

- work folders whose settings, code or data are not those of the present states (or denoising networks); undoing an edit
  then trains again;
- of trainings, states, weights and histories before the last ones that results were made from. A longer training
  continues the last state, so it still only adds segments; a shorter one trains again. Weights that were scored stay,
  because a longer training chooses among them, too.

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

_USED = re.compile(r"(?:weights|history)_(\d+)\.\w+")
_SCORING = ("score_snapshot", "choose_snapshot")


def unused(results: Path) -> list[Path]:
    """Work folders in ``results/<name>`` whose key is not that of the present segment or denoising network."""
    found = []
    for folder in sorted(results.glob("**/work/*")):
        result, _, key = folder.name.rpartition("-")
        record = _record(folder.parents[1] / f"{result}.json")
        # Without a record the result is not finished, and its checkpoints are what it continues from.
        if record is not None and record["key"][:16] != key:
            found.append(folder)
    return found


def passed(results: Path) -> list[Path]:
    """Files in ``results/<name>`` of segments before the last one in use, and the work folders with the same states.

    A segment is in use if a result was made from its weights or its history, as the result's record says. Results stay
    until they are made again, so states with a lower number may be newer than they. Records say what each state was
    made from; from the first on that does not agree, nothing is listed.
    """
    records = [record for path in sorted(results.glob("**/*.json")) if (record := _record(path))]
    inputs, scored = set(), set()
    for record in records:
        (scored if record.get("rule") in _SCORING else inputs).update(
            Path(name).parts[-4:] for name in record.get("inputs", ())
        )
    found = []
    for folder in sorted(results.glob("models/*/*/seed*")):
        names = [name for *where, name in inputs if tuple(where) == folder.parts[-3:]]
        used = [int(match[1]) for name in names if (match := _USED.fullmatch(name))]
        later = None
        for index in range(max(used, default=-1), -1, -1):
            state = folder / f"state_{index}.pt"
            record = _record(state.with_suffix(".json"))
            if record is None or (later and _digest(record["outputs"], state) != _digest(later["inputs"], state)):
                break
            if index not in used:
                work = folder / "work" / f"{state.stem}-{record['key'][:16]}"
                weights = folder / f"weights_{index}.safetensors"
                files = (state, weights, folder / f"history_{index}.csv", work)
                kept = weights if weights.parts[-4:] in scored else None
                found += [path for path in files if path.exists() and path != kept]
            later = record
    return found


def prune(results: list[Path]) -> tuple[int, int]:
    """Remove what ``unused`` and ``passed`` find, and print each path.

    Returns:
        Number of files and folders removed, and the disk that this freed [bytes]: a file with several names frees it
        with the last of them.

    Raises:
        GalforgeError: Snakemake runs here, or was killed and left jobs that may run.
    """
    if any(LOCKS.glob("*")):
        raise GalforgeError(
            f"{LOCKS} is locked: Snakemake runs here, or was killed and left jobs that may still run. Wait until it "
            "ends, or run `make recover` with the PROFILE and CONFIG of the run; nothing was removed"
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
    """Command line; see the module."""
    try:
        count, freed = prune([Path(name) for name in names])
    except GalforgeError as error:
        sys.exit(f"prune: {error}")
    print(f"{count} files and folders removed, {freed / 2**30:.2f} GiB freed")


def _digest(files: dict[str, str], file: Path) -> str:
    """The digest of the file of the same name among a record's inputs or outputs."""
    return next(digest for path, digest in files.items() if Path(path).name == file.name)


def _record(path: Path) -> dict[str, Any] | None:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


if __name__ == "__main__":
    main(sys.argv[1:])
