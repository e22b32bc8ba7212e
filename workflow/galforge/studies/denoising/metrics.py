"""How near a denoised galaxy comes to the galaxy itself: in its pixels, in its structure, and in its morphology.

Images are (C, l, l) in image units. What has no value in a galaxy is a missing one (NaN), never an error: means over
galaxies leave it out.
"""

import math

import numpy as np
from skimage.metrics import structural_similarity

from galforge.measure.morphology.compared import PROPERTIES
from galforge.measure.morphology.measure import gaussian_psf, measure_image
from galforge.measure.morphology.settings import MeasureSettings
from galforge.seeds import generator

WINDOW_SIGMA = 1.5  # px, of the SSIM's Gaussian window (Wang et al. 2004)
WINDOW_SIDE = 11  # px; scikit-image cuts that window at 3.5 sigma


def quality(output: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """``mse``, ``psnr`` and ``ssim`` of a denoised galaxy (C, l, l) against the galaxy itself."""
    return {"mse": mse(output, truth), "psnr": psnr(output, truth), "ssim": ssim(output, truth)}


def mse(output: np.ndarray, truth: np.ndarray) -> float:
    """Mean squared error over all bands and pixels of images (C, l, l) [image unit squared]."""
    return float(np.mean(np.square(np.asarray(output, dtype=np.float64) - np.asarray(truth, dtype=np.float64))))


def psnr(output: np.ndarray, truth: np.ndarray) -> float:
    """Peak signal-to-noise ratio, 10 lg(peak^2 / mse) [dB]; the peak is the true image's, over bands and pixels.

    NaN where the peak is not positive, and where the mse is 0: the ratio is infinite there, and so would be any mean.
    """
    peak, error = float(np.max(truth)), mse(output, truth)
    if not peak > 0 or error == 0:
        return math.nan
    return 20 * math.log10(peak) - 10 * math.log10(error)


def ssim(output: np.ndarray, truth: np.ndarray) -> float:
    """Structural similarity (Wang et al. 2004, IEEE Trans. Image Process. 13, 600) of images (C, l, l), mean of bands.

    Window and covariances are the paper's: Gaussian with sigma 1.5 px on 11 x 11 px, whose weights sum to 1. The range
    of the data, L there, is that of the true band, maximum less minimum. NaN where the side is below 11 px or a band of
    the truth is constant.
    """
    output, truth = (np.asarray(image, dtype=np.float64) for image in (output, truth))
    ranges = np.ptp(truth, axis=(1, 2))
    if truth.shape[-1] < WINDOW_SIDE or not (ranges > 0).all():
        return math.nan
    bands = [
        structural_similarity(
            true,
            given,
            data_range=scale,
            gaussian_weights=True,
            sigma=WINDOW_SIGMA,
            use_sample_covariance=False,
        )
        for given, true, scale in zip(output, truth, ranges, strict=True)
    ]
    return float(np.mean(bands))


def morphology_row(
    image: np.ndarray, sigma: float, key: tuple[int | str, ...], gain: float, settings: MeasureSettings
) -> dict[str, float | bool]:
    """Morphology of one band (l, l): ``segmented``, ``flag``, and the columns compared, NaN where not measured.

    Sentinels of statmorph are missing values here, as the engines give them.

    Args:
        sigma: standard deviation of Gaussian noise that is added first [image unit]; 0 for none.
        key: what that noise depends on (see ``galforge.seeds.generator``).
        gain: electrons per image unit.
        settings: those of the measurements; of ``psf_fwhm`` as in ``measure``. Their noise and gain are not looked at:
            the caller gives both.
    """
    image = np.asarray(image, dtype=np.float64)
    psf = gaussian_psf(settings.psf_fwhm) if settings.psf_fwhm > 0 else None
    noise = sigma * generator(*key).standard_normal(image.shape) if sigma > 0 else None
    row = measure_image(image, gain, settings, psf, noise)
    wanted = ("flag", *PROPERTIES.values())
    return {"segmented": bool(row["segmented"]), **{name: float(row[name]) for name in wanted}}
