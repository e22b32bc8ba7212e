"""Mock galaxies for benchmarks/networks.py: a source, a perfect model, and that model made worse in known ways."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter

from galforge.datasets.galaxiesml import mock
from galforge.datasets.galaxiesml.light import SKY_RMS, Galaxy, seen, sky
from galforge.datasets.galaxiesml.settings import MockSettings
from galforge.seeds import generator

SIDE, COLOURS = 64, 3  # px; g, r and i
STAR = {"radius": 0.3, "index": 0.5, "axis_ratio": 1.0}  # a profile that the PSF hides
STEPS = {
    "blur": (0.25, 0.5, 1.0),  # sd of a Gaussian [px]
    "noise": (0.5, 1.0, 2.0),  # added, over that of the sky
    "flux": (1.1, 1.3, 2.0),  # factor
    "colour": (1.05, 1.15, 1.4),  # factor of i, and divisor of g
    "other class": (0.1, 0.3, 1.0),  # share of stars
    "mode lost": (0.33, 0.67, 1.0),  # share of early types that are late ones instead
    "memorised": (4, 16, 64),  # times that a galaxy of the source is repeated
}
"""Degradations, each in three strengths, the weakest first."""
LABELS = {
    "blur": "{:g} px",
    "noise": "{:g} sky",
    "flux": "x {:g}",
    "colour": "i/g x {0:g}²",
    "other class": "{:.0%} stars",
    "mode lost": "{:.0%}",
    "memorised": "{:g} times each",
}


@dataclass(frozen=True)
class Galaxies:
    """Images (n, 3, 64, 64) float32 in g, r, i [count, AB zero point 27] and whether each is of early type (n,)."""

    images: np.ndarray
    early: np.ndarray


def galaxies(seed: int, first: int, count: int, wanted: Callable[[Galaxy], bool] = lambda _: True) -> Galaxies:
    """Mock galaxies of Hyper Suprime-Cam from number `first` on that are wanted and have no bad core."""
    settings = MockSettings(seed=seed)
    drawn = ((index, mock.draw(settings, index)) for index in numbers(first))
    kept = [next(pair for pair in drawn if not pair[1].core and wanted(pair[1])) for _ in range(count)]
    return Galaxies(
        np.array([seen_through(seed, index, galaxy) for index, galaxy in kept], dtype=np.float32),
        np.array([galaxy.central.early for _, galaxy in kept]),
    )


def stars(seed: int, first: int, count: int) -> np.ndarray:
    """The images of `galaxies` with a star of the same magnitudes in place of each galaxy."""
    settings, found = MockSettings(seed=seed), []
    drawn = ((index, mock.draw(settings, index)) for index in numbers(first))
    for index, galaxy in drawn:
        if len(found) == count:
            break
        if not galaxy.core:
            star = replace(galaxy.central, profile=replace(galaxy.central.profile, **STAR))
            found.append(seen_through(seed, index, replace(galaxy, central=star)))
    return np.array(found, dtype=np.float32)


def numbers(first: int) -> Iterator[int]:
    while True:
        yield first
        first += 1


def seen_through(seed: int, index: int, galaxy: Galaxy) -> np.ndarray:
    """Image (3, 64, 64) of a galaxy and its neighbours with the noise of the sky."""
    sources = [galaxy.central, *galaxy.neighbours]
    light = seen([each.profile for each in sources], np.array([each.fluxes for each in sources]), SIDE)
    return (light + sky(SIDE, generator(seed, "networks", "sky", index)))[:COLOURS]


def changed(kind: str, step: float, images: np.ndarray, seed: int) -> np.ndarray:
    """Images (n, 3, 64, 64) with what changes each by itself: blur, noise, flux or colour."""
    if kind == "blur":
        return gaussian_filter(images, (0, 0, step, step), mode="nearest")
    if kind == "noise":
        rms = step * np.array(SKY_RMS[:COLOURS], dtype=np.float32)[:, None, None]
        return images + rms * generator(seed, "networks", "noise").standard_normal(images.shape, dtype=np.float32)
    factors = {"flux": (step, step, step), "colour": (1 / step, 1.0, step)}[kind]
    return images * np.array(factors, dtype=np.float32)[:, None, None]


def chosen(kind: str, step: float, early: np.ndarray, seed: int) -> np.ndarray:
    """Which of n stamps (n,) are another's, a star's or a late type's; those of a larger share include the others."""
    rank = generator(seed, "networks", kind).random(len(early))
    return (rank < step) & (early if kind == "mode lost" else True)


def repeated(step: int, count: int, seed: int) -> np.ndarray:
    """Rows (count,) of a source that a model repeats which knows count / step of its galaxies, and no others."""
    order = generator(seed, "networks", "memorised", count).permutation(count)
    return np.resize(order[: max(count // step, 1)], count)
