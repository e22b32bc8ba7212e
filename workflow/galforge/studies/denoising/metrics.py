"""How close a denoised galaxy is to the true galaxy, in pixels, structure and morphology.

Images are (C, l, l) in image units. Quantities that are not defined for a galaxy are missing (NaN) instead of an error;
means over galaxies leave them out.
"""

import math

import numpy as np
from skimage.metrics import structural_similarity

from galforge.measure.morphology.compared import PROPERTIES
from galforge.measure.morphology.measure import measure_image
from galforge.measure.morphology.settings import MeasureSettings
from galforge.seeds import generator

WINDOW_SIGMA = 1.5  # px, of the SSIM's Gaussian window (Wang et al. 2004)
WINDOW_SIDE = 11  # px; scikit-image cuts that window at 3.5 sigma


def quality(output: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """``mse``, ``psnr`` and ``ssim`` of a denoised galaxy (C, l, l) against the true one."""
    return {"mse": mse(output, truth), "psnr": psnr(output, truth), "ssim": ssim(output, truth)}


def mse(output: np.ndarray, truth: np.ndarray) -> float:
    """Mean squared error over all bands and pixels of images (C, l, l) [image unit squared]."""
    return float(np.mean(np.square(np.asarray(output, dtype=np.float64) - np.asarray(truth, dtype=np.float64))))


def psnr(output: np.ndarray, truth: np.ndarray) -> float:
    """Peak signal-to-noise ratio, 10 lg(peak^2 / mse) [dB]; the peak is the true image's, over bands and pixels.

    NaN where the peak is not positive, and where the mse is 0, because an infinite ratio would make means infinite.
    """
    peak, error = float(np.max(truth)), mse(output, truth)
    if not peak > 0 or error == 0:
        return math.nan
    return 20 * math.log10(peak) - 10 * math.log10(error)


def ssim(output: np.ndarray, truth: np.ndarray) -> float:
    """Structural similarity (Wang et al. 2004, IEEE Trans. Image Process. 13, 600) of images (C, l, l), mean of bands.

    As in the paper, the window is Gaussian with sigma 1.5 px on 11 x 11 px, and its weights sum to 1. The range of the
    data (L in the paper) is maximum minus minimum of the true band. NaN where the side is below 11 px or a true band is
    constant.
    """
    output, truth = (np.asarray(image, dtype=np.float64) for image in (output, truth))
    ranges = np.ptp(truth, axis=(1, 2))
    if truth.shape[-1] < WINDOW_SIDE or not (ranges > 0).all():
        return math.nan
    options = {"gaussian_weights": True, "sigma": WINDOW_SIGMA, "use_sample_covariance": False}
    bands = zip(truth, output, ranges, strict=True)
    return float(np.mean([structural_similarity(*pair, data_range=span, **options) for *pair, span in bands]))


def morphology_row(
    image: np.ndarray, sigma: float, key: tuple[int | str, ...], gain: float, settings: MeasureSettings
) -> dict[str, float | bool]:
    """Morphology of one band (l, l): ``segmented``, ``flag``, and the properties compared, NaN where not measured.

    Args:
        sigma: sd of Gaussian noise that is added first [image unit]; 0 for none.
        key: of that noise (see ``galforge.seeds.generator``).
        gain: electrons per image unit.
        settings: of the measurement; their noise and gain are not used.
    """
    noise = sigma * generator(*key).standard_normal(image.shape) if sigma > 0 else None
    row = measure_image(image, gain, settings, noise)
    return {"segmented": bool(row["segmented"]), **{name: float(row[name]) for name in ("flag", *PROPERTIES.values())}}
