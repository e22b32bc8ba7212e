"""The blocks of features against numpy's transform, scikit-image and cases that can be worked out."""

import numpy as np
import pytest
from skimage.feature import hog, local_binary_pattern

from galforge.measure.realism import spectrum, texture
from galforge.measure.realism.measure import features_of
from galforge.measure.realism.properties import background_of
from galforge.measure.realism.settings import MeasureSettings


def noisy(side: int, background: int = 0) -> np.ndarray:
    rng = np.random.default_rng(side)
    image = np.where(rng.random((side, side)) < 0.05, rng.integers(0, 250, (side, side)), 0) + background
    return image.astype(np.uint8)


def smooth(side: int, background: int) -> np.ndarray:
    """One broad round source on a background: what single precision is worst at."""
    y, x = np.mgrid[:side, :side] - side / 2
    return (background + 250 * np.exp(-(x**2 + y**2) / (2 * (side / 12) ** 2))).astype(np.uint8)


def brute(image: np.ndarray, window: int) -> np.ndarray:
    side = len(image)
    power = np.abs(np.fft.fftshift(np.fft.fft2(image.astype(np.float64)))) ** 2
    y, x = np.indices(image.shape) - side // 2
    radius = np.hypot(y, x).astype(int)
    sums = np.array([power[radius == r].sum() for r in range(side // 2)])
    return np.array([sums[low : low + window].mean() for low in range(len(sums) - window + 1)])


@pytest.mark.parametrize("image", [noisy(96), noisy(97, 2), smooth(128, 3), smooth(1000, 3), noisy(1000, 1)])
def test_spectrum_is_that_of_the_whole_transform_in_double_precision(image):
    half = spectrum.transform(image, background_of(texture.histogram(image)))
    expected = brute(image, 5)
    assert spectrum.spectrum(half, 5) == pytest.approx(expected, rel=1e-4, abs=0)
    assert len(expected) == len(image) // 2 - 4


def test_a_single_pixel_has_the_same_power_everywhere():
    side = 128
    image = np.zeros((side, side), dtype=np.uint8)
    image[40, 77] = 10
    y, x = np.indices(image.shape) - side // 2
    members = np.bincount(np.floor(np.sqrt(x**2 + y**2)).astype(int).ravel())[: side // 2]
    assert spectrum.ring_sums(spectrum.transform(image, 0)) == pytest.approx(100.0 * members, rel=1e-5)


def test_a_wave_is_in_the_ring_of_its_frequency_and_the_window_spreads_it():
    side = 100
    x = np.arange(side)
    wave = np.rint(100 + 80 * np.cos(2 * np.pi * 20 * x / side)).astype(np.uint8)
    image = np.tile(wave, (side, 1))
    sums = spectrum.ring_sums(spectrum.transform(image, 100))
    assert sums[0] == pytest.approx(image.sum(dtype=float) ** 2, rel=1e-6)
    assert np.argmax(sums[1:]) + 1 == 20
    assert sums[20] == pytest.approx(2 * (40 * side**2) ** 2, rel=0.01)
    smoothed = spectrum.spectrum(spectrum.transform(image, 100), 5)
    assert smoothed[16:21] == pytest.approx(np.full(5, sums[20] / 5), rel=1e-3)
    assert smoothed[22] < 1e-3 * smoothed[18]


def test_radii_of_perfect_squares_are_whole():
    radius = spectrum._rings(1000).reshape(1000, 501)
    assert [radius[300, 400], radius[-3, 4], radius[0, 499], radius[0, 500], radius[500, 0]] == [500, 5, 499, 500, 500]
    assert radius[299, 399] == 498
    assert radius.max() == 500


@pytest.mark.parametrize("side", [100, 97])
def test_fourier_is_half_a_row_of_the_centred_transform(side):
    image = noisy(side, 1)
    centred = np.abs(np.fft.fftshift(np.fft.fft2(image.astype(float))))
    expected = centred[side // 4, side // 2 :]
    assert spectrum.fourier(spectrum.transform(image, 1)) == pytest.approx(expected, rel=1e-4)


def test_histogram_counts_levels():
    image = noisy(100)
    counts = texture.histogram(image)
    present, times = np.unique(image, return_counts=True)
    assert counts.shape == (256,)
    assert dict(zip(present, times, strict=True)) == {level: n for level, n in enumerate(counts) if n}


def test_gradients_and_patterns_are_scikit_image_s():
    image = smooth(128, 1) + noisy(128)
    found = features_of(image, MeasureSettings(size=128, blocks=["hog", "lbp"]))
    # As the authors call it, who leave the blocks to scikit-image.
    plain = hog(image.astype(np.float32), orientations=9, pixels_per_cell=(32, 32), feature_vector=True)
    assert found["hog"] == pytest.approx(plain, abs=1e-6)
    assert len(plain) == 2 * 2 * 9 * 9
    codes = local_binary_pattern(image, P=24, R=8, method="uniform")
    expected, _ = np.histogram(codes, bins=np.arange(27), density=True)
    assert found["lbp"] == pytest.approx(expected, rel=1e-12)
    assert found["lbp"].sum() == pytest.approx(1)


def test_sides_of_cells_and_patterns_are_settings():
    image = noisy(128)
    found = features_of(
        image, MeasureSettings(size=128, blocks=["hog", "lbp"], hog_cell=16, hog_block=1, lbp_points=8, lbp_radius=2.0)
    )
    assert len(found["hog"]) == 8 * 8 * 9
    assert np.array_equal(found["hog"], hog(image, pixels_per_cell=(16, 16), cells_per_block=(1, 1)))
    codes = local_binary_pattern(image, 8, 2.0, "uniform")
    assert found["lbp"] == pytest.approx(np.bincount(codes.astype(int).ravel(), minlength=10) / codes.size)
