"""Galaxies in HDF5 files: an array (N, ..) with columns beside it, as Galaxy10 and galforge's own stamps have them."""

from contextlib import ExitStack
from functools import partial
from pathlib import Path

import h5py
import numpy as np

from galforge.errors import GalforgeError
from galforge.raw import files, tables
from galforge.raw.archive import Entry as File
from galforge.raw.forms import Entry, Image, Layout, Said
from galforge.raw.planes import as_planes, holds_many
from galforge.raw.rejections import Rejected

DAMAGE = (OSError, RuntimeError, KeyError)


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
    sets: dict[str, h5py.Dataset] = {}
    opened.visititems(lambda name, item: sets.update({name: item}) if isinstance(item, h5py.Dataset) else None)
    key = tables.pick(f"{path}: {file.name}", {name: item.shape for name, item in sets.items()}, settings.array)
    images = sets.pop(key)
    try:
        many = holds_many(images.shape, len(settings.bands))
    except Rejected as why:
        raise GalforgeError(f"{path}: {file.name}: {why}; set `array` to the one that holds images") from why
    count = images.shape[0] if many else 1
    columns, small = {}, {}
    for name, item in sets.items():
        short = name.rpartition("/")[2]
        if item.shape == (count,) and item.dtype.kind in "iufbSO" and (many or short not in tables.SAID):
            columns[short] = _read(item, slice(None), f"{path}: {file.name}")
        elif item.size <= len(settings.bands):
            small[short] = _read(item, (), f"{path}: {file.name}")
    told = small | dict(opened.attrs) | dict(images.attrs)
    said = tables.said_by(told, f"the attributes of {file.name}")
    names = tables.pick_names(columns, settings.names, f"{path}: {file.name}")
    rows = range(count) if many else [None]
    readers = [partial(_row, images, row, settings, said, columns, file.name) for row in rows]
    return tables.named(readers, names, files.stem(file.name), many_files)


def _read(item: h5py.Dataset, part: slice | tuple, name: str) -> np.ndarray:
    try:
        return np.asarray(item[part])
    except DAMAGE as error:
        raise GalforgeError(
            f"{name}: {item.name} cannot be read ({error}): truncated or damaged; fetch it again"
        ) from error


def _row(
    images: h5py.Dataset, row: int | None, settings: Layout, said: Said, columns: dict[str, np.ndarray], name: str
) -> Image:
    try:
        pixels = images[()] if row is None else images[row]
    except DAMAGE as error:
        raise Rejected("unreadable HDF5", f"row {row} of {images.name} in {name}: {error}") from error
    own, values = tables.of_row(said, columns, row or 0, len(settings.bands))
    return Image(np.array(as_planes(pixels, len(settings.bands), settings.layout)), None, own, values)
