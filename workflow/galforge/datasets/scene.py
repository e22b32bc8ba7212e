"""Noiseless images of mock galaxies: Sersic profiles, spiral arms, knots, a companion and a tidal tail.

Positions are in pixels from the centre of a square grid (of even side: between the four central pixels), fluxes in the
unit of the image. Light is integrated over pixels by sub-sampling, finely where a profile is steepest.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil, cos, gamma, pi, sin, sqrt
from typing import Any

import numpy as np

CORE_PX = 8  # half width of the box around a centre that is sub-sampled finely
CORE_SAMPLES = 8
OUTER_SAMPLES = 2
MARGIN_PX = 12  # light beyond the stamp's edge that the PSF may bring in
MOFFAT_BETA = 2.5  # wings like those of ACS: 5 % of the peak at 5 px, 0.3 % at 10 px


@dataclass(frozen=True)
class Sersic:
    """One Sersic profile; ``radius`` is the circularised half-light radius [px], ``angle`` in rad."""

    flux: float
    radius: float
    index: float
    axis_ratio: float
    angle: float
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True)
class Arms:
    """A logarithmic two-armed spiral that modulates a disc; the flux on any circle stays the same."""

    amplitude: float
    pitch: float
    phase: float

    def crest(self, radius: np.ndarray, azimuth: np.ndarray) -> np.ndarray:
        """1 on an arm's crest, -1 between arms; radius [half-light radii] and azimuth [rad] in the disc."""
        return np.cos(2 * (azimuth - np.log(np.maximum(radius, 0.05)) / np.tan(self.pitch)) - self.phase)


@dataclass(frozen=True)
class Blobs:
    """Round Gaussians: knots of star formation, or the pieces of a tidal tail. Arrays (k,)."""

    flux: np.ndarray
    x: np.ndarray
    y: np.ndarray
    sigma: np.ndarray


@dataclass(frozen=True)
class Scene:
    """Everything on one stamp. Arms and lopsidedness belong to the first profile, that of the galaxy itself."""

    profiles: list[Sersic]
    arms: Arms | None = None
    lopsided: float = 0.0
    lopsided_angle: float = 0.0
    blobs: list[Blobs] = field(default_factory=list)


GOLDEN = (sqrt(5) - 1) / 2


def spread(first: float, steps: Any) -> Any:
    """Numbers in [0, 1): steps of the golden ratio from ``first``, so that any run of steps is evenly spread."""
    return (first + steps * GOLDEN) % 1


def sersic_b(index: float) -> float:
    """b_n of the Sersic law by the series of Ciotti & Bertin (1999), good to 1e-4 for n >= 0.5."""
    n = index
    return 2 * n - 1 / 3 + 4 / (405 * n) + 46 / (25515 * n**2) + 131 / (1148175 * n**3)


def grid_side(side: int) -> int:
    """Side of the grid that a stamp is made on, with a margin; one of few values, because spectra are cached."""
    return 16 * ceil((side + 2 * MARGIN_PX) / 16)


def render(scene: Scene, side: int, fwhm: float) -> np.ndarray:
    """The scene seen through the PSF: (side, side) float64; ``fwhm`` in px."""
    grid = grid_side(side)
    image = np.zeros((grid, grid))
    for position, profile in enumerate(scene.profiles):
        add_profile(image, profile, scene if position == 0 else None)
    for blobs in scene.blobs:
        add_blobs(image, blobs)
    image = np.fft.irfft2(np.fft.rfft2(image) * moffat_spectrum(grid, fwhm, MOFFAT_BETA), s=image.shape)
    return crop(image, side)


def crop(image: np.ndarray, side: int) -> np.ndarray:
    """The central (side, side) of square images (..., grid, grid)."""
    start = (image.shape[-1] - side) // 2
    return image[..., start : start + side, start : start + side]


def add_profile(image: np.ndarray, profile: Sersic, scene: Scene | None = None) -> None:
    """Add the light of a profile to a square image, with the arms and the lopsidedness of ``scene``."""
    grid = image.shape[0]
    pixels = np.arange(grid) - (grid - 1) / 2
    whole = _brightness(pixels, pixels, OUTER_SAMPLES, profile, scene)
    columns = np.flatnonzero(np.abs(pixels - profile.x) < CORE_PX)
    rows = np.flatnonzero(np.abs(pixels - profile.y) < CORE_PX)
    if len(rows) and len(columns):
        core = _brightness(pixels[rows], pixels[columns], CORE_SAMPLES, profile, scene)
        whole[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = core
    image += whole


def _brightness(
    rows: np.ndarray, columns: np.ndarray, samples: int, profile: Sersic, scene: Scene | None
) -> np.ndarray:
    """Flux per pixel of a profile at pixel centres, averaged over samples x samples points a pixel."""
    offsets = (np.arange(samples) + 0.5) / samples - 0.5
    y = (rows[:, None] + offsets).reshape(-1, 1) - profile.y
    x = (columns[:, None] + offsets).reshape(1, -1) - profile.x
    cos, sin, root = np.cos(profile.angle), np.sin(profile.angle), np.sqrt(profile.axis_ratio)
    along, across = (x * cos + y * sin) * root, (y * cos - x * sin) / root
    radius = np.hypot(along, across) / profile.radius
    n, b = profile.index, sersic_b(profile.index)
    total = 2 * pi * n * b ** (-2 * n) * gamma(2 * n) * profile.radius**2
    light = np.exp(-b * radius ** (1 / n)) * (profile.flux / total)
    if scene is not None and (scene.arms is not None or scene.lopsided):
        azimuth = np.arctan2(across, along)
        if scene.arms is not None:
            # Arms begin outside the very centre, where pixels could not resolve their winding.
            light *= 1 + scene.arms.amplitude * np.minimum(radius / 0.5, 1) * scene.arms.crest(radius, azimuth)
        if scene.lopsided:
            light *= 1 + scene.lopsided * np.tanh(radius) * np.cos(azimuth - scene.lopsided_angle)
    return light.reshape(len(rows), samples, len(columns), samples).mean(axis=(1, 3))


def add_blobs(image: np.ndarray, blobs: Blobs) -> None:
    """Add the light of blobs to a square image, sampled at the centres of pixels: too coarse for a sigma below 0.45."""
    grid = image.shape[0]
    pixels = np.arange(grid) - (grid - 1) / 2
    across = np.exp(-0.5 * ((pixels[None] - blobs.x[:, None]) / blobs.sigma[:, None]) ** 2)
    along = np.exp(-0.5 * ((pixels[None] - blobs.y[:, None]) / blobs.sigma[:, None]) ** 2)
    image += np.einsum("k,ki,kj->ij", blobs.flux / (2 * pi * blobs.sigma**2), along, across)


def along_arms(disc: Sersic, arms: Arms, count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Positions x, y (count,) of knots: those of an exponential disc, more frequent on the crests of its arms."""
    scale = 1 / 1.678  # an exponential disc's scale length in half-light radii
    radius = np.minimum(random.gamma(2.0, 1.2 * scale, count), 3.0)
    # One of 12 azimuths is taken, weighted by the density of the arms.
    azimuth = random.uniform(0, 2 * pi, (count, 12))
    weight = np.cumsum(1 + arms.amplitude * arms.crest(radius[:, None], azimuth), axis=1)
    chosen = (weight < random.random((count, 1)) * weight[:, -1:]).sum(axis=1)
    azimuth = azimuth[np.arange(count), chosen]
    root = sqrt(disc.axis_ratio)
    along, across = radius * np.cos(azimuth) / root, radius * np.sin(azimuth) * root
    return (
        disc.radius * (along * cos(disc.angle) - across * sin(disc.angle)),
        disc.radius * (along * sin(disc.angle) + across * cos(disc.angle)),
    )


@lru_cache(maxsize=64)
def moffat_spectrum(grid: int, fwhm: float, beta: float) -> np.ndarray:
    """Spectrum (grid, grid // 2 + 1) of a Moffat PSF of unit flux; ``fwhm`` in px, ``beta`` its power."""
    width = fwhm / (2 * np.sqrt(2 ** (1 / beta) - 1))
    lag = np.fft.fftfreq(grid, 1 / grid)
    psf = (1 + (lag[:, None] ** 2 + lag[None] ** 2) / width**2) ** -beta
    return np.fft.rfft2(psf / psf.sum())
