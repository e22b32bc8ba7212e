"""The stamps on which the two engines of morphology are compared; every simulated one follows from its index alone.

noiseless, noisy, clumpy
    Sersic galaxies of n = 0.5-6 and axis ratio 0.3-1 under a Moffat PSF, in stamps of mixed sides; with Gaussian noise
    of sd 5; with 10-40 % of the light in 5-39 knots, too. Half-light radii are 5-22 px at a side of 256 px and 3-8 px
    at 64 px; the flux goes with the area, so that a pixel's signal-to-noise ratio does not depend on the side.
mocks
    Galaxies of the mock COSMOS survey (discs with arms and knots, bulges, ellipticals, companions, tidal tails,
    correlated noise) of magnitudes 17.5-23.5, so that their native sides fill 64-256 px, under 1-10 times the noise.
real
    HST/ACS cutouts of a GalSim RealGalaxy catalogue, padded to 64 px with noise like their own sky's, and once more,
    where they are large enough, cropped to 48 px.

Every fourth simulated stamp is measured with a PSF for the Sersic fit.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from galforge.datasets.cosmos import mock
from galforge.datasets.cosmos.dataset import as_cutouts
from galforge.datasets.cosmos.settings import DatasetSettings, MockSettings
from galforge.datasets.cutouts.stamp import stamp_of
from galforge.datasets.scene import Blobs, Scene, Sersic, render
from galforge.measure.morphology.measure import gaussian_psf
from galforge.raw.real_galaxy import opened
from galforge.seeds import generator

SERSIC_SETS = ("noiseless", "noisy", "clumpy")
SETS = (*SERSIC_SETS, "mocks", "real")
SIDES, SHARES = (64, 96, 128, 256), (0.68, 0.14, 0.12, 0.06)
NOISE = 5.0
FLUX = (3e4, 3e5)  # at 256 px
MAGNITUDES = (17.5, 23.5)
PADDED, CROPPED = 64, 48
PSF_FWHM = 3.0


class Stamp(NamedTuple):
    """One image (side, side) float64 with electrons per image unit, and the PSF that the Sersic fit is told of."""

    name: str
    image: np.ndarray
    gain: float
    psf: np.ndarray | None


def stamp_set(name: str, count: int, real: Path | None = None) -> list[Stamp]:
    """The first `count` stamps of one of SETS; the real ones, of which there may be fewer, from catalogue `real`."""
    if name == "real":
        return real_stamps(real)[:count] if real is not None else []
    return [mock_stamp(index) if name == "mocks" else sersic_stamp(name, index) for index in range(count)]


def sersic_stamp(kind: str, index: int, side: int | None = None) -> Stamp:
    """Stamp `index` of one of SERSIC_SETS; its side is drawn from SIDES where none is given."""
    random = generator(index, "morphology stamps", kind)
    drawn = int(random.choice(SIDES, p=SHARES))
    side = drawn if side is None else side
    step = (side - 64) / (256 - 64)
    smallest, largest = 3 + step * (5 - 3), 8 + step * (22 - 8)
    radius = random.uniform(smallest, largest)
    flux = np.exp(random.uniform(*np.log(FLUX))) * (largest / 22) ** 2
    x, y = random.uniform(-2, 2, 2)
    in_knots = random.uniform(0.1, 0.4) if kind == "clumpy" else 0.0
    galaxy = Sersic(
        flux=flux * (1 - in_knots),
        radius=radius,
        index=random.uniform(0.5, 6),
        axis_ratio=random.uniform(0.3, 1),
        angle=random.uniform(0, np.pi),
        x=x,
        y=y,
    )
    knots = []
    if kind == "clumpy":
        count = int(random.integers(5, 40))
        light = random.exponential(1.0, count)
        place = random.normal(0, radius, (2, count))
        knots.append(Blobs(flux * in_knots * light / light.sum(), x + place[0], y + place[1], np.full(count, 0.6)))
    image = render(Scene([galaxy], blobs=knots), side, fwhm=2.5 + 0.5 * step)
    if kind != "noiseless":
        image = image + NOISE * random.standard_normal((side, side))
    return Stamp(f"{kind} {index}", image, 1.0, _psf(index))


def mock_stamp(index: int) -> Stamp:
    """Galaxy `index` of the mock survey in a stamp of its native side."""
    random = generator(index, "morphology stamps", "mocks")
    magnitude = random.uniform(*MAGNITUDES)
    settings = MockSettings(
        brightest_magnitude=magnitude,
        faintest_magnitude=magnitude + 0.01,
        companion_share=0.3,
        tidal_share=0.1,
        noise_rms=0.0026 * 10 ** random.uniform(0, 1),
        smallest_side=64,
        largest_side=256,
    )
    image = mock.stamp(settings, index).astype(np.float64)
    return Stamp(f"mocks {index}", image, mock.EXPOSURE_S, _psf(index))


def real_stamps(catalogue: Path) -> list[Stamp]:
    """All galaxies of a RealGalaxy catalogue padded to 64 px, then those of at least 48 px cropped to 48."""
    padding = DatasetSettings(source="path", path=str(catalogue), size=PADDED, min_size=0, pad="noise")
    cropping = DatasetSettings(source="path", path=str(catalogue), size=CROPPED, min_size=CROPPED)
    padded, cropped = [], []
    with opened(catalogue) as rows:
        for row in rows:
            read, gain = row.read(), padding.exposure_time_s
            for stamps, settings, done in ((padded, padding, "padded"), (cropped, cropping, "cropped")):
                if done == "padded" or min(read.pixels.shape[1:]) >= CROPPED:
                    image = stamp_of(read, np.ones(1), "electron/s", as_cutouts(settings), row.name).pixels[0]
                    stamps.append(Stamp(f"real {row.name} {done}", image.astype(np.float64), gain, None))
    return padded + cropped


def _psf(index: int) -> np.ndarray | None:
    return gaussian_psf(PSF_FWHM) if index % 4 == 3 else None
