"""A mock of the COSMOS stamp archive: a tar of FITS stamps, read by the code that reads the survey's archive.

Magnitudes, sizes and stamp sides follow fits to 100 HST galaxies of the COSMOS field (RealGalaxy extension sample,
F814W 20-26, 0.03 arcsec/px); the noise is correlated as in GalSim's COSMOS noise model. Every stamp is a pure function
of the seed and its index.
"""

import gzip
import io
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import galsim
import numpy as np

from galforge.datasets.cosmos.settings import MockSettings
from galforge.datasets.scene import Arms, Blobs, Scene, Sersic, along_arms, crop, grid_side, render, spread
from galforge.logs import progress
from galforge.raw.archive import written
from galforge.raw.fits_image import content_of
from galforge.seeds import generator

BAND, PIXEL_ARCSEC, ZERO_POINT, EXPOSURE_S = "F814W", 0.03, 25.94, 2028.0  # the survey's
COUNT_SLOPE = 0.30  # d log10 N / d mag of the number counts
NOISE_LAGS = 20  # the correlation is nil beyond this many pixels
DISC_INDEX = (0.6, 1.0)  # exponential discs leave the mock more concentrated than the real stamps
MEDIAN_KNOT_LOGIT = 2.0


@dataclass(frozen=True)
class Galaxy:
    """What is drawn for one mock galaxy.

    ``radius`` is the intrinsic circularised half-light radius [px], ``index`` the Sersic index of an early
    type or of a disc's bulge, ``side`` the stamp's [px], ``noise_rms`` in electron/s.
    """

    magnitude: float
    late: bool
    radius: float
    index: float
    bulge_share: float
    axis_ratio: float
    angle: float
    knot_share: float
    side: int
    noise_rms: float


def draw(mock: MockSettings, index: int) -> Galaxy:
    """The properties of mock galaxy ``index``, drawn jointly.

    Bright galaxies are larger and more often early types. Blue discs are larger, with more light in knots and smaller
    bulges. Bright early types are more concentrated.
    """
    random = generator(mock.seed, "cosmos mock", "galaxy", index)
    bright, faint = (10 ** (COUNT_SLOPE * m) for m in (mock.brightest_magnitude, mock.faintest_magnitude))
    # Spread evenly, so that a small mock is neither brighter nor fainter than a large one by chance.
    rank = spread(generator(mock.seed, "cosmos mock", "first rank").random(), index)
    magnitude = math.log10(bright + rank * (faint - bright)) / COUNT_SLOPE
    late = bool(random.random() < mock.late_share + 0.08 * (magnitude - 24))
    blueness, size, shape = random.standard_normal(3)
    size = 0.4 * blueness + math.sqrt(1 - 0.4**2) * size
    # The half-light radius that SExtractor measures, PSF included; the side of the stamp follows it, too.
    seen = 10 ** (0.916 - 0.105 * (magnitude - 24) + (-0.005 if late else -0.08) + 0.12 * size)
    radius = math.sqrt(max(seen**2 - (mock.psf_fwhm / PIXEL_ARCSEC / 2) ** 2, 0.8**2))
    if late:
        axis_ratio = 0.15 + 0.45 * random.random()
        bulge_share = 0.3 * _uniform(-0.5 * blueness + math.sqrt(0.75) * shape)
        sersic = 1.0 + 1.5 * random.random()
        logit = MEDIAN_KNOT_LOGIT + 0.9 * blueness + 2.0 * math.log10(radius / 6)
        knot_share = 0.02 + 0.23 / (1 + math.exp(-logit))
    else:
        axis_ratio, bulge_share, knot_share = 0.4 + 0.6 * random.random(), 0.0, 0.0
        # The lower the rank, the more luminous.
        sersic = 2.5 + 2.5 * _uniform(-0.5 * _normal(rank) + math.sqrt(0.75) * shape) ** 1.5
    side = 10 ** (1.313 - 0.061 * (magnitude - 24) + 0.449 * math.log10(seen) + 0.109 * random.standard_normal())
    side = min(max(2 * round(side / 2), mock.smallest_side), mock.largest_side)
    return Galaxy(
        magnitude=magnitude,
        late=late,
        radius=radius,
        index=sersic,
        bulge_share=bulge_share,
        axis_ratio=axis_ratio,
        angle=math.pi * random.random(),
        knot_share=knot_share,
        side=side,
        noise_rms=mock.noise_rms * math.exp(0.05 * random.standard_normal()),
    )


def stamp(mock: MockSettings, index: int) -> np.ndarray:
    """Mock stamp ``index``: (side, side) float32 [electron/s], with PSF, correlated sky and photon noise."""
    galaxy = draw(mock, index)
    scene = _scene(mock, galaxy, generator(mock.seed, "cosmos mock", "scene", index))
    image = render(scene, galaxy.side, mock.psf_fwhm / PIXEL_ARCSEC)
    white = generator(mock.seed, "cosmos mock", "noise", index).standard_normal((grid_side(galaxy.side),) * 2)
    noise = np.fft.irfft2(np.fft.rfft2(white) * _noise_amplitude(len(white)), s=white.shape)
    # Drizzling correlates photon noise as it does the sky's.
    deviation = np.sqrt(galaxy.noise_rms**2 + np.maximum(image, 0) / EXPOSURE_S)
    return (image + deviation * crop(noise, galaxy.side)).astype(np.float32)


def write_raw(mock: MockSettings, path: Path) -> None:
    """Write the mock archive, a tar of ``<index>_mock_processed.fits.gz``; equal settings give equal bytes.

    Raises:
        OSError: the folder cannot be written, or the disk is full.
    """
    cards = {
        "FILTER": BAND,
        "EXPTIME": (EXPOSURE_S, "[s]"),
        "BUNIT": "ELECTRONS/S",
        "ORIGIN": ("galforge mock", "not an observation"),
    }
    with written(path) as add:
        for index in progress(range(mock.count), mock.count, "mock stamps"):
            content = gzip.compress(content_of(stamp(mock, index), cards), compresslevel=1, mtime=0)
            add(f"cosmos_galaxy_postage_stamps/{index:06d}_mock_processed.fits.gz", io.BytesIO(content))


def _scene(mock: MockSettings, galaxy: Galaxy, random: np.random.Generator) -> Scene:
    flux = 10 ** (0.4 * (ZERO_POINT - galaxy.magnitude))
    profiles, arms, blobs = [], None, []
    if galaxy.late:
        disc = flux * (1 - galaxy.bulge_share - galaxy.knot_share)
        arms = Arms(
            amplitude=0.5 * random.random(),
            pitch=math.radians(random.uniform(12, 30)),
            phase=2 * math.pi * random.random(),
        )
        profiles.append(Sersic(disc, galaxy.radius, random.uniform(*DISC_INDEX), galaxy.axis_ratio, galaxy.angle))
        bulge_radius = max(galaxy.radius * random.uniform(0.3, 0.7), 0.5)
        bulge_ratio = max(galaxy.axis_ratio, 0.6)
        profiles.append(Sersic(flux * galaxy.bulge_share, bulge_radius, galaxy.index, bulge_ratio, galaxy.angle))
        blobs.append(_knots(profiles[0], arms, flux * galaxy.knot_share, random))
    else:
        profiles.append(Sersic(flux, galaxy.radius, galaxy.index, galaxy.axis_ratio, galaxy.angle))
    # Most discs are a little lopsided: a third have an m = 1 amplitude above 0.2 (Zaritsky & Rix 1997).
    lopsided = min(abs(0.25 * random.standard_normal()), 0.7) if galaxy.late else 0.0
    if random.random() < mock.tidal_share:
        lopsided = random.uniform(0.3, 0.7)
        blobs.append(_tail(galaxy, 0.15 * flux, random))
    lopsided_angle = 2 * math.pi * random.random()
    if random.random() < mock.companion_share:
        profiles.append(_companion(mock, galaxy, flux, random))
    return Scene(profiles, arms, lopsided, lopsided_angle, blobs)


def _knots(disc: Sersic, arms: Arms, flux: float, random: np.random.Generator) -> Blobs:
    """5-40 knots on the arms of a disc."""
    count = int(5 * 8 ** random.random())
    x, y = along_arms(disc, arms, count, random)
    share = random.exponential(1.0, count) ** 2
    sigma = np.maximum(disc.radius * random.uniform(0.04, 0.12, count), 0.6)
    return Blobs(flux * share / share.sum(), x, y, sigma)


def _tail(galaxy: Galaxy, flux: float, random: np.random.Generator) -> Blobs:
    """An arc that leaves the galaxy at 1.2 and ends at 3.5 half-light radii, fading outwards."""
    step = np.linspace(0, 1, 12)
    radius = galaxy.radius * (1.2 + 2.3 * step)
    azimuth = random.uniform(0, 2 * math.pi) + random.choice([-1.0, 1.0]) * random.uniform(0.6, 1.6) * step
    light = np.exp(-1.5 * step)
    return Blobs(
        flux=flux * light / light.sum(),
        x=radius * np.cos(azimuth),
        y=radius * np.sin(azimuth),
        sigma=np.maximum(galaxy.radius * (0.2 + 0.25 * step), 0.6),
    )


def _companion(mock: MockSettings, galaxy: Galaxy, flux: float, random: np.random.Generator) -> Sersic:
    distance = random.uniform(0.5, 2.0) / PIXEL_ARCSEC
    azimuth = random.uniform(0, 2 * math.pi)
    return Sersic(
        flux=flux * 10 ** (-0.4 * random.uniform(0, 2.5)),
        radius=max(galaxy.radius * random.uniform(0.4, 0.9), 0.8),
        index=random.uniform(1, 2.5),
        axis_ratio=random.uniform(0.4, 1),
        angle=math.pi * random.random(),
        x=distance * math.cos(azimuth),
        y=distance * math.sin(azimuth),
    )


@lru_cache(maxsize=64)
def _noise_amplitude(grid: int) -> np.ndarray:
    """Filter in Fourier space that gives white noise of unit variance the correlation of COSMOS noise."""
    drawn = galsim.Image(2 * NOISE_LAGS + 1, 2 * NOISE_LAGS + 1, scale=PIXEL_ARCSEC, dtype=float)
    galsim.getCOSMOSNoise().drawImage(drawn)
    correlation = np.zeros((grid, grid))
    lags = np.arange(-NOISE_LAGS, NOISE_LAGS + 1)
    correlation[np.ix_(lags % grid, lags % grid)] = drawn.array / drawn.array[NOISE_LAGS, NOISE_LAGS]
    return np.sqrt(np.maximum(np.fft.rfft2(correlation).real, 0))


def _uniform(normal: float) -> float:
    return 0.5 * (1 + math.erf(normal / math.sqrt(2)))


def _normal(uniform: float) -> float:
    """The standard normal quantile, by bisection of ``_uniform``."""
    low, high = -8.0, 8.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _uniform(middle) < uniform else (low, middle)
    return low
