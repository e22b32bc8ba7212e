"""Stamps files whose galaxies are kept each at its own size: what storing them at one size is compared with."""

import hashlib
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np

from galforge.atomic import replacing
from galforge.stamps.file import Header, StampsError


class NativeWriter:
    """Writes galaxies (C, l, l) of any side l one behind the other; nothing bears the final name until all is on disk.

    HDF5 with ``pixels`` (all of them) float32, ``catalog/<column>`` of which ``side`` [px] says where each galaxy ends,
    and the header as attribute, as in other stamps files.

    Args:
        path: the file to write.
        header: what the galaxies have in common; it codes no sizes.
    """

    def __init__(self, path: str | Path, header: Header):
        if header.sides:
            raise StampsError(f"{path}: galaxies at their own size need no code of it")
        self.path, self.header = Path(path), header
        self._columns: dict[str, list[Any]] = {}
        self._content = hashlib.sha256()

    def __enter__(self) -> Self:
        self._replacing = replacing(self.path)
        self._file = h5py.File(self._replacing.__enter__(), "w", libver="v110")
        # Chunked, because nobody knows the number of pixels; a galaxy is read in one piece of the file or few.
        self._pixels = self._file.create_dataset("pixels", (0,), "<f4", maxshape=(None,), chunks=(2**16,))
        return self

    def append(self, galaxy: np.ndarray, **row: Any) -> None:
        """Add one galaxy (C, l, l) and its catalogue row; ``side`` is added to it.

        Raises:
            StampsError: wrong number of bands, not square, pixels that are not finite, or other columns than before.
        """
        galaxy = np.asarray(galaxy, dtype="<f4")
        bands, height, width = galaxy.shape
        if bands != len(self.header.bands) or height != width:
            raise StampsError(f"{self.path}: a galaxy of shape {galaxy.shape} for {len(self.header.bands)} bands")
        if not np.isfinite(galaxy).all():
            raise StampsError(f"{self.path}: galaxy {row.get('name', '')} has pixels that are not finite")
        row = {**row, "side": height}
        if self._columns and set(row) != set(self._columns):
            raise StampsError(f"{self.path}: columns {sorted(row)}, before {sorted(self._columns)}")
        for name, value in row.items():
            self._columns.setdefault(name, []).append(value)
        start = self._pixels.shape[0]
        self._pixels.resize((start + galaxy.size,))
        self._pixels[start:] = galaxy.ravel()
        self._content.update(galaxy.tobytes())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            self._file.close()
            self._replacing.__exit__(kind, error, trace)

    def _finish(self) -> None:
        for name in sorted(self._columns):
            values = np.array(self._columns[name])
            if values.dtype.kind == "U":
                values = np.char.encode(values, "utf-8")
            self._content.update(name.encode() + values.tobytes())
            self._file.create_dataset(f"catalog/{name}", data=values)
        self._content.update(self.header.to_json().encode())
        self._file.attrs["header"] = self.header.to_json()
        self._file.attrs["content_sha256"] = self._content.hexdigest()
