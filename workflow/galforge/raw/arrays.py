"""Galaxies in npy and npz files. Nothing that was pickled is read."""

import io
import tokenize
import zipfile
import zlib
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from galforge.errors import GalforgeError
from galforge.raw import files, tables
from galforge.raw.archive import Entry as File
from galforge.raw.forms import Entry, Image, Layout, Said
from galforge.raw.planes import as_planes, holds_many
from galforge.raw.rejections import Rejected

# What numpy and zipfile raise on damaged files; numpy reads an array's header as Python's own text.
DAMAGE = (
    OSError, ValueError, TypeError, EOFError, KeyError, NotImplementedError, MemoryError, RuntimeError, SyntaxError,
    tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
PICKLED = "holds objects that were pickled, which run code when they are read: save plain arrays of numbers"


def entries_of(path: Path, file: File, settings: Layout, stack: ExitStack, many_files: bool) -> list[Entry]:
    """The galaxies of one file: of many in one array, or a single one, which is read later.

    Raises:
        GalforgeError: the path is this one file, and it is damaged, was pickled, or its arrays are of another form.
    """
    if many_files:
        # Usually one galaxy each: read one by one, so that a damaged file costs one galaxy.
        own = files.stem(file.name)
        try:
            shape = _shape(file, settings)
            single = not holds_many(shape, len(settings.bands), settings.layout) or shape[0] == 1
        except (Rejected, GalforgeError) as why:
            return [Entry(own, partial(_raise, str(why)), own.rpartition("/")[2])]
        if single:
            return [Entry(own, partial(_one, file, settings), own.rpartition("/")[2])]
    try:
        arrays = _arrays(file)
        key = tables.pick(file.name, {name: a.shape for name, a in arrays.items()}, settings.array)
        images = arrays.pop(key)
        many = holds_many(images.shape, len(settings.bands), settings.layout)
    except Rejected as why:
        where = path if path.is_file() else f"{path}: {file.name}"
        raise GalforgeError(f"{where}: {why}; mend or remove it") from why
    tables.say_passed_over(f"{path}", {name: a.shape for name, a in arrays.items()}, images.shape)
    images = images if many else images[None]
    count = len(images)
    columns = {
        name: tables.exact(values)
        for name, values in arrays.items()
        if values.shape == (count,) and values.dtype.kind in "iufbSU" and (many or name not in tables.SAID)
    }
    said = tables.said_by({name: values for name, values in arrays.items() if name not in columns}, file.name)
    names = tables.pick_names(columns, settings.names, file.name)
    readers = [partial(_row, images, row, settings, said, columns) for row in range(count)]
    return tables.named(readers, names, files.stem(file.name), many_files)


def _arrays(file: File) -> dict[str, np.ndarray]:
    """All arrays of a file by name.

    Raises:
        Rejected: it is damaged, or was pickled.
    """
    content = file.content()
    try:
        loaded: Any = np.load(io.BytesIO(content), allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"images": loaded}
        return {name: loaded[name] for name in loaded.files}
    except DAMAGE as error:
        raise Rejected(*_why(error, content)) from error


def _why(error: BaseException, content: bytes) -> tuple[str, str]:
    if not content:
        return "unreadable array", "the file is empty"
    if "pickle" in str(error):
        return "pickled array", PICKLED
    return "unreadable array", f"truncated or damaged ({error})"


def _shape(file: File, settings: Layout) -> tuple[int, ...]:
    """Shape of the array with images, without reading it.

    Raises:
        Rejected: the file is damaged, or was pickled.
        GalforgeError: it cannot be told which array it is.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    with file.open() as opened:
        try:
            if opened.read(2) == b"PK":
                with zipfile.ZipFile(opened) as packed:
                    for member in packed.namelist():
                        with packed.open(member) as array:
                            shapes[member.removesuffix(".npy")] = _header(array)
            else:
                opened.seek(0)
                shapes["images"] = _header(opened)
        except DAMAGE as error:
            opened.seek(0)
            raise Rejected(*_why(error, opened.read(8))) from error
    return shapes[tables.pick(file.name, shapes, settings.array)]


def _header(opened: Any) -> tuple[int, ...]:
    version = np.lib.format.read_magic(opened)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(opened)
    if dtype.hasobject:
        raise ValueError("pickled objects")
    return shape


def _one(file: File, settings: Layout) -> Image:
    arrays = _arrays(file)
    images = arrays.pop(tables.pick(file.name, {name: a.shape for name, a in arrays.items()}, settings.array))
    pixels = images[0] if holds_many(images.shape, len(settings.bands), settings.layout) else images
    said = tables.said_by(arrays, file.name)
    return Image(as_planes(pixels, len(settings.bands), settings.layout), None, said)


def _row(images: np.ndarray, row: int, settings: Layout, said: Said, columns: dict[str, np.ndarray]) -> Image:
    own, values = tables.of_row(said, columns, row, len(settings.bands))
    return Image(np.array(as_planes(images[row], len(settings.bands), settings.layout)), None, own, values)


def _raise(why: str) -> Image:
    category, _, detail = why.partition(": ")
    raise Rejected(category, detail)
