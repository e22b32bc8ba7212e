"""The state of a training as a file: plain data, checked against its own digest, and written whole or not at all.

A state is what ``torch.save`` makes of nested dicts and lists of tensors, numbers and text, so ``torch.load`` reads it
with ``weights_only=True``. It contains the digest of its content, which shows whether a file was truncated or altered.
"""

import errno
import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from galforge import atomic
from galforge.atomic import replacing
from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.training.lease import Lease

FORMAT = 1
_KEPT = 2

State = dict[str, Any]


class StateError(GalforgeError):
    """A state file is damaged or is not what is needed here."""


class Diverged(GalforgeError):
    """A loss or a weight is not finite, so there is no state worth writing.

    Attributes:
        images_seen: when that was found.
    """

    def __init__(self, message: str, images_seen: int):
        super().__init__(message)
        self.images_seen = images_seen


def content_digest(state: State) -> str:
    """SHA-256 over names, numbers, text and the bytes of the tensors; the same for equal content."""
    digest = hashlib.sha256()
    _hash(state, digest)
    return digest.hexdigest()


def write(path: Path, state: State, lease: Lease) -> None:
    """Write a state atomically, with its digest; equal content gives equal bytes.

    Raises:
        LeaseLost: the work folder was taken over; nothing is replaced.
        GalforgeError: the disk is full.
        OSError: the folder cannot be written.
    """
    plain = _plain({**state, "format": FORMAT})
    plain["digest"] = content_digest(plain)
    with replacing(path, lease.token[:8], lease.check) as temporary, open(temporary, "wb") as file:
        # Given the open file, torch does not store the temporary name in it.
        torch.save(plain, file)


def read(path: Path) -> State:
    """Read a state to the CPU and check it.

    Raises:
        StateError: the file is missing, truncated, altered, or of another format.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise StateError(f"{path}: there is no such state; run again to have it made") from error
    except Exception as error:
        if _is_of_the_machine(error):
            raise
        # Reading damaged bytes can raise any error; they have no common base.
        why = next(iter(str(error).strip().splitlines()), "no details")
        raise StateError(f"{path}: cannot be read ({type(error).__name__}: {why})") from error
    if not isinstance(state, dict) or "digest" not in state:
        raise StateError(f"{path}: is no training state of galforge; remove it and run again")
    claimed = state.pop("digest")
    if content_digest(state) != claimed:
        raise StateError(f"{path}: is damaged, its content does not have the digest written into it")
    if state.get("format") != FORMAT:
        raise StateError(f"{path}: has format {state.get('format')}, but this version reads {FORMAT}")
    return state


def _is_of_the_machine(error: Exception) -> bool:
    """Whether disk or memory is at fault, so that the file may be sound; a truncated file gives EINVAL."""
    if isinstance(error, OSError):
        return error.errno not in (None, errno.EINVAL)
    return isinstance(error, MemoryError) or "allocate memory" in str(error)


def link(source: Path, target: Path, lease: Lease) -> None:
    """Give a finished file a second name by a hard link, or by a copy on file systems without links.

    Raises:
        LeaseLost: the work folder was taken over; nothing is replaced.
    """
    _sweep(target)
    atomic.link(source, target, lease.token[:8], lease.check)


def lay_out(optimiser: torch.optim.Optimizer) -> None:
    """Lay out an optimiser's restored tensors like their weights again, because states are stored contiguous, and other
    strides can lead to other arithmetic."""
    for weight, entries in optimiser.state.items():
        for name, value in entries.items():
            if isinstance(value, torch.Tensor) and value.shape == weight.shape:
                entries[name] = torch.empty_like(weight, dtype=value.dtype).copy_(value)


class Checkpoints:
    """The last two checkpoints of a segment in its work folder, and its finished state.

    Args:
        folder: the work folder.
        key: digest of what the segment is made from; states with another key belong to other segments.
        lease: the hold on the folder.
    """

    def __init__(self, folder: Path, key: str, lease: Lease):
        self.folder, self.key, self.lease = folder, key, lease
        self.finished = folder / "finished.pt"
        lease.check()
        _sweep(folder / "*.pt")

    def path(self, images_seen: int) -> Path:
        """The file of a checkpoint."""
        return self.folder / f"checkpoint-{images_seen:012d}.pt"

    def save(self, state: State) -> None:
        """Write a checkpoint and remove all but the last two."""
        write(self.path(state["images_seen"]), state, self.lease)
        for path in self._paths()[_KEPT:]:
            path.unlink(missing_ok=True)

    def finish(self, state: State) -> None:
        """Write the finished state and remove the checkpoints."""
        write(self.finished, state, self.lease)
        for path in self._paths():
            path.unlink(missing_ok=True)

    def is_finished(self) -> bool:
        """Whether there is a sound finished state of this segment; a damaged one is set aside."""
        return self.finished.exists() and self._sound(self.finished) is not None

    def latest(self) -> State | None:
        """The latest sound checkpoint; damaged ones are set aside with a warning."""
        for path in self._paths():
            state = self._sound(path)
            if state is not None:
                log.info("%s: going on from %d images seen", path, state["images_seen"])
                return state
        return None

    def _sound(self, path: Path) -> State | None:
        try:
            state = read(path)
            if state["key"] != self.key:
                raise StateError(f"{path}: belongs to another training (key {state['key']}, not {self.key})")
        except StateError as error:
            log.warning("%s; it is set aside, and the training goes on from the state before it", error)
            self.lease.check()
            path.replace(path.with_suffix(".damaged"))
            return None
        return state

    def _paths(self) -> list[Path]:
        """Checkpoints, the latest first."""
        return sorted(self.folder.glob(f"checkpoint-{'[0-9]' * 12}.pt"), reverse=True)


def _sweep(path: Path) -> None:
    """Remove what killed writers of these files left; the lease makes sure that no one is writing there now."""
    for left in path.parent.glob(f".{path.stem}.*.part{path.suffix}"):
        left.unlink(missing_ok=True)


def _plain(value: Any) -> Any:
    """The same content in one form: sorted dicts, tensors on the CPU with storage of their own, equal text as one
    object."""
    if isinstance(value, dict):
        return {_plain(key): _plain(value[key]) for key in _sorted(value)}
    if isinstance(value, list | tuple):
        return type(value)(_plain(item) for item in value)
    if isinstance(value, torch.Tensor):
        return value.detach().to("cpu").clone(memory_format=torch.contiguous_format)
    if isinstance(value, str):
        # torch.save writes a second mention of the same object shorter than an equal object.
        return sys.intern(str(value))
    if value is None or isinstance(value, bool | int | float):
        return value
    raise TypeError(f"a state holds tensors, numbers and text, not {type(value).__name__}")


def _hash(value: Any, digest: "hashlib._Hash") -> None:
    if isinstance(value, dict):
        digest.update(b"d%d:" % len(value))
        for key in _sorted(value):
            _hash(key, digest)
            _hash(value[key], digest)
    elif isinstance(value, list | tuple):
        digest.update(b"l%d:" % len(value))
        for item in value:
            _hash(item, digest)
    elif isinstance(value, torch.Tensor):
        digest.update(f"t{value.dtype}{tuple(value.shape)}:".encode())
        flat = value.detach().to("cpu").contiguous().reshape(-1).view(torch.uint8)
        digest.update(memoryview(flat.numpy()))
    else:
        text = f"{type(value).__name__}:{value!r}".encode()
        digest.update(b"s%d:" % len(text) + text)


def _sorted(keys: Iterable[Any]) -> list[Any]:
    return sorted(keys, key=lambda key: (type(key).__name__, key))
