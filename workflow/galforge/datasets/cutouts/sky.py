"""The sky of one image: its level, rms and correlation, measured where no source is, and noise that has them."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

LAGS = 6  # px, the farthest at which a correlation is taken for one
FLAT = 3  # px, to which it is taken as measured; beyond it fades to LAGS
SMOOTH = 1.5  # px, sd of the Gaussian by which sources are found
THRESHOLD = 2.5  # of the smoothed sky's rms
GROWN = 3  # px around sources that are no sky either
FEWEST = 64  # pixels of sky
CLIP = 3.0  # rms
CLIPPED_SD = 0.98658  # sd of a standard normal distribution cut at 3
ROUNDS = 3
STEEP = 2.0  # rms by which a sky grows over an image that is not taken for level


@dataclass(frozen=True)
class Sky:
    """The sky of an image.

    Attributes:
        level: mean in the image's middle [image units].
        slope: by which it grows per row and per column; 0 unless that is more than 2 rms over the image.
        rms: standard deviation [image units].
        correlation: (2 LAGS + 1, 2 LAGS + 1), that of two pixels by their distance; 1 in the middle.
        sources: (H, W) bool, pixels that are not taken for sky.
    """

    level: float
    slope: tuple[float, float]
    rms: float
    correlation: np.ndarray
    sources: np.ndarray

    def noise(self, shape: tuple[int, int], random: np.random.Generator) -> np.ndarray:
        """Pixels (H, W) float64 of such a sky, normally distributed."""
        # Larger than asked for, because the field repeats at its ends.
        grid = tuple(ndimage_length(side + 2 * LAGS) for side in shape)
        kernel = np.zeros(grid)
        lags = np.arange(-LAGS, LAGS + 1)
        kernel[np.ix_(lags % grid[0], lags % grid[1])] = self.correlation
        # Measured correlations may not be those of any noise: their Fourier transform has negative parts.
        power = np.maximum(np.fft.rfft2(kernel).real, 0)
        white = np.fft.rfft2(random.standard_normal(grid))
        field = np.fft.irfft2(white * np.sqrt(power), s=grid)
        variance = np.fft.irfft2(power, s=grid)[0, 0]
        return self.plane(shape) + self.rms * field[: shape[0], : shape[1]] / np.sqrt(variance)

    def plane(self, shape: tuple[int, int]) -> np.ndarray:
        """The level (H, W) of an image, or of a canvas about it."""
        return self.level + _plane(shape, self.slope)


def ndimage_length(side: int) -> int:
    """The next even number."""
    return side + side % 2


def sky_of(image: np.ndarray, missing: np.ndarray) -> Sky | None:
    """The sky of an image (H, W) float64, without its missing pixels (H, W) bool; None where too few pixels are sky.

    Sources are what rises above 2.5 times the rms of the smoothed image, three pixels grown. Of the rest, pixels beyond
    3 rms are left out.
    """
    there = ~missing
    if there.sum() < FEWEST:
        return None
    border = there & frame(image.shape, max(2, min(image.shape) // 12))
    start = image[border] if border.sum() >= FEWEST else image[there]
    (level, rms), slope, flat = clipped(start), (0.0, 0.0), image
    seen = ndimage.gaussian_filter(there.astype(float), SMOOTH)
    sources = np.zeros(image.shape, bool)
    for _ in range(ROUNDS):
        smooth = ndimage.gaussian_filter(np.where(there, flat - level, 0.0), SMOOTH) / np.maximum(seen, 1e-3)
        here = there & ~sources & (seen > 0.5)
        if here.sum() < FEWEST:
            return None
        # Of the smoothed sky the rms is measured, because pixels are correlated.
        middle, spread = clipped(smooth[here])
        found = (smooth - middle > THRESHOLD * spread) & there if spread > 0 else smooth - middle > 0
        labels, count = ndimage.label(found)
        areas = np.bincount(labels.ravel(), minlength=count + 1)
        areas[0] = 0
        sources = ndimage.binary_dilation(areas[labels] >= 5, iterations=GROWN)
        sky = there & ~sources
        if sky.sum() < FEWEST:
            return None
        slope = _slope(image, sky & (np.abs(flat - level) <= 2 * CLIP * rms))
        level, rms = clipped((image - _plane(image.shape, slope))[sky])
        if abs(slope[0]) * image.shape[0] + abs(slope[1]) * image.shape[1] <= STEEP * rms:
            slope = 0.0, 0.0
            level, rms = clipped(image[sky])
        flat = image - _plane(image.shape, slope)
    return Sky(level, slope, rms, correlation(flat - level, sky, rms), sources)


def _slope(image: np.ndarray, sky: np.ndarray) -> tuple[float, float]:
    """Growth per row and per column of the plane through the sky's pixels, by least squares."""
    if sky.sum() < FEWEST:
        return 0.0, 0.0
    rows, columns = np.nonzero(sky)
    terms = np.stack([np.ones(len(rows)), rows, columns], axis=1)
    found = np.linalg.lstsq(terms, image[sky], rcond=None)[0]
    return float(found[1]), float(found[2])


def _plane(shape: tuple[int, int], slope: tuple[float, float]) -> np.ndarray:
    """A plane (H, W) that is 0 in the middle."""
    rows, columns = (np.arange(side) - (side - 1) / 2 for side in shape)
    return slope[0] * rows[:, None] + slope[1] * columns[None, :]


def frame(shape: tuple[int, int], width: int) -> np.ndarray:
    """The pixels (H, W) bool along the edges of an image."""
    inside = np.zeros(shape, bool)
    inside[width:-width, width:-width] = True
    return ~inside


def clipped(values: np.ndarray) -> tuple[float, float]:
    """Mean and sd of values without those farther than 3 sd from the mean; the sd is that of all of a normal sample."""
    middle = float(np.median(values))
    sd = 1.4826 * float(np.median(np.abs(values - middle)))
    for _ in range(5):
        kept = values[np.abs(values - middle) <= CLIP * sd]
        if sd == 0 or kept.size < 2:
            break
        middle, sd = float(kept.mean()), float(kept.std()) / CLIPPED_SD
    return middle, sd


def correlation(image: np.ndarray, sky: np.ndarray, rms: float) -> np.ndarray:
    """Correlation (2 LAGS + 1, 2 LAGS + 1) of sky pixels by their distance, faded out from FLAT to LAGS."""
    size = 2 * LAGS + 1
    out = np.zeros((size, size))
    out[LAGS, LAGS] = 1.0
    if rms == 0:
        return out
    inside = sky & (np.abs(image) <= CLIP * rms)
    padded = tuple(side + LAGS for side in image.shape)
    values = np.fft.rfft2(np.where(inside, image, 0.0), s=padded)
    counts = np.fft.rfft2(inside.astype(float), s=padded)
    products = np.fft.irfft2(np.abs(values) ** 2, s=padded)
    pairs = np.fft.irfft2(np.abs(counts) ** 2, s=padded)
    lags = np.arange(-LAGS, LAGS + 1)
    place = np.ix_(lags % padded[0], lags % padded[1])
    variance = products[0, 0] / max(pairs[0, 0], 1)
    known = pairs[place] > FEWEST / 2
    found = np.where(known, products[place] / np.maximum(pairs[place], 1) / variance, 0.0)
    distance = np.hypot(*np.meshgrid(lags, lags, indexing="ij"))
    fade = 0.5 * (1 + np.cos(np.pi * np.clip((distance - FLAT) / (LAGS - FLAT), 0, 1)))
    found = np.clip(found * fade, -1, 1)
    found[LAGS, LAGS] = 1.0
    return found
