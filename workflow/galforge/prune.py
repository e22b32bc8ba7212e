"""Free the disk that trainings hold beyond their results (``make prune``).

``python workflow/galforge/prune.py results/<name> ...`` removes, in the work folders of each model, checkpoints and
finished states that were made from other settings, code or data than the states that stand now. Undoing an edit then
trains again.
"""

import json
import shutil
import sys
from pathlib import Path


def unused(results: Path) -> list[Path]:
    """Work folders of segments whose key is not that of the state beside them, in a folder ``results/<name>``."""
    found = []
    for folder in sorted(results.glob("models/*/*/seed*/work/*")):
        state, _, key = folder.name.rpartition("-")
        record = folder.parents[1] / f"{state}.json"
        # Without a record the segment is not finished, and its checkpoints are what it goes on from.
        if record.is_file() and json.loads(record.read_text(encoding="utf-8"))["key"][:16] != key:
            found.append(folder)
    return found


def main(names: list[str]) -> None:
    """Remove the unused work folders of some result folders, and say what was freed."""
    freed = 0
    for folder in [folder for name in names for folder in unused(Path(name))]:
        freed += sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        shutil.rmtree(folder)
        print(f"removed {folder}")
    print(f"freed {freed / 2**30:.2f} GiB")


if __name__ == "__main__":
    main(sys.argv[1:])
