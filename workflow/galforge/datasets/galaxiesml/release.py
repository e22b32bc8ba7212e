"""The HDF5 files of the GalaxiesML release, read by blocks of rows: out of a folder or a plain tar, or as they are."""

import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import h5py
import numpy as np

from galforge.datasets.galaxiesml.settings import BANDS, PARTS
from galforge.errors import GalforgeError
from galforge.logs import log

SUFFIXES = (".hdf5", ".h5")
BLOCK_BYTES = 2**24
"""Images are read about so many bytes at a time: a release of 24 GB fits into any memory."""
SUBJECTS = ("isophotal_area", "ellipticity", "major_axis", "minor_axis", "sersic_index", "cmodel_mag")
"""What the catalogue keeps of each band, in the release's own names: areas [px], axes [px], magnitudes [AB]."""
NEEDED = (
    "object_id",
    "specz_redshift",
    "specz_redshift_err",
    "ra",
    "dec",
    *(f"{band}_{subject}" for subject in SUBJECTS for band in BANDS),
)
"""Root data sets that a file must have beside ``image``."""
REMEDY = (
    "give a folder or a plain tar with the three HDF5 files of GalaxiesML, or one of them, as `path` of the data set"
)


@dataclass(frozen=True)
class ReleaseFile:
    """One HDF5 file of the release, open for reading, with its layout checked.

    Attributes:
        name: its name, for messages.
        part: training, validation or testing; empty where the name has none of these words.
    """

    name: str
    part: str
    file: h5py.File

    def __len__(self) -> int:
        return self.file["image"].shape[0]

    def place(self, row: int) -> str:
        """Where a row is, in words."""
        return f"row {row} of {PurePosixPath(self.name).name}"

    def column(self, name: str, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Rows of a catalogue column.

        Raises:
            GalforgeError: they cannot be read.
        """
        return self._read(name, start, len(self) if stop is None else stop)

    def ids(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """The object_id of rows, int64."""
        return self.column("object_id", start, stop).astype(np.int64)

    def images(self, start: int, stop: int) -> np.ndarray:
        """Images (stop - start, 5, side, side) float32, in the release's unit.

        Raises:
            GalforgeError: they cannot be read.
        """
        return self._read("image", start, stop).astype(np.float32, copy=False)

    def blocks(self) -> Iterator[tuple[int, int]]:
        """Ranges of rows that cover the file, each of about BLOCK_BYTES of images."""
        image = self.file["image"]
        rows = max(BLOCK_BYTES // (4 * int(np.prod(image.shape[1:]))), 1)
        if image.chunks:
            # A chunk is read as a whole, so that a border inside of it would have it read twice.
            rows = max(rows // image.chunks[0], 1) * image.chunks[0]
        for start in range(0, len(self), rows):
            yield start, min(start + rows, len(self))

    def _read(self, name: str, start: int, stop: int) -> np.ndarray:
        try:
            return self.file[name][start:stop]
        except (OSError, RuntimeError) as error:
            raise GalforgeError(
                f"{self.name}: {name!r} of the rows {start} to {stop - 1} cannot be read ({error}): the file is "
                "truncated or damaged; fetch it again"
            ) from error


@contextmanager
def opened(raw: list[Path], side: int) -> Iterator[list[ReleaseFile]]:
    """The files of the release whose images are ``side`` pixels wide: one of each part, or a single one.

    Args:
        raw: the three downloaded files; or one folder, plain tar or HDF5 file.
        side: of the images [px]; a folder may hold the files of both sizes.

    Raises:
        GalforgeError: nothing of the kind is there, a part is missing or there twice, or a file is damaged, lacks a
            data set or has one of another shape.
    """
    with ExitStack() as stack:
        found = [
            _checked(name, _open(name, source, stack)) for path in raw for name, source in _candidates(path, stack)
        ]
        sides = sorted({each.file["image"].shape[-1] for each in found})
        files = [each for each in found if each.file["image"].shape[-1] == side]
        if not files:
            raise GalforgeError(
                f"{raw[0]}: no file with images of {side} px; there are some of {', '.join(map(str, sides))} px: set "
                "image_side of the data set to one of these"
            )
        for each in found:
            if each not in files:
                log.info("%s: left out, its images are not of image_side %d px", each.name, side)
        if len(files) > 1 or len(raw) > 1:
            _check_parts(raw[0], files)
        yield sorted(files, key=lambda each: list(PARTS).index(each.part) if each.part else 0)


def part_of(name: str) -> str:
    """The part of the release that a file's name speaks of; empty where it speaks of none, or of two."""
    named = [part for part in PARTS if part in PurePosixPath(name).name]
    return named[0] if len(named) == 1 else ""


def _candidates(path: Path, stack: ExitStack) -> list[tuple[str, Path | BinaryIO]]:
    """HDF5 files at a path: a file of its own, those of a folder, or those of a tar, by their names."""
    if not path.exists():
        raise GalforgeError(f"{path}: no such file or folder; {REMEDY}")
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if _named(file.name) and file.is_file())
        found: list[tuple[str, Path | BinaryIO]] = [(str(file), file) for file in files]
    elif (archive := _tar(path, stack)) is not None:
        found = [(f"{path}: {name}", file) for name, file in _members(path, archive)]
    else:
        found = [(str(path), path)]
    if not found:
        raise GalforgeError(f"{path}: holds no file of {' or '.join(SUFFIXES)}; {REMEDY}")
    return found


def _tar(path: Path, stack: ExitStack) -> tarfile.TarFile | None:
    """The plain tar at a path; None where there is none.

    This is asked before HDF5 is: that finds its signature also behind the first 512 bytes of a tar, and would take
    the archive for the first file in it. Compressed ones are refused: HDF5 jumps about in its file, and each jump back
    would unpack from the start.
    """
    try:
        return stack.enter_context(closing(tarfile.open(path, "r:")))
    except tarfile.TarError as error:
        if h5py.is_hdf5(path):
            return None
        raise GalforgeError(
            f"{path}: neither an HDF5 file nor a plain tar ({error}); unpack it if it is compressed, fetch it again if "
            f"it is broken, or {REMEDY}"
        ) from error


def _members(path: Path, archive: tarfile.TarFile) -> list[tuple[str, BinaryIO]]:
    try:
        members = [member for member in archive.getmembers() if member.isfile()]
    except (tarfile.TarError, OSError, EOFError) as error:
        raise GalforgeError(f"{path}: the archive is truncated or damaged ({error}); fetch it again") from error
    wanted = [member for member in members if _named(PurePosixPath(member.name).name)]
    return [(member.name, archive.extractfile(member)) for member in wanted]  # type: ignore[misc]


def _named(name: str) -> bool:
    # Editors and file managers leave files that begin with a dot.
    return name.endswith(SUFFIXES) and not name.startswith(".")


def _open(name: str, source: Path | BinaryIO, stack: ExitStack) -> h5py.File:
    try:
        return stack.enter_context(h5py.File(source, "r"))
    except (OSError, RuntimeError) as error:
        raise GalforgeError(
            f"{name}: not a readable HDF5 file ({error}): truncated or damaged; fetch it again"
        ) from error


def _checked(name: str, file: h5py.File) -> ReleaseFile:
    missing = [key for key in ("image", *NEEDED) if key not in file]
    if missing:
        there = ", ".join(sorted(file)[:12])
        first = ", ".join(missing[:5]) + (" ..." if len(missing) > 5 else "")
        raise GalforgeError(
            f"{name}: lacks {first} ({len(missing)} of the data sets that are needed); it has {there} ... Take the "
            "files whose names end in _with_morphology"
        )
    shape, kind = file["image"].shape, file["object_id"].dtype.kind
    if kind not in "iu":
        raise GalforgeError(f"{name}: 'object_id' is of type {file['object_id'].dtype}, not of whole numbers")
    if len(shape) != 4 or shape[1] != len(BANDS) or shape[2] != shape[3]:
        raise GalforgeError(
            f"{name}: 'image' has shape {shape}, not (rows, {len(BANDS)}, side, side) with the bands {', '.join(BANDS)}"
        )
    for key in NEEDED:
        if file[key].shape != shape[:1]:
            raise GalforgeError(f"{name}: {key!r} has shape {file[key].shape} for {shape[0]} images; fetch it again")
    return ReleaseFile(name, part_of(name), file)


def _check_parts(path: Path, files: list[ReleaseFile]) -> None:
    by_part = {part: [each.name for each in files if each.part == part] for part in PARTS}
    unknown = [each.name for each in files if not each.part]
    if unknown:
        raise GalforgeError(
            f"{unknown[0]}: which split is it? Its name has none of {', '.join(PARTS)}; rename it, or move it away"
        )
    for part, names in by_part.items():
        if not names:
            raise GalforgeError(
                f"{path}: the {part} file is missing; there are {', '.join(each.name for each in files)}. Give all "
                "three, or a single file, which is divided by `splits`"
            )
        if len(names) > 1:
            raise GalforgeError(f"{names[0]} and {names[1]} both hold {part} galaxies; leave one of them")
