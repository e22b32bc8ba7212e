"""Stamps files that keep each galaxy at its own size: the reference for what storing them at one size costs."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from galforge.errors import GalforgeError
from galforge.stamps.file import Header, Writer


class NativeWriter(Writer):
    """Writes galaxies (C, l, l) of any side l one behind the other; see ``galforge.stamps.file.Writer``.

    HDF5 with ``pixels`` (of all galaxies) float32, ``catalog/<column>``, of which ``side`` [px] says where each galaxy
    ends, and the header as attribute, as in other stamps files.

    Args:
        path: the file to write.
        header: what the galaxies have in common; it codes no sizes.

    Raises:
        GalforgeError: the header codes sizes.
    """

    def __init__(self, path: str | Path, header: Header):
        if header.sides:
            raise GalforgeError(
                f"{path}: galaxies at their own size need no code of it; write a header without `sides`"
            )
        super().__init__(path, header)
        self._content = hashlib.sha256()

    def append(self, galaxy: np.ndarray, **row: Any) -> None:
        """Add one galaxy (C, l, l) and its catalogue row; the column ``side`` is added to it.

        Raises:
            GalforgeError: wrong number of bands, not square, pixels that are not finite, or other columns than before.
        """
        galaxy = np.asarray(galaxy, dtype="<f4")
        bands, height, width = galaxy.shape
        if bands != len(self.header.bands) or height != width:
            raise GalforgeError(f"{self.path}: a galaxy of shape {galaxy.shape} for {len(self.header.bands)} bands")
        if not np.isfinite(galaxy).all():
            raise GalforgeError(f"{self.path}: galaxy {row.get('name', '')} has pixels that are not finite")
        self._add({name: np.asarray([value]) for name, value in {**row, "side": height}.items()}, 1)
        start = self._pixels.shape[0]
        self._pixels.resize((start + galaxy.size,))
        self._pixels[start:] = galaxy.ravel()
        self._content.update(galaxy.tobytes())

    def _begin(self) -> None:
        # Chunked, because nobody knows the number of pixels; a galaxy is read in one piece of the file or few.
        self._pixels = self._file.create_dataset("pixels", (0,), "<f4", maxshape=(None,), chunks=(2**16,))

    def _finish(self) -> None:
        self._seal(self._file, self._content)
