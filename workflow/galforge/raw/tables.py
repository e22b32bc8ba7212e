"""What arrays, HDF5 and Parquet files have in common: which array holds images, names and columns, and what is said."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.raw.forms import Entry, Image, Said

IMAGES = ("images", "image", "image_array", "stamps", "cutouts", "galaxies", "pixels", "data", "x", "arr_0")
NAMES = ("name", "names", "id", "ids", "object_id", "objid", "ident", "iauname", "dr8_id", "id_str", "filename")
SCALES = ("pxscale", "pixel_scale", "rgb_pixel_scale", "image_scale")
WHOLE = 2**53
"""Whole numbers up to this one are exact in floating point."""
SAID = ("bands", "unit", "zero_points", "pixel_scale", "exposure_time", "gain", "header")
"""What a small array or attribute of these names says is said of all galaxies."""


def pick(path: str, shapes: Mapping[str, tuple[int, ...]], asked: str) -> str:
    """The name of the array that holds the images.

    Args:
        path: the file, for messages.
        shapes: shapes of its arrays by name.
        asked: the name, or ``auto``: the usual one, or the only array of at least three axes.

    Raises:
        GalforgeError: there is no such array, or it cannot be told which it is.
    """
    there = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
    if asked != "auto":
        if asked not in shapes:
            raise GalforgeError(f"{path}: has no array {asked!r}; there are {there}. Set `array` to one of these")
        return asked
    lower = {name.lower(): name for name in reversed(shapes)}
    for name in IMAGES:
        if name in lower and len(shapes[lower[name]]) >= 2:
            return lower[name]
    many = [name for name, shape in shapes.items() if len(shape) >= 3] or [n for n, s in shapes.items() if len(s) == 2]
    if len(many) == 1:
        return many[0]
    raise GalforgeError(f"{path}: which array holds the images? There are {there}. Set `array` to its name")


def pick_names(columns: Mapping[str, Any], asked: str, path: str) -> list[str]:
    """The galaxies' own names, from the column ``asked`` (``auto``: the usual ones); empty where there are none.

    Raises:
        GalforgeError: there is no such column.
    """
    if asked != "auto" and asked not in columns:
        raise GalforgeError(f"{path}: has no column {asked!r} of names; there are {', '.join(columns)}")
    lower = {name.lower(): name for name in reversed(columns)}
    found = asked if asked != "auto" else next((lower[name] for name in NAMES if name in lower), "")
    return [text(value) for value in columns[found]] if found else []


def text(value: Any) -> str:
    """A name or word as text."""
    return value.decode("utf-8", "backslashreplace").strip() if isinstance(value, bytes) else str(value).strip()


def named(readers: Sequence[Callable[[], Image]], names: list[str], file: str, many_files: bool) -> list[Entry]:
    """The galaxies of one file.

    Args:
        readers: of the galaxies, in their order.
        names: their own names, or none: then the file's for a single galaxy, and otherwise their rows.
        file: the file's name, which stands before rows where there are ``many_files``.
    """
    if not names and len(readers) == 1:
        names = [file]
    before = f"{file}-" if many_files else ""
    # One galaxy may have no name where the others have some.
    pairs = zip(names or [""] * len(readers), readers, strict=True)
    return [
        Entry(name or f"{before}{row:06d}", reader, name.rpartition("/")[2]) for row, (name, reader) in enumerate(pairs)
    ]


def exact(values: np.ndarray) -> np.ndarray:
    """A column, as words where its whole numbers have more digits than floating point keeps, as identifiers may."""
    beyond = values.dtype.kind in "iu" and values.size and (values.max() > WHOLE or values.min() < -WHOLE)
    return values.astype(str) if beyond else values


def said_by(values: Mapping[str, Any], where: str) -> Said:
    """What the attributes of a file or small arrays in it say, by the names of ``Said``; or by galforge's own header.

    Args:
        values: texts, numbers or arrays by name.
        where: what they are called in messages.
    """
    known = dict(values)
    if "header" in known:
        header = _header(known.pop("header"))
        if header.get("pixel_unit", "arcsec") != "arcsec":
            header.pop("pixel_scale", None)
        known = header | known
    said = Said()
    for name in SAID[:-1]:
        value = known.get(name, known.get(name.removesuffix("s")))
        if value is None or np.size(value) == 0:
            continue
        each = list(np.ravel(value))
        if name == "unit":
            said.unit = text(each[0])
        elif name == "bands":
            said.bands = tuple(map(text, each))
        elif (numbers := _numbers(each)) is None:
            said.odd[name] = f"{', '.join(map(text, each))!r} ({name} of {where})"
            continue
        else:
            setattr(said, name, numbers[0] if name == "pixel_scale" else numbers)
        said.where[name] = f"{name} of {where}"
    return said


def _numbers(values: Sequence[Any]) -> tuple[float, ...] | None:
    """Values as numbers; None where one is no finite number, such as ``2.5 e/ADU``."""
    try:
        found = tuple(float(value) for value in values)
    except (TypeError, ValueError):
        return None
    return found if all(map(math.isfinite, found)) else None


def _header(value: Any) -> dict[str, Any]:
    try:
        found = json.loads(text(np.ravel(value)[0]))
    except (ValueError, IndexError):
        return {}
    return found if isinstance(found, dict) else {}


def say_passed_over(path: str, shapes: Mapping[str, tuple[int, ...]], images: tuple[int, ...]) -> None:
    """Say which arrays, beside images of a shape, may be masks or weights of them, of which none is taken."""
    if alike := [name for name, shape in shapes.items() if len(shape) > 1 and shape[-2:] == images[-2:]]:
        log.warning(
            "%s: arrays passed over: %s; if they say which pixels are missing, make those NaN in the images",
            path, ", ".join(alike),
        )  # fmt: skip


def of_row(said: Said, columns: Mapping[str, Any], row: int, channels: int) -> tuple[Said, dict[str, float | str]]:
    """What is said of one galaxy of C channels, and its columns, of which some may be its pixel scale and gain."""
    values = {name: text(v[row]) if _is_text(v) else float(v[row]) for name, v in columns.items()}
    own: dict[str, Any] = {}
    # Where a row has no value, that of the whole file counts, if it says one.
    scale = next((value for name in SCALES if _is_finite(value := values.get(name))), None)
    if scale is not None:
        own["pixel_scale"] = scale
    if _is_finite(gain := values.get("gain")):
        own["gain"] = (gain,) * channels
    where = {**said.where, **dict.fromkeys(own, "a column of the file")}
    return Said(**{**vars(said), **own, "where": where}), values


def _is_finite(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _is_text(values: Any) -> bool:
    return np.asarray(values[:1]).dtype.kind in "SUO"
