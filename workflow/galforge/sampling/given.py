"""Images that somebody generated elsewhere, as stamps that can be compared with those of a data set.

Conversions are exact or refused: bands are chosen and put into order, fluxes go from one zero point to another, a
larger image gives its central pixels. Nothing is resampled, padded or scaled to fit.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from galforge.errors import GalforgeError
from galforge.logs import log, progress
from galforge.models.given.settings import ModelSettings
from galforge.raw import catalogue as catalogues
from galforge.raw import images as raw_images
from galforge.raw.forms import LARGEST
from galforge.raw.rejections import Rejected, Tally
from galforge.sampling.sayings import check_said
from galforge.sampling.seen import Seen
from galforge.stamps.file import Header, Stamps, StampsWriter


def take(
    settings: ModelSettings, given: Path, catalogue: Path | None, source: Path, out: Path, rejected: Path
) -> dict[str, int]:
    """Write the stamps file ``out``, of origin ``generated``, and the list ``rejected`` of images that cannot be used.

    Catalogue columns: index (in the order of the file), name, and the ``columns`` of the settings.

    Returns how many images there ``were`` and how many were ``taken``.

    Raises:
        GalforgeError: the images cannot be read, cannot be compared with the source's stamps, are no fluxes though the
            settings say so, or equal source stamps pixel by pixel; or the catalogue does not fit them.
    """
    known: dict[bytes, str] = {}
    with Stamps(source) as stamps:
        agreed = agree(settings, stamps.typical_header(), stamps.shape, str(given))
        source_header, seen = stamps.typical_header(), Seen(settings.unit)
        for index, name in enumerate(stamps.catalog("name")):
            pixels = stamps.stamp(index)
            known[_digest(pixels)] = name
            seen.source.append(float(pixels.max()))
    layout = raw_images.Layout(tuple(settings.bands), array=settings.array, layout=settings.layout)
    with raw_images.opened(given, layout) as entries:
        # Rows of the catalogue are those of all images, also where only the first are taken.
        table = columns_of(catalogue, entries, settings.columns) if catalogue and settings.columns else {}
        chosen = list(entries)[: settings.count or None]
        with (
            Tally(given, len(chosen), settings.max_rejected_share, rejected, "images") as tally,
            StampsWriter(out, agreed.shape, agreed.header, len(chosen)) as writer,
        ):
            for index, entry in enumerate(progress(chosen, len(chosen), "images read")):
                with tally.judging(entry.name):
                    image = entry.read()
                    check_said(image.said, settings, source_header, agreed.factors)
                    pixels = agreed.convert(seen.checked(image))
                    if (copied := known.get(own := _digest(pixels))) is not None:
                        seen.copies[entry.name] = copied
                    seen.digests[own] += 1
                    seen.brightest.append(float(pixels.max()))
                    row = {name: values[index] for name, values in table.items()}
                    writer.append(pixels, index=index, name=entry.name, **row)
                    tally.accepted += 1
            if not tally.accepted:
                raise tally.nothing()
            seen.judge(str(given))
    log.info("%s: %d of %d images taken", given, tally.accepted, len(chosen))
    return {"were": len(chosen), "taken": tally.accepted}


def columns_of(path: Path, entries: Sequence[raw_images.Entry], wanted: Sequence[str]) -> dict[str, np.ndarray]:
    """Columns (n,) of a catalogue for images: by their names, or in their order where they or the catalogue have none.

    Raises:
        GalforgeError: the catalogue lacks a column or an image, has other rows than images without names, or values
            that are no finite numbers.
    """
    names, columns = [entry.own_name for entry in entries], catalogues.columns_of(path)
    if all(names) and catalogues.names_column(columns):
        keys = Counter(catalogues.key(name) for name in names)
        if twice := [name for name, count in keys.items() if count > 1]:
            raise GalforgeError(f"{path}: several images are called {raw_images.some(twice)}: give each its own name")
        catalogue = catalogues.read(path)
        columns, rows = catalogue.columns, [catalogue.rows.get(catalogues.key(name)) for name in names]
        if missing := [name for name, row in zip(names, rows, strict=True) if row is None]:
            raise GalforgeError(f"{path}: has no row for {len(missing)} of {len(names)} images, such as {missing[0]}")
    else:
        rows, count = list(range(len(names))), len(next(iter(columns.values()), ()))
        if count != len(names):
            who = "which it has no column of names for" if all(names) else "without names"
            raise GalforgeError(f"{path}: {count} rows for {len(names)} images, {who}; give one row for each")
    found = {}
    for column in wanted:
        if column not in columns:
            raise GalforgeError(f"{path}: has no column {column}; there are {', '.join(columns)}")
        values = columns[column]
        finite = values.dtype.kind in "iufb" and np.isfinite(values[rows].astype(float))
        if not np.all(finite):
            row = rows[int(np.argmin(finite))]
            raise GalforgeError(f"{path}: row {row + 1} of {column} is {values[row]}, which is no finite number")
        found[column] = values[rows].astype(np.float32)
    return found


def _digest(pixels: np.ndarray) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(pixels, dtype="<f4").tobytes()).digest()


@dataclass(frozen=True)
class Agreed:
    """How given images become stamps like the source's.

    Attributes:
        shape: (C, H, W) of the stamps.
        header: of the stamps.
        order: channel of the given images for each of the stamps'.
        factors: (C,) by which their pixels are multiplied.
        channels: of the given images.
    """

    shape: tuple[int, int, int]
    header: Header
    order: tuple[int, ...]
    factors: np.ndarray
    channels: int

    def convert(self, pixels: np.ndarray) -> np.ndarray:
        """Stamp (C, H, W) float32 of a given image.

        Raises:
            Rejected: it has other channels, is smaller than the stamps, or has not their middle.
        """
        if pixels.ndim != 3 or len(pixels) != self.channels:
            raise Rejected("another number of channels", f"shape {pixels.shape}, expected {self.channels} channels")
        margins = [have - want for have, want in zip(pixels.shape[1:], self.shape[1:], strict=True)]
        if min(margins) < 0:
            raise Rejected("smaller than the stamps", f"{pixels.shape[1:]} px, the stamps have {self.shape[1:]} px")
        if any(margin % 2 for margin in margins):
            raise Rejected("another middle", f"{pixels.shape[1:]} px cannot be cropped evenly to {self.shape[1:]} px")
        if self.header.sides and any(margins):
            raise Rejected("another side", "images with a channel that codes sizes cannot be cropped")
        top, left = (margin // 2 for margin in margins)
        cut = pixels[list(self.order), top : top + self.shape[1], left : left + self.shape[2]]
        with np.errstate(over="ignore"):
            stamp = (cut.astype(np.float64) * self.factors[:, None, None]).astype(np.float32)
        if not np.abs(stamp).max() < LARGEST:
            raise Rejected("pixels out of range", f"the brightest is {float(cut.max()):.2g}: mend it, or the unit")
        if self.header.unit != "display":
            for band, plane in zip(self.header.bands, stamp, strict=False):
                if plane.min() == plane.max():
                    raise Rejected("constant image", f"every pixel of {band} is {float(plane[0, 0]):g}")
        return stamp


def agree(settings: ModelSettings, source: Header, shape: tuple[int, int, int], path: str) -> Agreed:
    """How images with these settings become stamps like those of a source.

    Args:
        settings: what the images are.
        source: header of the source's stamps.
        shape: (C, H, W) of the source's stamps.
        path: of the images, for messages.

    Raises:
        GalforgeError: bands, pixel scale, unit or the coding of sizes cannot be brought together.
    """
    if missing := [band for band in source.bands if band not in settings.bands]:
        raise GalforgeError(f"{path}: no band {', '.join(missing)}; there are {', '.join(settings.bands)} (bands)")
    if abs(settings.pixel_scale / source.pixel_scale - 1) > 1e-3:
        raise GalforgeError(
            f"{path}: pixels of {settings.pixel_scale:g} {source.pixel_unit}, the source has {source.pixel_scale:g}; "
            "nothing is resampled here"
        )
    if tuple(settings.sides) != source.sides:
        raise GalforgeError(
            f"{path}: sides is {settings.sides}, but the source's stamps have {list(source.sides)}: their last channel "
            "codes the size of a galaxy, and so must that of the images"
        )
    order = [settings.bands.index(band) for band in source.bands]
    factors = _factors(settings, source, path)
    if source.sides:
        order, factors = [*order, len(settings.bands)], np.append(factors, 1.0)
    header = replace(source, origin="generated")
    return Agreed(shape, header, tuple(order), factors, len(settings.bands) + bool(source.sides))


def _factors(settings: ModelSettings, source: Header, path: str) -> np.ndarray:
    """Factors (bands,) from given pixel values to the source's."""
    ones = np.ones(len(source.bands))
    if settings.unit == "relative":
        return settings.factor * ones
    if settings.unit in ("display", "normalised"):
        if source.unit != settings.unit:
            raise GalforgeError(
                f"{path}: unit is {settings.unit}, but the source's is {source.unit}: they do not compare"
            )
        return ones
    if settings.zero_points and source.zero_points:
        own = np.array([settings.zero_points[settings.bands.index(band)] for band in source.bands])
        return 10 ** (0.4 * (np.array(source.zero_points) - own))
    if settings.pixel_unit and settings.pixel_unit == source.unit:
        return ones
    said = f"the unit {settings.pixel_unit}" if settings.pixel_unit else "zero points"
    has = f"zero points {list(source.zero_points)}" if source.zero_points else "no zero points"
    raise GalforgeError(
        f"{path}: {said} cannot be converted to the source's unit {source.unit} with {has}: give zero_points where the "
        "source has them, the same pixel_unit, or unit: relative and a factor"
    )
