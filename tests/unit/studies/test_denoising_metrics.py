"""Errors and similarity of denoised galaxies against values worked out by hand, and their morphology."""

import math

import numpy as np
import pytest
from astropy.modeling.models import Sersic2D

from galforge.compare.morphology import PROPERTIES
from galforge.measure.morphology.measure import measure
from galforge.measure.morphology.settings import MeasureSettings
from galforge.stamps.file import Header, Stamps, StampsWriter
from galforge.studies.denoising.metrics import morphology_row, mse, psnr, quality, ssim

TRUTH = np.array([[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [0.0, 10.0]]])
COLUMNS = {"segmented", "flag", *PROPERTIES.values()}
SERSIC = {"n": 1.5, "ellip": 0.3, "theta": 0.5}

pytestmark = pytest.mark.filterwarnings("error")


def random(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def galaxy(side=64, amplitude=100.0):
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    return Sersic2D(amplitude, 6.0, SERSIC["n"], 0, 0, SERSIC["ellip"], SERSIC["theta"])(columns, rows)


def ssim_of_the_middle(x, y, span):
    """SSIM of Wang et al. (2004) in the middle pixel of 11 x 11 px, written out."""
    offsets = np.arange(-5, 6)
    weights = np.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * 1.5**2))
    weights /= weights.sum()
    mean_x, mean_y = (weights * x).sum(), (weights * y).sum()
    var_x, var_y = (weights * (x - mean_x) ** 2).sum(), (weights * (y - mean_y) ** 2).sum()
    covariance = (weights * (x - mean_x) * (y - mean_y)).sum()
    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    structure = (2 * covariance + c2) / (var_x + var_y + c2)
    return (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1) * structure


def test_mse_is_the_mean_over_all_bands_and_pixels():
    output = TRUTH.copy()
    output[0, 0, 0] += 2
    output[1, 1, 1] -= 6
    assert mse(output, TRUTH) == (4 + 36) / 8


def test_mse_of_single_precision_is_taken_in_double():
    truth = np.full((1, 4, 4), 1e-30, dtype=np.float32)  # its square underflows in single precision
    assert mse(np.zeros_like(truth), truth) == pytest.approx(float(truth[0, 0, 0]) ** 2, rel=1e-12)


def test_psnr_has_the_peak_of_the_truth_over_all_bands():
    output = TRUTH + np.array([2.0, -2.0])  # mse 4, peak 10
    assert psnr(output, TRUTH) == pytest.approx(10 * math.log10(100 / 4), rel=1e-12)


@pytest.mark.parametrize("truth", [np.zeros((1, 3, 3)), -np.ones((1, 3, 3))])
def test_psnr_is_missing_without_a_positive_peak(truth):
    assert math.isnan(psnr(truth + 1, truth))


def test_psnr_is_missing_not_infinite_for_equal_images():
    assert math.isnan(psnr(TRUTH, TRUTH))


def test_ssim_is_1_for_equal_images_only():
    truth = random((3, 20, 20))
    assert ssim(truth, truth) == pytest.approx(1, abs=1e-12)
    assert ssim(truth + 0.1 * random(truth.shape, 1), truth) < 0.999


def test_ssim_is_the_published_formula_with_the_range_of_each_band_of_the_truth():
    truth = random((2, 11, 11)) * np.array([1.0, 50.0])[:, None, None] + 3
    output = truth + random(truth.shape, 1) * np.array([0.5, 90.0])[:, None, None]
    expected = [ssim_of_the_middle(y, x, x.max() - x.min()) for x, y in zip(truth, output, strict=True)]
    assert abs(expected[0] - expected[1]) > 0.05
    assert ssim(output, truth) == pytest.approx(np.mean(expected), rel=1e-6)


def test_ssim_is_missing_where_it_has_no_window_or_no_range():
    assert math.isnan(ssim(random((1, 10, 10)), random((1, 10, 10), 1)))
    truth = random((2, 16, 16))
    truth[1] = 7
    assert math.isnan(ssim(truth + 1, truth))


def test_quality_has_all_three():
    truth = random((2, 12, 12))
    output = truth + 0.3
    assert quality(output, truth) == {
        "mse": mse(output, truth),
        "psnr": psnr(output, truth),
        "ssim": ssim(output, truth),
    }
    assert quality(output, truth)["mse"] == pytest.approx(0.09)


def test_morphology_is_that_of_the_galaxy():
    row = morphology_row(galaxy(), 0.3, ("shape",), 1000.0, MeasureSettings())
    assert set(row) == COLUMNS
    assert row["segmented"] is True
    assert row["flag"] == 0
    assert row["sersic_n"] == pytest.approx(SERSIC["n"], rel=0.03)
    assert row["orientation_centroid"] == pytest.approx(SERSIC["theta"], abs=0.03)
    assert row["ellipticity_centroid"] == pytest.approx(SERSIC["ellip"], abs=0.05)


@pytest.mark.parametrize("psf_fwhm", [0.0, 3.0])
def test_morphology_is_measured_as_stamps_are(psf_fwhm, tmp_path):
    """The same noise drawn by the same key gives the row of a file of stamps."""
    settings, sigma, gain = MeasureSettings(psf_fwhm=psf_fwhm), 2.0, 50.0
    image = galaxy().astype(np.float32)
    header = Header(("r",), 1.0, "arcsec", "count", (25.0,), gain, "mock")
    with StampsWriter(tmp_path / "stamps.h5", (1, 64, 64), header, 1) as writer:
        writer.append(image[None])
    with Stamps(tmp_path / "stamps.h5") as stamps:
        expected = measure(stamps, 0, 1, settings, 0, sigma, 5).iloc[0]
    row = morphology_row(image, sigma, (5, "morphology-noise", "mock", 0), gain, settings)
    assert row["segmented"]
    for name in COLUMNS:
        assert row[name] == expected[name], name


def test_noise_is_drawn_by_the_key_and_not_at_all_for_sigma_0():
    image, settings = galaxy(), MeasureSettings()
    rows = [morphology_row(image, sigma, (key,), 50.0, settings) for sigma, key in [(2, 1), (2, 1), (2, 2)]]
    assert rows[0] == rows[1]
    assert rows[0]["gini"] != rows[2]["gini"]
    still = [morphology_row(image, 0.0, (key,), 50.0, settings) for key in (1, 2)]
    assert still[0] == still[1]
    assert still[0]["gini"] != rows[0]["gini"]


@pytest.mark.parametrize("image", [np.zeros((32, 32)), np.full((8, 8), 3.0), np.full((32, 32), np.nan)])
def test_what_cannot_be_measured_is_missing(image):
    row = morphology_row(image, 0.0, ("none",), 1.0, MeasureSettings())
    assert set(row) == COLUMNS
    assert row["segmented"] is False
    assert all(math.isnan(row[name]) for name in COLUMNS - {"segmented"})
