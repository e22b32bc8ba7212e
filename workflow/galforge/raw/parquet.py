"""Galaxies in Parquet files: pictures in bytes, nested lists of numbers, and the images of the Multimodal Universe."""

import re
from contextlib import ExitStack
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as arrow
import pyarrow.compute
import pyarrow.parquet
from pyarrow import types

from galforge.errors import GalforgeError
from galforge.raw import files, tables
from galforge.raw.archive import Entry as File
from galforge.raw.forms import Entry, Image, Layout, Said
from galforge.raw.pictures import of_content
from galforge.raw.planes import as_planes
from galforge.raw.rejections import Rejected

DAMAGE = (OSError, arrow.ArrowException, ValueError)


def entries_of(path: Path, file: File, settings: Layout, stack: ExitStack, many_files: bool) -> list[Entry]:
    """The galaxies of one file, which stays open as long as ``stack``.

    Raises:
        GalforgeError: it is damaged, or no column holds images.
    """
    called = f"{path}: {file.name}"
    try:
        opened = arrow.parquet.ParquetFile(stack.enter_context(file.open()))
        schema = opened.schema_arrow
        key = _image_column(called, schema, settings.array)
        flat = [each.name for each in schema if _is_flat(each.type)]
        found = dict(zip(flat, opened.read(flat).columns, strict=True))
        columns = {name: tables.exact(_values(column)) for name, column in found.items()}
        # As names, whole numbers have no fraction also where one is missing.
        whole = {
            name: ["" if number is None else number for number in column.to_pylist()]
            for name, column in found.items()
            if column.null_count and types.is_integer(column.type)
        }
    except (*DAMAGE, Rejected) as error:
        raise GalforgeError(
            f"{called} is not a readable Parquet file ({error}): truncated or damaged; fetch it again"
        ) from error

    @lru_cache(maxsize=1)
    def group(number: int) -> arrow.ChunkedArray:
        """Images of a group of rows; they are asked for in order, so one group at a time is in memory."""
        return opened.read_row_group(number, [key]).column(0)

    said = tables.said_by(
        {tables.text(k): v for k, v in (schema.metadata or {}).items() if k != b"ARROW:schema"}, called
    )
    names = tables.pick_names(columns | whole, settings.names, called)
    places = [
        (number, row)
        for number in range(opened.num_row_groups)
        for row in range(opened.metadata.row_group(number).num_rows)
    ]
    readers = [partial(_row, group, place, row, settings, said, columns) for row, place in enumerate(places)]
    return tables.named(readers, names, files.stem(file.name), many_files)


def _image_column(called: str, schema: arrow.Schema, asked: str) -> str:
    found = [each.name for each in schema if _is_image(each.type)]
    if asked != "auto":
        found = [asked] if asked in schema.names else []
    if len(found) > 1:
        found = [name for name in found if name.lower() in tables.IMAGES] or found
    if len(found) == 1:
        return found[0]
    there = ", ".join(f"{each.name} ({str(each.type)[:40]})" for each in schema)
    raise GalforgeError(f"{called}: which column holds the images? There are {there}. Set `array` to its name")


def _storage(kind: arrow.DataType) -> arrow.DataType:
    return kind.storage_type if isinstance(kind, arrow.BaseExtensionType) else kind


def _is_list(kind: arrow.DataType) -> bool:
    return types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)


def _is_word(kind: arrow.DataType) -> bool:
    return types.is_string(kind) or types.is_large_string(kind)


def _is_flat(kind: arrow.DataType) -> bool:
    if types.is_dictionary(kind):
        return _is_flat(kind.value_type)
    return types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind) or _is_word(kind)


def _values(column: arrow.ChunkedArray) -> np.ndarray:
    """Numbers or words of a column; NaN or empty where it has none. Categories are the words that they stand for."""
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if _is_word(column.type):
        return np.array([word or "" for word in column.to_pylist()], dtype=str)
    if column.null_count and not types.is_floating(column.type):
        column = column.cast(arrow.int64()).cast(arrow.float64(), safe=False)
    return column.to_numpy(zero_copy_only=False)


def _is_image(kind: arrow.DataType) -> bool:
    """Whether values of a type may be images: pictures, at least two levels of lists, or a struct with one of these."""
    kind = _storage(kind)
    if types.is_binary(kind) or types.is_large_binary(kind):
        return True
    if _is_list(kind):
        return _is_list(kind.value_type) or types.is_struct(kind.value_type)
    return types.is_struct(kind) and bool({"bytes", "flux"} & {field.name for field in kind})


def _row(
    group: Any, place: tuple[int, int], row: int, settings: Layout, said: Said, columns: dict[str, np.ndarray]
) -> Image:
    try:
        value = group(place[0])[place[1]]
        if isinstance(value, arrow.ExtensionScalar):
            value = value.value
        own, values = tables.of_row(said, columns, row, len(settings.bands))
        if not value.is_valid:
            raise Rejected("no image", f"row {row} has none")
        kind = value.type
        holder = kind.value_type if _is_list(kind) else kind
        fields = {each.name for each in holder} if types.is_struct(holder) else set()
        if "flux" in fields:
            return _of_bands(value, settings, own, values)
        if "bytes" in fields:
            value = value["bytes"]
        if types.is_binary(value.type) or types.is_large_binary(value.type):
            if not value.is_valid:
                raise Rejected("no image", f"row {row} names a file in place of a picture; store the pictures' bytes")
            image = of_content(value.as_py(), settings)
            return Image(image.pixels, None, own, values)
        pixels = as_planes(_dense(value.values), len(settings.bands), settings.layout)
        return Image(np.array(pixels), None, own, values)
    except DAMAGE as error:
        raise Rejected("unreadable Parquet", f"row {row}: {error}") from error


def _of_bands(value: Any, settings: Layout, said: Said, values: dict[str, float | str]) -> Image:
    """An image of the Multimodal Universe: bands with their names, fluxes, widths of the PSF and inverse variances."""
    structs = types.is_struct(value.type)

    def part(name: str) -> np.ndarray | None:
        kind = value.type if structs else value.type.value_type
        if kind.get_field_index(name) < 0:
            return None
        found = value[name].values if structs else value.values.field(name)
        return None if found is None or found.null_count == len(found) else _dense(found)

    names = [str(name) for name in (part("band") if part("band") is not None else ())]
    order = []
    for band in settings.bands:
        ends = [i for i, name in enumerate(names) if band.lower() in (name.lower(), *re.split("[-_. ]", name.lower()))]
        if len(ends) != 1:
            raise Rejected("bands that are missing", f"{band} is {len(ends)} times among {', '.join(names)}")
        order.append(ends[0])
    fluxes, weights = part("flux"), part("ivar")
    if fluxes is None or fluxes.ndim != 3:
        raise Rejected("no image", "its fluxes are no images")
    pixels = fluxes[order]
    if (widths := part("psf_fwhm")) is not None:
        values |= {f"psf_fwhm_{band}": float(widths[i]) for band, i in zip(settings.bands, order, strict=True)}
    scales = part("scale")
    where = said.where | {"bands": "band of the image column", "pixel_scale": "scale of the image column"}
    scale = said.pixel_scale if scales is None else float(scales[order[0]])
    own = Said(**{**vars(said), "bands": tuple(settings.bands), "pixel_scale": scale, "where": where})
    missing = None if weights is None or weights.shape != fluxes.shape else ~(weights[order] > 0)
    return Image(pixels, missing, own, values)


def _dense(values: arrow.Array) -> np.ndarray:
    """Nested lists of equal lengths as an array.

    Raises:
        Rejected: lists of one level differ in length.
    """
    shape: list[int] = []
    while _is_list(_storage(values.type)):
        values = values.storage if isinstance(values, arrow.ExtensionArray) else values
        inner = values.flatten()
        shape.append(len(values))
        if len(values) and len(set(arrow.compute.list_value_length(values).to_pylist())) > 1:
            raise Rejected("other shapes", "rows of an image differ in length")
        values = inner
    if 0 in shape or not len(values):
        raise Rejected("no image", "an empty list")
    last = len(values) if not shape else len(values) // max(int(np.prod(_lengths(shape))), 1)
    array = np.asarray(values.to_pylist()) if _is_word(values.type) else values.to_numpy(zero_copy_only=False)
    return array.reshape([*_lengths(shape), last])


def _lengths(totals: list[int]) -> list[int]:
    """Lengths of nested axes, from the number of lists on each level."""
    return [total // before for total, before in zip(totals, [1, *totals], strict=False)]
