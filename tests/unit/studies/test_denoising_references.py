"""The classical methods against their closed forms, and the choice of their settings."""

import math

import numpy as np
import pytest
from scipy import fft, ndimage

from galforge.datasets.skirt.mock import image as mock_image
from galforge.datasets.skirt.settings import MockSettings
from galforge.errors import GalforgeError
from galforge.stamps.sizes import central_half
from galforge.studies.denoising.degrade import Observed, blurred, observed
from galforge.studies.denoising.metrics import mse
from galforge.studies.denoising.references import restore, tune
from galforge.studies.denoising.settings import Tuning
from galforge.studies.denoising.trials import REFERENCES

SETTINGS = {"identity": math.nan, "wiener": 0.1, "richardson_lucy": 8, "non_local_means": 0.8}
TUNED = [name for name in REFERENCES if name != "identity"]

pytestmark = pytest.mark.filterwarnings("error")


def random(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def blob(side=48, flux=5000.0, width=3.0):
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    profile = np.exp(-(x**2 / 2 + y**2) / (2 * width**2))
    return flux * profile / profile.sum() * np.array([0.5, 1.0])[:, None, None]


def even_filter(image, sigma, transfer):
    """A filter of the image (..., l, l) reflected for ever, as a product in the cosines that such images consist of.

    ``transfer`` takes the Fourier transforms of PSF and Laplacian at their frequencies.
    """
    side = image.shape[-1]
    k = np.pi * np.arange(side) / (side - 1)
    offset = np.arange(-40, 41)
    kernel = np.exp(-0.5 * (offset / sigma) ** 2)
    along = (np.cos(np.outer(k, offset)) * kernel).sum(axis=1) / kernel.sum()
    psf = along[:, None] * along
    laplacian = (2 - 2 * np.cos(k))[:, None] + (2 - 2 * np.cos(k))
    return fft.idctn(fft.dctn(image, 1, axes=(-2, -1)) * transfer(psf, laplacian), 1, axes=(-2, -1))


def test_identity_gives_the_image_back():
    image = random((3, 9, 9))
    assert np.array_equal(restore("identity", image, 2.0, 4.0, math.nan), image)


@pytest.mark.parametrize("balance", [0.01, 1.0, 30.0])
def test_wiener_is_its_closed_form(balance):
    """Padding 4 sigma = 8 px of an image of 18 px makes one whole period of its reflections: nothing is cut."""
    image = 4 * random((2, 18, 18)) + blob(18)
    expected = even_filter(image, 2.0, lambda psf, laplacian: psf / (psf**2 + balance * laplacian**2))
    assert restore("wiener", image, 2.0, 4.0, balance) == pytest.approx(expected, rel=1e-8, abs=1e-8)


def test_wiener_without_noise_and_penalty_is_the_inverse():
    truth = 10 * random((1, 10, 10)) + 30
    image = even_filter(truth, 0.7, lambda psf, laplacian: psf)
    assert mse(image, truth) > 10
    assert restore("wiener", image, 0.7, 0.0, 1e-14) == pytest.approx(truth, abs=1e-6)


def test_richardson_lucy_is_its_formula():
    sigma, noise = 1.5, 2.0
    image = blurred(blob(20, flux=500), sigma) + noise * random((2, 20, 20))
    offset = np.arange(-15, 16)
    psf = np.exp(-(offset[:, None] ** 2 + offset**2) / (2 * sigma**2))
    psf /= psf.sum()
    for band, given in zip(image, restore("richardson_lucy", image, sigma, noise, 4), strict=True):
        padded = np.maximum(np.pad(band, 6, mode="reflect"), 0)
        light = np.ones_like(padded)
        for _ in range(4):
            ratio = padded / ndimage.convolve(light, psf, mode="constant")
            light = light * ndimage.convolve(ratio, psf, mode="constant")
        assert given == pytest.approx(light[6:-6, 6:-6], rel=1e-5, abs=1e-6)


def test_richardson_lucy_keeps_the_flux_and_takes_the_psf_out():
    truth = blob()
    image = blurred(truth, 2.0)
    restored = [restore("richardson_lucy", image, 2.0, 0.0, n) for n in (1, 10, 50)]
    for given in restored:
        assert given.sum(axis=(1, 2)) == pytest.approx(image.sum(axis=(1, 2)), rel=1e-4)
    errors = [mse(given, truth) for given in restored]
    assert errors[0] > 3 * errors[1] > 9 * errors[2]
    assert errors[2] < 0.02 * mse(image, truth)


def test_a_uniform_image_is_a_fixed_point_away_from_its_edges():
    image = np.full((1, 40, 40), 100.0)
    given = restore("richardson_lucy", image, 2.0, 4.0, 8)
    assert given[:, 10:-10, 10:-10] == pytest.approx(100, rel=1e-3)
    assert restore("wiener", image, 2.0, 4.0, 0.3) == pytest.approx(image, rel=1e-9)
    assert restore("non_local_means", image, 2.0, 4.0, 0.8) == pytest.approx(image, rel=1e-9)


def test_a_psf_wider_than_the_image_keeps_its_unit_sum():
    image = np.full((1, 2, 2), 100.0)
    assert restore("wiener", image, 2.0, 4.0, 0.3) == pytest.approx(image, rel=1e-9)


def test_richardson_lucy_takes_negative_pixels_for_dark():
    image = 4 * random((1, 24, 24))
    given = restore("richardson_lucy", image, 1.0, 4.0, 10)
    assert np.array_equal(given, restore("richardson_lucy", np.maximum(image, 0), 1.0, 4.0, 10))
    assert given.min() > -1e-9


def test_non_local_means_is_its_formula():
    """Means of the 13 x 13 px around, weighted by how like the patches in all bands are beyond the noise.

    scikit-image's fast mode sums 4 x 4 of the 25 px that it divides by, and its exponential is good to some percent.
    """
    noise, strength = 4.0, 0.7
    image = blob(24) + noise * random((2, 24, 24))
    weights, light = 0.0, 0.0
    for shift in np.ndindex(13, 13):
        moved = np.roll(image, np.subtract(shift, 6), axis=(1, 2))
        excess = ((image - moved) ** 2 - 2 * noise**2).sum(axis=0)
        summed = 16 * ndimage.uniform_filter(excess, 4, origin=-1)
        distance = np.maximum(summed, 0) / (25 * 2 * (strength * noise) ** 2)
        weight = np.exp(-distance) * (distance < 5)
        weights, light = weights + weight, light + weight * moved
    inner = np.s_[:, 9:-9, 9:-9]
    given = restore("non_local_means", image, 2.0, noise, strength)
    assert np.abs(given - image)[inner].max() > 5
    assert given[inner] == pytest.approx((light / weights)[inner], abs=0.15)


def test_non_local_means_of_great_strength_is_the_mean_of_13_px_a_side():
    image = 4 * random((2, 24, 24))
    expected = ndimage.uniform_filter(image, (0, 13, 13))
    inner = np.s_[:, 6:-6, 6:-6]
    assert restore("non_local_means", image, 2.0, 4.0, 1e3)[inner] == pytest.approx(expected[inner], abs=1e-3)


def test_non_local_means_takes_noise_out_of_flat_fields_and_keeps_steps():
    truth = np.zeros((3, 48, 48))
    truth[:, :, 24:] = 200.0
    image = truth + 4 * random(truth.shape)
    given = restore("non_local_means", image, 2.0, 4.0, 1.0)
    left, right = given[:, 8:-8, 8:16], given[:, 8:-8, 32:40]
    assert max(left.var(), right.var()) < 16 / 20
    assert left.mean() == pytest.approx(0, abs=0.5)
    assert right.mean() == pytest.approx(200, abs=0.5)
    assert given[:, :, 23].mean() == pytest.approx(0, abs=2)
    assert given[:, :, 24].mean() == pytest.approx(200, abs=2)


def test_non_local_means_looks_at_all_bands_together():
    """An edge that one band alone shows clearly is kept in another, where it is below the noise."""
    truth = np.zeros((2, 48, 48))
    truth[0, :, 24:], truth[1, :, 24:] = 200.0, 4.0
    image = truth + 4 * random(truth.shape)

    def step(given):
        return given[-1, 4:-4, 25:28].mean() - given[-1, 4:-4, 20:23].mean()

    together = step(restore("non_local_means", image, 2.0, 4.0, 1.0))
    alone = step(restore("non_local_means", image[1:], 2.0, 4.0, 1.0))
    assert together == pytest.approx(4, abs=0.7)
    assert alone < 0.8 * together


@pytest.mark.parametrize("method", ["wiener", "richardson_lucy"])
def test_bands_are_restored_each_by_itself(method):
    image = blob(24) + 4 * random((2, 24, 24))
    together = restore(method, image, 2.0, 4.0, SETTINGS[method])
    alone = [restore(method, band[None], 2.0, 4.0, SETTINGS[method])[0] for band in image]
    assert np.array_equal(together, alone)


@pytest.mark.parametrize("method", REFERENCES)
def test_one_band_keeps_its_orientation(method):
    image = np.zeros((1, 24, 24))
    image[0, 4:8, 12:20] = 500.0
    given = restore(method, image + random(image.shape), 0.5, 1.0, SETTINGS[method])
    assert given.shape == image.shape
    assert np.corrcoef(given.ravel(), image.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("unit", [1e-16, 1e6])
@pytest.mark.parametrize("method", REFERENCES)
def test_settings_do_not_depend_on_the_unit(method, unit):
    image = blob(24) + 4 * random((2, 24, 24))
    expected = restore(method, image, 2.0, 4.0, SETTINGS[method])
    assert restore(method, unit * image, 2.0, 4.0 * unit, SETTINGS[method]) / unit == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("noise", [0.0, 4.0])
@pytest.mark.parametrize("side", [1, 2, 8, 10, 21])
@pytest.mark.parametrize("method", REFERENCES)
def test_small_and_dark_images_are_restored_without_a_warning(method, side, noise):
    drawn = 4 * random((4, side, side))
    for image in (drawn, -np.abs(drawn), np.zeros_like(drawn), drawn.astype(np.float32)):
        for sigma in (0.3, 2.0):
            given = restore(method, image, sigma, noise, SETTINGS[method])
            assert given.shape == image.shape
            assert given.dtype == np.float64
            assert np.isfinite(given).all()


@pytest.mark.parametrize("method", ["identity", "non_local_means"])
def test_without_noise_there_is_nothing_to_take_out_but_the_psf(method):
    image = blurred(blob(24), 2.0)
    assert np.array_equal(restore(method, image, 2.0, 0.0, SETTINGS[method]), image)


@pytest.mark.parametrize("known", [0, 1, 2])
@pytest.mark.parametrize("method", TUNED)
def test_tuning_finds_the_setting_that_the_truth_was_made_with(method, known):
    grid = {"wiener": [0.01, 0.3, 10.0], "richardson_lucy": [1, 4, 9], "non_local_means": [0.2, 0.8, 2.0]}[method]
    images = [blob(24) + 4 * random((2, 24, 24), seed) for seed in range(2)]
    pairs = [Observed(image, restore(method, image, 2.0, 4.0, grid[known])) for image in images]
    assert tune(method, pairs, 2.0, 4.0, grid) == grid[known]


def test_tuning_weighs_galaxies_alike_whatever_their_size():
    grid = [0.01, 10.0]
    small, large = 4 * random((1, 8, 8)), 4 * random((1, 32, 32), 1)

    def made(image, setting):
        return Observed(image, restore("wiener", image, 2.0, 4.0, setting))

    lost_small = mse(restore("wiener", small, 2.0, 4.0, grid[1]), made(small, grid[0]).truth)
    lost_large = mse(restore("wiener", large, 2.0, 4.0, grid[0]), made(large, grid[1]).truth)
    # The small galaxy would lose 4 times as much per pixel, and a quarter as much in all.
    small = small * math.sqrt(4 * lost_large / lost_small)
    assert tune("wiener", [made(large, grid[1]), made(small, grid[0])], 2.0, 4.0, grid) == grid[0]


def test_the_first_of_equal_settings_is_taken_and_identity_has_none():
    dark = Observed(np.zeros((1, 12, 12)), np.zeros((1, 12, 12)))
    assert tune("wiener", [dark], 2.0, 4.0, [0.3, 0.1, 1.0]) == 0.3
    assert math.isnan(tune("identity", [dark], 2.0, 4.0, []))


@pytest.mark.parametrize(("pairs", "grid"), [([], [1.0]), ([Observed(np.ones((1, 9, 9)), np.ones((1, 9, 9)))], [])])
def test_nothing_to_tune_with_is_an_error(pairs, grid):
    with pytest.raises(GalforgeError, match="cannot be tuned"):
        tune("wiener", pairs, 2.0, 4.0, grid)


def test_an_unknown_method_is_an_error():
    with pytest.raises(GalforgeError, match="choose of identity, wiener"):
        restore("median", np.ones((1, 9, 9)), 2.0, 4.0, 1.0)


@pytest.mark.parametrize(("pixel_size", "noise"), [(1.0, 1.0), (1.0, 4.0), (2.0, 1.0)])
def test_the_default_grids_bracket_the_best_settings_for_mock_galaxies(pixel_size, noise):
    mock = MockSettings(count=3, seed=99, largest_side=96)
    pairs = [
        observed(central_half(mock_image(mock, index))[1:3], 2.0, 4.0, pixel_size, noise, (0, "test", index))
        for index in range(3)
    ]
    unrestored = np.mean([mse(pair.image, pair.truth) for pair in pairs])
    for method in TUNED:
        grid = getattr(Tuning(), method)
        best = tune(method, pairs, 2.0 / pixel_size, 4.0 * noise, grid)
        assert best in grid[1:-1], method
        gained = [mse(restore(method, pair.image, 2 / pixel_size, 4 * noise, best), pair.truth) for pair in pairs]
        assert np.mean(gained) < 0.95 * unrestored, method
