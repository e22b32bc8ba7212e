"""The catalogue row of a mock galaxy, with all columns of the release.

Magnitudes have errors. Morphology is that of the galaxy alone, seen through the PSF but without noise and neighbours,
as a perfect measurement by SExtractor's definitions would give it.
"""

import math

import numpy as np

from galforge.datasets.galaxiesml.light import FWHM_ARCSEC, PIXEL_ARCSEC, SKY_RMS, ZERO_POINT, Galaxy
from galforge.datasets.galaxiesml.settings import BANDS, MockSettings
from galforge.datasets.scene import Sersic
from galforge.seeds import generator

THRESHOLD = 1.5  # of an isophote, in rms of the sky
FEWEST_PX = 5  # pixels of the smallest detection
FAINTEST = 25.0  # a neighbour that is brighter in i is detected [AB mag]
PETROSIAN = 0.2
MAGNITUDE_ERRORS = (0.005, 1.0)  # smallest and greatest [mag]
REDSHIFT_ERROR = (-3.5, 0.3)  # log10 of the error over 1 + z: mean and scatter
LOWEST, HIGHEST = -5.0, -2.5  # of it; the authors' cut is at -2.3
FIRST_ID = 36_400_000_000_000_000  # of the order of those of HSC PDR2


def row_of(mock: MockSettings, index: int, galaxy: Galaxy, alone: np.ndarray) -> dict[str, object]:
    """One row of the release's root data sets other than ``image``, for mock galaxy ``index``.

    ``alone`` is the galaxy without noise and neighbours, (5, side, side) [count].
    """
    random = generator(mock.seed, "galaxiesml mock", "catalogue", index)
    redshift, profile, magnitudes = galaxy.central.redshift, galaxy.central.profile, galaxy.central.magnitudes
    log_error = min(max(REDSHIFT_ERROR[0] + REDSHIFT_ERROR[1] * random.standard_normal(), LOWEST), HIGHEST)
    ra, dec = random.uniform(0, 360), math.degrees(math.asin(random.uniform(-0.1, 0.1)))
    x, y = random.uniform(0, 36000, 2)
    cos = math.cos(math.radians(dec))
    unit = (cos * math.cos(math.radians(ra)), cos * math.sin(math.radians(ra)), math.sin(math.radians(dec)))
    row: dict[str, object] = {
        "object_id": FIRST_ID + 17 * index,
        "specz_redshift": redshift,
        "specz_redshift_err": 10**log_error * (1 + redshift),
        "specz_flag_homogeneous": True,
        "specz_name": f"MOCK-{index:07d}".encode(),
        "specz_ra": ra,
        "specz_dec": dec,
        "specz_mag_i": float(magnitudes[2]),
        "ra": ra,
        "dec": dec,
        "coord": "({:.12f}, {:.12f}, {:.12f})".format(*unit).encode(),
        "skymap_id": 9_000_000 + index % 1000,
    }
    # A join left these columns in the release two more times.
    for ending in ("", "_x", "_y"):
        row |= {f"x_coord{ending}": x, f"y_coord{ending}": y}
    near = [other.profile for other in galaxy.neighbours if other.magnitudes[2] < FAINTEST]
    distance = [math.hypot(other.x - profile.x, other.y - profile.y) for other in near]
    for channel, band in enumerate(BANDS):
        measured = {
            **_photometry(channel, float(magnitudes[channel]), profile.radius, random),
            **_isophote(alone[channel], SKY_RMS[channel]),
            **_radii(alone[channel], profile),
            "sersic_index": profile.index,
            **{
                f"central_image_pop_{reach}px_rad": 1.0 + sum(far <= reach for far in distance) for reach in (5, 10, 15)
            },
        }
        row |= {f"{band}_{name}": value for name, value in measured.items()}
    return row


def _photometry(channel: int, magnitude: float, radius: float, random: np.random.Generator) -> dict[str, float]:
    """A magnitude with the error of sky noise in an aperture that holds most of the light."""
    aperture = 2 * math.hypot(radius, FWHM_ARCSEC[channel] / PIXEL_ARCSEC / 2)
    noise = SKY_RMS[channel] * math.sqrt(math.pi) * aperture
    sigma = 2.5 / math.log(10) * noise / 10 ** (0.4 * (ZERO_POINT - magnitude))
    sigma = min(max(sigma, MAGNITUDE_ERRORS[0]), MAGNITUDE_ERRORS[1])
    return {"cmodel_mag": magnitude + sigma * random.standard_normal(), "cmodel_magsigma": sigma}


def _isophote(image: np.ndarray, rms: float) -> dict[str, float]:
    """Area and second moments above THRESHOLD; of the FEWEST_PX brightest pixels where fewer are above it."""
    level = min(THRESHOLD * rms, float(np.partition(image, -FEWEST_PX, axis=None)[-FEWEST_PX]))
    rows, columns = np.nonzero(image >= level)
    light = image[rows, columns]
    x, y = columns - np.average(columns, weights=light), rows - np.average(rows, weights=light)
    xx, yy, xy = (np.average(product, weights=light) for product in (x * x, y * y, x * y))
    split = math.hypot((xx - yy) / 2, xy)
    major, minor = math.sqrt((xx + yy) / 2 + split), math.sqrt(max((xx + yy) / 2 - split, 0))
    return {
        "isophotal_area": float(len(light)),
        "major_axis": major,
        "minor_axis": minor,
        "ellipticity": 1 - minor / major,
        "pos_angle": math.degrees(0.5 * math.atan2(2 * xy, xx - yy)),
        "peak_surface_brightness": ZERO_POINT - 2.5 * math.log10(float(image.max()) / PIXEL_ARCSEC**2),
    }


def _radii(image: np.ndarray, profile: Sersic) -> dict[str, float]:
    """Half-light and Petrosian radius in circular apertures [px]."""
    offset = np.arange(image.shape[0]) - (image.shape[0] - 1) / 2
    radius = np.hypot(offset[:, None] - profile.y, offset - profile.x).ravel()
    order = np.argsort(radius, kind="stable")
    radius, light = radius[order], np.cumsum(image.ravel()[order])
    rings = np.arange(1.0, image.shape[0] / 2, 0.5)
    inside = np.interp(rings, radius, light)
    brightness = np.gradient(inside, rings) / (2 * np.pi * rings)
    below = np.flatnonzero(brightness < PETROSIAN * inside / (np.pi * rings**2))
    return {
        "half_light_radius": float(np.interp(light[-1] / 2, light, radius)),
        "petro_rad": float(rings[below[0]] if len(below) else rings[-1]),
    }
