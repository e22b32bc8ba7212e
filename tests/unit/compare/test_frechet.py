"""FID against scipy's square root of a matrix, analytic values and simulations of its floor and of its end."""

import numpy as np
import pytest
import scipy.linalg
import scipy.stats

from galforge.compare.frechet import Normal, carried, distance, fid, frechet, normal
from galforge.compare.settings import CompareSettings, ComparisonSettings
from galforge.seeds import generator


def settings(protocol: str = "corrected", **given: int) -> ComparisonSettings:
    return CompareSettings(**given).of("features", protocol, False)


def by_square_root(first: np.ndarray, second: np.ndarray, ddof: int) -> float:
    """The formula as it is printed, by the square root of the product."""
    covariances = [np.cov(features, rowvar=False, ddof=ddof) for features in (first, second)]
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1]).real
    apart = first.mean(axis=0) - second.mean(axis=0)
    return apart @ apart + np.trace(covariances[0] + covariances[1] - 2 * root)


def correlated(draws: np.random.Generator, count: int, dimension: int) -> np.ndarray:
    return draws.normal(size=(count, dimension)) @ draws.normal(size=(dimension, dimension)) + draws.normal(
        size=dimension
    )


@pytest.mark.parametrize(("n", "m", "ddof"), [(200, 300, 1), (200, 300, 0), (61, 5000, 1)])
def test_agrees_with_the_square_root_of_the_product(n, m, ddof):
    draws = np.random.default_rng(n)
    first, second = correlated(draws, n, 60), correlated(draws, m, 60)
    assert frechet(first, second, ddof) == pytest.approx(by_square_root(first, second, ddof), rel=1e-6)


@pytest.mark.parametrize(("n", "m"), [(20, 30), (30, 200), (200, 30), (60, 60)])
def test_few_images_give_the_same_as_eigenvalues_of_the_product(n, m):
    # The square root of a singular product loses digits; its eigenvalues are those of a symmetric matrix.
    draws = np.random.default_rng(m)
    first, second = correlated(draws, n, 60), correlated(draws, m, 60)
    covariances = [np.cov(features, rowvar=False) for features in (first, second)]
    values, vectors = np.linalg.eigh(covariances[0])
    root = vectors * np.sqrt(np.maximum(values, 0))
    eigenvalues = np.linalg.eigvalsh(root.T @ covariances[1] @ root)
    apart = first.mean(axis=0) - second.mean(axis=0)
    expected = apart @ apart + np.trace(sum(covariances)) - 2 * np.sqrt(np.maximum(eigenvalues, 0)).sum()
    assert frechet(first, second) == pytest.approx(expected, rel=1e-6)
    assert frechet(second, first) == pytest.approx(expected, rel=1e-6)


def test_features_that_are_not_independent_have_a_root_too():
    draws = np.random.default_rng(0)
    first, second = correlated(draws, 300, 20), correlated(draws, 300, 20)
    dead = np.zeros((300, 3))
    twice = [np.hstack([features, features[:, :4], dead]) for features in (first, second)]
    expected = by_square_root(
        *(np.hstack([features[:, :4] * np.sqrt(2), features[:, 4:]]) for features in (first, second)), 1
    )
    assert frechet(*twice) == pytest.approx(expected, rel=1e-6)


def test_two_normal_distributions():
    turned = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))[0]
    first, second = np.array([1.0, 4.0, 9.0, 2.0, 0.5]), np.array([2.0, 1.0, 3.0, 2.0, 0.1])
    means = np.arange(5.0), np.arange(5.0)[::-1]
    sides = [
        Normal(mean, float(variances.sum()), (turned * variances) @ turned.T, None)
        for mean, variances in zip(means, (first, second), strict=True)
    ]
    expected = ((means[0] - means[1]) ** 2).sum() + ((np.sqrt(first) - np.sqrt(second)) ** 2).sum()
    assert distance(*sides) == pytest.approx(expected, rel=1e-12)
    assert distance(sides[0], sides[0]) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("count", [15, 200])
def test_counted_images_are_repeated_images(count):
    draws = np.random.default_rng(count)
    features, counts = correlated(draws, count, 20), draws.integers(0, 4, count)
    found, expected = normal(features, 1, counts), normal(np.repeat(features, counts, axis=0), 1)
    np.testing.assert_allclose(found.mean, expected.mean)
    covariances = [
        side.covariance if side.covariance is not None else side.root.T @ side.root for side in (found, expected)
    ]
    np.testing.assert_allclose(*covariances, atol=1e-10)
    assert found.trace == pytest.approx(np.trace(covariances[1]))


@pytest.mark.parametrize(
    ("n", "dimension", "falling"), [(64, 256, 0.5), (256, 256, 0.5), (300, 64, 0.0), (60, 1000, 0.7), (100, 64, 0.5)]
)
def test_floor_is_what_a_perfect_model_scores(n, dimension, falling):
    draws, scales = np.random.default_rng(n), np.arange(1, dimension + 1.0) ** -falling

    def sample() -> np.ndarray:
        return draws.normal(size=(n, dimension)) * scales

    scored = np.mean([frechet(sample(), sample()) for _ in range(12)])
    floors = [fid(sample(), sample(), settings(fid_bootstrap=2, fid_halvings=4))[0].floor for _ in range(3)]
    assert np.mean(floors) == pytest.approx(scored, rel=0.15)


def test_floor_knows_the_size_of_the_other_sample():
    draws = np.random.default_rng(0)
    few, many = draws.normal(size=(200, 30)), draws.normal(size=(3000, 30))
    scored = np.mean([frechet(draws.normal(size=(200, 30)), draws.normal(size=(3000, 30))) for _ in range(10)])
    assert fid(few, many, settings(fid_bootstrap=2))[0].floor == pytest.approx(scored, rel=0.2)
    assert fid(many, few, settings(fid_bootstrap=2))[0].floor == pytest.approx(scored, rel=0.2)


def test_scatter_does_not_make_a_floor_negative_or_rising():
    assert carried(1.0, 4.0, 100, 50, 200) == pytest.approx(0.5)  # steeper than 1 / n: taken as 1 / n
    assert carried(1.0, 0.5, 100, 50, 200) == pytest.approx(1.0)  # rising: taken as constant
    assert carried(1.0, 2.0, 100, 50, 200) == pytest.approx(0.5)


def test_images_that_are_all_the_same_have_no_floor_to_speak_of():
    same, other = np.ones((40, 5)), np.full((40, 5), 3.0)
    for score in fid(same, other, settings()):
        assert (score.value, score.floor) == (pytest.approx(20), 0)


def test_error_is_the_scatter_of_fids():
    draws = np.random.default_rng(1)

    def pair() -> tuple[np.ndarray, np.ndarray]:
        return draws.normal(size=(400, 8)), draws.normal(0.5, 1, (500, 8))

    scatter = np.std([frechet(*pair()) for _ in range(200)])
    errors = [fid(*pair(), settings(fid_bootstrap=60, fid_halvings=1))[0].standard_error for _ in range(5)]
    assert np.mean(errors) == pytest.approx(scatter, rel=0.25)


def test_infinity_takes_the_bias_away():
    draws = np.random.default_rng(2)
    found, true = [], 20 * 0.3**2
    for _ in range(6):
        value, beyond = fid(
            draws.normal(size=(1000, 20)), draws.normal(0.3, 1, (1000, 20)), settings(fid_bootstrap=2, fid_halvings=2)
        )
        found.append((value.value - true, beyond.value - true))
    bias, left = np.mean(found, axis=0)
    assert bias > 0.15
    assert abs(left) < 0.25 * bias


def test_infinity_is_the_end_of_a_line_through_disjoint_parts():
    draws = np.random.default_rng(3)
    source, generated = draws.normal(size=(403, 3)), draws.normal(0.5, 2, (502, 3))
    value, beyond = fid(source, generated, settings(fid_bootstrap=5))
    order = generator(0, "fid infinity")
    orders = [order.permutation(403), order.permutation(502)]
    means = []
    for parts in (1, 2, 3, 4):
        cut = [np.array_split(order[: len(order) // parts * parts], parts) for order in orders]
        means.append(np.mean([frechet(source[first], generated[second]) for first, second in zip(*cut, strict=True)]))
    line = scipy.stats.linregress([1, 2, 3, 4], means)
    assert value.value == pytest.approx(means[0])
    assert beyond.value == pytest.approx(line.intercept, rel=1e-4)
    assert beyond.standard_error == pytest.approx(np.hypot(value.standard_error, line.intercept_stderr), rel=1e-3)
    assert 0 < beyond.floor < value.floor


def test_published_covariances_are_over_n():
    draws = np.random.default_rng(4)
    source, generated = draws.normal(size=(50, 5)), draws.normal(size=(60, 5)) * 1.5
    value = fid(source, generated, settings("published"))[0].value
    assert value == pytest.approx(by_square_root(source, generated, 0), rel=1e-6)
    assert value != pytest.approx(fid(source, generated, settings())[0].value, rel=1e-4)


def test_too_few_images_are_blank_and_draws_are_repeated():
    draws = np.random.default_rng(5)
    source, generated = draws.normal(size=(40, 5)), draws.normal(size=(40, 5))
    assert fid(source, generated, settings()) == fid(source, generated, settings())
    blank = fid(source[:7], generated, settings())[0]
    assert np.isnan([blank.value, blank.standard_error, blank.floor]).all()
    assert (blank.n_source, blank.n_generated) == (7, 40)
    few = fid(source[:15], generated, settings())[0]
    assert few.value > 0
    assert np.isnan(few.floor)
