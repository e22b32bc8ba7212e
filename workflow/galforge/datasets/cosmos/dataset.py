"""Builds the cosmos stamps: HST/ACS F814W cutouts, selected as by Holzschuh et al. (2022, MNRAS 515, 652).

Their only cut is on the size of the cutout (both sides at least 256 px). The centre is kept, neither rescaled nor
stretched.
"""

from pathlib import Path

import numpy as np

from galforge.datasets.cosmos import archive
from galforge.datasets.cosmos.cutout import checked, to_size
from galforge.datasets.cosmos.settings import DatasetSettings
from galforge.errors import GalforgeError
from galforge.logs import progress
from galforge.raw.rejections import Rejected, Tally
from galforge.stamps.file import Header, StampsWriter, split_of


def build(settings: DatasetSettings, raw: list[Path], out: Path, rejected: Path) -> None:
    """Write the stamps file ``out`` and the list ``rejected`` (name, reason) of cutouts that did not become stamps.

    Catalogue columns: name, split, padded, native_height and native_width [px], gain [electrons per (electron/s), the
    exposure time]; from a RealGalaxy catalogue also those of ``real_galaxy.COLUMNS``.

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
    names: set[str] = set()
    with (
        archive.opened(raw[0], settings.pattern, settings.extension) as cutouts,
        Tally(raw[0], len(cutouts), settings.max_rejected_share, rejected, "cutouts") as tally,
        StampsWriter(out, (1, settings.size, settings.size), header, len(cutouts)) as writer,
    ):
        for name, read in progress(cutouts, len(cutouts), "cutouts read"):
            with tally.judging(name):
                if name in names:
                    raise Rejected("duplicate name", "a cutout of this name came before")
                cutout = read()
                pixels = checked(cutout, settings)
                tally.check_new(name, pixels)
                names.add(name)
                height, width = pixels.shape
                padded = min(height, width) < settings.size
                writer.append(
                    to_size(pixels, settings, name)[None],
                    name=name,
                    split=split_of(settings.seed, tally.accepted, settings.splits.spec()),
                    padded=padded,
                    native_height=np.int32(height),
                    native_width=np.int32(width),
                    gain=cutout.exposure_time or settings.exposure_time_s,
                    **cutout.columns,
                )
                tally.accepted += 1
                tally.among["padded with noise"] += padded
        if not tally.accepted:
            raise tally.nothing(
                f". If they are smaller than asked for, lower `min_size` (now {settings.min_size}) and `size` (now "
                f"{settings.size}), or set `pad: noise`"
            )
