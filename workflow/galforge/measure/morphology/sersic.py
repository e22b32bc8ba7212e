"""Two-dimensional Sersic fit by least squares, with or without a point spread function.

The model is I(x, y) = A exp(-b_n ((z^2)^(1/2n) - 1)) at the pixel centres, with z^2 = u^2 + v^2,

    u = ( (x - x_0) cos t + (y - y_0) sin t) / r_e,
    v = (-(x - x_0) sin t + (y - y_0) cos t) / ((1 - e) r_e),

and b_n such that half of the light is within r_e (Graham & Driver 2005, PASA 22, 118). The fit takes the same steps as
statmorph's, which is astropy's LevMarLSQFitter and so MINPACK's lmdif. It ends at the same point, as closely as lmdif
itself would with the pixels in another order.
"""

import numpy as np

from galforge.measure.morphology.levenberg_marquardt import minimise
from galforge.measure.morphology.sersic_pixels import INDEX_MIN, ConvolvedPixels, Pixels


def fit(
    image: np.ndarray, weights: np.ndarray, start: tuple[float, ...], psf: np.ndarray | None = None
) -> tuple[list[float], float, int, int]:
    """Fit a Sersic model to an image.

    Args:
        image: (ny, nx).
        weights: (ny, nx), 1/sigma, in the inverse of the image's unit; 0 leaves a pixel out.
        start: amplitude, r_eff [px], n, x_0, y_0 [px, 0 in the middle of the first pixel], ellip, theta [rad, from x
        to y].
        psf: (h, w), of any sum; the model beyond the edge of the image is zero.

    Returns:
        Where the fit ended, as `start`; the sum of squared weighted residuals there; MINPACK's info (1-4: converged);
        and the number of model evaluations as MINPACK counts them.

    Raises:
        FloatingPointError: the image, or the model at the start or at a trial point, is not finite; or weights are so
            large (1e150) that their squares are not.
    """
    image, weights = np.array(image, dtype=float, order="C"), np.array(weights, dtype=float, order="C")
    if not (np.isfinite(image).all() and np.isfinite(weights).all()):
        raise FloatingPointError("no Sersic fit to an image or weights that are not finite")
    pixels = Pixels(image, weights) if psf is None else ConvolvedPixels(image, weights, np.asarray(psf, dtype=float))
    point, chi2, ierr, evaluations = minimise(pixels.products, np.array(start, dtype=float))
    point[2] = max(point[2], INDEX_MIN)
    return point.tolist(), chi2, ierr, evaluations
