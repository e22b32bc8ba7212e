"""Builds the galaxiesml stamps: galaxies of Hyper Suprime-Cam in five bands, with spectroscopic redshifts.

The release is that of Do et al. (2024, arXiv:2410.00271, Zenodo 11117528); rows are chosen as by its authors
(``cuts``), and images are neither scaled nor stretched, as in Li et al. (2024).
"""

from pathlib import Path

import numpy as np

from galforge.datasets.galaxiesml.cuts import check_band_order, cut_rows
from galforge.datasets.galaxiesml.release import SUBJECTS, ReleaseFile, opened
from galforge.datasets.galaxiesml.settings import BANDS, PARTS, DatasetSettings
from galforge.errors import GalforgeError
from galforge.logs import Progress, log
from galforge.raw.rejections import Rejected, Tally
from galforge.stamps.file import Header, StampsWriter, split_of


def build(settings: DatasetSettings, raw: list[Path], out: Path, rejected: Path) -> None:
    """Write the stamps ``out`` and the list ``rejected`` (name, reason) of rows that did not become stamps.

    Files are read by blocks of rows, so that memory does not depend on the size of the release. Catalogue columns: name
    and object_id; split (the file that the row is in, or of a single file by shares); redshift, redshift_error; ra and
    dec [deg]; and of each band the release's isophotal_area, ellipticity, major_axis, minor_axis, sersic_index and
    cmodel_mag, such as ``g_isophotal_area``. Areas and axes are in the release's pixels, also where ``bin`` is larger
    than 1. Values that the release lacks are NaN.

    Raises:
        GalforgeError: no raw input, files that are missing, damaged or of another layout, or more than
            ``max_rejected_share`` of the rows faulty.
    """
    if not raw:
        raise GalforgeError("the galaxiesml data set is built from HDF5 files, but got none")
    with (
        opened(raw, settings.image_side) as files,
        Tally(raw[0], sum(map(len, files)), settings.max_rejected_share, rejected, "rows") as tally,
    ):
        if len(files) == 1:
            log.info("%s: a single file, whose rows are divided into splits by shares", files[0].name)
        kept = _chosen(files, settings, tally)
        for file, rows in zip(files, kept, strict=True):
            check_band_order(file, rows)
        header = Header(
            bands=tuple(settings.bands),
            pixel_scale=settings.pixel_scale * settings.bin,
            pixel_unit="arcsec",
            unit="count",
            zero_points=(settings.zero_point,) * len(settings.bands),
            gain=settings.gain,
            origin="mock" if settings.source == "mock" else "observed",
        )
        channels = [BANDS.index(band) for band in settings.bands]
        shape = (len(channels), settings.size, settings.size)
        progress = Progress(tally.total, "rows read")
        with StampsWriter(out, shape, header, int(sum(rows.sum() for rows in kept))) as stamps:
            for file, rows in zip(files, kept, strict=True):
                for start, stop in file.blocks():
                    wanted = np.flatnonzero(rows[start:stop])
                    if len(wanted):
                        wanted, images = _finite(file, start, wanted, file.images(start, stop)[wanted], tally)
                        columns = _columns(file, start, stop, wanted, settings, len(files) == 1)
                        stamps.append_block(binned(images[:, channels], settings.size, settings.bin), columns)
                        tally.accepted += len(wanted)
                    progress.advance(stop - start)
            if not tally.accepted:
                raise tally.nothing()


def binned(images: np.ndarray, size: int, factor: int) -> np.ndarray:
    """The central ``size * factor`` pixels of images (n, C, side, side), summed by blocks of ``factor`` a side.

    Sums keep the flux of a galaxy and with it the zero point; surface brightness per pixel grows by factor**2, and
    uncorrelated noise by factor. Of an odd number of pixels to cut, one more is cut at the far edge.

    Returns:
        (n, C, size, size) float32.
    """
    start = (images.shape[-1] - size * factor) // 2
    stop = start + size * factor
    central = images[:, :, start:stop, start:stop]
    if factor == 1:
        return central
    blocks = central.reshape(*central.shape[:2], size, factor, size, factor)
    return blocks.sum(axis=(3, 5), dtype=np.float32)


def _chosen(files: list[ReleaseFile], settings: DatasetSettings, tally: Tally) -> list[np.ndarray]:
    """Which rows of each file the cuts keep (bool), decided by the catalogue before any image is read."""
    kept: list[np.ndarray] = []
    known: dict[int, str] = {}
    for file in files:
        rows, cut = np.ones(len(file), bool), cut_rows(file, settings)
        for row, number in enumerate(file.ids().tolist()):
            if row not in cut and number in known:
                # A galaxy in two files would be trained on and tested with.
                cut[row] = Rejected("duplicate object_id", f"{file.place(row)} is {known[number]} already")
            if row in cut:
                tally.reject(str(number), cut[row])
                rows[row] = False
            else:
                known[number] = file.place(row)
        kept.append(rows)
    return kept


def _finite(
    file: ReleaseFile, start: int, wanted: np.ndarray, images: np.ndarray, tally: Tally
) -> tuple[np.ndarray, np.ndarray]:
    """Rows and images without those that have pixels that are not finite in any band; these are rejected."""
    finite = np.isfinite(images).all(axis=(2, 3))
    good = finite.all(axis=1)
    numbers = file.ids(start, start + int(wanted[-1]) + 1) if not good.all() else ()
    for place in np.flatnonzero(~good):
        bands = ", ".join(band for band, is_good in zip(BANDS, finite[place], strict=True) if not is_good)
        row = int(wanted[place])
        detail = f"in {bands}, {file.place(start + row)}"
        tally.reject(str(numbers[row]), Rejected("pixels that are not finite", detail))
    return wanted[good], images[good]


def _columns(
    file: ReleaseFile, start: int, stop: int, wanted: np.ndarray, settings: DatasetSettings, single: bool
) -> dict[str, np.ndarray]:
    """Catalogue columns of the rows ``wanted`` of a block; ``single``: splits come from shares, not from the files."""
    numbers = file.ids(start, stop)[wanted]
    if single:
        shares = settings.splits.spec()
        split = [split_of(settings.seed, start + int(row), shares) for row in wanted]
    else:
        split = [PARTS[file.part]] * len(wanted)
    columns = {"name": numbers.astype(str), "object_id": numbers, "split": np.array(split, dtype="U10")}
    kept = {"redshift": "specz_redshift", "redshift_error": "specz_redshift_err", "ra": "ra", "dec": "dec"}
    kept |= {name: name for name in (f"{band}_{subject}" for band in settings.bands for subject in SUBJECTS)}
    for ours, theirs in kept.items():
        values = file.column(theirs, start, stop)[wanted]
        columns[ours] = values.astype(float) if values.dtype.kind == "f" else values
    return columns
