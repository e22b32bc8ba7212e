"""The sources of an image and the quantities of the central one, found and measured as by SExtractor.

sep is SExtractor's code as a library and gives the same numbers, with positions, shapes and covariances in single
precision. Two of SExtractor's parameters are computed here: ISOAREA_IMAGE, the pixels of a segment above the analysis
threshold, and ERRCXY_IMAGE, from the covariance of the position.
"""

from typing import NamedTuple

import numpy as np
import sep

from galforge.measure.sources.settings import MeasureSettings

GAUSS_1_5 = np.array([[0.109853, 0.300700, 0.109853], [0.300700, 0.823102, 0.300700], [0.109853, 0.300700, 0.109853]])
"""Kernel that smooths before detection: a Gaussian of FWHM 1.5 px, SExtractor's gauss_1.5_3x3.conv."""
FILTERED = 3  # cells of the median filter over the mesh of the sky
NO_NOISE = 1 << 20
GAVE_UP = 1 << 21
"""Flags beyond those of sep: the sky has no noise for a threshold; extraction gave up (too many blends)."""
KRON, SMALLEST_KRON = 2.5, 3.5  # of the automatic aperture, SExtractor's PHOT_AUTOPARAMS
REACH = 6.0  # of the sums behind Kron radius and half-light radius [semi-axes]


class Source(NamedTuple):
    """The central source of an image; lengths in px, NaN where there is none.

    Attributes:
        detected: whether there is one.
        flag: bits of sep and of this module.
        isophotal_area: ISOAREA_IMAGE [px].
        ellipticity: 1 - b/a.
        semi_major_axis, semi_minor_axis: A_IMAGE and B_IMAGE, from second moments, not isophotes.
        errcxy: ERRCXY_IMAGE [px^-2].
        half_light_radius: FLUX_RADIUS for half of the flux in the automatic aperture.
        x, y, theta: position (0 is the middle of the first pixel) and position angle from x to y [rad].
        flux: in the automatic aperture [image units].
    """

    detected: bool
    flag: int
    isophotal_area: float = np.nan
    ellipticity: float = np.nan
    semi_major_axis: float = np.nan
    semi_minor_axis: float = np.nan
    errcxy: float = np.nan
    half_light_radius: float = np.nan
    x: float = np.nan
    y: float = np.nan
    theta: float = np.nan
    flux: float = np.nan


class Extracted(NamedTuple):
    """The central source of an image, the rms of the sky [image units], and the mask (ny, nx) of all other sources."""

    source: Source
    rms: float
    others: np.ndarray


def extract(image: np.ndarray, settings: MeasureSettings) -> Extracted:
    """Extract the sources of an image (side, side), finite, and measure the one nearest to its middle."""
    pixels = np.ascontiguousarray(image, dtype=np.float32)
    sky = sep.Background(pixels, bw=settings.mesh, bh=settings.mesh, fw=FILTERED, fh=FILTERED)
    rms, nothing = float(sky.globalrms), np.zeros(pixels.shape, dtype=bool)
    empty = float(np.ptp(pixels)) == 0  # sep gives such images a rms of 1
    pixels = pixels - sky
    # Stamps without noise have the rms of rounding errors.
    if empty or not rms > 1e-7 * float(np.abs(pixels).max()):
        return Extracted(Source(False, NO_NOISE), 0.0, nothing)
    try:
        found, segments = sep.extract(
            pixels,
            settings.detect_threshold,
            err=rms,
            minarea=settings.min_area,
            filter_kernel=GAUSS_1_5,
            filter_type="conv",
            deblend_nthresh=settings.deblend_levels,
            deblend_cont=settings.deblend_contrast,
            clean=settings.clean > 0,
            clean_param=settings.clean or 1.0,
            segmentation_map=True,
        )
    except Exception as error:  # sep has no exceptions of its own
        if "overflow" not in str(error) and "buffer full" not in str(error):
            raise
        return Extracted(Source(False, GAVE_UP), rms, nothing)
    middle = (len(pixels) - 1) / 2
    apart = np.hypot(found["x"] - middle, found["y"] - middle)
    if len(found) == 0 or apart.min() > settings.central * len(pixels):
        return Extracted(Source(False, 0), rms, segments > 0)
    number = int(np.argmin(apart))
    own = segments == number + 1
    others = (segments > 0) & ~own
    return Extracted(_source(found[number : number + 1], pixels, rms, own, others, settings), rms, others)


def _source(
    found: np.ndarray, pixels: np.ndarray, rms: float, own: np.ndarray, others: np.ndarray, settings: MeasureSettings
) -> Source:
    place, shape = (found["x"], found["y"]), (found["a"], found["b"], found["theta"])
    determinant = (found["errx2"] * found["erry2"] - found["errxy"] ** 2)[0]
    kron, kron_flag = sep.kron_radius(pixels, *place, *shape, REACH, mask=others)
    radius = np.maximum(KRON * kron, SMALLEST_KRON)
    flux, _, flux_flag = sep.sum_ellipse(pixels, *place, *shape, radius, subpix=0, mask=others)
    half, half_flag = sep.flux_radius(pixels, *place, REACH * found["a"], 0.5, normflux=flux, subpix=5, mask=others)
    axes, found = (float(found["a"][0]), float(found["b"][0])), found[0]
    return Source(
        detected=True,
        flag=int(found["flag"]) | int(kron_flag[0] | flux_flag[0] | half_flag[0]),
        isophotal_area=float(np.sum(own & (pixels > settings.analysis_threshold * rms))),
        ellipticity=1 - axes[1] / axes[0],
        semi_major_axis=axes[0],
        semi_minor_axis=axes[1],
        errcxy=float(-2 * found["errxy"] / determinant) if determinant > 0 else np.nan,
        half_light_radius=float(half[0]) if flux[0] > 0 else np.nan,
        x=float(found["x"]),
        y=float(found["y"]),
        theta=float(found["theta"]),
        flux=float(flux[0]),
    )
