"""Builds the skirt stamps: SKIRT images of TNG100 galaxies at z = 0 in the bands g, r, i and z of SDSS.

The images are those of Rodriguez-Gomez et al. (2019, MNRAS 483, 4140), without PSF and noise; they are prepared as by
Holzschuh et al. (2022, MNRAS 515, 652, released code): originals of at least 64 px, their central half, resized to one
size, with a last channel that codes the original size (``galforge.stamps.sizes``).
"""

from dataclasses import replace
from pathlib import Path

from sklearn.model_selection import train_test_split

from galforge.datasets.skirt.galaxy import central_half_of, original_side, subfind_id
from galforge.datasets.skirt.settings import DatasetSettings
from galforge.errors import GalforgeError
from galforge.logs import log, progress
from galforge.raw.archive import Entry, opened
from galforge.raw.fits_image import reading
from galforge.raw.rejections import Rejected, Tally
from galforge.stamps.file import Header, StampsWriter
from galforge.stamps.native_file import NativeWriter
from galforge.stamps.sizes import store

PATTERNS = (("broadband_*.fits", "broadband_*.fits.gz"),)
NO_SPLIT = "none"
FEWEST = 3
"""The fewest galaxies that can be divided into three splits."""


def build(settings: DatasetSettings, raw: list[Path], out: Path, rejected: Path, native: Path) -> None:
    """Write stamps of one size to ``out``, the same galaxies at their own to ``native``, and the list ``rejected``.

    Both files have the same rows, and the catalogue columns name, subfind_id, split (train, validation, test, or none
    for the largest galaxies), original_side [px, before the central half was cut] and gain [electrons per image unit].

    Raises:
        GalforgeError: no raw input, too few galaxies in it, or more than ``max_rejected_share`` of them faulty.
    """
    if len(raw) != 1:
        raise GalforgeError(f"the skirt data set is built from one archive or folder, but got {len(raw)}")
    remedy = "Set `path` of the data set to skirt_images_sdss.99.tar, or to the folder it was extracted to"
    with (
        opened(raw[0], PATTERNS, remedy) as entries,
        Tally(raw[0], len(entries), settings.max_rejected_share, rejected, "galaxies") as tally,
    ):
        chosen = _chosen(entries, settings, tally)
        # A galaxy whose pixels turn out to be faulty keeps its place in the splits: mending it moves no other.
        splits = splits_of({entry.name: side for entry, side in chosen}, settings)
        sides = (settings.sides[0], settings.sides[1])
        header = Header(
            bands=tuple(settings.bands),
            pixel_scale=settings.pixel_scale,
            pixel_unit="kpc",
            unit="electron/s",
            zero_points=tuple(settings.zero_points),
            gain=settings.gain,
            origin="mock" if settings.source == "mock" else settings.origin,
        )
        shape = (len(settings.bands) + 1, settings.size, settings.size)
        with (
            StampsWriter(out, shape, replace(header, sides=sides), len(chosen)) as stamps,
            NativeWriter(native, header) as galaxies,
        ):
            for entry, side in progress(chosen, len(chosen), "galaxies stored"):
                with tally.judging(entry.name):
                    galaxy = central_half_of(entry.content())
                    tally.check_new(entry.name, galaxy)
                    row = {
                        "name": entry.name,
                        "subfind_id": subfind_id(entry.name),
                        "split": splits[entry.name],
                        "original_side": side,
                        "gain": settings.gain,
                    }
                    stamps.append(store(galaxy, side, settings.size, sides), **row)
                    galaxies.append(galaxy, **row)
                    tally.accepted += 1
            if not tally.accepted:
                raise tally.nothing()


def splits_of(sides: dict[str, int], settings: DatasetSettings) -> dict[str, str]:
    """The split of each galaxy, from the sides of the original images [px] by name.

    As published: scikit-learn's train_test_split with the seed as random_state, 40 % of the galaxies away from
    train, and half of these to test, over galaxies whose central half is at most ``largest_in_splits`` wide. The
    published order was that of a file system; here it is that of the names. So shares and counts are as published, but
    not which galaxies are in which split.

    Raises:
        GalforgeError: there are too few galaxies.
    """
    names = sorted(name for name, side in sides.items() if side <= 2 * settings.largest_in_splits)
    splits = dict.fromkeys(sides, NO_SPLIT)
    if len(names) < FEWEST:
        raise GalforgeError(
            f"{len(names)} galaxies for the splits train, validation and test: at least {FEWEST} are needed; lower "
            f"smallest_side (now {settings.smallest_side}) or give more of them"
        )
    shares = settings.splits
    held_out = shares.validation + shares.test
    train, validation, test = names, [], []
    if held_out > 0:
        train, validation = train_test_split(names, test_size=held_out, random_state=settings.seed)
    if shares.validation == 0:
        validation, test = [], validation
    elif shares.test > 0:
        validation, test = train_test_split(validation, test_size=shares.test / held_out, random_state=settings.seed)
    for split, members in (("train", train), ("validation", validation), ("test", test)):
        splits.update(dict.fromkeys(members, split))
    return splits


def _chosen(entries: list[Entry], settings: DatasetSettings, tally: Tally) -> list[tuple[Entry, int]]:
    """The galaxies to read, with the side of each original image [px]; names and headers decide."""
    chosen: list[tuple[Entry, int]] = []
    ids: dict[int, str] = {}
    for entry in progress(entries, len(entries), "headers read"):
        with tally.judging(entry.name):
            number = subfind_id(entry.name)
            if number in ids:
                raise Rejected("duplicate subfind id", f"{number} is {ids[number]} already")
            with entry.open() as file:
                side, header = original_side(file, settings)
            # A card is parsed when it is asked for, and may be none.
            with reading("CDELT1 or CTYPE1 cannot be read"):
                scale = header.get("CDELT1") if str(header.get("CTYPE1")).strip() == "pc" else None
            if not ids and isinstance(scale, int | float) and abs(scale / 1000 / settings.pixel_scale - 1) > 0.02:
                log.warning(
                    "%s: its header says %.4g pc per pixel, but pixel_scale is %.4g kpc; lengths in kpc use the latter",
                    entry.name, scale, settings.pixel_scale,
                )  # fmt: skip
            ids[number] = entry.name
            chosen.append((entry, side))
    if not chosen:
        raise tally.nothing()
    return chosen
