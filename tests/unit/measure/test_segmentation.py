"""The segmentation map against photutils, pixel by pixel."""

import warnings

import numpy as np
import pytest
from photutils.segmentation import detect_sources, detect_threshold
from scipy import ndimage

from galforge.measure.morphology.segmentation import clipped_statistics, filter_size, segment
from galforge.measure.morphology.settings import MeasureSettings

PUBLISHED = MeasureSettings(protocol="published")
CORRECTED = MeasureSettings(protocol="corrected")


def by_photutils(image: np.ndarray, settings: MeasureSettings) -> np.ndarray:
    """The recipe as the released code has it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        threshold = detect_threshold(image, settings.detection_sigma)
        sources = detect_sources(image, threshold, settings.detection_pixels)
    if sources is None:
        return np.zeros(image.shape, dtype=bool)
    sources.keep_label(sources.labels[np.argmax(sources.areas)])
    smoothed = ndimage.uniform_filter((sources.data > 0).astype(float), size=filter_size(image.shape[0], settings))
    return smoothed > 0.5


def galaxies(side: int, seed: int, noise: float) -> np.ndarray:
    """One to six galaxies anywhere on the stamp and beyond its edges."""
    draws = np.random.default_rng(seed)
    rows, columns = np.mgrid[:side, :side]
    image = draws.normal(0, noise, (side, side)) if noise else np.zeros((side, side))
    for _ in range(draws.integers(1, 7)):
        x, y = draws.uniform(-2, side + 2, 2)
        angle, ratio = draws.uniform(0, np.pi), draws.uniform(0.2, 1)
        u = (columns - x) * np.cos(angle) + (rows - y) * np.sin(angle)
        v = ((rows - y) * np.cos(angle) - (columns - x) * np.sin(angle)) / ratio
        radius = np.hypot(u, v) / draws.uniform(0.02, 0.15) / side
        image += draws.uniform(0.1, 3) * np.exp(-(radius ** draws.uniform(0.4, 2)))
    return image


def pathological(side: int) -> dict[str, np.ndarray]:
    draws = np.random.default_rng(side)
    flat = np.zeros((side, side))
    checks = (np.indices((side, side)).sum(axis=0) % 2).astype(float)
    pixel, pair, missing = flat.copy(), flat.copy(), galaxies(side, 1, 0.1)
    pixel[side // 2, side // 3] = 1.0
    # Two segments of one size: the first of them counts.
    pair[2:8, 2:8] = pair[-8:-2, -8:-2] = 5.0
    missing[draws.random((side, side)) < 0.1] = np.nan
    infinite = galaxies(side, 2, 0.1)
    infinite[3:9, 3:9], infinite[-4, 4:12] = np.inf, -np.inf
    return {
        "zero": flat,
        # A mean of equal numbers is not that number in the last digit, which decides about every pixel.
        **{f"constant {value}": flat + value for value in (0.1, 1 / 3, -0.7, 1e-30, 2e5)},
        "all missing": flat + np.nan,
        "missing": missing,
        "infinite": infinite,
        "one pixel": pixel,
        "two alike": pair,
        "two alike on noise": pair + draws.normal(0, 0.1, flat.shape),
        "checks": checks,
        "negative": galaxies(side, 3, 0.1) - 10,
        "a hole": -galaxies(side, 4, 0.05),
        "steps": np.round(galaxies(side, 5, 0.2), 1),
        "ramp": flat + np.arange(side),
        "half": np.where(np.arange(side) < side // 2, 1.0, 0.0) + flat,
        "noise": draws.normal(0, 1, flat.shape),
    }


@pytest.mark.parametrize("settings", [PUBLISHED, CORRECTED], ids=["published", "corrected"])
@pytest.mark.parametrize("side", [32, 47, 64, 128, 256])
def test_maps_are_photutils_own(side, settings):
    found = 0
    for seed in range(12):
        for noise in (0.0, 0.03, 0.3):
            image = galaxies(side, seed, noise)
            ours = segment(image, settings)
            np.testing.assert_array_equal(ours, by_photutils(image, settings), err_msg=f"seed {seed}, noise {noise}")
            found += ours.any()
    assert found >= 12
    for name, image in pathological(side).items():
        np.testing.assert_array_equal(segment(image, settings), by_photutils(image, settings), err_msg=name)


def test_stamps_as_files_hold_them_and_other_thresholds():
    """float32 read from a file ties often; one source or none must be found at any threshold and size."""
    for sigma, pixels, size in ((0.5, 1, 1), (1.5, 5, 4), (3.0, 40, 7), (1.5, 3000, 10)):
        settings = MeasureSettings(
            protocol="published", detection_sigma=sigma, detection_pixels=pixels, filter_size=size
        )
        for seed in range(8):
            image = galaxies(64, seed, 0.1).astype(np.float32).astype(np.float64)
            np.testing.assert_array_equal(segment(image, settings), by_photutils(image, settings))


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_threshold_is_photutils_own_to_the_last_bit(noise):
    for seed in range(20):
        image = galaxies(64, seed, noise)
        mean, deviation = clipped_statistics(image)
        assert mean + 1.5 * deviation == detect_threshold(image, 1.5)[0, 0]


def test_pixel_on_a_bound_is_kept():
    on_the_bound = np.repeat([-3.0, -1.0, 0.0, 1.0, 3.0], [1, 9, 16, 9, 1])
    # The sd is 1 and the median 0.
    assert clipped_statistics(on_the_bound.reshape(6, 6)) == (0, 1)
    assert np.isnan(clipped_statistics(np.full((6, 6), np.nan))).all()


@pytest.mark.parametrize(("side", "corrected"), [(256, 10), (128, 5), (64, 3), (32, 3)])
def test_filter_scales_with_the_stamp_in_the_corrected_protocol_only(side, corrected):
    assert filter_size(side, CORRECTED) == corrected
    assert filter_size(side, PUBLISHED) == 10


def test_segment_is_the_largest_not_the_brightest():
    image = np.random.default_rng(0).normal(0, 0.1, (64, 64))
    image[10:30, 10:30] += 2
    image[45:50, 45:50] += 50
    found = segment(image, CORRECTED)
    assert found[15:25, 15:25].all()
    assert not found[40:, 40:].any()


def test_published_filter_deletes_a_small_galaxy_that_the_corrected_keeps():
    image = np.random.default_rng(0).normal(0, 0.1, (64, 64))
    image[30:36, 30:36] += 5
    assert not segment(image, PUBLISHED).any()
    assert segment(image, CORRECTED)[31:35, 31:35].all()
