"""A Sersic model averaged over pixels and convolved with a point spread function: residuals and derivatives.

The model is I(x, y) = A exp(s n (1 - Q^(1/2n))) + sky, a Sersic profile of which -d ln I / d ln r is s on the ellipse
Q = 1. So s and n stay meaningful where n grows without limit (a power law), and b_n is not needed:

    Q = (cosh h (dx^2 + dy^2) - (sinh h / h) (h_1 (dx^2 - dy^2) + 2 h_2 dx dy)) / r^2,    h^2 = h_1^2 + h_2^2,

where r^2 = a b, a fixed number, and h = ln(a/b) of that ellipse, and (h_1, h_2) = h (cos 2t, sin 2t), t from x to y. So
every value of the parameters is a galaxy, round ones are not a special case, and all derivatives are sums of seven
images. A and the sky, in which the model is linear, are eliminated: at every point they have their best values, and the
derivatives are those beside them (variable projection in the form of Kaufman 1975, BIT 15, 49).
"""

import math

import numpy as np
import scipy.fft

from galforge.compiled import compiled
from galforge.measure.sources.pixel_means import IMAGES, draw

PARAMETERS = 6
"""ln s, ln n, x, y [px, 0 is the middle of the first pixel], h_1, h_2."""
INDICES = (0.02, 40.0)
"""Sersic indices that a fit may pass through, far beyond what is believed."""
_SLOPE, _STRETCH = 5.0, 3.0
"""Largest |ln s| and h that a fit may pass through."""


@compiled()
def _ellipse(radius, h1, h2):
    """Coefficients of dx^2, dy^2 and 2 dx dy in Q (row 0), and their derivatives by h_1 and h_2 (rows 1 and 2)."""
    h = math.hypot(h1, h2)
    cosine = math.cosh(h)
    sine = math.sinh(h) / h if h > 1e-4 else 1.0 + h * h / 6.0
    slope = (cosine - sine) / (h * h) if h > 1e-2 else 1.0 / 3.0 + h * h / 30.0
    found = np.empty((3, 3))
    found[0] = cosine - sine * h1, cosine + sine * h1, -sine * h2
    found[1] = h1 * sine - sine - slope * h1 * h1, h1 * sine + sine + slope * h1 * h1, -slope * h1 * h2
    found[2] = h2 * sine - slope * h1 * h2, h2 * sine + slope * h1 * h2, -sine - slope * h2 * h2
    return found / radius**2


@compiled()
def _derivatives(slope, index, ellipse):
    """The derivatives of the model by the parameters (columns) as sums of the IMAGES (rows)."""
    a, b, c = ellipse[0]
    found = np.zeros((IMAGES, PARAMETERS))
    # By ln s: s n (1 - Q^(1/2n)) times the model; the last three images have the second term.
    found[0, :2] = slope * index
    for plane, part in ((4, a), (5, b), (6, 2.0 * c)):
        found[plane, :2] = -2.0 * index * part
    found[1, 1] = 1.0
    found[2, 2], found[3, 2] = 2.0 * a, 2.0 * c
    found[2, 3], found[3, 3] = 2.0 * c, 2.0 * b
    for i in (1, 2):
        found[4:, 3 + i] = -ellipse[i]
        found[6, 3 + i] *= 2.0
    return found


@compiled(fastmath={"contract", "reassoc"})
def _accumulate(planes, margin, image, weights, products):
    """Add the products of all pairs of columns over the pixels of an image: the weighted images of the model, the
    weighted image, and the weights, which are the derivative by the sky; upper triangle."""
    rows, width = image.shape
    columns = np.empty((IMAGES + 2, width))
    for row in range(rows):
        for k in range(IMAGES):
            for i in range(width):
                columns[k, i] = weights[row, i] * planes[k, row + margin, i + margin]
        for i in range(width):
            columns[IMAGES, i] = weights[row, i] * image[row, i]
            columns[IMAGES + 1, i] = weights[row, i]
        for first in range(IMAGES + 2):
            for second in range(first, IMAGES + 2):
                total = 0.0
                for i in range(width):
                    total += columns[first, i] * columns[second, i]
                products[first, second] += total


class Model:
    """The model on the pixels of an image, and its sums over them."""

    def __init__(
        self, image: np.ndarray, weights: np.ndarray, psf: np.ndarray, radius: float, free_sky: bool = False
    ) -> None:
        """Of an image (ny, nx) with weights (ny, nx), 1/sigma, 0 for pixels that are left out.

        Args:
            psf: (k, k), k odd, of any sum. Light that it carries in from beyond the edges is part of the model.
            radius: r, where the slope is a parameter; it should be near the half-light radius [px].
            free_sky: whether the model has a sky; otherwise it is 0.
        """
        self.image, self.weights = (np.ascontiguousarray(each, dtype=np.float64) for each in (image, weights))
        self.radius, self.free_sky = radius, free_sky
        self.margin = len(psf) // 2
        self.drawn = [side + 2 * self.margin for side in self.image.shape]
        # The transform is a circle: what it carries around its ends stays in the margin.
        self.shape = [scipy.fft.next_fast_len(side, real=True) for side in self.drawn]
        self.planes = np.zeros((IMAGES, *self.shape))
        whole = np.zeros(self.shape)
        whole[: len(psf), : len(psf)] = psf / psf.sum()
        self.transfer = scipy.fft.rfft2(np.roll(whole, (-self.margin, -self.margin), (0, 1)))

    def draw(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The images before the PSF, with margins, the first of which is the model with A = 1; and how derivatives are
        sums of them, (7, PARAMETERS)."""
        slope, index, x, y, h1, h2 = point.tolist()
        slope, index = math.exp(slope), math.exp(index)
        ellipse = _ellipse(self.radius, h1, h2)
        draw(self.planes, *self.drawn, x + self.margin, y + self.margin, ellipse, index, slope * index)
        return self.planes, _derivatives(slope, index, ellipse)

    def possible(self, point: np.ndarray) -> bool:
        """Whether a fit may pass through a point: numbers stay finite, and the centre is in the image."""
        slope, index, x, y, h1, h2 = point.tolist()
        rows, columns = self.image.shape
        return (
            abs(slope) < _SLOPE
            and math.log(INDICES[0]) < index < math.log(INDICES[1])
            and -0.5 <= x <= columns - 0.5
            and -0.5 <= y <= rows - 0.5
            and math.hypot(h1, h2) < _STRETCH
        )

    def products(self, point: np.ndarray) -> np.ndarray:
        """Products (7, 7) of all pairs of the weighted derivatives by the parameters and, last, the residuals, with A
        and the sky at their best values. All are infinite where a fit may not pass or A is not positive."""
        found = np.full((PARAMETERS + 1, PARAMETERS + 1), np.inf)
        if not self.possible(point):
            return found
        planes, derivatives = self.draw(point)
        spectra = scipy.fft.rfft2(planes)
        spectra *= self.transfer
        convolved = scipy.fft.irfft2(spectra, self.shape, overwrite_x=True)
        sums = np.zeros((IMAGES + 2, IMAGES + 2))
        _accumulate(convolved, self.margin, self.image, self.weights, sums)
        sums = np.triu(sums) + np.triu(sums, 1).T
        rounding = 1e-14 * sums[-2, -2]
        if self.free_sky and sums[-1, -1] > 0:
            sums -= np.outer(sums[-1], sums[-1]) / sums[-1, -1]
        if not (sums[0, 0] > 0 and sums[0, -2] > 0):
            return found
        amplitude = sums[0, -2] / sums[0, 0]
        sums -= np.outer(sums[0], sums[0]) / sums[0, 0]
        derivatives *= amplitude
        found[:-1, :-1] = derivatives.T @ sums[:-2, :-2] @ derivatives
        found[:-1, -1] = found[-1, :-1] = -derivatives.T @ sums[:-2, -2]
        found[-1, -1] = max(sums[-2, -2], rounding)
        return found
