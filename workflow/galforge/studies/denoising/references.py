"""What a user would try before a network: classical methods that know the PSF and the noise, each with one setting.

Wiener and Richardson-Lucy take the PSF out of each band; non-local means leaves it in and looks at all bands together.
In a test with larger pixels the PSF is given in those: the average over a large pixel is in the image and in the truth
alike, so it is not part of what is to be taken out. That is exact but for what the sampling aliases.
"""

import math
from collections.abc import Sequence

import numpy as np
from skimage import restoration

from galforge.errors import GalforgeError
from galforge.studies.denoising.degrade import Observed, gaussian
from galforge.studies.denoising.metrics import mse
from galforge.studies.denoising.trials import REFERENCES

PADDING, LEAST_PADDING = 4, 4  # in standard deviations of the PSF, and px
PATCH, DISTANCE = 5, 6  # px, of non-local means: side of patches, and how far they are looked for
DARK = 1e-9  # over the noise: Richardson-Lucy divides by no model fainter than this


def restore(
    method: str, image: np.ndarray, psf_sigma_px: float, noise_sigma_units: float, setting: float
) -> np.ndarray:
    """The galaxy (C, l, l) float64 that one of REFERENCES gives back from an observed image (C, l, l).

    - identity: the image as it is.
    - wiener: ``skimage.restoration.wiener`` (Wiener-Hunt, penalised by the Laplacian); the setting is its balance.
    - richardson_lucy: ``skimage.restoration.richardson_lucy``; the setting is the number of iterations. Negative pixels
      have no meaning in it, and are set to 0 first: where there is no light, that leaves the noise a mean of 0.4 sigma.
    - non_local_means: ``skimage.restoration.denoise_nl_means``, fast, of known noise; the setting is h over the noise.
      (Its fast mode sums one row and column less of a patch than it divides by, so h is a little more than it says.)
      Without noise h is 0: no patch is like another, and the image comes back.

    Wiener and Richardson-Lucy work on images that are continued by reflection: the one would wrap them around, the
    other holds what lies outside for dark.

    Args:
        psf_sigma_px: of the Gaussian PSF, in pixels of this image.
        noise_sigma_units: standard deviation of the noise [image unit]; may be 0.
        setting: see above; not used by identity.

    Raises:
        GalforgeError: there is no such method.
    """
    image = np.asarray(image, dtype=np.float64)
    if method == "identity":
        return image
    if method == "non_local_means":
        return _non_local_means(image, noise_sigma_units, setting)
    if method not in ("wiener", "richardson_lucy"):
        raise GalforgeError(f"{method} is no reference of the denoising study: choose of {', '.join(REFERENCES)}")
    scale = noise_sigma_units if noise_sigma_units > 0 else float(np.abs(image).max())
    if scale == 0:
        return image
    reach = max(LEAST_PADDING, math.ceil(PADDING * psf_sigma_px))
    padded = np.pad(image / scale, ((0, 0), (reach, reach), (reach, reach)), mode="reflect")
    psf = _psf(psf_sigma_px, padded.shape[-1])
    deconvolve = _wiener if method == "wiener" else _richardson_lucy
    restored = np.stack([deconvolve(band, psf, setting) for band in padded])
    return scale * restored[:, reach:-reach, reach:-reach]


def tune(
    method: str,
    pairs: Sequence[Observed],
    psf_sigma_px: float,
    noise_sigma_units: float,
    grid: Sequence[float],
) -> float:
    """The setting of ``grid`` with the smallest mean over galaxies of their MSE; the first of equals, NaN for identity.

    Of Richardson-Lucy, whose error falls and then rises with the iterations, those up to the first rise are tried: give
    them ascending.

    Args:
        pairs: observed galaxies, of one test.
        psf_sigma_px, noise_sigma_units: of that test (see ``restore``).

    Raises:
        GalforgeError: there are no galaxies or no settings to try, or there is no such method.
    """
    if method == "identity":
        return math.nan
    if not pairs or not len(grid):
        raise GalforgeError(
            f"{method} cannot be tuned on {len(pairs)} validation galaxies with {len(grid)} settings: the data set "
            "needs galaxies in its split validation, and tuning a list for each method"
        )
    errors: list[float] = []
    for setting in grid:
        restored = [restore(method, pair.image, psf_sigma_px, noise_sigma_units, setting) for pair in pairs]
        errors.append(float(np.mean([mse(each, pair.truth) for each, pair in zip(restored, pairs, strict=True)])))
        if method == "richardson_lucy" and len(errors) > 1 and errors[-1] > errors[-2]:
            # From then on it only amplifies the noise, at twice the time for each further setting.
            break
    return float(grid[int(np.argmin(errors))])


def _psf(sigma: float, side: int) -> np.ndarray:
    """The PSF as an image of unit sum, of odd side; what reaches beyond images of ``side`` px is cut off."""
    kernel = gaussian(sigma)
    excess = max(0, kernel.size // 2 - (side - 1) // 2)
    kernel = kernel[excess : kernel.size - excess]
    psf = np.outer(kernel, kernel)
    return psf / psf.sum()


def _wiener(band: np.ndarray, psf: np.ndarray, balance: float) -> np.ndarray:
    return restoration.wiener(band, psf, balance, clip=False)


def _richardson_lucy(band: np.ndarray, psf: np.ndarray, iterations: float) -> np.ndarray:
    # It divides before it looks at filter_epsilon.
    with np.errstate(divide="ignore", invalid="ignore"):
        return restoration.richardson_lucy(
            np.maximum(band, 0), psf, num_iter=int(iterations), clip=False, filter_epsilon=DARK
        )


def _non_local_means(image: np.ndarray, noise: float, strength: float) -> np.ndarray:
    if noise == 0:
        return image
    # Channels last and reshaped: scikit-image drops axes of length 1, and then turns an image of one band over.
    restored = restoration.denoise_nl_means(
        np.moveaxis(image, 0, -1),
        patch_size=PATCH,
        patch_distance=DISTANCE,
        h=strength * noise,
        sigma=noise,
        fast_mode=True,
        preserve_range=True,
        channel_axis=-1,
    )
    return np.moveaxis(restored.reshape(*image.shape[1:], len(image)), -1, 0)
