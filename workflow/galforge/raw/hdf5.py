"""Galaxies in HDF5 files: an array (N, ..) with columns beside it, as Galaxy10 and galforge's own stamps have them."""

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from galforge.errors import GalforgeError
from galforge.raw import files, tables
from galforge.raw.archive import Entry as File
from galforge.raw.forms import Entry, Image, Layout, Said
from galforge.raw.planes import as_planes, holds_many
from galforge.raw.rejections import Rejected

DAMAGE = (OSError, RuntimeError, KeyError, ValueError, TypeError)


def entries_of(path: Path, file: File, settings: Layout, stack: ExitStack, many_files: bool) -> list[Entry]:
    """The galaxies of one file, which stays open as long as ``stack``.

    Raises:
        GalforgeError: it is damaged, or its data sets are of another form.
    """
    try:
        opened = stack.enter_context(h5py.File(stack.enter_context(file.open()), "r"))
    except (*DAMAGE, Rejected) as error:
        raise GalforgeError(
            f"{path}: {file.name} is not a readable HDF5 file ({error}): truncated or damaged; fetch it again"
        ) from error
    sets, attributes = _contents(opened, f"{path}: {file.name}")
    key = tables.pick(f"{path}: {file.name}", {name: item.shape for name, item in sets.items()}, settings.array)
    images = sets.pop(key)
    try:
        many = holds_many(images.shape, len(settings.bands), settings.layout)
    except Rejected as why:
        raise GalforgeError(f"{path}: {file.name}: {why}; set `array` to the one that holds images") from why
    tables.say_passed_over(f"{path}", {name: item.shape for name, item in sets.items()}, images.shape)
    count = images.shape[0] if many else 1
    columns, small = {}, {}
    # Of two of one name, as in groups for training and for testing, the nearer to the images counts.
    for name, item in sorted(sets.items(), key=lambda each: _nearness(each[0], key)):
        short = name.rpartition("/")[2]
        if item.shape == (count,) and item.dtype.kind in "iufbSO" and (many or short not in tables.SAID):
            columns[short] = tables.exact(_read(item, slice(None), f"{path}: {file.name}"))
        elif item.size <= len(settings.bands):
            small[short] = _read(item, (), f"{path}: {file.name}")
    told = small | attributes | _attributes(images, f"{path}: {file.name}")
    said = tables.said_by(told, f"the attributes of {file.name}")
    names = tables.pick_names(columns, settings.names, f"{path}: {file.name}")
    rows = range(count) if many else [None]
    readers = [partial(_row, images, row, settings, said, columns, file.name) for row in rows]
    return tables.named(readers, names, files.stem(file.name), many_files)


def _contents(opened: h5py.File, name: str) -> tuple[dict[str, h5py.Dataset], dict[str, Any]]:
    """The data sets of a file by name, but those without values, and its attributes.

    Raises:
        GalforgeError: the file is damaged.
    """
    sets: dict[str, h5py.Dataset] = {}

    def keep(called: str, item: h5py.HLObject) -> None:
        if isinstance(item, h5py.Dataset) and item.shape is not None:
            sets[called] = item

    try:
        opened.visititems(keep)
    except DAMAGE as error:
        raise _damaged(name, "its list of data sets", error) from error
    return sets, _attributes(opened, name)


def _attributes(item: h5py.HLObject, name: str) -> dict[str, Any]:
    try:
        return {key: value for key, value in item.attrs.items() if not isinstance(value, h5py.Empty)}
    except DAMAGE as error:
        raise _damaged(name, f"an attribute of {item.name}", error) from error


def _nearness(name: str, images: str) -> int:
    """Whether a data set lies in another branch (0), above the images' group (1), or within it (2)."""
    own, other = f"/{images}".rpartition("/")[0] + "/", f"/{name}".rpartition("/")[0] + "/"
    return 2 if other.startswith(own) else int(own.startswith(other))


def _damaged(name: str, what: str, error: Exception) -> GalforgeError:
    return GalforgeError(f"{name}: {what} cannot be read ({error}): truncated or damaged; fetch it again")


def _read(item: h5py.Dataset, part: slice | tuple, name: str) -> np.ndarray:
    try:
        return np.asarray(item[part])
    except DAMAGE as error:
        raise _damaged(name, item.name, error) from error


def _row(
    images: h5py.Dataset, row: int | None, settings: Layout, said: Said, columns: dict[str, np.ndarray], name: str
) -> Image:
    try:
        pixels = images[()] if row is None else images[row]
    except DAMAGE as error:
        raise Rejected("unreadable HDF5", f"row {row} of {images.name} in {name}: {error}") from error
    own, values = tables.of_row(said, columns, row or 0, len(settings.bands))
    return Image(np.array(as_planes(pixels, len(settings.bands), settings.layout)), None, own, values)
