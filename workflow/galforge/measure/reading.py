"""Images from the files that people have, for measuring them without a workflow.

FITS (an image, a stack, or one file per galaxy), npy and npz, and stamps files of galforge. Nothing is executed: arrays
that are pickled are refused. Gain, zero point and pixel scale are not read from headers: their units differ between
surveys.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from galforge.errors import GalforgeError
from galforge.logs import log

FITS = (".fits", ".fit", ".fts", ".fits.gz", ".fits.fz", ".fit.gz", ".fits.bz2")
ARRAYS = (".npy", ".npz")
STAMPS = (".h5", ".hdf5")
PREFERRED = ("IMAGES", "SCI", "images")
"""Extensions and arrays that are taken where there are several: those of galforge, and of science images."""


@dataclass(frozen=True)
class Read:
    """What files hold.

    Attributes:
        images: a stamps file; an array (H, W), (N, H, W) or (N, C, H, W); or one array (H, W) or (C, H, W) per file.
        names: of the files, where each holds one galaxy; empty otherwise.
    """

    images: Path | np.ndarray | list[np.ndarray]
    names: tuple[str, ...] = ()


def read(paths: list[Path], extension: str = "") -> Read:
    """Read one file of images; or a folder, or several files, of one galaxy each.

    Args:
        paths: one file, one folder, or files.
        extension: of FITS files, or the array of a npz file: its name, or an extension's number; empty: the only one.

    Raises:
        GalforgeError: there is no such file, its kind is not known, it cannot be read, or has several images.
    """
    if len(paths) == 1 and paths[0].is_dir():
        folder, inside = paths[0], sorted(path for path in paths[0].iterdir() if not path.name.startswith("."))
        paths = [path for path in inside if _kind(path) in ("fits", "arrays")]
        if not paths:
            raise GalforgeError(f"{folder}: no FITS or npy files in this folder")
        if passed := [path.name for path in inside if _kind(path) not in ("fits", "arrays")]:
            log.warning(
                "%s: passed over what is neither FITS nor npy: %d, the first %s", folder, len(passed), passed[0]
            )
    elif len(paths) == 1:
        if _kind(paths[0]) == "stamps":
            return Read(paths[0])
        return Read(array(paths[0], extension))
    images = [array(path, extension) for path in paths]
    for path, image in zip(paths, images, strict=True):
        if image.ndim not in (2, 3):
            raise GalforgeError(
                f"{path}: shape {image.shape}; each of several files holds one galaxy, (H, W) or (C, H, W)"
            )
    return Read(images, tuple(path.name for path in paths))


def array(path: Path, extension: str = "") -> np.ndarray:
    """The one array of a FITS, npy or npz file.

    Raises:
        GalforgeError: as `read`.
    """
    if not path.is_file():
        raise GalforgeError(f"{path}: there is no such file")
    kind = _kind(path)
    if kind not in ("fits", "arrays"):
        raise GalforgeError(f"{path}: none of {', '.join((*FITS, *ARRAYS, *STAMPS))} (stamps files of galforge)")
    try:
        return _fits(path, extension) if kind == "fits" else _numpy(path, extension)
    except GalforgeError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # of a damaged file, libraries raise whatever they come upon
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        if "pickle" in why.lower():
            why = "its array is pickled, which is not read because it could run code; save numbers with numpy.save"
        raise GalforgeError(f"{path}: cannot be read: {why}") from error


def _kind(path: Path) -> str:
    name = path.name.lower()
    for kind, endings in (("fits", FITS), ("arrays", ARRAYS), ("stamps", STAMPS)):
        if name.endswith(endings):
            return kind
    return ""


def _fits(path: Path, extension: str) -> np.ndarray:
    from astropy.io import fits

    with fits.open(path, memmap=False) as units:
        images = {}
        for number, unit in enumerate(units):
            if unit.is_image and len(unit.shape) >= 2:
                images[number] = unit.name or str(number)
        if extension:
            wanted = [number for number, name in images.items() if extension.upper() in (name.upper(), str(number))]
        else:
            wanted = list(images) if len(images) == 1 else [n for n, name in images.items() if name in PREFERRED]
        number = _one(path, wanted, [f"{number} {name}" for number, name in images.items()], "image extension")
        # Axes of length 1 before the image are no axes.
        data = np.array(units[number].data)
        data = data.astype(data.dtype.newbyteorder("="), copy=False)
        while data.ndim > 2 and data.shape[0] == 1:
            data = data[0]
        return data


def _numpy(path: Path, extension: str) -> np.ndarray:
    if path.suffix.lower() == ".npy":
        return np.load(path, allow_pickle=False)
    with np.load(path, allow_pickle=False) as file:
        names = list(file.files)
        if extension:
            wanted = [name for name in names if name == extension]
        else:
            wanted = names if len(names) == 1 else [name for name in names if name in PREFERRED]
        return file[_one(path, wanted, names, "array")]


def _one(path: Path, wanted: list, there: list[str], what: str) -> int | str:
    if len(wanted) != 1:
        found = f"{len(wanted)} {what}s" if wanted else f"no {what}"
        raise GalforgeError(f"{path}: {found} to take of {', '.join(there) or 'none'}: name one (--extension)")
    return wanted[0]
