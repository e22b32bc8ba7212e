"""How a galaxy is observed in the study: blurred by a Gaussian PSF, with pixels of some size, and noisy.

As in Holzschuh et al. (2022, released code), the PSF has the same width in all bands and is given in the pixels of
training. Larger pixels average the blurred galaxy. Noise comes last. The target is the galaxy itself.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy import ndimage
from skimage.transform import resize_local_mean

from galforge.seeds import generator

REACH = 10
"""Half side of the kernel in standard deviations, so that the kernel has 41 px for the published 2 px."""


class Observed(NamedTuple):
    """A galaxy in one test: the ``image`` as observed, and the ``truth`` to restore, both (C, l, l) float64."""

    image: np.ndarray
    truth: np.ndarray


def gaussian(sigma: float) -> np.ndarray:
    """The PSF along one axis, (2 r + 1,) of unit sum, sampled at the pixel centres; ``sigma`` in px."""
    reach = math.ceil(REACH * sigma)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return kernel / kernel.sum()


def blurred(galaxy: np.ndarray, sigma: float) -> np.ndarray:
    """A galaxy (C, l, l) blurred by the PSF; outside of the image it is dark."""
    kernel = gaussian(sigma)
    out = np.asarray(galaxy, dtype=np.float64)
    for axis in (-2, -1):
        out = ndimage.convolve1d(out, kernel, axis=axis, mode="constant")
    return out


def with_pixels(image: np.ndarray, factor: float) -> np.ndarray:
    """An image (C, l, l) with pixels ``factor`` times as wide: means over their areas, exact for whole factors.

    Pixels at the edge that do not fill a large one are left out.
    """
    if factor == 1:
        return image
    side = image.shape[-1]
    small = max(1, math.floor(side / factor))
    kept = min(side, round(small * factor))
    first = (side - kept) // 2
    cut = image[:, first : first + kept, first : first + kept]
    return resize_local_mean(cut, (small, small), channel_axis=0)


def observed(
    galaxy: np.ndarray, psf_sigma: float, noise_sigma: float, pixel_size: float, noise: float, key: tuple[int, str, int]
) -> Observed:
    """A galaxy (C, l, l) as it is observed in a test.

    Args:
        psf_sigma, noise_sigma: of the observations that networks are trained on [px, image unit].
        pixel_size, noise: of this test, over those.
        key: (seed, purpose, index of the galaxy). The noise depends only on it and on the size of the image, so that
            all methods see the same image, and tests with more noise scale the same noise.
    """
    truth = with_pixels(np.asarray(galaxy, dtype=np.float64), pixel_size)
    image = with_pixels(blurred(galaxy, psf_sigma), pixel_size)
    drawn = generator(*key).standard_normal(image.shape)
    return Observed(image + noise * noise_sigma * drawn, truth)
