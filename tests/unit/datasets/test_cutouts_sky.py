"""Missing pixels and skies of single images, against what they were made of."""

import numpy as np
import pytest

from galforge.datasets.cutouts.missing import missing_pixels
from galforge.datasets.cutouts.sky import sky_of
from galforge.seeds import generator
from toys.cutouts import RMS, disc

HOLES = {
    "edge": np.s_[:, :8],
    "column": np.s_[:, 33:34],
    "corner": np.s_[50:, 55:],
    "star": np.s_[20:27, 40:47],
}


@pytest.mark.parametrize("levels", [None, 3.0, 1.0])
@pytest.mark.parametrize("hole", HOLES)
def test_regions_of_one_value_are_missing_and_nothing_else(hole, levels):
    """In floating point, and in whole numbers with an rms of 3 and of 1."""
    for seed in range(5):
        image = disc(seed).astype(float)
        if levels is not None:
            image = np.round(image / RMS * levels)
        expected = np.zeros(image.shape, bool)
        expected[HOLES[hole]] = True
        image[expected] = 0
        found = missing_pixels(image)
        assert found[expected].all()
        # In whole numbers, pixels beside a hole may have its value by chance, and those beside them.
        assert (found & ~expected).sum() <= {None: 0, 3.0: 30, 1.0: 400}[levels]
        assert not missing_pixels(np.where(expected, np.nan, image), constant=False)[~expected].any()


@pytest.mark.parametrize("levels", [None, 3.0, 1.0])
def test_whole_images_miss_nothing(levels):
    for seed in range(10):
        image = disc(seed).astype(float) if levels is None else np.round(disc(seed) / RMS * levels)
        assert not missing_pixels(image).any()


@pytest.mark.parametrize("side", [24, 48, 100])
def test_the_sky_is_that_of_the_noise(side):
    for level in (0.0, 0.06, -0.02):
        found = [sky_of(disc(seed, side, sky=level).astype(float), np.zeros((side, side), bool)) for seed in range(12)]
        assert np.median([sky.level for sky in found]) == pytest.approx(level, abs=0.3 * RMS)
        assert np.median([sky.rms for sky in found]) == pytest.approx(RMS, rel=0.12)


def test_a_sky_that_grows_is_followed():
    """By 10 rms over the image from bottom to top; also the noise does so, beyond the edges too."""
    slope = 10 * RMS / 48
    rows = np.arange(48)[:, None] - 23.5
    for seed in range(6):
        nothing = np.zeros((48, 48), bool)
        sky = sky_of(disc(seed, 48, sky=0.06) + slope * rows, nothing)
        assert sky.slope[0] == pytest.approx(slope, rel=0.15)
        assert sky.rms == pytest.approx(RMS, rel=0.15)
        wide = sky.noise((64, 64), generator(1, "noise", seed))
        assert wide[-8:].mean() - wide[:8].mean() == pytest.approx(slope * 56, rel=0.2)
        assert sky_of(disc(seed, 48), nothing).slope == (0, 0)


def test_noise_repeats_what_was_measured():
    """Level, rms and correlation with the pixels to the right and above."""
    sky = sky_of(disc(3, 100, sky=0.06, correlated=True).astype(float), np.zeros((100, 100), bool))
    noise = np.stack([sky.noise((64, 80), generator(1, "noise", i)) for i in range(40)])
    assert noise.shape == (40, 64, 80)
    assert noise.mean() == pytest.approx(sky.level, abs=0.05 * RMS)
    assert noise.std() == pytest.approx(sky.rms, rel=0.02)
    rest = noise - noise.mean()
    for first, second, lag in ((rest[:, :, 1:], rest[:, :, :-1], (6, 7)), (rest[:, 1:], rest[:, :-1], (7, 6))):
        assert (first * second).mean() / (rest**2).mean() == pytest.approx(sky.correlation[lag], abs=0.05)
    np.testing.assert_array_equal(noise[3], sky.noise((64, 80), generator(1, "noise", 3)))


def test_an_image_without_sky_has_none():
    y, x = np.mgrid[:16, :16] - 7.5
    wide = np.exp(-np.hypot(x, y) / 20) * 100 + np.random.default_rng(0).normal(0, 0.1, (16, 16))
    nothing = np.zeros((16, 16), bool)
    assert sky_of(np.full((6, 6), 1.0), np.zeros((6, 6), bool)) is None
    assert sky_of(wide, ~nothing) is None
