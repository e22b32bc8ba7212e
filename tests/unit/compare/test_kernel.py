"""KID against scikit-learn's kernel, and its error and null against simulations."""

import numpy as np
import pytest
import scipy.stats
from sklearn.metrics.pairwise import polynomial_kernel

from galforge.compare import kernel
from galforge.compare.kernel import discrepancy, kid
from galforge.compare.scores import resampling
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


def test_corrected_is_the_estimate_of_all_pairs():
    draws = np.random.default_rng(0)
    source, generated = draws.normal(size=(83, 6)), draws.normal(0.2, 1, (161, 6))
    found = kid(source, generated, settings(seed=3))
    assert found.value == pytest.approx(unbiased(source, generated))
    assert found.floor == 0
    assert found.value == pytest.approx(np.mean(found.replicates))
    assert found.standard_error == pytest.approx(np.std(found.replicates, ddof=1))


def test_published_subsets_are_as_large_as_the_smaller_side():
    draws = np.random.default_rng(1)
    source, generated = draws.normal(size=(40, 6)), draws.normal(0.5, 1, (90, 6))
    found = kid(source, generated, settings("published", kid_subsets=50))
    order = generator(0, "kid subsets")
    subsets = [unbiased(source[order.choice(40, 40, False)], generated[order.choice(90, 40, False)]) for _ in range(50)]
    assert found.value == pytest.approx(np.mean(subsets))
    assert found.standard_error > kid(source, generated, settings()).standard_error


def test_subsets_of_many_images_are_the_same_estimates(monkeypatch):
    draws = np.random.default_rng(6)
    source, generated = draws.normal(size=(60, 4)), draws.normal(0.5, 1, (70, 4))
    monkeypatch.setattr(kernel, "LARGEST", 25)  # more images than two of the largest estimates
    order = generator(0, "kid subsets")
    subsets = [unbiased(source[order.choice(60, 25, False)], generated[order.choice(70, 25, False)]) for _ in range(8)]
    assert kid(source, generated, settings("published", kid_subsets=8)).value == pytest.approx(np.mean(subsets))


@pytest.mark.parametrize("protocol", ["corrected", "published"])
@pytest.mark.parametrize(("n", "m"), [(100, 100), (60, 150)])
def test_one_population_is_beyond_the_limit_in_a_twentieth_of_cases(protocol, n, m):
    draws = np.random.default_rng(2)
    chosen = settings(protocol, fid_bootstrap=2, kid_subsets=20)
    found = [kid(draws.normal(size=(n, 10)), draws.normal(size=(m, 10)), chosen) for _ in range(300)]
    values, limits = np.array([[score.value, score.limit] for score in found]).T
    assert abs(values.mean()) < 3 * values.std() / np.sqrt(300)
    alarms = np.sum(values > limits)
    assert scipy.stats.binom.ppf(0.001, 300, 0.05) <= alarms <= scipy.stats.binom.ppf(0.999, 300, 0.05)


@pytest.mark.parametrize("protocol", ["corrected", "published"])
def test_the_error_is_the_scatter_between_different_populations(protocol):
    draws, chosen = np.random.default_rng(7), settings(protocol, fid_bootstrap=2, kid_subsets=20)
    found = [kid(draws.normal(size=(120, 10)), draws.normal(0.25, 1, (90, 10)), chosen) for _ in range(250)]
    values, errors, limits = np.array([[score.value, score.standard_error, score.limit] for score in found]).T
    assert 0.7 < np.var((values - values.mean()) / errors) < 1.4
    assert np.mean(values > limits) > 0.9


def test_differences_between_models_of_one_source_have_honest_errors():
    draws, apart, errors, unpaired = np.random.default_rng(9), [], [], []
    for _ in range(150):
        source = draws.normal(size=(100, 10))
        models = [kid(source, draws.normal(shift, 1, (100, 10)), settings(fid_bootstrap=100)) for shift in (0.3, 0.45)]
        apart.append(models[1].value - models[0].value)
        errors.append(np.std(np.subtract(*(model.replicates for model in models)), ddof=1))
        unpaired.append(np.hypot(*(model.standard_error for model in models)))
    assert 0.65 < np.var((apart - np.mean(apart)) / errors) < 1.45
    assert np.mean(errors) < 0.9 * np.mean(unpaired)


def test_replicates_are_estimates_of_resampled_images():
    draws = np.random.default_rng(8)
    source, generated = draws.normal(size=(30, 5)), draws.normal(0.6, 1, (20, 5))
    found = kid(source, generated, settings(fid_bootstrap=12))
    streams = [generator(0, f"kid bootstrap {side}") for side in ("source", "generated")]
    expected = []
    for _ in range(12):
        counts = [resampling(stream, len(side)) for stream, side in zip(streams, (source, generated), strict=True)]
        alike = [
            np.sum(kernels * np.outer(own, own) * (1 - np.eye(len(own)))) / (own.sum() ** 2 - np.sum(own**2))
            for side, own in zip((source, generated), counts, strict=True)
            for kernels in [polynomial_kernel(side, degree=3, gamma=1 / 5, coef0=1)]
        ]
        across = counts[0] @ polynomial_kernel(source, generated, degree=3, gamma=1 / 5, coef0=1) @ counts[1]
        expected.append(sum(alike) - 2 * across / 600)
    assert np.corrcoef(found.replicates, expected)[0, 1] == pytest.approx(1)


def test_large_samples_are_cut_to_blocks(monkeypatch):
    draws = np.random.default_rng(3)
    monkeypatch.setattr(kernel, "LARGEST", 40)
    source, generated = draws.normal(size=(95, 2)), draws.normal(size=(130, 2))
    found = kid(source, generated, settings())
    cut = [
        generator(0, f"kid blocks {name}").permutation(count)[: 3 * size].reshape(3, size)
        for name, count, size in (("source", 95, 31), ("generated", 130, 40))
    ]
    blocks = [unbiased(source[first], generated[second]) for first, second in zip(*cut, strict=True)]
    assert found.value == pytest.approx(np.mean(blocks))
    assert found.limit > 0


def test_too_few_images_are_blank():
    draws = np.random.default_rng(4)
    blank = kid(draws.normal(size=(15, 3)), draws.normal(size=(100, 3)), settings())
    assert np.isnan([blank.value, blank.standard_error, blank.floor]).all()
