"""Light of a mock galaxy in four bands: a bulge, a disc with arms, knots of star formation, and dust.

Each component is drawn once and weighted by its flux in each band; dust dims all of them. As in the release there is
neither PSF nor noise.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import gammainc

from galforge.datasets.scene import Arms, Blobs, Scene, Sersic, add_blobs, add_profile, along_arms, sersic_b

WAVELENGTHS = (477.0, 623.1, 762.5, 913.4)  # nm, effective, of g, r, i, z in SDSS (Fukugita et al. 1996)
DUST_SLOPE = -0.7
FINEST_SIGMA = 0.45  # px; sampled at the centres of pixels, narrower knots would gain or lose flux
PIXEL_VARIANCE = 1 / 12  # of positions within a pixel; integration over pixels widens knots by it


@dataclass(frozen=True)
class Dust:
    """Dust in a disc.

    ``depth`` is the optical depth in g along the line of sight, ``inclination`` that of the disc [rad], and ``offset``
    the angle in the disc by which the dust precedes the crests of the arms [rad].
    """

    depth: float
    inclination: float
    offset: float


@dataclass(frozen=True)
class Parts:
    """The parts of a galaxy, with profiles and knots of flux 1.

    ``components`` (bulge, disc, knots) hold the flux of each in i [image units] and its colour g - i [mag].
    """

    bulge: Sersic
    disc: Sersic
    components: tuple[tuple[float, float], ...]
    arms: Arms | None = None
    knots: Blobs | None = None
    dust: Dust | None = None


def image_of(parts: Parts, side: int) -> np.ndarray:
    """The galaxy in g, r, i, z: (4, side, side) float32 [image units]."""
    layers = np.zeros((3, side, side))
    add_profile(layers[0], parts.bulge)
    add_profile(layers[1], parts.disc, Scene([], parts.arms))
    if parts.knots is not None:
        add_blobs(layers[2], parts.knots)
    weights = np.array([[in_band(*part, band) for part in parts.components] for band in range(len(WAVELENGTHS))])
    image = np.tensordot(weights, layers, axes=1)
    if parts.dust is not None and parts.arms is not None:
        column = _dust(parts.disc, parts.arms, parts.dust, side)
        for band, wavelength in zip(image, WAVELENGTHS, strict=True):
            band *= np.exp(-column * (wavelength / WAVELENGTHS[0]) ** DUST_SLOPE)
    return image.astype(np.float32)


def in_band(flux: float, colour: float, band: int) -> float:
    """Flux of a component in a band: magnitudes are linear in wavelength, through those in g and i."""
    position = (WAVELENGTHS[2] - WAVELENGTHS[band]) / (WAVELENGTHS[2] - WAVELENGTHS[0])
    return flux * 10 ** (-0.4 * colour * position)


def half_light_scale(bulge_share: float, bulge_index: float, disc_index: float, ratio: float) -> float:
    """The half-light radius of a disc such that bulge and disc together have half-light radius 1, circularised.

    ``ratio`` is the bulge's half-light radius over the disc's.
    """

    def within(radius: float, index: float) -> float:
        return gammainc(2 * index, sersic_b(index) * radius ** (1 / index))

    low, high = 0.1, 10.0
    for _ in range(40):
        disc = math.sqrt(low * high)
        light = bulge_share * within(1 / (ratio * disc), bulge_index) + (1 - bulge_share) * within(1 / disc, disc_index)
        low, high = (disc, high) if light > 0.5 else (low, disc)
    return low


def knots_of(disc: Sersic, arms: Arms, count: int, sizes: tuple[float, float], random: np.random.Generator) -> Blobs:
    """Knots on the arms of a disc, of total flux 1 and of sigma uniform within ``sizes`` [px]."""
    x, y = along_arms(disc, arms, count, random)
    share = random.exponential(1.0, count) ** 2
    sigma = np.sqrt(random.uniform(*sizes, count) ** 2 + PIXEL_VARIANCE)
    return Blobs(share / share.sum(), x, y, np.maximum(sigma, FINEST_SIGMA))


def _dust(disc: Sersic, arms: Arms, dust: Dust, side: int) -> np.ndarray:
    """Optical depth in g (side, side): a lane in front of an inclined disc, the edges of the arms of a face-on one."""
    pixels = np.arange(side) - (side - 1) / 2
    y, x = pixels[:, None], pixels[None]
    cos, sin, root = math.cos(disc.angle), math.sin(disc.angle), math.sqrt(disc.axis_ratio)
    along, across = (x * cos + y * sin) * root / disc.radius, (y * cos - x * sin) / root / disc.radius
    # Thin compared to the disc, but not thinner than pixels resolve.
    width = max(0.25, 0.7 / (disc.radius * root))
    lane = np.exp(-0.5 * ((across - 0.25) / width) ** 2 - 0.5 * (along / 1.2) ** 2)
    radius = np.hypot(along, across)
    edges = (0.5 + 0.5 * arms.crest(radius, np.arctan2(across, along) + dust.offset)) ** 2
    edges = edges * np.minimum(radius, np.exp(-radius / 1.5))
    return dust.depth * (math.sin(dust.inclination) * lane + math.cos(dust.inclination) * edges)
