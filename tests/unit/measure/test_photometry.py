"""Photometry against analytic profiles and known noise."""

import numpy as np
import pytest
from astropy.modeling.models import Sersic2D
from scipy import ndimage

from galforge.measure.photometry.measure import measure, medians
from galforge.measure.photometry.settings import MeasureSettings

SETTINGS = MeasureSettings()


def gaussian(side: int, sd: float, flux: float, x: float = 0.0, y: float = 0.0) -> np.ndarray:
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    return flux / (2 * np.pi * sd**2) * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * sd**2))


def test_flux_and_surface_brightness_of_a_gaussian(stamps_of):
    table = measure(stamps_of([gaussian(96, 6.0, 250.0), gaussian(96, 6.0, 250.0, 10, -7)]), 0, 2, SETTINGS, 0, 0, 0)
    radius = 6 * np.sqrt(2 * np.log(2))  # holds half of the light
    brightness = 25.94 - 2.5 * np.log10(125 / (np.pi * radius**2) / 0.05**2)
    assert table["log_flux"].to_numpy() == pytest.approx(np.log10(250), abs=1e-3)
    assert table["surface_brightness"].to_numpy() == pytest.approx(brightness, abs=0.05)


def test_flux_beyond_the_aperture_does_not_count(stamps_of):
    image = gaussian(64, 2.0, 10.0)
    image[:4, :4] = 1e6
    table = measure(stamps_of([image]), 0, 1, SETTINGS, 0, 0, 0)
    assert table["log_flux"][0] == pytest.approx(1.0, abs=1e-3)


def test_white_and_correlated_sky(stamps_of):
    draws = np.random.default_rng(0)
    white = draws.normal(0, 0.2, (60, 64, 64))
    pairs = (white + np.roll(white, 1, axis=1)) / np.sqrt(2)
    # Sums of 2 x 2 pixels: neighbours share half of their variance.
    box = (pairs + np.roll(pairs, 1, axis=2)) / np.sqrt(2)
    table = measure(stamps_of(np.concatenate([white, box]) + gaussian(64, 3.0, 100.0)), 0, 120, SETTINGS, 0, 0, 0)
    for low, expected in ((0, 0.0), (60, 0.5)):
        half = table.iloc[low : low + 60]
        assert half["sky_rms"].median() == pytest.approx(0.2, rel=0.03)
        assert half["sky_autocorrelation"].mean() == pytest.approx(expected, abs=0.05)


def test_neighbour_in_the_border_is_clipped(stamps_of):
    noise = np.random.default_rng(1).normal(0, 0.2, (64, 64))
    blend = noise + gaussian(64, 2.5, 800.0, x=28, y=-20)
    table = measure(stamps_of([noise, blend]), 0, 2, SETTINGS, 0, 0, 0)
    assert table["sky_rms"][1] == pytest.approx(table["sky_rms"][0], rel=0.15)


@pytest.mark.parametrize(("n", "radius"), [(1.0, 6.0), (1.0, 20.0), (4.0, 6.0), (4.0, 20.0)])
def test_noiseless_wings_are_not_sky(stamps_of, n, radius):
    rows, columns = np.mgrid[:64, :64] - 31.5
    image = Sersic2D(1, radius, n, 3, 2, 0.4, 0.3)(columns, rows)
    noisy = image + np.random.default_rng(2).normal(0, 0.02 * image.max() ** 0.5, image.shape)
    table = measure(stamps_of([image, noisy]), 0, 2, SETTINGS, 0, 0, 0)
    assert table["sky_rms"][0] == 0
    assert np.isnan(table["sky_autocorrelation"][0])
    assert table["sky_rms"][1] == pytest.approx(0.02 * image.max() ** 0.5, rel=0.2)


def test_negative_flux_and_empty_stamps_are_missing(stamps_of):
    table = measure(stamps_of([-gaussian(64, 3.0, 5.0), np.zeros((64, 64))]), 0, 2, SETTINGS, 0, 0, 0)
    assert table["log_flux"].isna().all()
    assert table["surface_brightness"].isna().all()
    assert table["sky_rms"].tolist() == [0, 0]


@pytest.mark.parametrize("count", [2, 4, 960])
def test_medians_are_those_of_numpy(count):
    values = np.random.default_rng(count).normal(size=(5, count))
    values[0, : count // 2] = values[0, 0]  # ties
    np.testing.assert_array_equal(medians(values), np.median(values, axis=1, keepdims=True))


def test_without_zero_point_brightness_is_a_logarithm_per_pixel(stamps_of):
    stamps = stamps_of([gaussian(96, 6.0, 250.0)])
    magnitudes = measure(stamps, 0, 1, SETTINGS, 0, 0, 0)["surface_brightness"][0]
    object.__setattr__(stamps.header, "zero_points", ())
    logarithm = measure(stamps, 0, 1, SETTINGS, 0, 0, 0)["surface_brightness"][0]
    assert magnitudes == pytest.approx(25.94 - 2.5 * (logarithm - 2 * np.log10(0.05)))


@pytest.mark.real
def test_real_sky_is_correlated(real_data, stamps_of):
    galsim = pytest.importorskip("galsim")
    folder = str(real_data / "hst_cosmos_f814w")
    catalog = galsim.RealGalaxyCatalog("real_galaxy_catalog_26_extension_example.fits", dir=folder)
    image = catalog.getGalImage(40).array[:190, :190]
    table = measure(stamps_of([image]), 0, 1, SETTINGS, 0, 0, 0)
    assert table["sky_rms"][0] == pytest.approx(np.sqrt(catalog.getNoiseProperties(40)[2]), rel=0.3)
    assert 0.1 < table["sky_autocorrelation"][0] < 0.8
    smooth = ndimage.gaussian_filter(image, 3)
    assert measure(stamps_of([smooth]), 0, 1, SETTINGS, 0, 0, 0)["sky_rms"][0] < table["sky_rms"][0] / 2
