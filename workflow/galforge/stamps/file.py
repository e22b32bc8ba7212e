"""Stamps files: the one format for galaxy images, real, simulated or generated.

HDF5 with ``images`` (N, C, H, W), ``catalog/<column>`` of length N, and the header as attribute. Pixels are float32 and
contiguous, because random batches are then read 80 times faster than from compressed chunks; images of a million 8-bit
pixels stay 8-bit, which takes a fourth of the disk. Galaxies of many sizes are kept in one of two ways: in stamps of
one size with a last channel that codes the size (``galforge.stamps.sizes``; for networks), or each at its own size, one
behind the other in ``pixels`` (``galforge.stamps.native_file``; to see what the first way costs).
"""

import hashlib
import json
import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np

from galforge.atomic import replacing
from galforge.errors import GalforgeError
from galforge.seeds import generator

ORIGINS = ("observed", "simulated", "analytic", "mock", "generated")
_COPY_BYTES = 2**25


@dataclass(frozen=True)
class Header:
    """What every stamp of a file has in common.

    Attributes:
        bands: one name per channel.
        pixel_scale: side of a pixel in ``pixel_unit``.
        pixel_unit: ``arcsec`` or ``kpc``.
        unit: unit of a pixel value, such as ``electron/s``.
        zero_points: AB magnitude of one unit per band; empty where the unit has none.
        gain: electrons per image unit (a catalogue column ``gain`` overrides it per stamp).
        origin: one of ORIGINS; everything made from the file repeats it.
        sides: where the last channel codes the galaxies' sizes, the sides that have the codes 0 and 1 [px]; else empty.

    Raises:
        GalforgeError: an unknown origin or pixel unit, or another number of zero points than of bands.
    """

    bands: tuple[str, ...]
    pixel_scale: float
    pixel_unit: str
    unit: str
    zero_points: tuple[float, ...]
    gain: float
    origin: str
    sides: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.origin not in ORIGINS:
            raise GalforgeError(f"origin {self.origin!r} is not one of {', '.join(ORIGINS)}")
        if self.pixel_unit not in ("arcsec", "kpc"):
            raise GalforgeError(f"pixel unit {self.pixel_unit!r} is neither arcsec nor kpc")
        if self.zero_points and len(self.zero_points) != len(self.bands):
            raise GalforgeError(f"{len(self.zero_points)} zero points for {len(self.bands)} bands")

    @property
    def channels(self) -> int:
        """Channels of an image: one per band, and one more where it codes the size."""
        return len(self.bands) + bool(self.sides)

    def to_json(self) -> str:
        """The header as canonical JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The header that ``to_json`` wrote."""
        data = json.loads(text)
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in data.items()})


def pieces(count: int, images: h5py.Dataset) -> Iterator[slice]:
    """Ranges that cover the first ``count`` images of a data set (N, C, H, W), each of a few ten MB at most."""
    step = max(1, _COPY_BYTES // (math.prod(images.shape[1:]) * images.dtype.itemsize))
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


class Writer:
    """What the writers of stamps files share. Use as a context manager.

    The file gets its final name only when all of it is on disk; on an error it is removed.

    Args:
        path: the file to write.
        header: what the stamps have in common.
    """

    def __init__(self, path: str | Path, header: Header):
        self.path, self.header = Path(path), header
        self._columns: dict[str, list[np.ndarray]] = {}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._temporary = stack.enter_context(replacing(self.path))
            self._file = stack.enter_context(h5py.File(self._temporary, "w", libver="v110"))
            self._begin()
            self._opened = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            # Run first; if it fails, the file is closed and removed.
            self._opened.callback(self._finish)
        self._opened.__exit__(kind, error, trace)

    def _begin(self) -> None:
        raise NotImplementedError

    def _finish(self) -> None:
        raise NotImplementedError

    def _add(self, columns: dict[str, np.ndarray], count: int) -> None:
        """Keep the catalogue columns of ``count`` more stamps; all columns are written in the end.

        Raises:
            GalforgeError: other columns than before, or a column of another length.
        """
        if self._columns and set(columns) != set(self._columns):
            raise GalforgeError(f"{self.path}: columns {sorted(columns)}, before {sorted(self._columns)}")
        for name, values in columns.items():
            values = np.asarray(values)
            if values.shape != (count,):
                raise GalforgeError(f"{self.path}: column {name} has shape {values.shape}, not ({count},)")
            self._columns.setdefault(name, []).append(values)

    def _seal(self, file: h5py.File, content: Any) -> None:
        """Write catalogue, header and digest; ``content`` is a hash that has seen the pixels."""
        for name in sorted(self._columns):
            values = np.concatenate(self._columns[name])
            if values.dtype.kind == "U":
                values = np.char.encode(values, "utf-8")
            content.update(name.encode() + values.tobytes())
            file.create_dataset(f"catalog/{name}", data=values)
        content.update(self.header.to_json().encode())
        file.attrs["header"] = self.header.to_json()
        file.attrs["content_sha256"] = content.hexdigest()


class StampsWriter(Writer):
    """Writes stamps of one size, one by one or by blocks; see ``Writer``.

    Args:
        path: the file to write.
        shape: (C, H, W) of every image.
        header: what the stamps have in common.
        capacity: the most stamps that can come; fewer is fine.
        dtype: of the pixels on disk, ``<f4`` or ``u1`` (8-bit levels).

    Raises:
        GalforgeError: the header is for another number of channels.
    """

    def __init__(
        self, path: str | Path, shape: tuple[int, int, int], header: Header, capacity: int, dtype: str = "<f4"
    ):
        if header.channels != shape[0]:
            raise GalforgeError(f"{path}: {header.channels} bands and codes for images of {shape[0]} channels")
        super().__init__(path, header)
        self.shape, self.capacity, self.dtype, self.count = tuple(shape), capacity, np.dtype(dtype), 0

    def append(self, image: np.ndarray, **row: Any) -> None:
        """Add one image (C, H, W) and its catalogue row; see ``append_block``."""
        self.append_block(np.asarray(image)[None], {name: np.asarray([value]) for name, value in row.items()})

    def append_block(self, images: np.ndarray, columns: dict[str, np.ndarray]) -> None:
        """Add images (n, C, H, W) with their catalogue columns, each of length n.

        Raises:
            GalforgeError: images of another shape, pixels that are not finite or, in a file of 8-bit levels, of another
                type, other columns than before, or more stamps than ``capacity``.
        """
        images = np.asarray(images)
        if self.dtype == np.uint8 and images.dtype != np.uint8:
            raise GalforgeError(f"{self.path}: pixels of {images.dtype} where 8-bit levels are kept; round them first")
        images = images.astype(self.dtype, copy=False)
        stop = self.count + len(images)
        if images.shape[1:] != self.shape:
            raise GalforgeError(f"{self.path}: images of shape {images.shape[1:]}, expected {self.shape}")
        if stop > self.capacity:
            raise GalforgeError(f"{self.path}: more than the {self.capacity} stamps announced")
        finite = np.isfinite(images).all(axis=(1, 2, 3))
        if not finite.all():
            row = self.count + int(np.argmin(finite))
            raise GalforgeError(f"{self.path}: stamp {row} has pixels that are not finite (NaN or infinite)")
        self._add(columns, len(images))
        self._images[self.count : stop] = images
        self.count = stop

    def _begin(self) -> None:
        self._images = self._file.create_dataset("images", (self.capacity, *self.shape), self.dtype)

    def _finish(self) -> None:
        if self.count == self.capacity:
            self._seal_images(self._file)
            return
        # A contiguous data set cannot shrink, and the capacity is only known to be an upper bound.
        trimmed = self._temporary.with_suffix(".trim")
        try:
            with h5py.File(trimmed, "w", libver="v110") as file:
                file.create_dataset("images", (self.count, *self.shape), self.dtype)
                for here in pieces(self.count, self._images):
                    file["images"][here] = self._images[here]
                self._seal_images(file)
            self._file.close()
            trimmed.replace(self._temporary)
        finally:
            trimmed.unlink(missing_ok=True)

    def _seal_images(self, file: h5py.File) -> None:
        content = hashlib.sha256()
        for here in pieces(self.count, file["images"]):
            content.update(file["images"][here].tobytes())
        self._seal(file, content)


class Stamps:
    """A stamps file open for reading. Use as a context manager; ``images[i:j]`` reads (j - i, C, H, W).

    Where each galaxy is kept at its own size, ``images`` and ``shape`` are None; ``stamp`` reads either kind.

    Raises:
        GalforgeError: the file is missing, truncated or no stamps file.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        try:
            self._file = h5py.File(self.path, "r")
        except OSError as error:
            raise GalforgeError(f"{path}: not a readable stamps file ({error}); remove it and run again") from error
        missing = {"header", "content_sha256"} - set(self._file.attrs)
        if missing or not {"images", "pixels"} & set(self._file):
            raise GalforgeError(f"{path}: no stamps file (lacks {', '.join(sorted(missing)) or 'images'})")
        self.header = Header.from_json(self._file.attrs["header"])
        self.digest: str = self._file.attrs["content_sha256"]
        self.columns = sorted(self._file["catalog"]) if "catalog" in self._file else []
        self.images: h5py.Dataset | None = self._file.get("images")
        self.shape: tuple[int, int, int] | None = None if self.images is None else self.images.shape[1:]
        self._sides = self.catalog("side") if self.images is None else None
        if self._sides is not None:
            self._ends = np.cumsum(len(self.header.bands) * self._sides.astype(np.int64) ** 2)

    def __len__(self) -> int:
        return self.images.shape[0] if self.images is not None else len(self._sides)

    def stamp(self, index: int) -> np.ndarray:
        """One image (C, H, W), as it is stored."""
        if self.images is not None:
            return self.images[index]
        side, end = int(self._sides[index]), int(self._ends[index])
        bands = len(self.header.bands)
        return self._file["pixels"][end - bands * side**2 : end].reshape(bands, side, side)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def catalog(self, column: str) -> np.ndarray:
        """One catalogue column (N,); text comes back as str."""
        if column not in self.columns:
            raise GalforgeError(f"{self.path}: no catalogue column {column!r}; there are {', '.join(self.columns)}")
        values = self._file[f"catalog/{column}"][:]
        return np.char.decode(values, "utf-8") if values.dtype.kind == "S" else values

    def typical_header(self) -> Header:
        """The header with the median gain of the stamps, for stamps that are generated after these."""
        if "gain" not in self.columns:
            return self.header
        return replace(self.header, gain=float(np.median(self.catalog("gain"))))

    def split(self, *names: str) -> np.ndarray:
        """Indices of the stamps of some splits (``train``, ``validation``, ``test``), ascending."""
        return np.flatnonzero(np.isin(self.catalog("split"), names))


def split_of(seed: int, index: int, fractions: dict[str, float]) -> str:
    """The split of one stamp, a pure function of (seed, index): adding stamps never moves another one.

    Args:
        seed: of the splits.
        index: of the stamp.
        fractions: share of the stamps by split.
    """
    draw = generator(seed, "split", index).random() * sum(fractions.values())
    for name, fraction in fractions.items():
        draw -= fraction
        if draw < 0:
            return name
    return list(fractions)[-1]
