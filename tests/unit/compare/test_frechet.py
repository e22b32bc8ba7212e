"""FID against scipy's square root of a matrix, analytic values and simulations of its floor and of its end."""

import numpy as np
import pytest
import scipy.linalg
import scipy.stats

from galforge.compare.frechet import carried, fid, frechet, influences, turned
from galforge.compare.normals import Normal, distance, of_parts
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


def weighted(sides: list[np.ndarray], weights: list[np.ndarray]) -> float:
    """FID of weighted images, by the square root of a matrix."""
    means, covariances = [], []
    for side, own in zip(sides, weights, strict=True):
        own = own / own.sum()
        means.append(own @ side)
        covariances.append(np.cov(side, rowvar=False, aweights=own, ddof=0))
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1]).real
    return ((means[0] - means[1]) ** 2).sum() + np.trace(sum(covariances) - 2 * root)


@pytest.mark.parametrize("both", [True, False])
def test_influences_are_derivatives_by_the_weights_of_images(both):
    draws = np.random.default_rng(7)
    sides = [draws.normal(size=(40, 5)), draws.normal(0.4, 1.3, (50, 5))]
    if not both:  # more features than images, of which all but five are combinations of these
        turn = np.linalg.qr(draws.normal(size=(90, 90)))[0][:5]
        wide = [side @ turn for side in sides]
    found = influences(*(sides if both else wide))
    for which in (0, 1):
        for image in (0, 7, 31):
            around = []
            for sign in (1, -1):
                weights = [np.ones(len(side)) for side in sides]
                weights[which][image] += sign * 1e-4
                around.append(weighted(sides, weights))
            derivative = len(sides[which]) * (around[0] - around[1]) / 2e-4
            assert found[which][image] == pytest.approx(derivative, rel=1e-4, abs=1e-4)
    assert [side.mean() for side in found] == pytest.approx([0, 0], abs=1e-12)


def test_turning_features_into_what_they_span_changes_no_distance():
    draws = np.random.default_rng(8)
    first, second = correlated(draws, 20, 200), correlated(draws, 30, 200)
    both = turned(np.concatenate([first, second]))
    assert both.shape == (50, 49)
    assert frechet(both[:20], both[20:]) == pytest.approx(frechet(first, second), rel=1e-9)
    np.testing.assert_array_equal(turned(first[:, :10]), first[:, :10])


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


@pytest.mark.parametrize(
    ("n", "m", "dimension", "shift"), [(400, 500, 8, 0.5), (100, 100, 64, 0.25), (60, 50, 200, 0.2)]
)
def test_error_is_the_scatter_of_fids(n, m, dimension, shift):
    """Between different populations, with few features and with more than images."""
    draws, scales = np.random.default_rng(1), np.arange(1, dimension + 1.0) ** -0.5

    def pair() -> tuple[np.ndarray, np.ndarray]:
        return draws.normal(size=(n, dimension)) * scales, draws.normal(shift, 1, (m, dimension)) * scales

    scatter = np.std([frechet(*pair()) for _ in range(200)])
    scores = [fid(*pair(), settings(fid_halvings=1, fid_bootstrap=400))[0] for _ in range(8)]
    errors = [score.standard_error for score in scores]
    assert np.mean(errors) == pytest.approx(scatter, rel=0.25)
    assert np.std(scores[0].replicates, ddof=1) == pytest.approx(errors[0])
    assert np.mean(scores[0].replicates) == pytest.approx(scores[0].value)


def test_one_population_is_beyond_the_limit_in_a_twentieth_of_cases_and_others_are():
    draws, scales = np.random.default_rng(6), np.arange(1, 31.0) ** -0.5
    few = settings(fid_bootstrap=2, fid_halvings=1)

    def beyond(shift: float, pairs: int) -> np.ndarray:
        found = [
            fid(draws.normal(size=(60, 30)) * scales, draws.normal(shift, 1, (60, 30)) * scales, few)
            for _ in range(pairs)
        ]
        return np.array([[score.value > score.limit for score in scores] for scores in found])

    alarms = beyond(0, 250).sum(axis=0)
    assert (scipy.stats.binom.ppf(0.001, 250, 0.05) <= alarms).all()
    assert (alarms <= scipy.stats.binom.ppf(0.999, 250, 0.05)).all()
    assert beyond(0.4, 20).all()


def test_differences_between_models_share_the_source():
    """Two models whose images are the same but for a little noise: their difference is surer than either."""
    draws = np.random.default_rng(9)
    source, made = draws.normal(size=(200, 10)), draws.normal(0.5, 1, (200, 10))
    scores = [fid(source, made + draws.normal(0, 0.02, made.shape), settings(fid_bootstrap=200))[0] for _ in range(2)]
    apart = np.subtract(*(score.replicates for score in scores))
    assert np.std(apart) < 0.1 * scores[0].standard_error
    other = fid(source, made[:150], settings(fid_bootstrap=200))[0]
    assert np.corrcoef(scores[0].replicates, other.replicates)[0, 1] > 0.3


@pytest.mark.parametrize(("count", "dimension"), [(103, 5), (103, 40), (30, 40)])
def test_parts_are_those_of_the_features_cut(count, dimension):
    """Made of sums of squares of pieces where there are few features, and each by itself where there are many."""
    draws = np.random.default_rng(count)
    features, order = correlated(draws, count + 50, dimension), draws.permutation(count + 50)[:count]
    (sample,) = of_parts(features, [order], 1, 4, features.mean(axis=0))
    for parts, found in enumerate(sample, 1):
        cut = features[order][: count // parts * parts].reshape(parts, -1, dimension)
        for own, part in zip(found, cut, strict=True):
            covariance = own.covariance if own.covariance is not None else own.root.T @ own.root
            np.testing.assert_allclose(own.mean, part.mean(axis=0), rtol=1e-5, atol=1e-5)
            expected = np.cov(part, rowvar=False)
            np.testing.assert_allclose(covariance, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())
            assert own.trace == pytest.approx(np.trace(expected), rel=1e-5)


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
    assert beyond.standard_error >= value.standard_error
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
    twice = [fid(source, generated, settings())[0] for _ in range(2)]
    assert twice[0][:6] == twice[1][:6]
    np.testing.assert_array_equal(*(score.replicates for score in twice))
    blank = fid(source[:7], generated, settings())[0]
    assert np.isnan([blank.value, blank.standard_error, blank.floor]).all()
    assert (blank.n_source, blank.n_generated) == (7, 40)
    few = fid(source[:15], generated, settings())[0]
    assert few.value > 0
    assert np.isnan(few.floor)
