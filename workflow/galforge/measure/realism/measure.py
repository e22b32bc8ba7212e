"""Features of sparse 8-bit images that scorers of realism take (Gantastic 4, 2020, section II-C).

Each block of features is a module's: `properties` (basic, individual, interaction), `texture` (histogram, hog, lbp),
`spectrum` (spectrum, fourier). One image is held at a time, whatever the number of stamps.
"""

from typing import Any

import numpy as np
import pandas as pd

from galforge.datasets.sparse import clusters
from galforge.errors import GalforgeError
from galforge.logs import Progress, log
from galforge.measure.images import check_band, check_range
from galforge.measure.realism import preparation, properties, spectrum, texture
from galforge.measure.realism.settings import MeasureSettings
from galforge.stamps.file import Stamps
from galforge.stamps.galaxies import side_of

BLOCKS = ("basic", "individual", "interaction", "histogram", "spectrum", "hog", "lbp", "fourier")
"""All blocks, in the order of their columns."""
DIGITS = {"basic": 2, "lbp": 2, "hog": 4}
"""Of the numbers in names of columns; 3 in other blocks."""
SHARES = ("lit_share", "faint_share")
COPIED = ("set", "label", "score", "background", "split", "kind", "truth")
"""Columns of the catalogue that the table has too, where the stamps have them."""


def measure(
    stamps: Stamps,
    start: int,
    stop: int,
    settings: MeasureSettings,
    band: int,
    noise_sigma: float,
    seed: int,
    stretch: dict[str, Any] | None = None,
) -> pd.DataFrame:
    """Features of stamps `start` to `stop` (exclusive).

    Columns: `index`; the settings' blocks, such as `basic_00` to `basic_02` (float32; `properties` says what each is,
    hog, lbp and correlations have no unit, histograms are in pixels, power in squared 8-bit levels); `lit_share`, the
    pixels above the most frequent level; `faint_share`, the clusters above it that are one pixel and at most 3 above
    it [shares]; then what the catalogue has of `set`, `label`, `score`, `background`, `split`, `kind` and `truth`.
    What has no value in an image, such as the size of clusters that there are none of, is missing.

    Images are taken as they are: `noise_sigma` and `seed`, which every measurement is given, are for those that add
    noise, and added noise would be the very thing that a scorer looks for.

    Args:
        stretch: what `preparation.stretch_of` gives for the source stamps, whosever stamps these are; not needed of
            8-bit levels.

    Raises:
        GalforgeError: stamps that are not square, lack the band or are larger than the field, a range beyond them,
            pixels that are no levels, or a stretch that is missing or another band's.
    """
    check_band(stamps, band)
    check_range(stamps, start, stop)
    _check_size(stamps, side_of(stamps), settings)
    preparation.check_stretch(stretch, stamps.path, stamps.header, band)
    names = columns(settings)
    values = np.empty((stop - start, len(names)), dtype=np.float32)
    counter = Progress(stop - start, "stamps measured")
    for row, index in enumerate(range(start, stop)):
        image = preparation.level_image(stamps, index, band, stretch)
        _check_size(stamps, len(image), settings)
        values[row] = flat(features_of(image, settings))
        counter.advance()
    log.info("realism: %s of %d stamps", ", ".join(_chosen(settings)), stop - start)
    # Without a copy: this table is nearly all that the job holds.
    table = pd.DataFrame(values, columns=names, copy=False)
    index = pd.DataFrame({"index": np.arange(start, stop)})
    return pd.concat([index, table, _catalogue(stamps, start, stop)], axis=1)


def features_of(image: np.ndarray, settings: MeasureSettings) -> dict[str, float | np.ndarray]:
    """Features of one image (H, H) uint8: values (n,) of each of the settings' blocks, then the two shares.

    `flat` makes a row of the measure's table of them, whose names are those of `columns`.

    Raises:
        ValueError: an image that is not square, or larger than the field.
    """
    image = preparation.field(image, settings.size)
    counts = texture.histogram(image)
    background, cut = properties.background_of(counts), properties.cut_of(counts, settings.share)
    found = clusters.find(image, cut)
    half = spectrum.transform(image, background) if {"spectrum", "fourier"} & set(settings.blocks) else None
    makers = {
        "basic": lambda: properties.basic(found),
        "individual": lambda: properties.individual(found, cut, background, settings.threshold),
        "interaction": lambda: properties.interaction(found),
        "histogram": lambda: counts,
        "spectrum": lambda: spectrum.spectrum(half, settings.smoothing),
        "hog": lambda: texture.gradients(image, settings.hog_cell),
        "lbp": lambda: texture.patterns(image, settings.lbp_points, settings.lbp_radius),
        "fourier": lambda: spectrum.fourier(half),
    }
    return {name: makers[name]() for name in _chosen(settings)} | {
        "lit_share": properties.lit_share(counts),
        "faint_share": properties.faint_share(image, background, cut, found),
    }


def flat(features: dict[str, float | np.ndarray]) -> np.ndarray:
    """A row (n,) float32 of what `features_of` gave."""
    return np.concatenate([np.atleast_1d(values) for values in features.values()]).astype(np.float32)


def columns(settings: MeasureSettings) -> list[str]:
    """Names of the columns of features, in their order."""
    lengths = {
        "basic": len(properties.BASIC),
        "individual": len(properties.INDIVIDUAL),
        "interaction": len(properties.INTERACTION),
        "histogram": texture.LEVELS,
        "spectrum": settings.size // 2 - settings.smoothing + 1,
        "hog": (settings.size // settings.hog_cell) ** 2 * texture.ORIENTATIONS,
        "lbp": settings.lbp_points + 2,
        "fourier": settings.size - settings.size // 2,
    }
    blocks = ((block, DIGITS.get(block, 3), lengths[block]) for block in _chosen(settings))
    return [f"{block}_{i:0{digits}d}" for block, digits, length in blocks for i in range(length)] + list(SHARES)


def _chosen(settings: MeasureSettings) -> list[str]:
    return [block for block in BLOCKS if block in settings.blocks]


def _check_size(stamps: Stamps, side: int, settings: MeasureSettings) -> None:
    if side > settings.size:
        raise GalforgeError(
            f"{stamps.path}: stamps of {side} px do not fit into a field of {settings.size} px: set size of the "
            f"measure realism to {side} or more"
        )


def _catalogue(stamps: Stamps, start: int, stop: int) -> pd.DataFrame:
    read = {name: stamps.catalog(name)[start:stop] for name in COPIED if name in stamps.columns}
    return pd.DataFrame(
        {
            name: pd.Series(values, dtype="str" if values.dtype.kind == "U" else values.dtype)
            for name, values in read.items()
        },
        index=range(stop - start),
    )
