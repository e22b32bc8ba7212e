"""The mock of the SKIRT release: of its layout, reproducible, and with types that can be told by their light."""

import tarfile
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from galforge.datasets.scene import Sersic, add_profile
from galforge.datasets.skirt import mock
from galforge.datasets.skirt.dataset import build
from galforge.datasets.skirt.light import half_light_scale, in_band
from galforge.datasets.skirt.settings import DatasetSettings, MockSettings
from galforge.measure.morphology.measure import measure_image
from galforge.measure.morphology.settings import MeasureSettings
from galforge.stamps.file import Stamps
from galforge.stamps.sizes import central_half

COUNT = 120
IN_G, IN_I = 0, 2


@pytest.fixture(scope="module")
def settings() -> MockSettings:
    return MockSettings(count=COUNT, largest_side=128)


@pytest.fixture(scope="module")
def galaxies(settings) -> list[mock.Galaxy]:
    return [mock.draw(settings, index) for index in range(COUNT)]


@pytest.fixture(scope="module")
def early(galaxies) -> np.ndarray:
    return np.array([galaxy.early for galaxy in galaxies])


@pytest.fixture(scope="module")
def images(settings) -> list[np.ndarray]:
    """The central halves, as they become stamps."""
    return [central_half(mock.image(settings, index)).astype(float) for index in range(COUNT)]


def test_archive_is_a_pure_function_of_the_settings(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        mock.write_raw(MockSettings(count=5, seed=seed, largest_side=64), tmp_path / f"{name}.tar")
    first, again, other = ((tmp_path / f"{name}.tar").read_bytes() for name in "abc")
    assert first == again
    assert first != other
    few, many = (MockSettings(count=count, largest_side=64) for count in (5, 500))
    np.testing.assert_array_equal(mock.image(few, 3), mock.image(many, 3))


def test_archive_has_the_layout_of_the_release(tmp_path):
    settings = MockSettings(count=5, largest_side=64)
    mock.write_raw(settings, tmp_path / "raw.tar")
    with tarfile.open(tmp_path / "raw.tar") as archive:
        names = archive.getnames()
        ids = archive.extractfile("sdss/snapnum_099/subfind_ids.txt").read().decode().split()
        assert names[1:] == [f"sdss/snapnum_099/data/broadband_{number}.fits" for number in ids]
        with fits.open(archive.extractfile(names[2])) as hdus:
            np.testing.assert_array_equal(hdus[0].data, mock.image(settings, 1))
            assert hdus[0].header["ORIGIN"] == "galforge mock"
    build(
        DatasetSettings(size=32, mock=settings),
        [tmp_path / "raw.tar"],
        tmp_path / "out.h5",
        tmp_path / "rejected.csv",
        tmp_path / "native.h5",
    )
    assert Path(tmp_path / "rejected.csv").read_text() == "name,reason\n"
    with Stamps(tmp_path / "out.h5") as stamps, Stamps(tmp_path / "native.h5") as native:
        assert stamps.header.origin == native.header.origin == "mock"
        assert [str(number) for number in stamps.catalog("subfind_id")] == ids
        np.testing.assert_array_equal(native.stamp(1), central_half(mock.image(settings, 1)))


def test_masses_sizes_and_sides():
    """Types by mass, half-light radii by mass and type, and images of 20 radii, as the recipe has them."""
    galaxies = [mock.draw(MockSettings(), index) for index in range(2000)]
    mass, radius, side = (np.array([getattr(g, name) for g in galaxies]) for name in ("log_mass", "radius", "side"))
    early = np.array([g.early for g in galaxies])
    assert (mass.min() >= 9.5, mass.max() <= 11.3) == (True, True)
    assert early[abs(mass - 10.5) < 0.1].mean() == pytest.approx(0.5, abs=0.1)
    assert early[mass > 11.1].mean() > 0.8
    assert early[mass < 9.9].mean() < 0.15
    for kind, slope in ((early, 0.55), (~early, 0.25)):
        whole = kind & (side < 1024)
        fitted, at_pivot = np.polyfit(mass[whole] - 10.5, np.log10(0.394 * radius[whole]), 1)
        assert fitted == pytest.approx(slope, abs=0.05)
        assert 10**at_pivot == pytest.approx(4.0, rel=0.05)
    free = (side > 64) & (side < 1024)
    np.testing.assert_allclose(side[free], 20 * radius[free], atol=0.5)
    assert side.min() == 64
    assert side.max() <= 1024
    assert len({g.subfind_id for g in galaxies}) == 2000
    # Size tells something of the type, and the other way round.
    assert np.corrcoef(early, np.log(radius))[0, 1] > 0.3


def test_a_small_mock_has_small_galaxies():
    """Those that do not fit shrink by the root of what is too much, and keep order and surface brightness."""
    large, small = MockSettings(largest_side=2516), MockSettings(largest_side=128)
    pairs = [(mock.draw(large, index), mock.draw(small, index)) for index in range(200)]
    assert max(b.side for _, b in pairs) == 128
    for a, b in pairs:
        assert b.early == a.early
        shrunk = min(128 / (20 * a.radius), 1) ** 0.5
        assert b.radius == pytest.approx(a.radius * shrunk)
        assert b.flux / b.radius**2 == pytest.approx(a.flux / a.radius**2)


def test_bulge_and_disc_have_the_drawn_radius_together():
    """Against pixels: half of the light of both lies within the radius that was asked for."""
    share, index, ratio, radius = 0.4, 3.0, 0.5, 20.0
    disc = radius * half_light_scale(share, index, 0.8, ratio)
    image = np.zeros((400, 400))
    add_profile(image, Sersic(1 - share, disc, 0.8, 1.0, 0.0))
    add_profile(image, Sersic(share, ratio * disc, index, 1.0, 0.0))
    pixels = np.arange(400) - 199.5
    assert image[np.hypot(pixels[:, None], pixels) < radius].sum() == pytest.approx(0.5, abs=0.01)


def test_magnitudes_are_linear_in_wavelength():
    fluxes = [in_band(10.0, 1.0, band) for band in range(4)]
    assert fluxes[IN_I] == 10
    assert -2.5 * np.log10(fluxes[IN_G] / fluxes[IN_I]) == pytest.approx(1.0)
    slopes = np.diff(-2.5 * np.log10(fluxes)) / np.diff([477.0, 623.1, 762.5, 913.4])
    np.testing.assert_allclose(slopes, slopes[0])


def test_colours_have_two_peaks(images, early):
    """g - i of early types is 1.15 +- 0.06, of late types 0.65 +- 0.12, and few galaxies lie between."""
    flux = np.array([image.sum(axis=(1, 2)) for image in images])
    colour = -2.5 * np.log10(flux[:, IN_G] / flux[:, IN_I])
    assert np.median(colour[early]) == pytest.approx(1.15, abs=0.03)
    assert np.median(colour[~early]) == pytest.approx(0.65, abs=0.05)
    assert np.std(colour[early]) == pytest.approx(0.06, abs=0.02)
    assert np.std(colour[~early]) == pytest.approx(0.12, abs=0.03)
    counts, _ = np.histogram(colour, [0.5, 0.8, 0.9, 1.0, 1.3])
    assert min(counts[0], counts[3]) > 6 * max(counts[1], counts[2])


def test_signal_to_noise(images):
    """In noise of sigma 4 its median per pixel of i within the half-light radius is 5, to 15 %."""
    ratios = []
    for image in images:
        pixels = np.arange(image.shape[-1]) - (image.shape[-1] - 1) / 2
        order = np.argsort(np.hypot(pixels[:, None], pixels).ravel())
        growth = np.cumsum(image[IN_I].ravel()[order])
        inside = np.searchsorted(growth, growth[-1] / 2) + 1
        ratios.append(growth[inside - 1] / inside / 4)
    assert np.median(ratios) == pytest.approx(5, rel=0.15)


def test_dust_and_knots_make_late_types_what_they_are(images, early, galaxies):
    """Dust reddens inclined late types, knots make blue ones clumpy, and early types have one colour all over."""
    spread = []
    for image in images:
        bright = image[IN_I] > np.quantile(image[IN_I], 0.7)
        spread.append(np.std(-2.5 * np.log10(image[IN_G][bright] / image[IN_I][bright])))
    spread = np.array(spread)
    assert np.max(spread[early]) < 1e-5
    assert np.median(spread[~early]) > 0.05
    inclination = np.array([galaxy.axis_ratio for galaxy in galaxies])[~early]
    flux = np.array([image.sum(axis=(1, 2)) for image in images])[~early]
    intrinsic = np.array([galaxy.flux for galaxy in galaxies])[~early]
    dimmed = 1 - flux[:, IN_G] / intrinsic * 10 ** (0.4 * 0.65)
    assert np.corrcoef(inclination, dimmed)[0, 1] < -0.2
    assert min(image.min() for image in images) >= 0


def test_the_bulge_statistic_tells_the_type(images, early):
    """F(G, M20) > 0, as the paper measures it (i band, PSF, noise and gain), agrees with the type in 85 % or more."""
    published = MeasureSettings(protocol="published", gain=750.0, noise=1 / 15, psf_fwhm=3.0)
    random = np.random.default_rng(0)
    statistic = []
    for image in images:
        noise = random.normal(0, published.noise, image[IN_I].shape)
        measured = measure_image(image[IN_I], published.gain, published, noise)
        statistic.append(-0.693 * measured["m20"] + 4.95 * measured["gini"] - 3.96)
    assert np.isfinite(statistic).all()
    assert np.mean((np.array(statistic) > 0) == early) >= 0.85
