"""The test for copies: against scipy's Mann-Whitney statistic, on copies, and on fresh draws."""

import itertools

import numpy as np
import pytest
import scipy.spatial
import scipy.stats

from galforge.compare.memorisation import memorisation
from galforge.compare.settings import CompareSettings

SETTINGS = CompareSettings().of("features", "corrected", False)


def source(draws: np.random.Generator, count: int = 400) -> tuple[np.ndarray, np.ndarray]:
    split = draws.choice(["train", "validation", "test"], count, p=[0.6, 0.2, 0.2])
    return draws.normal(3, 1, (count, 6)), split


def test_agrees_with_the_mann_whitney_statistic():
    draws = np.random.default_rng(0)
    real, split = source(draws)
    made = draws.normal(3.2, 0.9, (150, 6))
    tree = scipy.spatial.KDTree(real[split != "test"])
    kept, new = tree.query(real[split == "test"])[0], tree.query(made)[0]
    found = memorisation(real, split, made, SETTINGS)
    pairs = (new < kept[:, None]).astype(float)
    statistic = scipy.stats.mannwhitneyu(kept, new).statistic
    assert found.value == pytest.approx(statistic / pairs.size - 0.5)
    assert found.standard_error == pytest.approx(
        np.sqrt(pairs.mean(axis=1).var(ddof=1) / len(kept) + pairs.mean(axis=0).var(ddof=1) / len(new))
    )
    assert found.floor == pytest.approx(np.sqrt((len(kept) + 151) / (12 * len(kept) * 150)))
    assert (found.n_source, found.n_generated) == (len(kept), 150)


@pytest.mark.parametrize("copied", ["train", "validation"])
def test_copies_are_found(copied):
    draws = np.random.default_rng(1)
    real, split = source(draws)
    copies = real[split == copied] + draws.normal(0, 1e-3, (np.sum(split == copied), 6))
    assert memorisation(real, split, copies, SETTINGS).value == pytest.approx(0.5, abs=0.01)
    assert memorisation(real.astype(np.float32), split, copies.astype(np.float32), SETTINGS).value > 0.49


def test_fresh_images_are_as_new_as_held_out_ones():
    draws = np.random.default_rng(2)
    found = [memorisation(*source(draws), draws.normal(3, 1, (200, 6)), SETTINGS) for _ in range(60)]
    values, errors, floors = np.array([score[:3] for score in found]).T
    assert abs(values.mean()) < 3 * values.std() / np.sqrt(60)
    assert values.std() == pytest.approx(floors.mean(), rel=0.25)
    assert errors.mean() == pytest.approx(floors.mean(), rel=0.1)
    assert 1 <= np.sum(np.abs(values) > [score.limit for score in found]) <= 9  # of 60, one in twenty on average
    far = memorisation(*source(draws), draws.normal(3, 5, (200, 6)), SETTINGS)
    assert far.value < -0.4


def test_ties_are_halves():
    split = np.array(["train", "train", "test", "test"])
    real = np.array([[0.0], [10.0], [1.0], [12.0]])
    found = memorisation(real, split, np.array([[-1.0], [9.0], [0.5]]), SETTINGS)
    # Held out at 1 and 2; generated at 1, 1 and 0.5: nearer in 4 pairs and tied in 2.
    assert found.value == pytest.approx(5 / 6 - 0.5)
    # The sd over all ways to call two of the five distances (1, 2, 1, 1, 0.5) held out.
    distances = np.array([1, 2, 1, 1, 0.5])
    shares = []
    for kept in itertools.combinations(range(5), 2):
        apart = np.sign(distances[list(kept)][:, None] - np.delete(distances, kept))
        shares.append(0.5 * apart.mean())
    assert found.floor == pytest.approx(np.std(shares))
    assert found.limit == pytest.approx(1.959964 * found.floor)


def test_validation_is_held_out_where_there_is_no_test_and_nothing_is_invented():
    draws = np.random.default_rng(3)
    real, split = source(draws)
    made = draws.normal(3, 1, (50, 6))
    two = np.where(split == "test", "train", split)
    assert memorisation(real, two, made, SETTINGS).n_source == np.sum(split == "validation")
    for without in (np.full(400, ""), np.full(400, "train"), np.full(400, "test")):
        blank = memorisation(real, without, made, SETTINGS)
        assert np.isnan([blank.value, blank.standard_error, blank.floor]).all()
    few = CompareSettings(neighbour_images=30).of("features", "corrected", False)
    assert memorisation(real, split, made, few)[3:5] == (30, 30)
