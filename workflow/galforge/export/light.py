"""What a RealGalaxy catalogue has besides galaxies: an image of the PSF, and how the noise of the sky correlates."""

import math

import numpy as np

from galforge.measure.photometry.measure import SkyBorder

SAMPLES = 11  # per pixel and axis, at which the PSF is integrated over pixels
REACH = 12  # FWHM, half of the side of the PSF's image; of a beta of 2.5, less than 0.1 % of the light is outside
LEAST_REACH = 7  # px
LAGS = 10  # px, up to which the noise is correlated
FEWEST_PAIRS = 0.1  # of those at lag 0, without which the correlation at a lag is not told
_RIM = np.pad(np.zeros((2 * LAGS - 1, 2 * LAGS - 1), dtype=bool), 1, constant_values=True)


def psf_image(fwhm: float, beta: float) -> np.ndarray:
    """The PSF integrated over pixels, with sum 1: (n, n) float64, n odd, its peak in the middle.

    Args:
        fwhm: of the Moffat profile before the integration [px]; 0 for light that falls on one pixel.
        beta: exponent of its wings.
    """
    reach = max(math.ceil(REACH * fwhm), LEAST_REACH)
    side = 2 * reach + 1
    if fwhm == 0:
        image = np.zeros((side, side))
        image[reach, reach] = 1.0
        return image
    width = fwhm / (2 * math.sqrt(2 ** (1 / beta) - 1))
    offset = (np.arange(side * SAMPLES) + 0.5) / SAMPLES - side / 2
    profile = (1 + (offset[:, None] ** 2 + offset**2) / width**2) ** -beta
    image = profile.reshape(side, SAMPLES, side, SAMPLES).sum(axis=(1, 3))
    return image / image.sum()


class SkyCorrelation:
    """The correlation function of the sky in the borders of stamps, averaged over them.

    Each stamp counts alike: its sky, less the surface that photometry fits to it, is divided by its own rms, and pixels
    beyond the clip are left out. The surface takes about as much covariance from all of these lags, so what is found at
    the largest ones, where there should be none, is subtracted from all.
    """

    def __init__(self) -> None:
        lags = 2 * LAGS + 1
        self._products, self._pairs = np.zeros((lags, lags)), np.zeros((lags, lags))

    def add(self, images: np.ndarray, border: SkyBorder, rms: np.ndarray) -> None:
        """Count the skies of images (n, side, side) of sky rms (n,); those of rms 0 have none."""
        noisy = rms > 0
        if not noisy.any():
            return
        sky = images[noisy][:, border.frame] / rms[noisy, None]
        middle = np.median(sky, axis=1, keepdims=True)
        bounded = np.clip(sky, middle - border.clip, middle + border.clip)
        sky = sky - (bounded @ border.fit.T) @ border.surface.T
        kept = np.abs(sky) <= border.clip
        self._products += _products(np.where(kept, sky, 0.0), border.frame)
        self._pairs += _products(kept.astype(float), border.frame)

    def image(self) -> np.ndarray:
        """The correlation at lags of -LAGS to LAGS px: (21, 21) float64, 1 in the middle; 0 elsewhere without noise.

        It is 0, too, at oblique lags that are longer than the border is wide: only its corners have such pairs.
        """
        told = self._pairs > max(FEWEST_PAIRS * self._pairs[LAGS, LAGS], 0.5)
        covariance = np.divide(self._products, self._pairs, out=np.zeros_like(self._pairs), where=told)
        if (largest := told & _RIM).any():
            covariance[told] -= covariance[largest].mean()
        if not covariance[LAGS, LAGS] > 0:
            covariance[LAGS, LAGS] = 1.0
        return covariance / covariance[LAGS, LAGS]


def _products(values: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """Sums over n skies (n, pixels of the frame) of the products of pixels at each lag (2 LAGS + 1, 2 LAGS + 1)."""
    grid = np.zeros((len(values), *frame.shape))
    grid[:, frame] = values
    # Wide enough that no lag wraps around.
    side = max(frame.shape[0], LAGS + 1) + LAGS
    spectrum = np.fft.rfft2(grid, s=(side, side))
    sums = np.fft.irfft2((np.abs(spectrum) ** 2).sum(axis=0), s=(side, side))
    lags = np.arange(-LAGS, LAGS + 1)
    return sums[np.ix_(lags, lags)]
