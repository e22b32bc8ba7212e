"""A mock of the GalaxiesML release: three HDF5 files of the same layout in a tar, read by the code that reads it.

Galaxies are drawn from a recipe and not from a survey. Sizes, magnitudes and types depend on redshift, and colours
reveal it; there are neighbours, and the sky noise of real HSC images. Every galaxy is a pure function of the seed and
its index.
"""

import math
import tempfile
from functools import lru_cache
from pathlib import Path

import h5py
import numpy as np
from astropy.cosmology import Planck18
from scipy.special import gammainc, gammaincinv, ndtr, ndtri

from galforge.datasets.galaxiesml.light import PIXEL_ARCSEC, Galaxy, Source, band_fluxes, seen, sky
from galforge.datasets.galaxiesml.mock_catalogue import row_of
from galforge.datasets.galaxiesml.settings import BANDS, PARTS, MockSettings
from galforge.datasets.scene import Sersic
from galforge.logs import Progress
from galforge.raw.archive import written
from galforge.seeds import generator

SHARES = {"training": (0, 1, 2, 3, 4), "validation": (5,), "testing": (6,)}
"""Which of seven consecutive galaxies go into each file: shares of 5, 1 and 1 as in the release."""
NEAR_SHARE = 0.93
NEAR_SCALE, NEAR_POWER, NEAR_LIMIT, FAR_LIMIT = 0.45, 1.3, 1.5, 4.0
MAGNITUDE_RANGE, MAGNITUDE_SCATTER = (18.0, 24.5), 0.8  # in i [AB mag]
RADIUS_KPC, RADIUS_SCATTER = 5.0, 0.18  # half-light radius at redshift 0, and its scatter [dex]
INDEX = {True: 3.5, False: 1.2}  # mean Sersic index of early and of late types
INDEX_SCATTER, INDEX_RANGE = 0.25, (0.5, 8.0)  # of ln(index)
AXIS_RATIO = {True: 0.6, False: 0.3}  # the smallest; up to 1, uniform
SLOPE = {True: (1.8, 0.15), False: (0.7, 0.15)}  # of the spectrum: mean and scatter
SLOPE_RANGE = (0.1, 3.0)
NEIGHBOURS = 2.5  # in the mean, per image of 64 px
NEIGHBOUR_SLOPE, NEIGHBOUR_RANGE = 0.4, (18.0, 26.5)  # log10 of counts per mag; i [AB mag]
LUMINOSITY_SIZE = 0.25  # radius of neighbours ~ luminosity to this power, at their redshift
BAD_CORES = 0.005
CORE_PX = 2.5
CENTRING_PX = 0.5
BLOCK = 64


def draw(mock: MockSettings, index: int) -> Galaxy:
    """The properties of mock galaxy ``index`` and of its neighbours."""
    random = generator(mock.seed, "galaxiesml mock", "galaxy", index)
    redshift = _redshift(random)
    middle = min(max(magnitude_at(redshift), MAGNITUDE_RANGE[0]), MAGNITUDE_RANGE[1])
    low, high = (ndtr((limit - middle) / MAGNITUDE_SCATTER) for limit in MAGNITUDE_RANGE)
    # The scatter is truncated at the limits; clipping would pile up galaxies there.
    magnitude = middle + MAGNITUDE_SCATTER * float(ndtri(random.uniform(low, high)))
    central = _source(random, redshift, magnitude, random.uniform(-CENTRING_PX, CENTRING_PX, 2), fainter=0.0)
    core = ("negative", "saturated")[int(random.integers(2))] if random.random() < BAD_CORES else ""
    core_band = int(random.integers(len(BANDS)))
    around = generator(mock.seed, "galaxiesml mock", "neighbours", index)
    count = int(around.poisson(NEIGHBOURS * (mock.image_side / 64) ** 2))
    return Galaxy(central, [_neighbour(around, mock.image_side) for _ in range(count)], core, core_band)


def image(mock: MockSettings, index: int) -> np.ndarray:
    """Mock galaxy ``index``: (5, side, side) float32 in g, r, i, z, y [count, AB zero point 27], with sky noise."""
    return _images(mock, index, draw(mock, index))[0]


def magnitude_at(redshift: float) -> float:
    """The recipe's magnitude in i at a redshift, before limits and scatter."""
    return 18.5 + 5 * math.log10(redshift / 0.2)


def early_share(redshift: float) -> float:
    """Share of early types: 0.45 at redshift 0, 0.1 from redshift 2 on."""
    return 0.45 - 0.175 * min(redshift, 2.0)


def write_raw(mock: MockSettings, path: Path) -> None:
    """Write the mock release, a tar of the three HDF5 files; equal settings give equal bytes.

    Raises:
        OSError: the folder cannot be written, or the disk is full.
    """
    progress = Progress(mock.count, "mock galaxies")
    side = mock.image_side
    with (
        written(path) as add,
        tempfile.TemporaryDirectory(prefix=f".{path.stem}.", dir=path.parent) as folder,
    ):
        for part in PARTS:
            indices = [index for index in range(mock.count) if index % 7 in SHARES[part]]
            # HDF5 cannot be written into a tar directly; one file at a time lies beside it.
            file = Path(folder) / f"5x{side}x{side}_{part}_with_morphology.hdf5"
            _write(mock, indices, file, progress)
            with open(file, "rb") as content:
                add(file.name, content)
            file.unlink()


def _write(mock: MockSettings, indices: list[int], path: Path, progress: Progress) -> None:
    rows = []
    with h5py.File(path, "w") as file:
        file.attrs["origin"] = "galforge mock, not from the survey"
        images = file.create_dataset("image", (len(indices), len(BANDS), mock.image_side, mock.image_side), "<f4")
        for start in range(0, len(indices), BLOCK):
            made = []
            for index in indices[start : start + BLOCK]:
                galaxy = draw(mock, index)
                with_all, alone = _images(mock, index, galaxy)
                made.append(with_all)
                rows.append(row_of(mock, index, galaxy, alone))
                progress.advance()
            images[start : start + len(made)] = made
        for name in sorted(rows[0]):
            file.create_dataset(name, data=np.array([row[name] for row in rows]))


def _images(mock: MockSettings, index: int, galaxy: Galaxy) -> tuple[np.ndarray, np.ndarray]:
    """The image, and that of the galaxy alone without noise."""
    alone = seen([galaxy.central.profile], galaxy.central.fluxes[None], mock.image_side)
    made = alone + sky(mock.image_side, generator(mock.seed, "galaxiesml mock", "sky", index))
    if galaxy.neighbours:
        profiles = [source.profile for source in galaxy.neighbours]
        made += seen(profiles, np.array([source.fluxes for source in galaxy.neighbours]), mock.image_side)
    if galaxy.core:
        random = generator(mock.seed, "galaxiesml mock", "core", index)
        offset = np.arange(mock.image_side) - (mock.image_side - 1) / 2
        inside = offset[:, None] ** 2 + offset**2 <= CORE_PX**2
        band = made[galaxy.core_band]
        if galaxy.core == "saturated":
            # A saturated core is flat.
            np.minimum(band, random.uniform(0.1, 0.5) * band.max(), out=band)
        else:
            band[inside] = -(10 ** random.uniform(1, 4))
    return made.astype(np.float32), alone


def _redshift(random: np.random.Generator) -> float:
    if random.random() >= NEAR_SHARE:
        return float(random.uniform(NEAR_LIMIT, FAR_LIMIT))
    # z**2 exp(-(z / scale)**power) is a gamma distribution in (z / scale)**power.
    shape = 3 / NEAR_POWER
    largest = gammainc(shape, (NEAR_LIMIT / NEAR_SCALE) ** NEAR_POWER)
    # Nothing is nearer than the authors' cut, which would remove about one galaxy in 30,000.
    least = gammainc(shape, (0.0101 / NEAR_SCALE) ** NEAR_POWER)
    return NEAR_SCALE * float(gammaincinv(shape, random.uniform(least, largest))) ** (1 / NEAR_POWER)


def _source(
    random: np.random.Generator, redshift: float, magnitude: float, place: np.ndarray, fainter: float
) -> Source:
    """A galaxy of a redshift and a magnitude in i; one that is ``fainter`` [mag] than usual there is smaller, too."""
    early = bool(random.random() < early_share(redshift))
    kpc = RADIUS_KPC / (1 + redshift) * 10 ** (RADIUS_SCATTER * random.standard_normal())
    kpc *= 10 ** (-0.4 * LUMINOSITY_SIZE * fainter)
    # The mean of a lognormal lies above its median.
    index = INDEX[early] * math.exp(INDEX_SCATTER * random.standard_normal() - INDEX_SCATTER**2 / 2)
    profile = Sersic(
        flux=1.0,
        radius=kpc / kpc_per_arcsec(redshift) / PIXEL_ARCSEC,
        index=min(max(index, INDEX_RANGE[0]), INDEX_RANGE[1]),
        axis_ratio=random.uniform(AXIS_RATIO[early], 1),
        angle=math.pi * random.random(),
        x=float(place[0]),
        y=float(place[1]),
    )
    mean, scatter = SLOPE[early]
    slope = min(max(mean + scatter * random.standard_normal(), SLOPE_RANGE[0]), SLOPE_RANGE[1])
    fluxes = band_fluxes(redshift, early, slope)
    return Source(redshift, early, profile, magnitude - 2.5 * np.log10(fluxes / fluxes[BANDS.index("i")]))


def _neighbour(random: np.random.Generator, side: int) -> Source:
    redshift = _redshift(random)
    bright, faint = NEIGHBOUR_RANGE
    fewest = 10 ** (NEIGHBOUR_SLOPE * (bright - faint))
    magnitude = faint + math.log10(random.uniform(fewest, 1)) / NEIGHBOUR_SLOPE
    place = random.uniform(-side / 2, side / 2, 2)
    return _source(random, redshift, magnitude, place, magnitude - magnitude_at(redshift))


@lru_cache(maxsize=1)
def _scales() -> tuple[np.ndarray, np.ndarray]:
    redshifts = np.geomspace(0.005, 5, 500)
    return np.log(redshifts), np.log(Planck18.kpc_proper_per_arcmin(redshifts).value / 60)


def kpc_per_arcsec(redshift: float) -> float:
    """Proper kpc that an arcsecond spans at a redshift, in the cosmology of Planck (2018)."""
    return math.exp(np.interp(math.log(redshift), *_scales()))
