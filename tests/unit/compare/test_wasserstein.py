"""W1, its error and its floor against scipy, linear programming, analytic values and simulations."""

import numpy as np
import pandas as pd
import pytest
import scipy.optimize
import scipy.stats

from galforge.compare.limits import joint_limits, limit, share_limit
from galforge.compare.settings import CompareSettings
from galforge.compare.spreads import spread
from galforge.compare.wasserstein import (
    binned,
    circular_wasserstein,
    columns_of,
    compare_properties,
    wasserstein,
)
from galforge.errors import GalforgeError
from galforge.seeds import generator


def settings(bootstrap: int = 20, halvings: int = 20, seed: int = 0) -> CompareSettings:
    return CompareSettings(bootstrap=bootstrap, halvings=halvings, seed=seed)


def transport(first: np.ndarray, second: np.ndarray, cost: np.ndarray) -> float:
    """Optimal transport between equal masses by linear programming."""
    n, m = len(first), len(second)
    rows = np.kron(np.eye(n), np.ones(m))
    columns = np.kron(np.ones(n), np.eye(m))
    masses = np.concatenate([np.full(n, 1 / n), np.full(m, 1 / m)])
    return scipy.optimize.linprog(cost.ravel(), A_eq=np.vstack([rows, columns]), b_eq=masses).fun


@pytest.mark.parametrize(("n", "m"), [(50, 50), (50, 51), (7, 300), (300, 7), (1, 4), (3000, 2000)])
def test_agrees_with_scipy(n, m):
    draws = np.random.default_rng(n)
    first, second = draws.normal(size=n), draws.exponential(size=m).round(1)  # ties
    assert wasserstein(first, second) == pytest.approx(scipy.stats.wasserstein_distance(first, second), rel=1e-12)


def test_shift_is_the_distance():
    values = np.random.default_rng(0).normal(size=500)
    assert wasserstein(values, values + 0.3) == pytest.approx(0.3)
    assert wasserstein(values, np.repeat(values, 2) - 0.3) == pytest.approx(0.3)


@pytest.mark.parametrize(("n", "m"), [(6, 6), (5, 8), (9, 4)])
@pytest.mark.parametrize("seed", range(5))
def test_circular_distance_is_optimal_transport_on_the_circle(n, m, seed):
    draws = np.random.default_rng(seed)
    first, second = draws.uniform(-np.pi / 2, np.pi / 2, n), draws.normal(1.4, 0.5, m)
    apart = np.abs(first[:, None] - second[None, :]) % np.pi
    expected = transport(first, second, np.minimum(apart, np.pi - apart))
    assert circular_wasserstein(first, second, np.pi) == pytest.approx(expected, abs=1e-9)


def area_on_the_circle(first: np.ndarray, second: np.ndarray, period: float) -> float:
    """The smallest area between the cumulative distributions over all their differences as the constant."""
    grid = np.sort(np.concatenate([first, second]) % period)
    shares = [np.searchsorted(np.sort(sample % period), grid, side="right") / len(sample) for sample in (first, second)]
    difference = shares[0] - shares[1]
    gaps = np.append(np.diff(grid), grid[0] + period - grid[-1])
    return min(np.abs(difference - constant) @ gaps for constant in difference)


@pytest.mark.parametrize(("n", "m"), [(400, 400), (400, 399), (120, 700), (33, 31)])
def test_circular_distance_is_the_smallest_area(n, m):
    draws = np.random.default_rng(n + m)
    first, second = draws.uniform(0, np.pi, n).round(2), draws.normal(1, 0.8, m)
    expected = area_on_the_circle(first, second, np.pi)
    assert circular_wasserstein(first, second, np.pi) == pytest.approx(expected, rel=1e-12)


def test_circular_distance_knows_no_edge():
    angles = np.random.default_rng(0).normal(0, 0.1, 400)
    first, second = angles + np.pi / 2 - 0.05, angles + np.pi / 2 + 0.05
    wrapped = (second + np.pi / 2) % np.pi - np.pi / 2
    assert circular_wasserstein(first, wrapped, np.pi) == pytest.approx(0.1)
    assert wasserstein(first, wrapped) > 0.5
    assert spread(wrapped, np.pi) == pytest.approx(angles.std(), rel=1e-3)
    assert spread(np.linspace(0, np.pi, 5000), np.pi) == pytest.approx(np.pi / np.sqrt(12), rel=1e-3)


def test_binned_distance_is_the_one_between_histograms():
    draws = np.random.default_rng(0)
    first, second = draws.normal(-1, 0.3, 400), np.append(draws.normal(-0.9, 0.4, 300), [-7.0, 9.0])
    edges = np.linspace(-5, 4, 1000)
    shares = [np.histogram(values, edges)[0] for values in (first, second)]
    centres = (edges[1:] + edges[:-1]) / 2
    expected = scipy.stats.wasserstein_distance(centres, centres, shares[0], shares[1])
    moved = [binned(values, -5.0, 4.0, 999) for values in (first, second)]
    assert np.isnan(moved[1][-2:]).all()
    moved = [values[np.isfinite(values)] for values in moved]
    assert wasserstein(*moved) == pytest.approx(expected, rel=1e-9)
    assert binned(np.array([-5.0, 4.0]), -5.0, 4.0, 9).tolist() == [-4.5, 3.5]


def test_missing_values_leave_their_property_only():
    draws = np.random.default_rng(1)
    source, generated = draws.normal(size=(40, 2)), draws.normal(0.5, 1, (50, 2))
    source[:5, 1] = np.nan
    generated[10:, 0] = np.nan
    result = compare_properties(source, generated, settings())
    assert result.n_source.tolist() == [40, 35]
    assert result.n_generated.tolist() == [10, 50]
    assert result.values[0] == pytest.approx(scipy.stats.wasserstein_distance(source[:, 0], generated[:10, 0]))
    assert result.values[1] == pytest.approx(scipy.stats.wasserstein_distance(source[5:, 1], generated[:, 1]))
    assert np.isfinite(result.floors).all()


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize(("n", "m"), [(60, 60), (61, 90), (700, 301)])
def test_replicates_and_floors_are_those_of_the_drawn_images(n, m, missing):
    """The same draws, one after the other: images for all properties, halves for each."""
    draws = np.random.default_rng(n)
    samples = draws.normal(size=(n, 3)).round(2), draws.normal(0.3, 1, (m, 3))
    if missing:
        samples[0][:7, 0], samples[0][3:5, 1], samples[1][4:20, 1] = np.nan, np.inf, np.nan
    periods = np.array([0.0, 0.0, np.pi])
    result = compare_properties(*samples, settings(20, 5, seed=3), periods)

    def distance(first: np.ndarray, second: np.ndarray, p: int) -> float:
        first, second = first[np.isfinite(first)], second[np.isfinite(second)]
        if periods[p]:
            return area_on_the_circle(first, second, periods[p])
        return scipy.stats.wasserstein_distance(first, second)

    images = [generator(3, "bootstrap", side) for side in ("source", "generated")]
    for replicate in result.replicates:
        drawn = [
            sample[own.integers(len(sample), size=len(sample))] for sample, own in zip(samples, images, strict=True)
        ]
        expected = [distance(drawn[0][:, p], drawn[1][:, p], p) for p in range(3)]
        np.testing.assert_allclose(replicate, expected, rtol=1e-12)
    labels, both = generator(3, "relabelled"), np.concatenate(samples)
    for replicate in result.relabelled.complete:
        fewer = np.isin(np.arange(n + m), labels.choice(n + m, min(n, m), replace=False, shuffle=False))
        first = fewer if n <= m else ~fewer
        expected = [distance(both[first, p], both[~first, p], p) for p in range(3)]
        np.testing.assert_allclose(replicate, expected, rtol=1e-12)
    halves = generator(3, "halvings")
    shuffled = [samples[0][halves.permutation(n)] for _ in range(5)]
    half = n // 2
    for p in range(3):
        between = np.mean([distance(images[:half, p], images[half : 2 * half, p], p) for images in shuffled])
        here, there = (np.isfinite(sample[:, p]).sum() for sample in samples)
        expected = between * np.sqrt((1 / here + 1 / there) / (2 / (half * here / n)))
        assert result.floors[p] == pytest.approx(expected, rel=1e-12)


def test_a_resampling_that_draws_no_value_is_blank():
    source = np.array([[1.0], [2.0], [np.nan], [np.nan], [np.nan], [np.nan]])
    replicates = compare_properties(source, source + 1, settings(200)).replicates[:, 0]
    assert 0 < np.isnan(replicates).sum() < 100  # (4/6)^6 = 9 % for each side


def test_too_few_values_are_blank():
    source, generated = np.arange(6.0)[:, None], np.array([[1.0], [np.nan]])
    result = compare_properties(source, generated, settings())
    row = result.row("x", [0])
    assert np.isnan([row["value"], row["standard_error"], row["floor"]]).all()
    assert (row["n_source"], row["n_generated"]) == (6, 1)
    assert np.isnan(compare_properties(source[:3], source, settings()).floors[0])  # halves of one
    nothing = compare_properties(np.empty((0, 1)), np.empty((0, 1)), settings()).row("x", [0])
    assert nothing["n_source"] == 0


def test_result_depends_on_the_seed_and_on_nothing_else():
    draws = np.random.default_rng(2)
    source, generated = draws.normal(size=(60, 3)), draws.normal(size=(70, 3))
    first = compare_properties(source, generated, settings(seed=4))
    again = compare_properties(source, generated, settings(seed=4))
    other = compare_properties(source, generated, settings(seed=5))
    np.testing.assert_array_equal(first.replicates, again.replicates)
    np.testing.assert_array_equal(first.floors, again.floors)
    assert (first.values == other.values).all()
    assert (first.replicates != other.replicates).any()


@pytest.mark.parametrize(("n", "m"), [(300, 300), (300, 900), (1000, 250)])
def test_bootstrap_error_is_the_scatter_of_repeated_experiments(n, m):
    draws = np.random.default_rng(n)
    shift = 0.8
    repeated = [wasserstein(draws.normal(size=n), draws.normal(shift, 1, m)) for _ in range(400)]
    found = [
        compare_properties(draws.normal(size=(n, 1)), draws.normal(shift, 1, (m, 1)), settings(100)).row("x", [0])
        for _ in range(4)
    ]
    error = np.mean([row["standard_error"] for row in found])
    assert error == pytest.approx(np.std(repeated), rel=0.15)
    assert error == pytest.approx(np.sqrt(1 / n + 1 / m), rel=0.15)  # of the difference of two means


def test_error_of_an_average_keeps_the_correlation_of_its_properties():
    draws = np.random.default_rng(3)
    source, generated = draws.normal(size=(400, 1)), draws.normal(1, 1, (400, 1))
    copies = compare_properties(np.repeat(source, 4, axis=1), np.repeat(generated, 4, axis=1), settings(100))
    one, all_four = copies.row("one", [0]), copies.row("average", [0, 1, 2, 3])
    assert all_four["standard_error"] == pytest.approx(one["standard_error"])
    independent = compare_properties(draws.normal(size=(400, 4)), draws.normal(1, 1, (400, 4)), settings(100)).row(
        "average", [0, 1, 2, 3]
    )
    assert independent["standard_error"] == pytest.approx(one["standard_error"] / 2, rel=0.25)


@pytest.mark.parametrize("shape", ["normal", "uniform", "circular"])
def test_a_perfect_model_scores_its_floor(shape):
    draws = np.random.default_rng(5)
    period = np.pi if shape == "circular" else 0.0

    def sample(size: int) -> np.ndarray:
        if shape == "normal":
            return draws.normal(size=(size, 1))
        return draws.uniform(0, np.pi, (size, 1))

    results = [
        compare_properties(sample(240), sample(480), settings(20, 10), periods=np.array([period])) for _ in range(60)
    ]
    values, floors = (np.mean([getattr(r, name) for r in results]) for name in ("values", "floors"))
    assert floors == pytest.approx(values, rel=0.1)


@pytest.mark.parametrize(
    ("n", "m", "simulated"),
    [(300, 300, 0.112), (1000, 1000, 0.064), (2391, 9564, 0.030), (5000, 5000, 0.025), (11500, 48000, 0.013)],
)
def test_floor_of_a_normal_property(n, m, simulated):
    """In units of the source's sd: the mean distance of two normal samples, and single draws (sd 40 %)."""
    source = np.random.default_rng(n).normal(size=(n, 1))
    found = compare_properties(source, np.zeros((m, 1)), settings(20, 100)).standardised().floors[0]
    assert found == pytest.approx(1.29 * np.sqrt(1 / n + 1 / m), rel=0.12)
    assert found == pytest.approx(simulated, rel=0.25)


def test_lacking_columns_are_named():
    with pytest.raises(GalforgeError, match="generated measurements lack the columns gini"):
        columns_of(pd.DataFrame({"m20": [1.0]}), ["m20", "gini"], "generated")


def paired(n: int, sizes: list[int], shifts: list[float], chosen: CompareSettings) -> list[dict]:
    draws = np.random.default_rng(n)
    source = draws.normal(size=(n, 2))
    return [
        compare_properties(source, draws.normal(shift, 1, (m, 2)), chosen, complete=True).row("average", [0, 1])
        for m, shift in zip(sizes, shifts, strict=True)
    ]


def test_two_models_share_the_resamplings_of_their_source():
    """However many galaxies they have: the error of their difference is that of the generated ones alone."""
    rows = paired(50, [4000, 5000], [0.8, 1.0], settings(200))
    errors = [row["standard_error"] for row in rows]
    difference = np.std(np.subtract(*(row["replicates"] for row in rows)), ddof=1)
    assert difference < 0.4 * np.hypot(*errors)
    assert [np.std(row["replicates"], ddof=1) for row in rows] == pytest.approx(errors)


@pytest.mark.parametrize("missing", [0.0, 0.25])
def test_five_percent_of_perfect_models_are_beyond_a_limit(missing):
    """Of 400 pairs of one population each, with few draws per limit: it is exact for any number of them."""
    draws = np.random.default_rng(9)
    chosen = settings(79, 1)
    beyond, conditional, either = 0, 0, 0
    for _ in range(400):
        mass = draws.normal(size=(100, 1))
        both = np.hstack([mass, np.exp(mass + draws.normal(size=(100, 1))), draws.normal(size=(100, 1))])
        both[draws.random(100) < missing] = np.nan
        row = compare_properties(both[:60], both[60:], chosen, complete=True).row("average", [0, 1, 2])
        beyond += row["value"] > row["limit"]
        far = row["conditional"] > row["conditional_limit"]
        apart = abs(row["share_generated"] - row["share_source"]) > row["share_limit"]
        conditional += far
        either += far or apart
    for count in (beyond, either):
        assert 9 <= count <= 31, "4.4 binomial sd apart at most"
    assert conditional <= either


def test_share_limit_is_that_of_relabelled_galaxies():
    draws = np.random.default_rng(4)
    for n, m, having in ((100, 100, 60), (300, 200, 30), (40, 500, 520)):
        labels = np.arange(n + m) < having
        drawn = np.array([draws.permutation(labels) for _ in range(4000)])
        apart = np.abs(drawn[:, :n].mean(axis=1) - drawn[:, n:].mean(axis=1))
        found = share_limit(n, m, having)
        steps = np.unique(apart.round(9))
        beyond = np.array([(apart > step + 1e-9).mean() for step in steps])
        assert abs((apart > found).mean() - 0.05) <= np.abs(beyond - 0.05).min() + 0.01
    assert share_limit(50, 50, 0) == pytest.approx(0, abs=1e-9)
    assert share_limit(50, 50, 100) == pytest.approx(0, abs=1e-9)


def test_limits_take_the_draws_that_they_need():
    assert np.isnan(limit(np.arange(18.0)))
    assert limit(np.arange(19.0)) == 18
    assert limit(np.append(np.arange(199.0), np.nan)) == 189
    assert joint_limits(np.arange(199.0), np.zeros(199))[0] == 189
    shares = np.zeros(199)
    shares[:6] = [-0.5, 0.4, 0.4, 0.4, 0.1, 0.1]
    of_distance, of_shares = joint_limits(np.arange(199.0), shares)
    assert of_shares == pytest.approx(0.4)
    assert of_distance == 190, "one of the nine is beyond the limit of the shares"


def test_standardised_distances_know_that_the_sd_is_uncertain():
    """Of a sample five sds away: most of the scatter of repetitions is that of the source's sd."""
    draws = np.random.default_rng(6)

    def one(chosen: CompareSettings):
        source = np.stack([draws.normal(size=60), draws.normal(0.3, 0.2, 60)], axis=1)
        source[:10] = np.nan
        generated = np.stack([draws.normal(5, 1, 50), draws.normal(1.4, 0.2, 50)], axis=1)
        return compare_properties(source, generated, chosen, np.array([0.0, np.pi])).standardised()

    result = one(settings(200))
    repeated = [one(settings(20, 1)).values for _ in range(200)]
    np.testing.assert_allclose(result.replicates.std(axis=0), np.std(repeated, axis=0), rtol=0.3)
    images = generator(0, "bootstrap", "source")
    draws = np.random.default_rng(6)
    source = np.stack([draws.normal(size=60), draws.normal(0.3, 0.2, 60)], axis=1)[:, 0]
    source[:10] = np.nan
    for drawn in result.drawn_spreads[:, 0]:
        assert drawn == pytest.approx(np.nanstd(source[images.integers(60, size=60)]))
