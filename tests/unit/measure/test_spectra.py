"""Power spectra against a plain numpy transform, and their grouping into modes."""

import numpy as np
import pytest

from galforge.errors import GalforgeError
from galforge.measure.power_spectrum.measure import (
    MODES,
    NYQUIST,
    UPPER_EDGES,
    group,
    measure,
    mode_edges,
    ring_matrix,
    ring_means,
)
from galforge.measure.power_spectrum.settings import MeasureSettings

PUBLISHED = MeasureSettings(protocol="published")
CORRECTED = MeasureSettings(protocol="corrected")
MODE_NAMES = [f"mode_{i:02d}" for i in range(15)]


def direct_rings(image: np.ndarray) -> np.ndarray:
    """Azimuthal means by a loop over the full complex transform."""
    side = len(image)
    amplitude = np.abs(np.fft.fftshift(np.fft.fft2(image))) / side**2
    sums: dict[int, list[float]] = {}
    for row in range(side):
        for column in range(side):
            radius = int(np.hypot(row - side // 2, column - side // 2) + 1e-9)
            sums.setdefault(radius, []).append(amplitude[row, column])
    return np.array([np.mean(sums[radius]) for radius in sorted(sums)])


@pytest.mark.parametrize(("side", "count"), [(32, 3), (33, 70), (64, 19), (65, 3), (190, 2)])
def test_rings_are_those_of_the_full_transform(side, count):
    images = np.random.default_rng(side).normal(size=(count, side, side)) + 5
    found = ring_means(images, ring_matrix(side))
    expected = np.stack([direct_rings(image) for image in images])
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_measured_modes(stamps_of):
    images = np.random.default_rng(0).normal(size=(5, 64, 64)).astype(np.float32) + 0.5
    stamps = stamps_of(images)
    rings = np.stack([direct_rings(image.astype(float)) for image in images])
    published = measure(stamps, 0, 5, PUBLISHED, 0, 0.0, 0)
    np.testing.assert_allclose(published[MODE_NAMES], np.log10(rings[:, :15]), rtol=1e-10)
    corrected = measure(stamps, 0, 5, CORRECTED, 0, 0.0, 0)
    np.testing.assert_allclose(corrected["mode_00"], np.log10(rings[:, 0]), rtol=1e-10)
    np.testing.assert_allclose(corrected["mode_14"], np.log10(rings[:, 28:33].mean(axis=1)), rtol=1e-10)
    np.testing.assert_allclose(corrected["bin_032"], np.log10(rings[:, 32]), rtol=1e-6)
    assert corrected["index"].tolist() == [0, 1, 2, 3, 4]
    part = measure(stamps, 2, 4, CORRECTED, 0, 0.0, 0)
    np.testing.assert_array_equal(part[MODE_NAMES], corrected[MODE_NAMES].iloc[2:4])


def test_white_noise_is_flat(stamps_of):
    table = measure(stamps_of(np.random.default_rng(1).normal(0, 3, (200, 64, 64))), 0, 200, CORRECTED, 0, 0.0, 0)
    expected = np.log10(3 * np.sqrt(np.pi) / 2 / 64)  # mean of a Rayleigh variable
    assert table[MODE_NAMES[6:]].mean().to_numpy() == pytest.approx(expected, abs=0.02)


def test_a_wave_lands_in_its_ring(stamps_of):
    x = np.arange(64) * 2 * np.pi / 64
    wave = 4 * np.cos(20 * x)[None, :] * np.ones((64, 1))
    table = measure(stamps_of([wave]), 0, 1, CORRECTED, 0, 0.0, 0)
    rings = 10 ** table.filter(like="bin_").iloc[0]
    assert rings.idxmax() == "bin_020"
    assert rings["bin_020"] > 1e4 * rings.drop("bin_020").max()


def test_intended_modes_at_256_px():
    scale = NYQUIST / 128
    assert mode_edges(256) == [0] + [int(round(edge / scale, 6)) for edge in UPPER_EDGES]
    assert mode_edges(256) == [0, 1, 3, 6, 11, 16, 24, 32, 42, 53, 65, 79, 94, 111, 128]


@pytest.mark.parametrize("side", range(32, 260))
def test_no_mode_is_empty_and_nyquist_is_the_end(side):
    edges = mode_edges(side)
    assert len(edges) == MODES
    assert np.all(np.diff(edges) >= 1)
    assert edges[-1] == side // 2
    rings = np.arange(float(side))[None]
    assert np.isfinite(group(rings, side, "corrected")).all()


def test_constant_stamps_are_missing_not_infinite(stamps_of):
    table = measure(stamps_of([np.zeros((32, 32)), np.ones((32, 32))]), 0, 2, PUBLISHED, 0, 0.0, 0)
    assert table.iloc[0][MODE_NAMES].isna().all()
    assert table["mode_00"][1] == pytest.approx(0)
    assert not np.isinf(table.to_numpy()).any()


def test_small_stamps_are_refused(stamps_of):
    with pytest.raises(GalforgeError, match="stamps of 30 px are too small"):
        measure(stamps_of(np.zeros((1, 30, 30))), 0, 1, CORRECTED, 0, 0.0, 0)
