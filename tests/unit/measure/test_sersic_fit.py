"""The Sersic fit against astropy's, which statmorph uses, and against known inputs."""

import math
from typing import NamedTuple

import numpy as np
import pytest
import scipy.optimize
from astropy.modeling.fitting import LevMarLSQFitter, NonFiniteValueError
from astropy.modeling.models import Sersic2D
from astropy.utils.exceptions import AstropyUserWarning
from scipy.signal import fftconvolve
from statmorph.statmorph import ConvolvedSersic2D

from galforge.measure.morphology.elementary import exponential, logarithm
from galforge.measure.morphology.levenberg_marquardt import minimise
from galforge.measure.morphology.sersic import INDEX_MIN, fit
from galforge.measure.morphology.sersic_pixels import ConvolvedPixels, Pixels

# Astropy warns of fits that end at MINPACK's limits.
pytestmark = pytest.mark.filterwarnings(f"ignore::{AstropyUserWarning.__module__}.AstropyUserWarning")

SHAPE = (44, 52)
TRUTH = np.array([1.0, 6.0, 1.7, 25.3, 20.6, 0.4, 0.8])


def model(point: np.ndarray, shape: tuple[int, int] = SHAPE) -> np.ndarray:
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(float)
    return Sersic2D.evaluate(columns, rows, *point)


def moffat(side: int) -> np.ndarray:
    lag = np.arange(side) - (side - 1) / 2
    return (1 + (lag[:, None] ** 2 + 0.8 * lag**2) / 4) ** -2.5


def draw(kind: str, seed: int, psf: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A stamp, its weights, and a start that is as far off as statmorph's."""
    rng = np.random.default_rng(seed)
    truth = np.array([1, rng.uniform(3, 7), rng.uniform(0.5, 5), 0, 0, rng.uniform(0.1, 0.7), rng.uniform(0.2, 3)])
    truth[3:5] = np.array(SHAPE[::-1]) / 2 + rng.uniform(-2, 2, 2)
    image = model(truth)
    if kind == "clumpy":
        rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
        for x, y in rng.normal(truth[3:5], truth[1], (rng.integers(5, 30), 2)):
            image += rng.uniform(0.02, 0.4) * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 4)
    if psf is not None:
        image = fftconvolve(image, psf / psf.sum(), mode="same")
    sigma = rng.uniform(0.01, 0.1)
    if kind != "noiseless":
        image = image + rng.normal(0, sigma, SHAPE)
    start = truth * [1.2, 1.1, 1, 1, 1, 1, 1] + [0, 0, 0, 0.2, -0.2, 0.05, 0.1]
    start[2] = rng.uniform(1, 3.5)
    return image, np.full(SHAPE, 1 / sigma), start


def astropys(
    image: np.ndarray, weights: np.ndarray, start: np.ndarray, psf: np.ndarray | None = None
) -> tuple[np.ndarray, int, int]:
    """Parameters, ierr and evaluations of statmorph's fit."""
    begin = (Sersic2D if psf is None else ConvolvedSersic2D)(*start, bounds={"n": (0.01, None)})
    if psf is not None:
        begin.set_psf(psf)
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]].astype(float)
    fitter = LevMarLSQFitter()
    found = fitter(begin, columns, rows, z=image, weights=weights, maxiter=500, acc=1e-5)
    return found.parameters, fitter.fit_info["ierr"], fitter.fit_info["nfev"]


class Found(NamedTuple):
    """What `fit` gives, with names."""

    point: list[float]
    chi2: float
    ierr: int
    evaluations: int


def fitted(*arguments) -> Found:
    return Found(*fit(*arguments))


def agreement(kind: str, seeds: range, psf: np.ndarray | None = None) -> float:
    """Share of the stamps on which all parameters are astropy's within 1e-6, and it ends for the same reason."""
    same = []
    for seed in seeds:
        image, weights, start = draw(kind, seed, psf)
        theirs, ierr, evaluations = astropys(image, weights, start, psf)
        ours = fitted(image, weights, tuple(start), psf)
        same.append(
            bool(np.all(abs(np.array(ours.point) - theirs) <= 1e-6 * abs(theirs)))
            and (ours.ierr, ours.evaluations) == (ierr, evaluations)
        )
    return float(np.mean(same))


@pytest.mark.parametrize("kind", ["noiseless", "noisy", "clumpy"])
def test_parameters_and_path_are_astropys(kind):
    assert agreement(kind, range(60)) >= 0.95


# Sums over the taps, and Fourier transforms; odd, even and unequal sides.
@pytest.mark.parametrize("psf", [moffat(3), moffat(9), moffat(8)[:, :5], moffat(16)[:, :15]], ids=np.shape)
def test_parameters_with_a_psf_are_astropys(psf):
    assert agreement("noisy", range(20), psf) >= 0.9
    assert agreement("noiseless", range(5), psf) == 1.0


@pytest.mark.parametrize("psf", [None, moffat(3)], ids=["bare", "psf"])
def test_excluded_pixels_count_for_nothing(psf):
    image, weights, start = draw("noisy", 3, psf)
    weights[np.random.default_rng(1).random(SHAPE) < 0.1] = 0.0
    weights[:, :5] = 0.0
    # The pixel of the centre, too.
    weights[round(start[4]), round(start[3])] = 0.0
    theirs, ierr, evaluations = astropys(image, weights, start, psf)
    ours = fitted(np.where(weights == 0, 1e3, image), weights, tuple(start), psf)
    np.testing.assert_allclose(ours.point, theirs, rtol=1e-6)
    assert (ours.ierr, ours.evaluations) == (ierr, evaluations)


@pytest.mark.parametrize("psf", [None, moffat(3), moffat(21)], ids=["bare", "psf", "wide psf"])
def test_known_inputs_are_recovered(psf):
    image = model(TRUTH)
    if psf is not None:
        image = fftconvolve(image, psf / psf.sum(), mode="same")
    found = fitted(image, np.full(SHAPE, 50.0), (1.3, 5.0, 2.5, 25.0, 21.0, 0.3, 0.6), psf)
    np.testing.assert_allclose(found.point, TRUTH, rtol=1e-7)
    assert 1 <= found.ierr <= 4
    assert found.chi2 < 1e-8


def test_chi2_is_that_of_the_parameters():
    image, weights, start = draw("clumpy", 5)
    found = fitted(image, weights, tuple(start))
    assert found.chi2 == pytest.approx(np.sum((weights * (image - model(found.point))) ** 2), rel=1e-12)


def test_n_stays_at_its_bound():
    # A disc with a sharp edge is flatter than any Sersic model.
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    image = 1.0 * (np.hypot(columns - 26.2, 1.3 * (rows - 21.7)) < 9)
    image += np.random.default_rng(2).normal(0, 0.01, SHAPE)
    start = np.array([1.0, 6.0, 1.0, 26.0, 22.0, 0.2, 0.1])
    found = fitted(image, np.full(SHAPE, 100.0), tuple(start))
    theirs, ierr, _ = astropys(image, np.full(SHAPE, 100.0), start)
    assert found.point[2] == INDEX_MIN == theirs[2]
    assert (found.ierr in (1, 2, 3, 4)) == (ierr in (1, 2, 3, 4))


def test_a_round_start_has_no_angle_and_still_converges():
    rng = np.random.default_rng(4)
    image = model(TRUTH) + rng.normal(0, 0.02, SHAPE)
    weights = np.full(SHAPE, 50.0)
    turned = fitted(image, weights, (1.0, 5.0, 2.0, 25.0, 21.0, 0.3, 0.6))
    found = fitted(image, weights, (1.0, 5.0, 2.0, 25.0, 21.0, 0.0, 0.6))
    assert found.chi2 == pytest.approx(turned.chi2, rel=1e-7)


def test_the_evaluations_end_where_minpacks_do():
    image, weights, start = draw("noisy", 0)
    image = np.random.default_rng(5).normal(0, 0.1, SHAPE)
    _, ierr, evaluations = astropys(image, weights, start)
    found = fitted(image, weights, tuple(start))
    assert ierr == found.ierr == 5
    assert 500 <= found.evaluations < 508
    assert 500 <= evaluations < 508


@pytest.mark.parametrize("psf", [None, moffat(3), moffat(15)], ids=["bare", "psf", "wide psf"])
def test_products_are_those_of_finite_differences(psf):
    image, weights, _ = draw("noisy", 6)
    weights = weights * np.random.default_rng(7).uniform(0.5, 1.5, SHAPE)
    pixels = Pixels(image, weights) if psf is None else ConvolvedPixels(image, weights, psf)

    def residuals(point: np.ndarray) -> np.ndarray:
        drawn = model(point) if psf is None else fftconvolve(model(point), psf / psf.sum(), mode="same")
        return (weights * (drawn - image)).ravel()

    point = TRUTH * [1, 1, 1.5, 1, 1, 1, 1]
    step = 1e-4 * np.eye(7)
    columns = [
        (8 * (residuals(point + h) - residuals(point - h)) + residuals(point - 2 * h) - residuals(point + 2 * h))
        / 12e-4
        for h in step
    ]
    columns.append(residuals(point))
    # MINPACK's forward differences differ from the derivative in the second order of their step.
    found = pixels.products(point)
    norms = np.linalg.norm(columns, axis=1)
    expected = np.triu(np.array(columns) @ np.array(columns).T)
    np.testing.assert_allclose(found / np.outer(norms, norms), expected / np.outer(norms, norms), atol=2e-6)


def test_steps_are_minpacks_where_a_parameter_does_nothing():
    t = np.linspace(0, 3, 50)
    data = 2 * np.exp(-1.3 * t) + 0.5 * t + 0.1 * np.sin(40 * t)

    # The fourth does nothing.
    def residuals(p: np.ndarray) -> np.ndarray:
        return p[0] * np.exp(-p[1] * t) + p[2] * t + p[4] * t**2 + p[5] ** 2 * np.cos(p[6] * t) - data

    def jacobian(p: np.ndarray) -> np.ndarray:
        decay = np.exp(-p[1] * t)
        wave = [2 * p[5] * np.cos(p[6] * t), -(p[5] ** 2) * t * np.sin(p[6] * t)]
        return np.array([decay, -p[0] * t * decay, t, 0 * t, t**2, *wave])

    def products(p: np.ndarray) -> np.ndarray:
        columns = np.vstack([jacobian(p), residuals(p)])
        return columns @ columns.T

    start = np.array([1.0, 0.2, 0.1, 5.0, 0.3, 0.4, 3.0])
    theirs, _, info, _, ierr = scipy.optimize.leastsq(
        residuals, start, Dfun=jacobian, col_deriv=True, xtol=1e-5, full_output=True
    )
    point, chi2, our_ierr, evaluations = minimise(products, start)
    np.testing.assert_allclose(point, theirs, rtol=1e-9)
    assert chi2 == pytest.approx(np.sum(info["fvec"] ** 2), rel=1e-12)
    assert (our_ierr, evaluations) == (ierr, info["nfev"] + 7 * info["njev"])


def test_a_perfect_start_ends_at_once():
    image = np.zeros(SHAPE)
    found = fitted(image, np.ones(SHAPE), (0.0, 5.0, 1.0, 20.0, 20.0, 0.2, 0.3))
    assert (found.ierr, found.chi2, found.evaluations) == (4, 0.0, 8)


def test_what_is_not_finite_is_refused():
    image, weights, start = draw("noisy", 8)
    with pytest.raises(FloatingPointError, match="image"):
        fitted(np.where(image == image.max(), np.nan, image), weights, tuple(start))
    # e^b overflows at the centre.
    start[2:5] = 400.0, 20.0, 20.0
    with pytest.raises(NonFiniteValueError), np.errstate(over="ignore"):
        astropys(image, weights, start)
    with pytest.raises(FloatingPointError, match="n, x_0, y_0"):
        fitted(image, weights, tuple(start))


def test_exponentials_and_logarithms_are_the_c_librarys():
    rng = np.random.default_rng(9)
    x = np.concatenate([rng.uniform(-708, 709, 2000), rng.uniform(-1, 1, 500)])
    np.testing.assert_allclose([exponential(value) for value in x], np.exp(x), rtol=5e-16)
    x = np.concatenate([np.exp(rng.uniform(-700, 700, 2000)), rng.uniform(0.5, 2, 500)])
    np.testing.assert_allclose([logarithm(value) for value in x], np.log(x), rtol=5e-16)
    for value in (-math.inf, -800.0, -745.2, -745.1, -720.0, 709.7, math.inf, math.nan):
        np.testing.assert_allclose(exponential(value), np.exp(value), rtol=5e-16, atol=5e-324)
    with np.errstate(over="ignore", divide="ignore"):
        assert exponential(709.79) == exponential(1e300) == np.exp(710.0) == math.inf
        assert logarithm(0.0) == np.log(0.0)
    assert logarithm(math.inf) == math.inf
    assert math.isnan(logarithm(math.nan))
