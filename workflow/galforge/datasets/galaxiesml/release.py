"""The HDF5 files of the GalaxiesML release, single, in a folder or in a plain tar; read by blocks of rows."""

import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import h5py
import numpy as np

from galforge.datasets.galaxiesml.settings import BANDS, PARTS
from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.raw.archive import members

SUFFIXES = (".hdf5", ".h5")
BLOCK_BYTES = 2**24
"""About so many bytes of images are read at a time, so that a release of 24 GB fits into any memory."""
SUBJECTS = ("isophotal_area", "ellipticity", "major_axis", "minor_axis", "sersic_index", "cmodel_mag")
"""Columns of each band that the catalogue keeps, by the release's names: areas [px], axes [px], magnitudes [AB]."""
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
        """Where a row is, for messages."""
        return f"row {row} of {PurePosixPath(self.name).name}"

    def column(self, name: str, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Rows of a data set.

        Raises:
            GalforgeError: they cannot be read.
        """
        stop = len(self) if stop is None else stop
        try:
            return self.file[name][start:stop]
        except (OSError, RuntimeError) as error:
            raise GalforgeError(
                f"{self.name}: {name!r} of the rows {start} to {stop - 1} cannot be read ({error}): the file is "
                "truncated or damaged; fetch it again"
            ) from error

    def ids(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """The object_id of rows, int64; raises as ``column``."""
        return self.column("object_id", start, stop).astype(np.int64)

    def images(self, start: int, stop: int) -> np.ndarray:
        """Images (stop - start, 5, side, side) float32, in the release's unit; raises as ``column``."""
        return self.column("image", start, stop).astype(np.float32, copy=False)

    def blocks(self) -> Iterator[tuple[int, int]]:
        """Ranges of rows that cover the file, each of about BLOCK_BYTES of images."""
        image = self.file["image"]
        rows = max(BLOCK_BYTES // (4 * int(np.prod(image.shape[1:]))), 1)
        if image.chunks:
            # HDF5 reads whole chunks: one that lay in two blocks would be read twice.
            rows = max(rows // image.chunks[0], 1) * image.chunks[0]
        for start in range(0, len(self), rows):
            yield start, min(start + rows, len(self))


@contextmanager
def opened(raw: list[Path], side: int) -> Iterator[list[ReleaseFile]]:
    """The files of the release whose images are ``side`` pixels wide: one of each part, or a single one.

    Args:
        raw: the three downloaded files; or one folder, plain tar or HDF5 file.
        side: of the images [px]; a folder may hold the files of both sizes.

    Raises:
        GalforgeError: there are no such files, a part is missing or there twice, or a file is damaged, lacks a data set
            or has one of another shape.
    """
    with ExitStack() as stack:
        found = [_checked(name, source, stack) for path in raw for name, source in _candidates(path, stack)]
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
    """The one word of PARTS that a file's name has; empty where it has none or two."""
    named = [part for part in PARTS if part in PurePosixPath(name).name]
    return named[0] if len(named) == 1 else ""


def _candidates(path: Path, stack: ExitStack) -> list[tuple[str, Path | BinaryIO]]:
    """The HDF5 files at a path, with their names: a file of its own, those of a folder, or those of a tar."""
    if not path.exists():
        raise GalforgeError(f"{path}: no such file or folder; {REMEDY}")
    if path.is_dir():
        found = [(str(file), file) for file in sorted(path.rglob("*")) if _named(file.name) and file.is_file()]
    elif (archive := _tar(path, stack)) is not None:
        named = [each for each in members(path, archive) if each.isfile() and _named(PurePosixPath(each.name).name)]
        found = [(f"{path}: {member.name}", archive.extractfile(member)) for member in named]
    else:
        found = [(str(path), path)]
    if not found:
        raise GalforgeError(f"{path}: holds no file of {' or '.join(SUFFIXES)}; {REMEDY}")
    return found


def _tar(path: Path, stack: ExitStack) -> tarfile.TarFile | None:
    """The plain tar at a path; None where an HDF5 file is there.

    A tar is tried before HDF5, which looks for its signature also behind the first 512 bytes and would take the archive
    for the first file in it. Compressed tars are refused: HDF5 reads here and there in its file, and each jump back
    would unpack from the start.

    Raises:
        GalforgeError: neither is there.
    """
    try:
        return stack.enter_context(tarfile.open(path, "r:"))
    except tarfile.TarError as error:
        if h5py.is_hdf5(path):
            return None
        raise GalforgeError(
            f"{path}: neither an HDF5 file nor a plain tar ({error}); unpack it if it is compressed, fetch it again if "
            f"it is broken, or {REMEDY}"
        ) from error


def _named(name: str) -> bool:
    # Editors and file managers leave files that begin with a dot.
    return name.endswith(SUFFIXES) and not name.startswith(".")


def _checked(name: str, source: Path | BinaryIO, stack: ExitStack) -> ReleaseFile:
    try:
        file = stack.enter_context(h5py.File(source, "r"))
    except (OSError, RuntimeError) as error:
        raise GalforgeError(
            f"{name}: not a readable HDF5 file ({error}): truncated or damaged; fetch it again"
        ) from error
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
    unknown = [each.name for each in files if not each.part]
    if unknown:
        raise GalforgeError(
            f"{unknown[0]}: which split is it? Its name has none of {', '.join(PARTS)}; rename it, or move it away"
        )
    for part in PARTS:
        names = [each.name for each in files if each.part == part]
        if not names:
            raise GalforgeError(
                f"{path}: the {part} file is missing; there are {', '.join(each.name for each in files)}. Give all "
                "three, or a single file, which is divided by `splits`"
            )
        if len(names) > 1:
            raise GalforgeError(f"{names[0]} and {names[1]} both hold {part} galaxies; leave one of them")
