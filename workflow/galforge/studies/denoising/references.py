"""Classical methods that a user would try before a network. They know PSF and noise, and have one setting each.

Wiener and Richardson-Lucy deconvolve each band with the PSF; non-local means does not, and uses all bands together. In
a test with larger pixels the PSF is given in these pixels. The average over a large pixel is part of image and truth
alike, so it must not be deconvolved; apart from aliasing this is exact.
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
DARK = 1e-9  # over the noise; Richardson-Lucy does not divide by fainter models


def restore(
    method: str, image: np.ndarray, psf_sigma_px: float, noise_sigma_units: float, setting: float
) -> np.ndarray:
    """The galaxy (C, l, l) float64 restored by one of REFERENCES from an observed image (C, l, l).

    - identity: the image as it is.
    - wiener: ``skimage.restoration.wiener`` (Wiener-Hunt, penalised by the Laplacian); the setting is its balance.
    - richardson_lucy: ``skimage.restoration.richardson_lucy``; the setting is the number of iterations. It is not
    defined
      for negative pixels, which are set to 0 first; in dark regions that gives the noise a mean of 0.4 sigma.
    - non_local_means: ``skimage.restoration.denoise_nl_means``, fast, of known noise; the setting is h over the noise.
      (Its fast mode sums one row and column less of a patch than it divides by, so the effective h is a little larger.)
      Without noise h would be 0, no two patches would be alike, and the image is returned.

    For Wiener and Richardson-Lucy images are continued by reflection, because the former would wrap them around, and
    the latter would take the outside for dark.

    Args:
        psf_sigma_px: of the Gaussian PSF, in pixels of this image.
        noise_sigma_units: standard deviation of the noise [image unit]; may be 0.
        setting: see above; not used by identity.

    Raises:
        GalforgeError: the method is unknown.
    """
    image = np.asarray(image, dtype=np.float64)
    if method == "identity":
        return image
    if method == "non_local_means":
        return _non_local_means(image, noise_sigma_units, setting)
    if method not in ("wiener", "richardson_lucy"):
        raise GalforgeError(f"{method} is not a reference of the denoising study: choose of {', '.join(REFERENCES)}")
    scale = noise_sigma_units if noise_sigma_units > 0 else float(np.abs(image).max())
    if scale == 0:
        return image
    reach = max(LEAST_PADDING, math.ceil(PADDING * psf_sigma_px))
    padded = np.pad(image / scale, ((0, 0), (reach, reach), (reach, reach)), mode="reflect")
    psf = _psf(psf_sigma_px, padded.shape[-1])
    if method == "wiener":
        restored = np.stack([restoration.wiener(band, psf, setting, clip=False) for band in padded])
    else:
        options = {"num_iter": int(setting), "clip": False, "filter_epsilon": DARK}
        # It divides first and applies filter_epsilon afterwards.
        with np.errstate(divide="ignore", invalid="ignore"):
            bands = [restoration.richardson_lucy(np.maximum(band, 0), psf, **options) for band in padded]
        restored = np.stack(bands)
    return scale * restored[:, reach:-reach, reach:-reach]


def tune(
    method: str, pairs: Sequence[Observed], psf_sigma_px: float, noise_sigma_units: float, grid: Sequence[float]
) -> float:
    """The setting of ``grid`` with the smallest mean MSE over galaxies; the first of equals, NaN for identity.

    The error of Richardson-Lucy falls and then rises with the iterations, so its grid must be ascending and is tried up
    to the first rise.

    Args:
        pairs: observed galaxies of one test.
        psf_sigma_px, noise_sigma_units: of that test (see ``restore``).

    Raises:
        GalforgeError: there are no galaxies or no settings to try, or the method is unknown.
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
            # Further settings only amplify the noise, and each takes twice the time.
            break
    return float(grid[int(np.argmin(errors))])


def _psf(sigma: float, side: int) -> np.ndarray:
    """The PSF as an image of unit sum and odd side, cut off where it is larger than images of ``side`` px."""
    kernel = gaussian(sigma)
    excess = max(0, kernel.size // 2 - (side - 1) // 2)
    kernel = kernel[excess : kernel.size - excess]
    psf = np.outer(kernel, kernel)
    return psf / psf.sum()


def _non_local_means(image: np.ndarray, noise: float, strength: float) -> np.ndarray:
    if noise == 0:
        return image
    # Channels last, and reshaped, because scikit-image drops axes of length 1 and would transpose single bands.
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
