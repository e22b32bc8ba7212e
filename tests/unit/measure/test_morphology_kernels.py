"""Filters, regions and sky statistics of the compiled engine against scipy, astropy and statmorph."""

from types import SimpleNamespace

import numpy as np
import pytest
import statmorph
from astropy.stats import sigma_clipped_stats
from photutils.background import ModeEstimatorBackground
from scipy import ndimage

from galforge.measure.morphology import filters, regions, sky

EVERYWHERE = np.ones((3, 3))


def images(count: int) -> list[np.ndarray]:
    """Of many scales, half empty, whole-numbered and flat ones among them."""
    draws = np.random.default_rng(0)
    found = []
    for i in range(count):
        shape = draws.integers(5, 80, 2)
        image = draws.normal(size=shape) * 10 ** draws.uniform(-4, 4, shape)
        if i % 4 == 0:
            image[:, : shape[1] // 2] = 0
        if i % 5 == 0:
            image = np.round(image)
        if i % 7 == 0:
            image[:] = 0.1
        found.append(image)
    return found


@pytest.mark.parametrize("sigma", [0.3, 1.0, 4.7])
@pytest.mark.parametrize("mirror", [True, False])
def test_gaussian_filter_is_scipys(sigma, mirror):
    for image in images(20):
        expected = ndimage.gaussian_filter(image, sigma, mode="reflect" if mirror else "constant")
        scale = 1e-13 * np.abs(image).max()
        np.testing.assert_allclose(filters.gaussian_filter(image, sigma, mirror), expected, rtol=1e-12, atol=scale)


def test_outliers_are_statmorphs():
    settings = SimpleNamespace(_n_sigma_outlier=10)
    found = 0
    for i, image in enumerate(images(40)):
        if i % 3 == 0:
            image[i % image.shape[0], 0] = np.nan
        image[2, 3] += 1e6
        expected = statmorph.SourceMorphology._get_badpixels(settings, image)
        found += int(expected.sum())
        assert np.array_equal(filters.outliers(image, 10.0), expected)
    assert found > 40


def test_region_is_the_connected_one():
    draws = np.random.default_rng(3)
    for image in images(30):
        threshold = draws.normal()
        labels, _ = ndimage.label(image >= threshold, structure=EVERYWHERE)
        y, x = np.argwhere(image == image.max())[0]
        assert regions.brightest(image) == (y, x)
        if image.max() >= threshold:
            assert np.array_equal(regions.region_above(image, threshold, y, x), labels == labels[y, x])


def test_peak_on_the_edge_is_none():
    rows, columns = np.mgrid[:20, :20]
    image = np.exp(-((rows - 10) ** 2 + (columns - 0) ** 2) / 8.0)
    everywhere = np.ones(image.shape, bool)
    assert not regions.has_peak(image, everywhere)
    assert not regions.has_peak(np.ones((20, 20)), everywhere)
    assert regions.has_peak(image.T[:, ::-1] + np.exp(-((rows - 10) ** 2 + (columns - 10) ** 2) / 8.0), everywhere)


def test_level_above_the_sky_is_astropys():
    draws = np.random.default_rng(4)
    mode = ModeEstimatorBackground(median_factor=2.5, mean_factor=1.5)
    for i in range(60):
        values = draws.normal(size=draws.integers(2, 3000))
        values += draws.exponential(5, values.size) * (draws.random(values.size) < 0.2)
        if i % 5 == 0:
            values = np.round(values)
        if i % 9 == 0:
            values[:] = 2.0
        mean, median, sd = sigma_clipped_stats(values, sigma=3.0, maxiters=None, cenfunc=mode)
        expected = 2.5 * median - 1.5 * mean + sd
        assert sky.one_sigma_level(np.sort(values)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("free", "size"), [(60, 32), (17, 16), (9, 8), (3, 2), (0, 0)])
def test_sky_box_is_the_first_of_the_largest_that_fits(free, size):
    segment = np.ones((70, 80), bool)
    segment[5 : 5 + free, 11 : 11 + free] = False
    expected = (5, 11, size) if size else (0, 0, 0)
    assert sky.sky_box(segment) == expected


def test_sky_box_never_touches_the_last_row():
    segment = np.ones((40, 40), bool)
    segment[8:, 8:] = False
    assert sky.sky_box(segment) == (8, 8, 16)
