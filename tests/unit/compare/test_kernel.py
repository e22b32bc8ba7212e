"""KID against scikit-learn's kernel, and its error and null against simulations."""

import numpy as np
import pytest
from sklearn.metrics.pairwise import polynomial_kernel

from galforge.compare.kernel import discrepancy, kid
from galforge.compare.settings import CompareSettings, ComparisonSettings
from galforge.seeds import generator


def settings(protocol: str = "corrected", **given: int) -> ComparisonSettings:
    return CompareSettings(**given).of("features", protocol, False)


def unbiased(first: np.ndarray, second: np.ndarray) -> float:
    """The estimate as a double sum over pairs of scikit-learn's kernel."""
    n, m = len(first), len(second)
    alike = [polynomial_kernel(side, degree=3, gamma=1 / side.shape[1], coef0=1) for side in (first, second)]
    across = polynomial_kernel(first, second, degree=3, gamma=1 / first.shape[1], coef0=1)
    same = [kernel[~np.eye(len(kernel), dtype=bool)].mean() for kernel in alike]
    return sum(same) - 2 * across.sum() / (n * m)


@pytest.mark.parametrize(("n", "m"), [(50, 50), (30, 80), (2, 5)])
def test_agrees_with_the_sum_over_pairs(n, m):
    draws = np.random.default_rng(n)
    first, second = draws.normal(size=(n, 12)), draws.exponential(size=(m, 12))
    assert discrepancy(first, second) == pytest.approx(unbiased(first, second), rel=1e-10)


def test_corrected_is_the_mean_over_disjoint_blocks():
    draws = np.random.default_rng(0)
    source, generated = draws.normal(size=(83, 6)), draws.normal(0.2, 1, (161, 6))
    found = kid(source, generated, settings(seed=3))
    order = generator(3, "kid blocks")
    cut = [order.permutation(83)[:80].reshape(8, 10), order.permutation(161)[:160].reshape(8, 20)]
    blocks = [unbiased(source[first], generated[second]) for first, second in zip(*cut, strict=True)]
    assert found.value == pytest.approx(np.mean(blocks))
    assert found.standard_error == pytest.approx(np.std(blocks, ddof=1) / np.sqrt(8))
    assert found.floor == 0


def test_published_subsets_are_as_large_as_the_smaller_side():
    draws = np.random.default_rng(1)
    source, generated = draws.normal(size=(40, 6)), draws.normal(0.5, 1, (90, 6))
    found = kid(source, generated, settings("published", kid_subsets=50))
    order = generator(0, "kid subsets")
    subsets = [unbiased(source[order.choice(40, 40, False)], generated[order.choice(90, 40, False)]) for _ in range(50)]
    assert found.value == pytest.approx(np.mean(subsets))
    assert found.standard_error == kid(source, generated, settings()).standard_error


def test_a_perfect_model_scores_nothing_and_the_error_is_the_scatter():
    draws = np.random.default_rng(2)
    found = [kid(draws.normal(size=(200, 10)), draws.normal(size=(300, 10)), settings()) for _ in range(150)]
    values, errors = np.array([[score.value, score.standard_error] for score in found]).T
    assert abs(values.mean()) < 3 * values.std() / np.sqrt(150)
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(values.std(), rel=0.2)
    assert np.mean(values > 2 * errors) < 0.1


def test_large_samples_are_cut_to_blocks_of_a_thousand():
    draws = np.random.default_rng(3)
    source, generated = draws.normal(size=(9500, 2)), draws.normal(size=(10_100, 2))
    found = kid(source, generated, settings())
    order = generator(0, "kid blocks")
    cut = [order.permutation(9500).reshape(10, 950), order.permutation(10_100)[:10_000].reshape(10, 1000)]
    blocks = [discrepancy(source[first], generated[second]) for first, second in zip(*cut, strict=True)]
    assert found.value == np.mean(blocks)


def test_too_few_images_are_blank():
    draws = np.random.default_rng(4)
    blank = kid(draws.normal(size=(15, 3)), draws.normal(size=(100, 3)), settings())
    assert np.isnan([blank.value, blank.standard_error, blank.floor]).all()
