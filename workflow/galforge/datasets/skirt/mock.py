"""A mock of the SKIRT release: a tar of the same layout, read by the code that reads the release.

Galaxies are drawn from a recipe and not from a simulation. As in the release there are two types whose shares, sizes
and colours depend on mass, images of many sides, and neither PSF nor noise. Morphologies (morphs_g.hdf5, morphs_i.hdf5)
are left out, because nothing here reads them. Every galaxy is a pure function of the seed and its index.
"""

import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from galforge.datasets.scene import Arms, Sersic, spread
from galforge.datasets.skirt.light import Dust, Parts, half_light_scale, image_of, knots_of
from galforge.datasets.skirt.settings import MockSettings
from galforge.logs import progress
from galforge.raw.archive import written
from galforge.raw.fits_image import content_of
from galforge.seeds import generator

FOLDER = "sdss/snapnum_099"
PIXEL_KPC = 0.394
SMALLEST_SIDE = 64
FIELD = 20  # side of an image in half-light radii
LOG_MASS = (9.5, 11.3)  # of stars [solar masses], uniform
PIVOT = 10.5  # log mass at which half of the galaxies are early types
RADIUS_KPC = 4.0  # half-light radius there
FLUX = 2.1e4  # in i there [image units]; the median S/N per pixel within r_half is then 5 in noise of sigma 4
OLD, DISC, YOUNG = 1.15, 0.7, 0.1  # g - i of bulges and early types, of discs, and of knots [mag]
DISC_INDEX = (0.6, 1.0)  # of late types; exponential discs alone would leave them too concentrated
REDDENING = 0.05  # in g - i that dust adds to late types, in the mean [mag]


@dataclass(frozen=True)
class Galaxy:
    """What is drawn for one mock galaxy.

    ``radius`` is the half-light radius [px, circularised], ``side`` that of the image [px], ``pixel_kpc`` the side of a
    pixel as drawn, ``flux`` in i before dust [image units], ``colour`` the offset in g - i [mag] from what the
    components have, ``star_formation`` from 0 to 1.
    """

    subfind_id: int
    log_mass: float
    early: bool
    radius: float
    side: int
    pixel_kpc: float
    flux: float
    bulge_share: float
    colour: float
    axis_ratio: float
    angle: float
    star_formation: float


def draw(mock: MockSettings, index: int) -> Galaxy:
    """The properties of mock galaxy ``index``, drawn jointly.

    If its image would be wider than ``largest_side`` by a factor f, the galaxy is drawn smaller by the root of f. It
    then fills more of its image, as if it were farther away, and keeps its surface brightness.
    """
    random = generator(mock.seed, "skirt mock", "galaxy", index)
    rank = spread(generator(mock.seed, "skirt mock", "first rank").random(), index)
    log_mass = LOG_MASS[0] + (LOG_MASS[1] - LOG_MASS[0]) * rank
    early = bool(random.random() < 1 / (1 + math.exp(-(log_mass - PIVOT) / 0.3)))
    slope, scatter = (0.55 if early else 0.25), 10 ** (0.18 * random.standard_normal())
    radius = RADIUS_KPC / PIXEL_KPC * 10 ** (slope * (log_mass - PIVOT)) * scatter
    wanted = FIELD * radius
    shrunk = math.sqrt(min(mock.largest_side / wanted, 1))
    star_formation = 0.0 if early else random.random()
    if early:
        bulge_share, axis_ratio, colour = random.uniform(0.5, 0.9), random.uniform(0.5, 1), 0.06
    else:
        bulge_share = 0.4 * random.random() ** 1.5 * (1 - 0.5 * star_formation)
        # A disc of intrinsic thickness 0.2, seen from anywhere.
        axis_ratio, colour = math.sqrt(0.04 + 0.96 * random.random() ** 2), 0.08
    return Galaxy(
        subfind_id=17 * index + int(random.integers(17)),
        log_mass=log_mass,
        early=early,
        radius=radius * shrunk,
        side=min(max(round(wanted), SMALLEST_SIDE), mock.largest_side),
        pixel_kpc=PIXEL_KPC / shrunk,
        flux=FLUX * 10 ** (log_mass - PIVOT) * shrunk**2,
        bulge_share=bulge_share,
        colour=colour * random.standard_normal(),
        axis_ratio=axis_ratio,
        angle=math.pi * random.random(),
        star_formation=star_formation,
    )


def image(mock: MockSettings, index: int) -> np.ndarray:
    """Mock galaxy ``index`` in g, r, i, z: (4, side, side) float32 [electron/s], without PSF and noise."""
    galaxy = draw(mock, index)
    return image_of(_parts(galaxy, generator(mock.seed, "skirt mock", "light", index)), galaxy.side)


def write_raw(mock: MockSettings, path: Path) -> None:
    """Write the mock archive, a tar of the release's layout; equal settings give equal bytes.

    Raises:
        OSError: the folder cannot be written, or the disk is full.
    """
    cards = {
        "BUNIT": "ELECTRONS/S",
        "CDELT1": 1000 * PIXEL_KPC,
        "CDELT2": 1000 * PIXEL_KPC,
        "CTYPE1": "pc",
        "CTYPE2": "pc",
        "ORIGIN": ("galforge mock", "not from a simulation"),
    }
    with written(path) as add:
        numbers = [draw(mock, index).subfind_id for index in range(mock.count)]
        add(f"{FOLDER}/subfind_ids.txt", io.BytesIO("".join(f"{number}\n" for number in numbers).encode()))
        for index in progress(range(mock.count), mock.count, "mock galaxies"):
            add(f"{FOLDER}/data/broadband_{numbers[index]}.fits", io.BytesIO(content_of(image(mock, index), cards)))


def _parts(galaxy: Galaxy, random: np.random.Generator) -> Parts:
    if galaxy.early:
        index, ratio, disc_index = random.uniform(3, 5), random.uniform(0.4, 0.7), 1.0
    else:
        index, ratio, disc_index = random.uniform(1, 2), random.uniform(0.3, 0.5), random.uniform(*DISC_INDEX)
    disc_radius = galaxy.radius * half_light_scale(galaxy.bulge_share, index, disc_index, ratio)
    disc = Sersic(1.0, disc_radius, disc_index, galaxy.axis_ratio, galaxy.angle)
    bulge_ratio = galaxy.axis_ratio if galaxy.early else max(galaxy.axis_ratio, 0.6)
    bulge = Sersic(1.0, ratio * disc_radius, index, bulge_ratio, galaxy.angle)
    bulge_flux, rest = galaxy.flux * galaxy.bulge_share, galaxy.flux * (1 - galaxy.bulge_share)
    if galaxy.early:
        old = OLD + galaxy.colour
        return Parts(bulge, disc, ((bulge_flux, old), (rest, old), (0, old)))
    arms = Arms(
        amplitude=random.uniform(0.2, 0.7),
        pitch=math.radians(random.uniform(12, 25)),
        phase=2 * math.pi * random.random(),
    )
    count = 20 + round(130 * galaxy.star_formation)
    knots = knots_of(disc, arms, count, (0.15 / galaxy.pixel_kpc, 0.4 / galaxy.pixel_kpc), random)
    cos = math.sqrt(max(galaxy.axis_ratio**2 - 0.04, 0) / 0.96)
    dust = Dust(random.uniform(0, 1.5) / galaxy.axis_ratio, math.acos(min(cos, 1)), random.uniform(0.3, 0.9))
    young = rest * (0.05 + 0.25 * galaxy.star_formation)
    offset = galaxy.colour - REDDENING
    components = ((bulge_flux, OLD + offset), (rest - young, DISC + offset), (young, YOUNG + offset))
    return Parts(bulge, disc, components, arms, knots, dust)
