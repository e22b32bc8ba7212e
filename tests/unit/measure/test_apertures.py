"""Apertures against photutils, and the radii found with them against scipy's root finder."""

import numpy as np
import pytest
from photutils.aperture import CircularAperture, EllipticalAnnulus, EllipticalAperture
from scipy.optimize import brentq

from galforge.errors import GalforgeError
from galforge.measure.morphology import apertures
from galforge.measure.morphology.radii import petrosian_radius, radii_at
from galforge.measure.morphology.roots import MOST, advance, begin


def cases(count: int) -> list[tuple]:
    """Images with holes, and apertures of all sizes: on pixel centres and edges, beyond the image, thin, upright."""
    draws = np.random.default_rng(0)
    found = []
    for i in range(count):
        ny, nx = (int(n) for n in draws.integers(20, 70, 2))
        mask = draws.random((ny, nx)) < draws.choice([0, 0.02, 0.3])
        image = np.where(mask, 0.0, draws.normal(0, 1, (ny, nx)))
        x, y = draws.uniform(0, min(nx, ny) - 1, 2)
        r = draws.uniform(0.2, 3) if i % 2 else draws.uniform(3, 60)
        if i % 7 == 0:
            x, y = round(x), round(y)
        if i % 11 == 0:
            r = round(2 * r) / 2 + 0.5
        theta = 0.0 if i % 5 == 0 else draws.uniform(-2, 2)
        found.append((image, mask, float(x), float(y), r, r / draws.uniform(1, 8), theta))
    return found


@pytest.mark.parametrize("case", cases(120))
def test_sums_and_areas_are_photutils(case):
    image, mask, x, y, a, b, theta = case
    plane = apertures.plane(image, mask)
    for found, reference in (
        (apertures.inside(plane, x, y, a, 1.0, apertures.CIRCLE), CircularAperture((x, y), a)),
        (apertures.inside(plane, x, y, a, a / b, theta), EllipticalAperture((x, y), a, b, theta=theta)),
    ):
        assert found[0] == pytest.approx(reference.do_photometry(image, method="exact")[0][0], abs=1e-9)
        assert found[1] == pytest.approx(reference.area_overlap(image, mask=mask), abs=1e-9)
    weights = apertures.ellipse_weights(*image.shape, x, y, a, b, theta)
    reference = EllipticalAperture((x, y), a, b, theta=theta).to_mask(method="exact").to_image(image.shape)
    np.testing.assert_allclose(weights, reference, atol=1e-9)


@pytest.mark.parametrize("xtol", [1e-6, 1e-2])
def test_root_finder_takes_scipys_steps(xtol):
    draws = np.random.default_rng(1)
    tried = 0
    while tried < 200:
        c = draws.normal(size=4)
        a, b = np.sort(draws.uniform(-3, 3, 2)).tolist()

        def function(x: float, c: np.ndarray = c) -> float:
            return float(c[0] + c[1] * x + c[2] * x**3 + np.sin(5 * c[3] * x))

        if function(a) * function(b) > 0:
            continue
        tried += 1
        state = begin(a, function(a), b, function(b))
        for _ in range(MOST):
            if advance(state, xtol):
                break
            state[4] = function(state[1])
        assert state[1] == brentq(function, a, b, xtol=xtol)


@pytest.fixture(scope="module")
def exponential() -> np.ndarray:
    rows, columns = np.mgrid[:80, :80] - 40.0
    return np.exp(-np.hypot(rows, columns) / 4)


def test_petrosian_radius_of_an_exponential_disc(exponential):
    radius, bad = petrosian_radius(apertures.plane(exponential, np.zeros((80, 80), bool)), 40.0, 40.0)
    assert not bad
    # Mean inside r over local brightness: (2 h^2 / r^2) (1 - (1 + r/h) e^{-r/h}) against e^{-r/h} = 0.2 of it.
    analytic = brentq(lambda u: np.exp(-u) - 0.2 * 2 / u**2 * (1 - (1 + u) * np.exp(-u)), 1, 10) * 4
    assert radius == pytest.approx(analytic, rel=5e-3)


def test_radii_hold_their_shares(exponential):
    plane = apertures.plane(exponential, np.zeros((80, 80), bool))

    def flux(radius: float) -> float:
        return apertures.inside(plane, 40.0, 40.0, radius, 1.0, apertures.CIRCLE)[0]

    radii, bad = radii_at(plane, 40.0, 40.0, 25.0, (0.2, 0.5, 0.8))
    assert not bad
    for radius, share in zip(radii, (0.2, 0.5, 0.8), strict=True):
        assert flux(radius) / flux(25.0) == pytest.approx(share, abs=1e-6)


def test_radii_of_no_light_of_negative_light_and_of_nothing(exponential):
    empty = np.zeros((80, 80), bool)
    assert radii_at(apertures.plane(0 * exponential, empty), 40.0, 40.0, 25.0, (0.5,)) == ([25.0], True)
    negative, bad = radii_at(apertures.plane(-exponential, empty), 40.0, 40.0, 25.0, (0.5,))
    assert bad
    assert negative == radii_at(apertures.plane(exponential, empty), 40.0, 40.0, 25.0, (0.5,))[0]
    with pytest.raises(GalforgeError, match="no radius within 25 px"):
        radii_at(apertures.plane(np.inf * exponential, empty), 40.0, 40.0, 25.0, (0.5,))


@pytest.mark.parametrize(("slope", "radius"), [(0.05, 1.0), (1e9, 80 * np.sqrt(2))])
def test_petrosian_radius_that_does_not_exist_is_bad(slope, radius):
    rows, columns = np.mgrid[:80, :80] - 40.0
    image = np.exp(-np.hypot(rows, columns) / slope) if slope < 1 else np.ones((80, 80))
    found, bad = petrosian_radius(apertures.plane(image, np.zeros((80, 80), bool)), 40.0, 40.0, 1.0, 0.0)
    assert bad
    assert found == pytest.approx(radius)


def test_elliptical_annulus_excludes_the_inner_ellipse():
    image = np.random.default_rng(2).normal(5, 1, (50, 60))
    plane = apertures.plane(image, np.zeros(image.shape, bool))
    outer, inner = (apertures.inside(plane, 30.0, 24.0, a, 2.0, 0.4)[0] for a in (12.0, 9.0))
    reference = EllipticalAnnulus((30, 24), 9, 12, 6, theta=0.4).do_photometry(image, method="exact")[0][0]
    assert outer - inner == pytest.approx(reference)
