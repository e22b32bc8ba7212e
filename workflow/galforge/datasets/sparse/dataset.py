"""Builds the stamps of sparse 8-bit images: for generators, for scorers, and parts and thumbnails for generators.

Images are chosen as by Gantastic 4 (ETH Zurich, 2020): generators learn from images with background 0 that are labelled
real or have a score of at least 2; galaxies are cut out of those labelled real or with a score of at least 3.
"""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from galforge.datasets.sparse import files, image, release
from galforge.datasets.sparse.parts import BANDS, Parts
from galforge.datasets.sparse.settings import VIEWS, DatasetSettings
from galforge.errors import GalforgeError
from galforge.logs import log, progress
from galforge.raw.rejections import Tally
from galforge.stamps.file import Header, StampsWriter, split_of

_FEWEST_REAL = 3
"""The fewest real images with which generators can be compared."""


def build(
    settings: DatasetSettings,
    raw: list[Path],
    out: Path,
    rejected: Path,
    scored: Path,
    parts: Path,
    thumbnails: Path,
) -> None:
    """Write four stamps files and the list ``rejected`` (name, reason) of images that did not become stamps.

    - ``scored``: all images (1, size, size) uint8. Catalogue columns: name (``<set>/<Id>``), split, set, label, score,
      background [8-bit level], kind and truth (``release.Picture``).
    - ``out``: the images that generators learn from, with name, split, set, score and background.
    - ``parts``: grids and patches of the images in ``out`` (``galforge.datasets.sparse.parts``).
    - ``thumbnails``: the images in ``out``, reduced to (1, 64, 64) float32, with name and split.

    An image is in the same split in all files. In memory are one image at a time, and the parts.

    Raises:
        GalforgeError: no raw input, faults in its tables and folders, a mock given with source: path, fewer than three
            images labelled real, more than ``max_rejected_share`` of the images faulty, or none that generators can
            learn from.
    """
    if len(raw) != 1:
        raise GalforgeError(f"the sparse data set is built from one folder or zip, but got {len(raw)}")
    with release.opened(raw[0], settings.largest_score) as pictures:
        if settings.source == "path" and any(picture.kind or math.isfinite(picture.truth) for picture in pictures):
            raise GalforgeError(
                f"{raw[0]}: mock.csv says that its images are mocks, and tables would call them {settings.origin}; say "
                "source: mock, or remove mock.csv"
            )
        if (real := sum(picture.label == 1 for picture in pictures)) < _FEWEST_REAL:
            raise GalforgeError(
                f"{raw[0]}: labeled.csv calls {real} images real, but comparing generators with real images takes "
                f"{_FEWEST_REAL} or more; give more of them"
            )
        header = Header(
            bands=tuple(settings.bands),
            pixel_scale=settings.pixel_scale,
            pixel_unit="arcsec",
            unit="8-bit level",
            zero_points=(),
            gain=1.0,
            origin="mock" if settings.source == "mock" else settings.origin,
        )
        shape, small = (1, settings.size, settings.size), VIEWS["thumbnails"]
        reduced_header = replace(header, pixel_scale=settings.pixel_scale * settings.size / small[-1])
        collected, bright = Parts(settings.threshold, settings.seed), 0
        most = sum(_is_learned_from(picture, settings.positions_score) for picture in pictures)
        with (
            Tally(raw[0], len(pictures), settings.max_rejected_share, rejected) as tally,
            StampsWriter(scored, shape, header, len(pictures), dtype="u1") as everything,
            StampsWriter(out, shape, header, most, dtype="u1") as learned,
            StampsWriter(thumbnails, small, reduced_header, most) as reduced,
        ):
            for index, picture in enumerate(progress(pictures, len(pictures), "images read")):
                with tally.judging(picture.name):
                    levels = image.levels(files.content(picture.open), settings.size)
                    tally.accepted += 1
                    background = image.background(levels)
                    # An image that turns out to be faulty leaves its place empty: mending it moves no other.
                    row = {"name": picture.name, "split": split_of(settings.seed, index, settings.splits.spec())}
                    more = {"set": picture.set, "score": picture.score, "background": background}
                    known = {"label": picture.label, "kind": picture.kind, "truth": picture.truth}
                    everything.append(levels[None], **row, **more, **known)
                    if settings.background not in (None, background):
                        continue
                    if background > settings.threshold:
                        bright += 1
                    elif _is_learned_from(picture, settings.positions_score):
                        learned.append(levels[None], **row, **more)
                        reduced.append(image.thumbnail(levels)[None], **row)
                        collected.add(levels, row["split"], _is_learned_from(picture, settings.patches_score))
            if not tally.accepted:
                raise tally.nothing()
            if bright:
                log.warning(
                    "%s: generators do not learn from %d images whose background is above the threshold of clusters, "
                    "%d: each would be one cluster",
                    raw[0], bright, settings.threshold,
                )  # fmt: skip
            # Before the other files get their names: without parts none of them is worth having.
            collected.write(parts, replace(header, bands=BANDS))
            tally.among["for generators"] = learned.count


def _is_learned_from(picture: release.Picture, least: float) -> bool:
    """Whether an image is labelled real or has a score of at least ``least``; NaN is neither."""
    return picture.label == 1 or bool(np.greater_equal(picture.score, least))
