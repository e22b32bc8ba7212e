"""Morphology without a workflow: which way stamps are measured, with what users bring or without."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from galforge.errors import GalforgeError
from galforge.measure import alone
from galforge.measure.arrays import About, ArrayStamps, band_of, opened
from galforge.measure.morphology import given
from galforge.measure.morphology.measure import gains_of
from galforge.seeds import generator
from galforge.stamps.file import Stamps
from galforge.stamps.galaxies import galaxy


def table(
    images: Any,
    gain: Any,
    bands: tuple[str, ...],
    brought: dict[str, Any],
    settings: dict[str, Any],
    asked: dict[str, Any],
) -> pd.DataFrame:
    """The table of ``galforge.measure.morphology.of``, whose arguments these are.

    Args:
        images, gain, bands, settings: as there.
        brought: segmentation, labels, mask, psf and weightmap.
        asked: band, noise, seed, whose and processes.

    Raises:
        GalforgeError: as there.
    """
    if brought["weightmap"] is not None and gain is not None:
        raise GalforgeError("gain and weightmap both say what the noise is: give one of them")
    published = settings.get("protocol") == "published"
    if published:
        # Of this protocol, gain and noise are settings.
        settings = settings | {} if gain is None else settings | {"gain": _number(gain)}
        settings = settings | ({"noise": float(asked["noise"])} if asked["noise"] else {})
        gain = None
    stamps = opened(images, About(bands=tuple(bands), gain=gain))
    is_brought = any(value is not None for value in brought.values())
    known = isinstance(stamps, Stamps) or published or gain is not None or brought["weightmap"] is not None
    if not known:
        raise GalforgeError(
            f"{stamps.path}: give the gain [electrons per image unit], or a weightmap. For images in electrons/s it is "
            "the exposure time in s, for counts that of the detector"
        )
    if not is_brought:
        return alone.table("morphology", stamps, settings, About(), finite=False, **asked)
    return _with(stamps, brought, settings, asked)


def _with(stamps: ArrayStamps | Stamps, brought: dict[str, Any], settings: dict[str, Any], asked: dict) -> pd.DataFrame:
    """Morphology with what users bring."""
    chosen = alone.settings_of("morphology", settings)
    if chosen.engine != "numba":
        raise GalforgeError(
            "segmentation, mask, psf and weightmap are taken by the engine numba; for statmorph's own, call "
            "statmorph.source_morphology"
        )
    if chosen.psf_fwhm:
        raise GalforgeError(
            "psf_fwhm convolves stamps before they are segmented, which is not done with segmentation, mask, psf or "
            "weightmap: convolve the images first, and give the PSF as psf"
        )
    band = band_of(stamps, asked["band"])
    count = len(stamps)
    shapes = [_image(stamps, index, band).shape for index in range(count)]
    if brought["segmentation"] is None and any(height != width for height, width in shapes):
        raise GalforgeError(f"{stamps.path}: without a segmentation stamps must be square: crop or pad them")
    maps = given.checked(shapes, **brought)
    unknown = brought["weightmap"] is not None
    gains = np.ones(count) if unknown else gains_of(stamps, 0, count, chosen)
    sigma = chosen.noise if chosen.protocol == "published" else asked["noise"]
    seed = alone.noise_seed(stamps, sigma, asked["seed"], asked["whose"])

    def pieces() -> Iterator[given.Piece]:
        last, image = -1, np.empty(0)
        for index, label, box in places:
            if index != last:
                last, image = index, _image(stamps, index, band)
                if sigma:
                    draws = generator(seed, "morphology-noise", stamps.header.origin, index)
                    image = image + sigma * draws.standard_normal(image.shape)
            yield given.piece(image, gains[index], maps, index, label, box)

    places = given.places(maps, count)
    batches = given.batched(pieces(), alone.BATCH, chosen)
    parts = alone.collected(given.measured, batches, len(places), asked["processes"])
    found = alone.finished(parts, "morphology", stamps, chosen, sigma)
    return found if brought["segmentation"] is not None else found.drop(columns="label")


def _image(stamps: ArrayStamps | Stamps, index: int, band: int) -> np.ndarray:
    """One band (H, W) of a stamp, float64."""
    return galaxy(stamps, index, band)[0]


def _number(gain: Any) -> float:
    if np.ndim(gain):
        raise GalforgeError("protocol published has one gain for all stamps: give a number")
    return float(gain)
