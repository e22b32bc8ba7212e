"""Builds the cosmos stamps: HST/ACS F814W cutouts, chosen as by Holzschuh et al. (2022, MNRAS 515, 652).

Their only cut is on the cutout's size (both sides at least 256 px); the centre is kept, neither rescaled nor
stretched.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from galforge.datasets.cosmos import archive
from galforge.datasets.cosmos.cutout import Cutout, checked, to_size
from galforge.datasets.cosmos.settings import DatasetSettings
from galforge.datasets.rejections import Rejected, Tally
from galforge.errors import GalforgeError
from galforge.logs import log, progress
from galforge.stamps.file import Header, StampsWriter, split_of


@dataclass
class _Tally(Tally):
    """What became of the cutouts."""

    padded: int = 0


def build(settings: DatasetSettings, raw: list[Path], out: Path, rejected: Path) -> None:
    """Write the stamps file ``out`` and the list ``rejected`` (name, reason) of cutouts that did not enter.

    Catalogue columns: name, split, padded, native_height and native_width [px], gain [electrons per
    (electron/s), the exposure time]; from a RealGalaxy catalogue also those of ``real_galaxy.COLUMNS``.

    Raises:
        GalforgeError: no raw input, none of it usable, or more than ``max_rejected_share`` of it faulty.
    """
    if len(raw) != 1:
        raise GalforgeError(f"the cosmos data set is built from one archive, folder or catalogue, but got {len(raw)}")
    header = Header(
        bands=tuple(settings.bands),
        pixel_scale=settings.pixel_scale,
        pixel_unit="arcsec",
        unit="electron/s",
        zero_points=(settings.zero_point,),
        gain=settings.exposure_time_s,
        origin="mock" if settings.source == "mock" else settings.origin,
    )
    with archive.opened(raw[0], settings.pattern, settings.extension) as source:
        tally = _Tally(raw[0], source.count, settings.max_rejected_share)
        try:
            with StampsWriter(out, (1, settings.size, settings.size), header, source.count) as writer:
                _fill(writer, source, settings, tally)
                _whole(tally, settings)
        finally:
            tally.write(rejected)
    log.info(
        "%s: %d cutouts entered, %d accepted, %d of them padded with noise, %d rejected: %s",
        raw[0],
        tally.total,
        tally.accepted,
        tally.padded,
        len(tally.rows),
        tally.reasons(),
    )


def _fill(writer: StampsWriter, source: archive.Source, settings: DatasetSettings, tally: _Tally) -> None:
    names: set[str] = set()
    contents: dict[bytes, str] = {}
    for name, read in progress(source.cutouts, source.count, "cutouts read"):
        try:
            if name in names:
                raise Rejected("duplicate name", "a cutout of this name came before")
            cutout = read()
            pixels = checked(cutout, settings)
            content = hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).digest()
            if content in contents:
                raise Rejected("identical pixels", f"the same image as {contents[content]}")
        except Rejected as why:
            tally.reject(name, why)
            continue
        names.add(name)
        contents[content] = name
        _append(writer, settings, name, cutout, pixels, tally)


def _append(
    writer: StampsWriter,
    settings: DatasetSettings,
    name: str,
    cutout: Cutout,
    pixels: np.ndarray,
    tally: _Tally,
) -> None:
    height, width = pixels.shape
    padded = min(height, width) < settings.size
    writer.append_block(
        to_size(pixels, settings, name)[None, None],
        {
            "name": np.array([name]),
            "split": np.array([split_of(settings.seed, tally.accepted, settings.splits.spec())]),
            "padded": np.array([padded]),
            "native_height": np.array([height], dtype=np.int32),
            "native_width": np.array([width], dtype=np.int32),
            "gain": np.array([cutout.exposure_time or settings.exposure_time_s]),
            **{column: np.array([value]) for column, value in cutout.columns.items()},
        },
    )
    tally.accepted += 1
    tally.padded += padded


def _whole(tally: _Tally, settings: DatasetSettings) -> None:
    if tally.accepted:
        return
    raise GalforgeError(
        f"{tally.path}: none of the {tally.total} cutouts became a stamp ({tally.reasons()}), for example "
        f"{tally.rows[0][0]} ({tally.rows[0][1]}). If they are smaller than asked for, lower `min_size` "
        f"(now {settings.min_size}) and `size` (now {settings.size}), or set `pad: noise`"
    )
