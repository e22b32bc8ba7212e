"""Features of sparse 8-bit images for scorers of realism (Gantastic 4, 2020, section II-C).

The blocks of features are in the modules `properties` (basic, individual, interaction), `texture` (histogram, hog, lbp)
and `spectrum` (spectrum, fourier). Only one image is in memory at a time.
"""

from typing import Any

import numpy as np
import pandas as pd

from galforge.datasets.sparse import clusters
from galforge.errors import GalforgeError
from galforge.logs import log, progress
from galforge.measure.images import check_range
from galforge.measure.realism import preparation, properties, spectrum, texture
from galforge.measure.realism.settings import MeasureSettings
from galforge.stamps.file import Stamps

BLOCKS = ("basic", "individual", "interaction", "histogram", "spectrum", "hog", "lbp", "fourier")
"""All blocks, in the order of their columns."""
DIGITS = {"basic": 2, "lbp": 2, "hog": 5}
"""Digits of the numbers in column names; 3 in other blocks."""
SHARES = ("lit_share", "faint_share")
COPIED = ("set", "label", "score", "background", "split", "kind", "truth")
"""Columns of the catalogue that are copied into the table where the stamps have them."""


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

    Columns: `index`; the blocks of the settings, such as `basic_00` to `basic_02` (float32; `properties` describes
    them; hog, lbp and correlations have no unit, histograms are in pixels, power in squared 8-bit levels); `lit_share`,
    the share of pixels above the most frequent level; `faint_share`, the share of clusters above it that are one pixel
    and at most 3 above it; then `set`, `label`, `score`, `background`, `split`, `kind` and `truth` where the catalogue
    has them. Features without a value, such as the mean size in an image without clusters, are missing.

    `noise_sigma` and `seed` are not used, because added noise is just what a scorer looks for.

    Args:
        stretch: `preparation.stretch_of` the source stamps, also for generated stamps; not needed for 8-bit levels.

    Raises:
        GalforgeError: stamps are not square, lack the band or are larger than the field, the range is beyond them,
            pixels are not 8-bit levels, or the stretch is missing or of another band.
    """
    check_range(stamps, start, stop, band)
    preparation.check_stretch(stretch, stamps.path, stamps.header, band)
    names = columns(settings)
    values = np.empty((stop - start, len(names)), dtype=np.float32)
    for index in progress(range(start, stop), stop - start, "stamps measured"):
        image = preparation.level_image(stamps, index, band, stretch)
        if len(image) > settings.size:
            raise GalforgeError(
                f"{stamps.path}: stamps of {len(image)} px do not fit into a field of {settings.size} px: set size of "
                f"the measure realism to {len(image)} or more"
            )
        values[index - start] = flat(features_of(image, settings))
    log.info("realism: %s of %d stamps", ", ".join(_chosen(settings)), stop - start)
    # Without a copy, because the table takes nearly all memory of the job.
    table = pd.DataFrame(values, columns=names, copy=False)
    index = pd.DataFrame({"index": np.arange(start, stop)})
    read = {name: stamps.catalog(name)[start:stop] for name in COPIED if name in stamps.columns}
    copied = {name: pd.Series(v, dtype="str" if v.dtype.kind == "U" else v.dtype) for name, v in read.items()}
    return pd.concat([index, table, pd.DataFrame(copied, index=range(stop - start))], axis=1)


def features_of(image: np.ndarray, settings: MeasureSettings) -> dict[str, float | np.ndarray]:
    """Features of one image (H, H) uint8: values (n,) of each block of the settings, then the two shares.

    `flat` makes a row of the table of them, and `columns` names its values.

    Raises:
        ValueError: the image is not square, or larger than the field.
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
        "hog": lambda: texture.gradients(image, settings.hog_cell, settings.hog_block),
        "lbp": lambda: texture.patterns(image, settings.lbp_points, settings.lbp_radius),
        "fourier": lambda: spectrum.fourier(half),
    }
    return {name: makers[name]() for name in _chosen(settings)} | {
        "lit_share": properties.lit_share(counts),
        "faint_share": properties.faint_share(image, background, cut, found),
    }


def flat(features: dict[str, float | np.ndarray]) -> np.ndarray:
    """Features as returned by `features_of`, as one row (n,) float32."""
    return np.concatenate([np.atleast_1d(values) for values in features.values()]).astype(np.float32)


def columns(settings: MeasureSettings) -> list[str]:
    """Names of the values of `flat`, in order."""
    lengths = {
        "basic": len(properties.BASIC),
        "individual": len(properties.INDIVIDUAL),
        "interaction": len(properties.INTERACTION),
        "histogram": texture.LEVELS,
        "spectrum": settings.size // 2 - settings.smoothing + 1,
        "hog": texture.count(settings.size, settings.hog_cell, settings.hog_block),
        "lbp": settings.lbp_points + 2,
        "fourier": settings.size - settings.size // 2,
    }
    blocks = ((block, DIGITS.get(block, 3), lengths[block]) for block in _chosen(settings))
    return [f"{block}_{i:0{digits}d}" for block, digits, length in blocks for i in range(length)] + list(SHARES)


def _chosen(settings: MeasureSettings) -> list[str]:
    return [block for block in BLOCKS if block in settings.blocks]
