"""Verdicts on generators: errors against independent references and simulations, and the rule that decides."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from galforge.errors import GalforgeError
from galforge.studies.denoising import verdicts
from galforge.studies.denoising.verdicts import Gain, adjusted, errors_of, gain, judge
from toys import denoising as toy

LEVEL = 0.05
TESTS = 16


def simulated(rng, seeds=0.0, plain=0.0, networks=0.0, galaxies=0.0, true=0.0, shape=(3, 3, 25), single=0.0):
    """MSE with and without generated galaxies; arguments are sd of ln MSE, ``plain`` of networks all seeds share."""
    many, replicates, n = shape
    bright = rng.standard_normal(n)
    without = bright + plain * rng.standard_normal((replicates, 1)) + single * rng.standard_normal((replicates, n))
    mixed = bright + np.log(1 - true) + seeds * rng.standard_normal((many, 1, 1))
    mixed = mixed + networks * rng.standard_normal((many, replicates, 1)) + galaxies * rng.standard_normal(n)
    return np.exp(mixed + single * rng.standard_normal(shape)), np.exp(without)


def test_the_gain_and_the_parts_of_its_error_are_those_of_plain_loops():
    rng = np.random.default_rng(1)
    mixed, plain = rng.lognormal(size=(3, 4, 9)), rng.lognormal(size=(4, 9))
    logs = [[[np.log(mixed[s, r, i] / plain[r, i]) for i in range(9)] for r in range(4)] for s in range(3)]
    of_seed = [np.mean(logs[s]) for s in range(3)]
    of_replicate = [np.mean([logs[s][r] for s in range(3)]) for r in range(4)]
    of_galaxy = [np.mean([logs[s][r][i] for s in range(3) for r in range(4)]) for i in range(9)]
    found = gain(mixed, plain)
    assert found.value == pytest.approx(np.mean(logs))
    parts = [stats.sem(each) for each in (of_galaxy, of_replicate, of_seed)]
    assert (found.images, found.networks, found.seeds) == pytest.approx(tuple(parts))
    assert found.error == pytest.approx(np.sqrt(np.sum(np.square(parts))))
    assert found.galaxies == 9
    assert verdicts.share(found)["value"] == pytest.approx(1 - stats.gmean(mixed / plain, axis=None))


def test_chance_is_students_where_only_networks_scatter():
    logs = np.array([0.1, 0.3, 0.15])
    found = gain(np.exp(np.tile(logs[None, :, None], (1, 1, 7))), np.ones((3, 7)), seeded=False)
    assert found.chance == pytest.approx(stats.ttest_1samp(logs, 0).pvalue, rel=1e-6)


def test_chance_is_students_where_only_seeds_scatter():
    logs = np.array([-0.1, -0.3, -0.15])
    found = gain(np.exp(np.tile(logs[:, None, None], (1, 3, 7))), np.ones((3, 7)))
    assert found.chance == pytest.approx(stats.ttest_1samp(logs, 0).pvalue, rel=1e-6)


def test_chance_is_students_where_only_galaxies_scatter():
    logs = np.random.default_rng(2).normal(0.2, 0.5, 40)
    found = gain(np.exp(np.tile(logs, (3, 3, 1))), np.ones((3, 40)))
    assert found.chance == pytest.approx(stats.ttest_1samp(logs, 0).pvalue, rel=1e-6)


@pytest.mark.parametrize(
    "scatter",
    [
        {"seeds": 0.1},
        {"plain": 0.05, "networks": 0.05, "seeds": 0.1, "galaxies": 0.3, "single": 0.2},
        {"seeds": 0.05, "galaxies": 0.25},
    ],
    ids=lambda scatter: "+".join(scatter),
)
def test_one_null_in_twenty_is_claimed_at_most_over_all_tests(scatter):
    """With Holm's correction a first claim needs a chance below level / tests."""
    rng, tries = np.random.default_rng(3), 200
    false = 0
    for _ in range(tries):
        found = [gain(*simulated(rng, **scatter)) for _ in range(TESTS)]
        false += any(abs(each.value) > each.critical(LEVEL / TESTS) for each in found)
    assert false / tries < LEVEL + 2.5 * np.sqrt(LEVEL * (1 - LEVEL) / tries)


def test_networks_of_alpha_0_that_all_seeds_share_are_no_sample_of_nine():
    """An error from nine gains, as if each had networks of its own to compare with, claims far too often."""
    rng, tries = np.random.default_rng(4), 300
    sound = naive = 0
    for _ in range(tries):
        mixed, plain = simulated(rng, plain=0.2, networks=0.02)
        sound += gain(mixed, plain).chance < LEVEL
        naive += stats.ttest_1samp(np.log(mixed / plain).mean(axis=2).ravel(), 0).pvalue < LEVEL
    assert sound / tries < 0.08
    assert naive / tries > 0.2


def test_a_large_gain_is_found_and_a_small_one_is_not():
    rng, tries = np.random.default_rng(5), 100
    scatter = {"plain": 0.03, "networks": 0.03, "seeds": 0.02, "galaxies": 0.1, "single": 0.1, "shape": (3, 3, 100)}
    found = {
        true: sum(gain(*simulated(rng, true=true, **scatter)).chance < LEVEL / TESTS for _ in range(tries)) / tries
        for true in (0.45, 0.02)
    }
    assert found[0.45] > 0.9
    assert found[0.02] < 0.2


def test_what_could_have_been_found_is_said():
    own = gain(*simulated(np.random.default_rng(6), plain=0.05, networks=0.05, seeds=0.03, galaxies=0.2))
    least = verdicts.detectable(own, LEVEL / TESTS)
    assert own._replace(value=np.log(1 - least)).chance == pytest.approx(LEVEL / TESTS, rel=1e-6)


def test_a_single_seed_of_what_has_seeds_is_not_tested():
    mixed, plain = simulated(np.random.default_rng(7), networks=0.1, galaxies=0.1, shape=(1, 3, 20))
    assert np.isnan(gain(mixed, plain).chance)
    assert gain(mixed, plain, seeded=False).chance > 0
    assert np.isnan(gain(mixed[:, :1], plain[:1], seeded=False).chance), "nor is a single network"


def test_galaxies_without_an_error_are_left_out():
    mixed, plain = simulated(np.random.default_rng(8), networks=0.1, galaxies=0.1)
    whole = gain(mixed[..., 2:], plain[:, 2:])
    mixed[1, 2, 0], plain[0, 1] = np.nan, 0.0
    assert gain(mixed, plain) == pytest.approx(whole)


def step_down(chances: np.ndarray, level: float) -> np.ndarray:
    """Holm's procedure as he wrote it: the smallest below level / t, the next below level / (t - 1), and so on."""
    found = np.zeros(len(chances), dtype=bool)
    for place, index in enumerate(np.argsort(chances)):
        if not chances[index] < level / (len(chances) - place):
            break
        found[index] = True
    return found


def test_corrected_chances_are_holms():
    assert adjusted([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    rng = np.random.default_rng(9)
    for _ in range(200):
        chances = rng.random(8) ** 4
        assert ((adjusted(chances) < LEVEL) == step_down(chances, LEVEL)).all()


def test_what_cannot_be_tested_counts_as_a_test():
    assert adjusted([np.nan, 0.02, 0.6])[1:] == pytest.approx([0.06, 1.0])
    assert np.isnan(adjusted([np.nan, 0.02, 0.6])[0])


def made(value: float, error: float = 0.01, galaxies: int = 100) -> Gain:
    return Gain(value, error, error, error, 4.0, galaxies)


@pytest.mark.parametrize(
    ("own", "oracle", "verdict"),
    [
        (made(-1.0), made(-1.0), "helps"),
        (made(-1.0), made(0.0), "helps"),
        (made(1.0), made(-1.0), "harms"),
        (made(1.0), made(0.0), "harms"),
        (made(-0.01), made(-1.0), "not seen to help"),
        (made(-0.01), made(0.0), "no power"),
        (made(-0.01), made(1.0), "no power"),
        (made(-0.01), made(-1.0)._replace(freedom=np.nan), "no power"),
        (made(-1.0)._replace(seeds=np.nan, freedom=np.nan), made(-1.0), "not tested"),
    ],
)
def test_the_verdict(own, oracle, verdict):
    rows = pd.DataFrame({"model": ["edm"]})
    assert list(judge(rows, [oracle], [own])["verdict"]) == [verdict]


def test_tests_are_corrected_together():
    own = made(-0.053)
    assert own.chance < LEVEL < 3 * own.chance < 1
    rows = pd.DataFrame({"model": ["edm", "stylegan", "vae"]})
    alone = judge(rows[:1], [made(-1.0)], [own])
    assert list(alone["verdict"]) == ["helps"]
    together = judge(rows, [made(-1.0)] * 3, [own, made(0.0), made(0.0)])
    assert list(together["verdict"]) == ["not seen to help"] * 3
    assert list(together["p_adjusted"]) == pytest.approx([min(1, 3 * own.chance), 1, 1])


def test_errors_are_paired_by_galaxy():
    tables = [(f"network {k}", toy.evaluation(0.0, k, galaxies=6, curves=False)) for k in range(2)]
    shuffled = [(name, table.sample(frac=1, random_state=1)) for name, table in tables]
    assert (errors_of(tables, "noise_shift") == errors_of(shuffled, "noise_shift")).all()
    rows = tables[0][1]
    wanted = rows[rows["case"] == "noise_shift"].set_index("index")["mse"].sort_index()
    assert (errors_of(tables, "noise_shift")[0] == wanted).all()
    with pytest.raises(GalforgeError, match="network 1, noise_shift: its 5 galaxies are not those of the others"):
        errors_of([tables[0], ("network 1", toy.evaluation(0.0, 1, galaxies=5, curves=False))], "noise_shift")
    with pytest.raises(GalforgeError, match="network 0, night: its 0 galaxies"):
        errors_of(tables, "night")
