"""Brightness and sky of stamps, which the nine morphological properties do not depend on.

All quantities come straight from the pixels, without a segmentation that may fail. They show models with wrong
magnitudes, or with a sky that is too quiet or too correlated.
"""

from functools import cache, lru_cache
from statistics import NormalDist

import numpy as np
import pandas as pd
from scipy import ndimage

from galforge.logs import log
from galforge.measure.images import blocks, middle, unpadded
from galforge.measure.photometry.settings import MeasureSettings
from galforge.measure.settings import SkySettings
from galforge.stamps.file import Header, Stamps
from galforge.stamps.galaxies import galaxy

COLUMNS = ("log_flux", "surface_brightness", "sky_rms", "sky_autocorrelation")
PEAK_SMOOTHING = 1.0  # px, sd of the Gaussian that finds the galaxy's peak
GROWTH_STEP = 0.5  # px, radial step of the curve of growth
CLIPPINGS = 5
SIDES = 16  # cached sides of stamps
DEGREE = 4  # of the surface fitted to the sky, because the wings of a large galaxy fall towards the corners
SMOOTH_SKY = 0.05  # share of the border's rms; where the pixel noise is below it, the border holds galaxy, not sky
ROUNDING = 1e-7  # of the brightest pixel: stamps are stored in single precision
LAPLACIAN = np.array([[1.0, -2.0, 1.0], [-2.0, 4.0, -2.0], [1.0, -2.0, 1.0]])


def measure(
    stamps: Stamps, start: int, stop: int, settings: MeasureSettings, band: int, noise_sigma: float, seed: int
) -> pd.DataFrame:
    """Photometry of band `band` of stamps `start` to `stop` (exclusive).

    Columns besides `index`:

    `log_flux`: log10 of the flux [image units] in a circle about the stamp's centre. Stamps are background-subtracted,
    and no local sky is subtracted here, so a pedestal added by a model counts as wrong flux.

    `surface_brightness`: mean within the circle about the galaxy's peak that contains half of that flux [mag/arcsec^2
    where the header has zero points and arcsec, else log10 of image units per px].

    `sky_rms`: sd of the sigma-clipped border after subtraction of a surface of degree 4 [image units]. Of a padded
    stamp, the border is that of what was observed.

    `sky_autocorrelation`: correlation of neighbouring pixels (right and above) of that border. The surface lowers it
    (by 0.04 of 0.5 at 64 px), for source and generated stamps alike.

    `magnitude_<band>`, where stamps have several bands: from the flux in the same circle in each band [AB mag where the
    header has zero points, else -2.5 log10 of image units].

    The first two are missing where the flux is not positive. A smooth border (in noiseless stamps, where it holds the
    galaxy's wings) has sky rms 0 and no autocorrelation. `noise_sigma` and `seed` are not used.

    Raises:
        GalforgeError: stamps are not square or lack the band.
    """
    found = [np.empty((len(COLUMNS), 0))]
    observed = unpadded(stamps, start, stop)
    for low, images in blocks(stamps, start, stop, band):
        aperture = aperture_weights(images.shape[-1], settings.aperture)
        flux = np.tensordot(images, aperture, axes=2)
        half = [half_light_brightness(image, aperture, total) for image, total in zip(images, flux, strict=True)]
        sides = None if observed is None else observed[low - start : low - start + len(images)]
        rms, correlation = sky_of(images, sides, settings)
        log_flux = np.log10(flux, out=np.full(len(flux), np.nan), where=flux > 0)
        found.append(np.array([log_flux, in_magnitudes(np.array(half), stamps.header, band), rms, correlation]))
    values = np.concatenate(found, axis=1)
    table = pd.DataFrame({"index": np.arange(start, stop)} | dict(zip(COLUMNS, values, strict=True)))
    if len(stamps.header.bands) > 1:
        for name, magnitudes in zip(stamps.header.bands, band_magnitudes(stamps, start, stop, settings), strict=True):
            table[f"magnitude_{name}"] = magnitudes
    log.info(
        "photometry: %d stamps, %d without positive flux, %d without sky noise",
        len(table), table["log_flux"].isna().sum(), (table["sky_rms"] == 0).sum(),
    )  # fmt: skip
    return table


def sky_of(images: np.ndarray, sides: np.ndarray | None, settings: SkySettings) -> tuple[np.ndarray, np.ndarray]:
    """Sky rms (n,) [image units] and lag-1 autocorrelation (n,) of the borders of images (n, l, l), or of the middle
    squares of these sides (n,)."""
    if sides is None:
        return sky_border(images.shape[-1], settings.border, settings.clip).measure(images)
    each = [
        sky_border(int(side), settings.border, settings.clip).measure(middle(image, int(side))[None])
        for image, side in zip(images, sides, strict=True)
    ]
    rms, correlation = np.array(each)[:, :, 0].T
    return rms, correlation


def band_magnitudes(stamps: Stamps, start: int, stop: int, settings: MeasureSettings) -> np.ndarray:
    """Magnitudes (C, n) in every band, within the circle in which `log_flux` is measured; NaN for flux <= 0."""
    flux = np.empty((len(stamps.header.bands), stop - start))
    for index in range(start, stop):
        images = galaxy(stamps, index)
        aperture = aperture_weights(images.shape[-1], settings.aperture)
        flux[:, index - start] = np.tensordot(images, aperture, axes=2)
    zero_points = np.array(stamps.header.zero_points or (0.0,) * len(flux))
    return zero_points[:, None] - 2.5 * np.log10(flux, out=np.full(flux.shape, np.nan), where=flux > 0)


@lru_cache(maxsize=SIDES)
def aperture_weights(side: int, radius: float) -> np.ndarray:
    """Exact overlap (side, side) of each pixel with the circle of `radius` * side about the centre."""
    # Only here: other measures take the sky from this module, and photutils costs them most of a second.
    from photutils.aperture import CircularAperture

    centre = (side - 1) / 2
    return CircularAperture((centre, centre), radius * side).to_mask(method="exact").to_image((side, side))


def half_light_brightness(image: np.ndarray, aperture: np.ndarray, flux: float) -> float:
    """Mean surface brightness [image units per px] within the circle that contains half of `flux`.

    The circle is centred on the brightest pixel of the slightly smoothed image within the aperture, because galaxies
    are not always in the middle. Its area and light grow ring by ring, and half is interpolated between two rings. NaN
    where `flux` is not positive or half of it is never reached.
    """
    if not flux > 0:
        return np.nan
    smooth = ndimage.gaussian_filter(image, PEAK_SMOOTHING)
    row, column = divmod(int(np.argmax(np.where(aperture > 0, smooth, -np.inf))), image.shape[1])
    height, width = image.shape
    about = growth_rings(height, width)[height - 1 - row :, width - 1 - column :]
    ring = about[:height, :width].ravel()
    light = np.concatenate([[0.0], np.cumsum(np.bincount(ring, weights=image.ravel()))])
    area = np.concatenate([[0.0], np.cumsum(np.bincount(ring))])
    above = np.flatnonzero(light >= flux / 2)
    if above.size == 0:
        return np.nan
    outer = above[0]
    part = (flux / 2 - light[outer - 1]) / (light[outer] - light[outer - 1])
    return (flux / 2) / (area[outer - 1] + part * (area[outer] - area[outer - 1]))


@cache
def growth_rings(height: int, width: int) -> np.ndarray:
    """Number of each pixel's ring of the curve of growth about the middle of an image (2 height - 1, 2 width - 1)."""
    rows, columns = np.ogrid[1 - height : height, 1 - width : width]
    return (np.hypot(rows, columns) / GROWTH_STEP).astype(np.int64)


def medians(values: np.ndarray) -> np.ndarray:
    """Medians (n, 1) of the rows of finite values (n, p), p even; in a quarter of the time of `np.median`."""
    middle = values.shape[1] // 2
    parted = np.partition(values, middle, axis=1)
    return (parted[:, :middle].max(axis=1, keepdims=True) + parted[:, middle : middle + 1]) / 2


def in_magnitudes(brightness: np.ndarray, header: Header, band: int) -> np.ndarray:
    """Surface brightness [image units per px] as mag/arcsec^2, or its log10 where the header lacks a zero point."""
    if header.zero_points and header.pixel_unit == "arcsec":
        return header.zero_points[band] - 2.5 * np.log10(brightness / header.pixel_scale**2)
    return np.log10(brightness)


class SkyBorder:
    """Sky statistics in a frame along the edges of stamps of one side.

    Args:
        side: of the stamps [px].
        border: width of the frame (at least 3 px) [fraction of the side].
        clip: of the sky pixels [sigma].
    """

    def __init__(self, side: int, border: float, clip: float):
        self.clip = clip
        width = max(3, round(border * side))
        self.frame = np.ones((side, side), dtype=bool)
        self.frame[width:-width, width:-width] = False  # leaves an even number of pixels, as `medians` needs
        place = np.full((side, side), -1)
        place[self.frame] = np.arange(self.frame.sum())
        pairs = [np.stack([place[:, 1:], place[:, :-1]]), np.stack([place[1:], place[:-1]])]
        pairs = np.concatenate([both.reshape(2, -1) for both in pairs], axis=1)
        self.neighbours = pairs[:, (pairs >= 0).all(axis=0)]
        position = np.linspace(-1, 1, side)
        y, x = (grid[self.frame] for grid in np.meshgrid(position, position, indexing="ij"))
        terms = [(i, j) for i in range(DEGREE + 1) for j in range(DEGREE + 1 - i)]
        self.surface = np.stack([x**i * y**j for i, j in terms], axis=1)
        self.fit = np.linalg.pinv(self.surface)
        # The clip cuts off the tails of a normal distribution, and the fit follows a part of the noise.
        inside = 2 * NormalDist().cdf(self.clip) - 1
        cut = np.sqrt(1 - 2 * self.clip * NormalDist().pdf(self.clip) / inside)
        self.correction = 1 / (cut * np.sqrt(1 - len(terms) / len(x)))

    def measure(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Sky rms (n,) [image units] and lag-1 autocorrelation (n,) of images (n, side, side)."""
        sky = images[:, self.frame]
        median = medians(sky)
        spread = 1.4826 * medians(np.abs(sky - median))
        # Pixels of neighbouring galaxies in the border are cut to the clip, so that they hardly change the fit.
        bounded = np.clip(sky, median - self.clip * spread, median + self.clip * spread)
        sky = sky - (bounded @ self.fit.T) @ self.surface.T
        rms, kept, mean = self._clipped(sky)
        smooth = self._pixel_noise(images) < SMOOTH_SKY * rms
        smooth |= rms < ROUNDING * np.abs(images).max(axis=(1, 2))
        rms = np.where(smooth, 0.0, rms * self.correction)
        return rms, self._autocorrelation(sky - mean, kept, rms)

    def _clipped(self, sky: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Sd (n,), pixels kept (n, p) and mean (n, 1) after clipping about the mean, which starts at the median."""
        mean = medians(sky)
        sd = 1.4826 * medians(np.abs(sky - mean))
        for _ in range(CLIPPINGS):
            kept = np.abs(sky - mean) <= self.clip * sd
            count = kept.sum(axis=1, keepdims=True)
            mean = np.where(kept, sky, 0.0).sum(axis=1, keepdims=True) / count
            sd = np.sqrt((np.where(kept, sky - mean, 0.0) ** 2).sum(axis=1, keepdims=True) / count)
        return sd[:, 0], kept, mean

    def _pixel_noise(self, images: np.ndarray) -> np.ndarray:
        """Noise sd (n,) from the difference of two Laplacians, which smooth light does not change.

        Immerkaer 1996 (Comput. Vis. Image Underst. 64, 300), with the median in place of the mean.
        """
        response = ndimage.correlate(images, LAPLACIAN[None], mode="nearest")[:, self.frame]
        return medians(np.abs(response))[:, 0] * 1.4826 / 6

    def _autocorrelation(self, sky: np.ndarray, kept: np.ndarray, rms: np.ndarray) -> np.ndarray:
        """Mean product of kept neighbours over the variance; NaN where the rms is 0."""
        first, second = self.neighbours
        inside = np.where(kept, sky, 0.0)
        product = np.einsum("ij,ij->i", inside[:, first], inside[:, second])
        pairs = (kept[:, first] & kept[:, second]).sum(axis=1)
        variance = (inside**2).sum(axis=1) / np.maximum(kept.sum(axis=1), 1)
        measured = (rms > 0) & (pairs > 0)
        return np.divide(product, pairs * variance, out=np.full(len(sky), np.nan), where=measured)


sky_border = lru_cache(maxsize=SIDES)(SkyBorder)
"""`SkyBorder`, kept per side, because galaxies at their own size come in any order."""
