"""Grain of colours: how far colours of pixels inside a galaxy scatter beyond its noise.

A model whose bands do not agree pixel by pixel draws galaxies of coloured speckle, which sizes, magnitudes and skies do
not show.
"""

import numpy as np
import pandas as pd
from scipy import ndimage

from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.measure.colour_grain.settings import MeasureSettings
from galforge.measure.images import batches, check_range, middle, unpadded
from galforge.measure.photometry.measure import sky_border
from galforge.stamps.file import Stamps
from galforge.stamps.galaxies import galaxy

SMOOTHING = 1.0  # px, sd of the Gaussian; a pixel's own noise then hardly decides whether it is taken
MEDIAN = 0.45493642  # of the square of a standard normal number
MAGNITUDES = 2.5 / np.log(10)  # of one in the natural logarithm of a ratio
BISECTIONS = 50
BATCH = 64


def measure(
    stamps: Stamps, start: int, stop: int, settings: MeasureSettings, band: int, noise_sigma: float, seed: int
) -> pd.DataFrame:
    """Colour grain of stamps `start` to `stop` (exclusive), one column besides `index`.

    `colour_grain` [mag]: the scatter of the colours of pixels about their median, over all pairs of neighbouring bands
    together. Pixels are bright in both bands and belong to the galaxy (``bright``). Their noise is that of the sky,
    measured in the stamp's border in each band, and of photons, by the gain; noise of different bands is taken as
    independent. The scatter s is where half of the pixels lie within 0.67 sd of the median, with a variance of
    s^2 + noise^2 of their own, so few pixels of another colour hardly change it. Noise alone gives 0 on average: where
    pixels scatter less than their noise, the value is negative, -sqrt(-s^2). Gradients, knots and dust count as well;
    they are in the source, too.

    Photon noise counts where the sky's rms is at least one electron: below it an image was not counted in photons, but
    simulated, and a gain says nothing. A padded stamp is measured in what was observed.

    Missing where no pair of bands has `fewest` pixels. `band`, `noise_sigma` and `seed` are not used.

    Raises:
        GalforgeError: there is one band only, stamps are not square, or the range does not lie within the file.
    """
    bands = stamps.header.bands
    if len(bands) < 2:
        raise GalforgeError(
            f"{stamps.path}: colours need two bands or more, found {', '.join(bands)}; leave colour_grain out of "
            "`measures` of this data set"
        )
    check_range(stamps, start, stop, 0)
    observed = unpadded(stamps, start, stop)
    grain = np.full(stop - start, np.nan)
    for low, high in batches(start, stop, BATCH):
        for index in range(low, high):
            images = galaxy(stamps, index)
            if observed is not None:
                images = middle(images, int(observed[index - start]))
            grain[index - start] = grain_of(images, stamps.header.gain, settings)
    log.info("colour grain: %d stamps, %d with too few bright pixels", len(grain), np.isnan(grain).sum())
    return pd.DataFrame({"index": np.arange(start, stop), "colour_grain": grain})


def grain_of(images: np.ndarray, gain: float, settings: MeasureSettings) -> float:
    """Colour grain [mag] of the bands (C, l, l) of one galaxy; NaN where too few pixels are bright.

    Args:
        images: background-subtracted [image units].
        gain: electrons per image unit.
        settings: which pixels are taken.
    """
    sky = sky_border(images.shape[-1], settings.border, settings.clip).measure(images)[0]
    smooth = ndimage.gaussian_filter(images, (0, SMOOTHING, SMOOTHING))
    photons = np.where(sky * gain >= 1, 1 / gain, 0.0)
    variances = sky[:, None, None] ** 2 + photons[:, None, None] * np.maximum(smooth, 0)
    found = []
    for pair in (slice(first, first + 2) for first in range(len(images) - 1)):
        taken = bright(smooth[pair], np.sqrt(variances[pair]), settings) & (images[pair] > 0).all(axis=0)
        if taken.sum() >= settings.fewest:
            first, second = images[pair][:, taken]
            colour = np.log(first / second)
            noise = (variances[pair][:, taken] / smooth[pair][:, taken] ** 2).sum(axis=0)
            found.append((colour - np.median(colour), noise))
    if not found:
        return np.nan
    return MAGNITUDES * scatter(*(np.concatenate(each) for each in zip(*found, strict=True)))


def bright(smooth: np.ndarray, noise: np.ndarray, settings: MeasureSettings) -> np.ndarray:
    """Pixels (l, l) of the galaxy that are bright in all bands of smoothed images (C, l, l), given their noise.

    Of the connected regions of such pixels it is the one that holds the brightest pixel near the middle, in the sum of
    the bands; none where that pixel is not bright.
    """
    limits = np.maximum(settings.significance * noise, settings.faintest * smooth.max(axis=(1, 2), keepdims=True))
    regions, _ = ndimage.label(((smooth >= limits) & (smooth > 0)).all(axis=0))
    side = smooth.shape[-1]
    offset = np.arange(side) - (side - 1) / 2
    near = np.hypot(offset[:, None], offset) <= settings.reach * side
    peak = np.unravel_index(np.argmax(np.where(near, smooth.sum(axis=0), -np.inf)), near.shape)
    return (regions == regions[peak]) & (regions[peak] > 0)


def scatter(residuals: np.ndarray, noise: np.ndarray) -> float:
    """The sd s, with its sign, at which the median of residuals^2 / (s^2 + noise) is that of normal numbers.

    Args:
        residuals: (n,) of mean 0.
        noise: (n,) variances. At s^2 below -median(noise) half of all sums are below 0, so there is a solution above.
    """
    squares = np.square(residuals)
    low, high = -float(np.median(noise)), float(squares.max() / MEDIAN)
    for _ in range(BISECTIONS):
        guess = (low + high) / 2
        total = guess + noise
        # Where no variance is left, any residual is too large.
        ratio = np.divide(squares, total, out=np.full_like(squares, np.inf), where=total > 0)
        low, high = (guess, high) if np.median(ratio) > MEDIAN else (low, guess)
    return float(np.sign(high) * np.sqrt(abs(high)))
