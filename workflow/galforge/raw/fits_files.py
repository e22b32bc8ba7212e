"""Galaxies in FITS files: an image, a cube, one extension per band or per galaxy; with masks, weights and errors."""

import bz2
import gzip
import io
from collections.abc import Sequence
from functools import partial

import numpy as np
from astropy.io import fits

from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.raw import files, tables
from galforge.raw.archive import Entry as File
from galforge.raw.fits_image import reading
from galforge.raw.fits_planes import auxiliary, is_image, missing_of, science_of, squeezed
from galforge.raw.forms import Entry, Image, Layout, Said, some
from galforge.raw.header import Headers, joined
from galforge.raw.planes import as_planes
from galforge.raw.rejections import Rejected

MAGIC = {b"\x1f\x8b": gzip.decompress, b"BZh": bz2.decompress}


def of_files(group: Sequence[File | None], settings: Layout) -> Image:
    """The galaxy in one file, or in one file per band.

    Raises:
        Rejected: a file is missing, damaged or of another form, or bands differ in shape or unit.
    """
    if len(group) == 1 and group[0] is not None:
        return of_content(group[0].content(), settings, group[0].name)
    absent = [band for band, file in zip(settings.bands, group, strict=True) if file is None]
    if absent:
        raise Rejected("bands that are missing", f"there is no file of {', '.join(absent)}")
    each = [
        of_content(file.content(), Layout((band,), extension=settings.extension, bad_bits=settings.bad_bits), file.name)
        for band, file in zip(settings.bands, group, strict=True)
    ]
    return _stacked(each)


def of_content(content: bytes, settings: Layout, name: str) -> Image:
    """The galaxy in a FITS file's bytes, which may be compressed; raises as ``of_files``."""
    with _hdus(content) as hdus:
        return _image(hdus, settings, name)


def of_single(file: File, settings: Layout) -> list[Entry] | None:
    """The galaxies of one file with many: a cube (galaxy, ..) in one HDU, or an HDU per galaxy; None for one galaxy.

    The table beside them, if it has as many rows, gives their names and columns.

    Raises:
        GalforgeError: the file is damaged.
    """
    if files.BAND in settings.extension:
        return None
    try:
        # Stays open: the pixels are read with the galaxies.
        hdus = _hdus(file.content())
        with reading():
            images = [i for i, hdu in enumerate(hdus) if is_image(hdu) and not auxiliary(hdu.name)]
            if settings.extension != "auto":
                images = [_number(hdus, word) for word in settings.extension.split(",")]
            if not images:
                raise Rejected("no image", "no HDU holds any")
            if settings.extension == "auto" and len(science := science_of(hdus, images)) == 1:
                images = science
            shape, channels = squeezed(hdus[images[0]].shape), len(settings.bands)
            many = len(shape) == 4 or (len(shape) == 3 and channels == 1)
            each = [len(squeezed(hdus[i].shape)) for i in images]
            if not many and not (len(images) > 1 and set(each) == {2 if channels == 1 else 3}):
                return None
            table = next((hdu for hdu in hdus if isinstance(hdu, fits.BinTableHDU) and hdu.data is not None), None)
            count = shape[0] if many else len(images)
            for number in images:
                _ = hdus[number].data  # a file that was cut off is refused as a whole, and not row by row
            columns = _columns(table) if table is not None and len(table.data) == count else {}
            masks = [hdu.name for hdu in hdus if is_image(hdu) and auxiliary(hdu.name)]
    except Rejected as why:
        raise GalforgeError(f"{file.name}: {why}; give another file, or a folder of images") from why
    if masks and not many:
        log.warning("%s: HDUs passed over, because it is not known whose they are: %s", file.name, some(masks))
    usual = settings.names == "auto" and next((name for name in columns if name in ("name", "id", "ident")), "")
    names = tables.pick_names(columns, usual or settings.names.lower(), file.name)
    out = []
    for row in range(count):
        own = names[row] if names else "" if many else hdus[images[row]].name
        place = (images[0], row) if many else (images[row], None)
        reader = partial(_row, hdus, place, settings, file.name, columns, row)
        out.append(Entry(own or f"{row:06d}", reader, own))
    return out


def _row(
    hdus: fits.HDUList, place: tuple[int, int | None], settings: Layout, name: str, columns: dict, row: int
) -> Image:
    number, plane = place
    with reading(f"HDU {number}"):
        hdu = hdus[number]
        pixels = hdu.data.reshape(squeezed(hdu.shape))
        pixels = np.array(as_planes(pixels if plane is None else pixels[plane], len(settings.bands), settings.layout))
        said = joined(_headers(hdus, number, name).said_of_planes(len(pixels)))
        # Of galaxies in HDUs of their own it is not known whose a mask is.
        missing = None if plane is None else missing_of(hdus, [number], pixels.shape, settings, plane)
    own, values = tables.of_row(said, columns, row, len(pixels))
    return Image(pixels, missing, own, values)


def _columns(table: fits.BinTableHDU) -> dict[str, np.ndarray]:
    """Columns of numbers and words by their names in lower case; whole ones may be names."""
    every = {name.lower(): table.data[name] for name in table.columns.names}
    return {name: tables.exact(np.asarray(v)) for name, v in every.items() if v.ndim == 1 and v.dtype.kind in "iufUSb"}


def _hdus(content: bytes) -> fits.HDUList:
    if not content:
        raise Rejected("unreadable FITS", "the file is empty")
    with reading():
        for magic, decompress in MAGIC.items():
            if content.startswith(magic):
                content = decompress(content)
        return fits.open(io.BytesIO(content), memmap=False)


def _image(hdus: fits.HDUList, settings: Layout, name: str) -> Image:
    """The galaxy of a file with one."""
    with reading():
        count = len(hdus)  # reads all headers
    chosen = _chosen(hdus, settings, count)
    channels = len(settings.bands)
    with reading():
        arrays = [_data(hdus, number) for number in chosen]
        if len(chosen) == 1:
            shape = arrays[0].shape
            if channels == 1 and len(shape) != 2:
                raise Rejected("not a 2-D image", f"shape {shape}")
            pixels = as_planes(arrays[0], channels, settings.layout)
            headers = _headers(hdus, chosen[0], name)
            said = headers.said() if channels == 1 else joined(headers.said_of_planes(channels))
        else:
            if len({array.shape for array in arrays}) > 1:
                raise Rejected("other shapes", f"bands of {', '.join(str(array.shape) for array in arrays)} px")
            pixels = np.stack(arrays)
            said = joined([_headers(hdus, number, name).said() for number in chosen])
        missing = missing_of(hdus, chosen, pixels.shape, settings)
    return Image(pixels, missing, said)


def _headers(hdus: fits.HDUList, number: int, name: str) -> Headers:
    own = [(hdus[number].header, f"HDU {number}")]
    return Headers(own + ([(hdus[0].header, "HDU 0")] if number else []), name)


def _chosen(hdus: fits.HDUList, settings: Layout, count: int) -> list[int]:
    """The HDUs that hold the bands: one with all of them, or one for each in their order.

    Raises:
        Rejected: there are none, or it cannot be told which.
    """
    channels, asked = len(settings.bands), settings.extension
    if asked != "auto":
        words = (
            [asked.replace(files.BAND, band) for band in settings.bands] if files.BAND in asked else asked.split(",")
        )
        numbers = [_number(hdus, word.strip()) for word in words]
        if len(numbers) not in (1, channels):
            raise Rejected("other bands", f"`extension` {asked} names {len(numbers)} HDUs for {channels} bands")
        return numbers
    images = [i for i in range(count) if is_image(hdus[i]) and not auxiliary(hdus[i].name)]
    if not images:
        raise Rejected("no image", "no HDU holds any; set `extension` to the HDU that does")
    shapes = {i: squeezed(hdus[i].shape) for i in images}
    if channels == 1:
        science = science_of(hdus, images)
        if len(science) > 1:
            raise Rejected("several images", f"HDUs {', '.join(map(str, science))} are science: set `extension` to one")
        return (science or images)[:1]
    for i in images:
        if len(shapes[i]) == 3 and channels in (shapes[i][0], shapes[i][-1]):
            return [i]
    flat = [i for i in images if len(shapes[i]) == 2]
    for called in ({i: hdus[i].name for i in flat}, {i: _filter(hdus, i) for i in flat}):
        by_name = {name.lower(): i for i, name in reversed(called.items())}
        ends = {name.rpartition("_")[2]: i for name, i in by_name.items()}
        for known in (by_name, ends):
            if all(band.lower() in known for band in settings.bands):
                return [known[band.lower()] for band in settings.bands]
    if len(flat) == channels and not any(_filter(hdus, i) for i in flat):
        return flat
    said = ", ".join(f"HDU {i} {hdus[i].name} {shapes[i]}" for i in images)
    raise Rejected("other bands", f"{said}: expected {', '.join(settings.bands)}; set `extension` to their HDUs")


def _number(hdus: fits.HDUList, word: str) -> int:
    """The number of an HDU by its number or name."""
    with reading():
        if word.isdigit():
            if int(word) >= len(hdus):
                raise Rejected("no image", f"the file has {len(hdus)} HDUs, none of number {word}")
            return int(word)
        for number, hdu in enumerate(hdus):
            if hdu.name.lower() == word.lower():
                return number
    names = ", ".join(hdu.name or str(i) for i, hdu in enumerate(hdus))
    raise Rejected("no image", f"no HDU is called {word}; there are {names}: set `extension`")


def _filter(hdus: fits.HDUList, number: int) -> str:
    found = Headers([(hdus[number].header, f"HDU {number}")], "").bands(0)
    return found[0][0] if found else ""


def _data(hdus: fits.HDUList, number: int) -> np.ndarray:
    hdu = hdus[number]
    if not is_image(hdu):
        raise Rejected("no image", f"HDU {number} holds none; set `extension` to the HDU that does")
    return np.array(hdu.data).reshape(squeezed(hdu.data.shape))


def _stacked(each: list[Image]) -> Image:
    if len({image.pixels.shape for image in each}) > 1:
        raise Rejected("other shapes", f"bands of {', '.join(str(image.pixels.shape[1:]) for image in each)} px")
    missing = None
    if any(image.missing is not None for image in each):
        none = np.zeros(each[0].pixels.shape, bool)
        missing = np.concatenate([none if image.missing is None else image.missing for image in each])
    said: list[Said] = [image.said for image in each]
    return Image(np.concatenate([image.pixels for image in each]), missing, joined(said))
