"""Lets several drivers run in one directory: each has its own locks, and takes away no other's.

Snakemake locks the files that a driver makes and reads, so drivers of different configurations may run side by side.
But the one that ends first removes the whole folder of locks: a second driver of the same results would then be let in,
and `make prune` too. A driver that starts at that moment finds no folder to write its locks to.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from snakemake.persistence.file import FilePersistence

_remove_all = FilePersistence._delete_locks


def keep_to_own_locks() -> None:
    """Replace Snakemake's methods in this process.

    Raises:
        AttributeError: this version of Snakemake has no such methods; see what became of them.
    """
    for name, function in (("_write_locks", _write), ("_read_locks", _read), ("_delete_locks", _delete)):
        getattr(FilePersistence, name)
        setattr(FilePersistence, name, function)
    # `snakemake --unlock` is for the locks of a driver that is dead.
    FilePersistence.cleanup_locks = _remove_all


def _write(self: Any, kind: str, names: Iterable[str]) -> None:
    lines = "".join(f"{name}\n" for name in names)
    folder = Path(self._lockdir)
    for number in count():
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError, FileNotFoundError), open(folder / f"{number}.{kind}.lock", "x") as file:
            self._lockfile[kind] = file.name
            file.write(lines)
            return


def _read(self: Any) -> Iterator[tuple[str, str]]:
    for kind in ("input", "output"):
        for file in Path(self._lockdir).glob(f"*.{kind}.lock"):
            # Another driver may end meanwhile.
            with suppress(FileNotFoundError):
                for line in file.read_text().splitlines():
                    yield kind, line


def _delete(self: Any) -> None:
    for file in self._lockfile.values():
        Path(file).unlink(missing_ok=True)
    self._lockfile.clear()
