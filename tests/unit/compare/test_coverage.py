"""Precision, recall, density and coverage against scikit-learn's neighbours, analytic values and simulations."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from galforge.compare.coverage import METRICS, compare_coverage, radii, scores, squared_distances
from galforge.compare.settings import CompareSettings, ComparisonSettings


def settings(**given: int) -> ComparisonSettings:
    return CompareSettings(**given).of("features", "corrected", False)


def by_neighbours(source: np.ndarray, generated: np.ndarray) -> dict[str, float]:
    """The four from scikit-learn's lists of neighbours, image by image."""

    def reach(features: np.ndarray, k: int) -> np.ndarray:
        return NearestNeighbors(n_neighbors=k, algorithm="brute").fit(features).kneighbors()[0][:, -1]

    apart = NearestNeighbors(n_neighbors=len(source), algorithm="brute").fit(source)
    distances, order = apart.kneighbors(generated)
    matrix = np.empty_like(distances)
    np.put_along_axis(matrix, order, distances, axis=1)  # (generated, source)
    close = matrix <= reach(source, 5)
    return {
        "precision": np.mean((matrix <= reach(source, 3)).any(axis=1)),
        "recall": np.mean((matrix <= reach(generated, 3)[:, None]).any(axis=0)),
        "density": close.sum(axis=1).mean() / 5,
        "coverage": close.any(axis=0).mean(),
    }


@pytest.mark.parametrize(("n", "m"), [(150, 150), (60, 1100), (1100, 60)])
def test_agree_with_lists_of_neighbours(n, m):
    draws = np.random.default_rng(n)
    source, generated = draws.normal(size=(n, 10)), draws.normal(0.4, 0.8, (m, 10))
    found = scores(source, generated, radii(source), radii(generated))
    assert dict(zip(METRICS, found, strict=True)) == pytest.approx(by_neighbours(source, generated))


def test_distances_come_in_rows():
    draws = np.random.default_rng(0)
    first, second = draws.normal(5, 1, (1500, 4)), draws.normal(5, 1, (30, 4))
    parts = list(squared_distances(first, second))
    assert len(parts) == 2
    found = np.concatenate([apart for _, apart in parts])
    np.testing.assert_allclose(found, ((first[:, None] - second) ** 2).sum(axis=2), atol=1e-10)
    assert (found >= 0).all()


def test_what_a_model_lacks_and_what_it_invents():
    draws = np.random.default_rng(1)
    source = draws.normal(size=(400, 4))
    narrow = compare_coverage(source, draws.normal(0, 0.3, (400, 4)), settings())
    assert narrow["precision"].value > 0.95
    assert narrow["recall"].value < 0.4
    assert narrow["density"].value > 1.1
    assert narrow["coverage"].value < 0.8
    wide = compare_coverage(source, draws.normal(0, 3, (400, 4)), settings())
    assert wide["precision"].value < 0.4
    assert wide["recall"].value > 0.95
    far = compare_coverage(source, source + 100, settings())
    assert [far[name].value for name in METRICS] == [0, 0, 0, 0]


def test_the_same_images_are_all_inside():
    source = np.random.default_rng(2).normal(size=(100, 6))
    found = compare_coverage(source, source[::-1].copy(), settings())
    assert (found["precision"].value, found["recall"].value, found["coverage"].value) == (1, 1, 1)


@pytest.mark.parametrize(("dimension", "falling"), [(4, 0.0), (64, 0.5)])
def test_a_perfect_model_is_at_its_floor(dimension, falling):
    draws, scales = np.random.default_rng(3), np.arange(1, dimension + 1.0) ** -falling
    found = [
        compare_coverage(*(draws.normal(size=(240, dimension)) * scales for _ in range(2)), settings())
        for _ in range(12)
    ]
    for name in METRICS:
        values, errors, floors = np.array([run[name][:3] for run in found]).T
        assert values.mean() == pytest.approx(floors.mean(), abs=3 * values.std() / np.sqrt(12) + 0.015)
        assert np.mean(np.abs(values - floors) <= 2 * errors) > 0.6
        limits = np.array([run[name].limit for run in found])
        assert np.sum(np.abs(values - floors) > limits) <= 3  # of 12, where 5 % are expected
    expected = 1 - np.prod([(240 - i) / (480 - i) for i in range(1, 6)])  # Naeem et al. 2020, eq. 9
    assert np.mean([run["coverage"].value for run in found]) == pytest.approx(expected, abs=0.01)
    assert np.mean([run["density"].value for run in found]) == pytest.approx(1, abs=0.05)


def test_limits_find_what_differs():
    draws, scales = np.random.default_rng(6), np.arange(1, 33.0) ** -0.5
    source, other = (draws.normal(shift, 1, (150, 32)) * scales for shift in (0, 0.5))
    for score in compare_coverage(source, other, settings()).values():
        assert abs(score.value - score.floor) > score.limit


def test_errors_are_the_scatter_of_scores():
    draws = np.random.default_rng(4)
    found = [
        compare_coverage(draws.normal(size=(150, 8)), draws.normal(0.3, 0.9, (150, 8)), settings()) for _ in range(25)
    ]
    for name in METRICS:
        values, errors = np.array([run[name][:2] for run in found]).T
        assert 0.7 < errors.mean() / values.std(ddof=1) < 1.7


def test_sides_are_cut_to_one_size_and_small_ones_are_blank():
    draws = np.random.default_rng(5)
    source, generated = draws.normal(size=(90, 3)), draws.normal(size=(300, 3))
    found = compare_coverage(source, generated, settings(neighbour_images=50))
    assert {(score.n_source, score.n_generated) for score in found.values()} == {(50, 50)}
    assert {score.n_generated for score in compare_coverage(source, generated, settings()).values()} == {90}
    assert compare_coverage(source, generated, settings()) == compare_coverage(source, generated, settings())
    blank = compare_coverage(source[:23], generated, settings())["recall"]
    assert np.isnan([blank.value, blank.standard_error, blank.floor]).all()
    assert (blank.n_source, blank.n_generated) == (23, 300)
