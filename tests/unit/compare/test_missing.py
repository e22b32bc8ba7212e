"""Galaxies that cannot be measured: they count, and no model gains by them."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from galforge.compare import colour_bulge, joint, morphology, photometry, power_spectrum
from galforge.compare.rows import COLUMNS
from galforge.compare.settings import CompareSettings
from galforge.compare.spreads import reach_on_circle
from galforge.compare.wasserstein import circular_wasserstein, compare_properties
from galforge.papers.readings import at_floor
from galforge.seeds import generator

FEW = CompareSettings(bootstrap=20, halvings=1, directions=4, permutations=2)
PERIODS = np.array([0.0, 0.0, 0.0, 0.0, np.pi])


def sample(draws: np.random.Generator, size: int, measured: int, shift: float = 0.0, wide: float = 1.0) -> np.ndarray:
    """Normal, correlated with it lognormal, long-tailed, in steps, and an orientation; all missing or none of them."""
    mass = draws.normal(size=size)
    values = np.stack(
        [
            shift + wide * mass,
            np.exp(shift + wide * (0.7 * mass + 0.7 * draws.normal(size=size))),
            shift + wide * draws.standard_t(3, size),
            (shift + wide * draws.exponential(size=size)).round(1),
            (draws.normal(shift, 0.4 * wide, size)) % np.pi,
        ],
        axis=1,
    )
    values[draws.permutation(size)[measured:]] = np.nan
    return values


def expected_of(source: np.ndarray, generated: np.ndarray, period: float) -> float:
    """The complete distance of one property by its definition, value by value."""
    real, made = source[np.isfinite(source)], generated[np.isfinite(generated)]
    p_s, p_g = len(real) / len(source), len(made) / len(generated)
    low, high = (
        np.quantile(real, [0.01, 0.99]) if p_s < 1 else (min(real.min(), made.min()), max(real.max(), made.max()))
    )
    if period:
        angles = np.linspace(0, period, 20_001)
        apart = np.abs(real[None, :] - angles[:, None]) % period
        reach = np.minimum(apart, period - apart).mean(axis=1).max()
        between = circular_wasserstein(real, made, period)
    else:
        real, made = np.clip(real, low, high), np.clip(made, low, high)
        reach = max(np.mean(real - low), np.mean(high - real))
        between = scipy.stats.wasserstein_distance(real, made)
    return (min(p_s, p_g) * between + abs(p_s - p_g) * reach) / p_s


@pytest.mark.parametrize(("kept", "left"), [(120, 42), (120, 96), (120, 120), (150, 100), (150, 120), (60, 119)])
def test_complete_distance_is_its_definition(kept, left):
    draws = np.random.default_rng(left)
    source, generated = sample(draws, 150, kept), sample(draws, 120, left, 0.3)
    result = compare_properties(source, generated, FEW, PERIODS, complete=True)
    for p, period in enumerate(PERIODS):
        expected = expected_of(source[:, p], generated[:, p], period)
        assert result.values[p] == pytest.approx(expected, rel=1e-6), p
        row = result.row("x", [p])
        made = generated[np.isfinite(generated[:, p]), p]
        if not period:
            plain = scipy.stats.wasserstein_distance(source[np.isfinite(source[:, p]), p], made)
            assert row["conditional"] == pytest.approx(plain)
        assert (row["share_source"], row["share_generated"]) == (kept / 150, left / 120)
    if kept / 150 == left / 120 == 1:
        np.testing.assert_allclose(result.values, result.found.conditional, rtol=1e-12)


def test_resampled_distances_are_those_of_the_drawn_images():
    """With shares, range and sd of their own; what a missing galaxy counts as on a circle is fixed."""
    draws = np.random.default_rng(7)
    source, generated = sample(draws, 90, 60, wide=2.0), sample(draws, 80, 50, 3.0)
    result = compare_properties(source, generated, FEW, PERIODS, complete=True)
    standardised = result.standardised().replicates
    reach = reach_on_circle(source[np.isfinite(source[:, 4]), 4], np.pi)
    images = [generator(0, "bootstrap", side) for side in ("source", "generated")]
    for b, replicate in enumerate(result.replicates):
        drawn = [
            side[own.integers(len(side), size=len(side))] for side, own in zip((source, generated), images, strict=True)
        ]
        for p in range(4):
            expected = expected_of(drawn[0][:, p], drawn[1][:, p], 0.0)
            assert replicate[p] == pytest.approx(expected, rel=1e-9)
            assert standardised[b, p] == pytest.approx(expected / np.nanstd(drawn[0][:, p]), rel=1e-9)
        real, made = (side[np.isfinite(side[:, 4]), 4] for side in drawn)
        p_s, p_g = len(real) / 90, len(made) / 80
        parts = min(p_s, p_g) * circular_wasserstein(real, made, np.pi) + abs(p_s - p_g) * reach
        assert replicate[4] == pytest.approx(parts / p_s)


def test_reach_on_a_circle_is_the_largest_mean_distance():
    draws = np.random.default_rng(0)
    for values in (draws.uniform(0, np.pi, 50), draws.normal(3, 0.2, 40), np.array([0.1]), np.array([0.0, 1.0, 1.0])):
        angles = np.linspace(0, np.pi, 40_001)
        apart = np.abs(values[None, :] - angles[:, None]) % np.pi
        largest = np.minimum(apart, np.pi - apart).mean(axis=1).max()
        assert reach_on_circle(values, np.pi) == pytest.approx(largest, abs=1e-4)


def chains(generated: np.ndarray, source: np.ndarray, p: int, draws: np.random.Generator):
    """Orders in which the measured galaxies may be lost, worst ones first among them."""
    there = np.flatnonzero(np.isfinite(generated[:, p]))
    values = generated[there, p]
    far = np.abs(values[:, None] - source[None, np.isfinite(source[:, p]), p]).mean(axis=1)
    yield there[np.argsort(-far)]
    yield there[np.argsort(far)]
    yield there[np.argsort(values)]
    yield there[np.argsort(-values)]
    yield draws.permutation(there)
    # Greedy: the loss that brings the other galaxies nearest to the source, whatever it does to the number of them.
    left, order = list(there), []
    real = source[np.isfinite(source[:, p]), p]
    while len(left) > len(there) - 12:
        scored = [scipy.stats.wasserstein_distance(real, generated[[j for j in left if j != i], p]) for i in left]
        order.append(left.pop(int(np.argmin(scored))))
    yield np.array(order)


@pytest.mark.parametrize("trial", range(6))
def test_no_model_gains_by_losing_galaxies(trial):
    """Every property, and the average, in hundreds of subsets: the distance rises from each to the next."""
    draws = np.random.default_rng(trial)
    source = sample(draws, 75, 60)
    left, shift, wide = [
        (48, 0.0, 1.0),
        (48, 0.5, 1.0),
        (48, 0.0, 4.0),
        (30, -1.0, 2.0),
        (40, 8.0, 0.1),
        (48, 0.0, 0.2),
    ][trial]
    generated = sample(draws, 60, left, shift, wide)
    subsets = 0
    for p in range(len(PERIODS)):
        for order in chains(generated, source, p, draws):
            lost = generated.copy()
            before = compare_properties(source, lost, FEW, periods=PERIODS, complete=True).values
            for some in np.array_split(order, min(len(order), 12)):
                lost[some] = np.nan
                after = compare_properties(source, lost, FEW, periods=PERIODS, complete=True).values
                assert (after >= before - 1e-12).all()
                before, subsets = after, subsets + 1
    assert subsets > 300


def test_where_all_of_the_source_is_measured_only_far_outliers_are_better_lost():
    """Nothing is clipped there, so losing galaxies farther than all others, on either side, may lower the distance.

    It never comes below the distance that is clipped to the source's range.
    """
    draws = np.random.default_rng(0)
    lower = 0
    for trial in range(40):
        source, generated = sample(draws, 80, 80), sample(draws, 60, 60, draws.normal(0, 0.5), draws.uniform(0.5, 2))
        whole = compare_properties(source, generated, FEW, periods=PERIODS, complete=True).values
        p = trial % 4
        for order in chains(generated, source, p, draws):
            gone = order[: draws.integers(1, len(order))]
            lost = generated.copy()
            lost[gone] = np.nan
            after = compare_properties(source, lost, FEW, periods=PERIODS, complete=True).values[p]
            made = lost[np.isfinite(lost[:, p]), p]
            low, high = (
                min(source[:, p].min(), made.min(initial=np.inf)),
                max(source[:, p].max(), made.max(initial=-np.inf)),
            )
            reach = max(np.mean(source[:, p]) - low, high - np.mean(source[:, p]))
            beyond = scipy.stats.wasserstein_distance(source[:, p], generated[gone, p]) - reach
            assert after >= whole[p] - len(gone) / 60 * max(beyond, 0) - 1e-12
            lower += after < whole[p] - 1e-12
            clipped = [
                np.clip(each, *np.quantile(source[:, p], [0.01, 0.99])) for each in (source[:, p], generated[:, p])
            ]
            assert after >= scipy.stats.wasserstein_distance(*clipped) - 1e-12
    assert lower <= 20


def test_losing_a_galaxy_changes_a_distance_by_little():
    """A model that is far off does not come nearer by one galaxy that cannot be measured."""
    draws = np.random.default_rng(1)
    source, generated = draws.normal(size=(300, 1)), draws.normal(40, 1, (300, 1))
    whole = compare_properties(source, generated, FEW, complete=True).values[0]
    generated[0] = np.nan
    assert compare_properties(source, generated, FEW, complete=True).values[0] == pytest.approx(whole, rel=0.01)


def test_a_model_that_cannot_be_measured_is_behind_one_that_can():
    """The demo's numbers: 42 of 120 VAE stamps and 103 of 120 of a GAN are kept, 120 of 150 of the source."""
    draws = np.random.default_rng(2)
    source = draws.normal(size=(150, 9))
    source[120:] = np.nan
    vae, gan = draws.normal(0.55, 1, (120, 9)), draws.normal(0.7, 1, (120, 9))
    vae[42:], gan[103:] = np.nan, np.nan
    rows = [compare_properties(source, each, FEW, complete=True).row("average", list(range(9))) for each in (vae, gan)]
    assert rows[0]["conditional"] < rows[1]["conditional"]
    assert rows[0]["value"] > 1.5 * rows[1]["value"]
    assert rows[0]["value"] - rows[1]["value"] > 3 * np.hypot(*(row["standard_error"] for row in rows))
    vae_apart, gan_apart = (abs(row["share_generated"] - row["share_source"]) for row in rows)
    assert vae_apart > rows[0]["share_limit"]
    assert gan_apart <= rows[1]["share_limit"]
    assert rows[0]["share_error"] == pytest.approx(np.sqrt(0.8 * 0.2 / 150 + 0.35 * 0.65 / 120), rel=0.5)


def floors_of(row: dict) -> bool:
    names = ("value", "standard_error", "floor", "limit", "conditional", "conditional_limit")
    return at_floor(
        "distance",
        *(row[name] for name in names),
        abs(row["share_generated"] - row["share_source"]),
        row["share_limit"],
    )


def test_halves_of_one_sample_lie_at_the_floor():
    draws = np.random.default_rng(3)
    chosen = CompareSettings(bootstrap=99, halvings=40)
    ratios, within, below = [], [], []
    for _ in range(100):
        both = sample(draws, 200, 200)
        both[draws.random(200) < 0.2] = np.nan
        row = compare_properties(both[:100], both[100:], chosen, periods=PERIODS, complete=True).row(
            "average", [0, 2, 4]
        )
        ratios.append(row["value"] / row["floor"])
        within.append(floors_of(row))
        below.append(row["value"] <= row["limit"])
    assert np.mean(ratios) == pytest.approx(1, abs=2 * np.std(ratios) / 10)
    assert 0.89 <= np.mean(within) <= 0.99
    assert 0.89 <= np.mean(below) <= 0.99


def morphologies(count: int, seed: int, shift: float = 0.0) -> pd.DataFrame:
    draws = np.random.default_rng(seed)
    names = [*morphology.PROPERTIES.values(), *photometry.PROPERTIES, *power_spectrum.MODES]
    table = pd.DataFrame({name: draws.normal(shift, 1, count) for name in names})
    table["gini_m20_bulge"] = draws.normal(shift, 0.5, count)
    for band, colour in (("g", 0.9), ("r", 0.4), ("i", 0.0)):
        table[f"magnitude_{band}"] = draws.normal(20 + colour, 0.1, count)
    return table.assign(segmented=True, flag=0.0)


def compared(module, source: pd.DataFrame, generated: pd.DataFrame) -> pd.DataFrame:
    name = module.__name__.rsplit(".", 1)[1]
    table = module.compare(source, generated, FEW.of(name, "corrected", False))
    return table[table["metric"] != "count"].set_index(["metric", "property"])


@pytest.mark.parametrize("module", [morphology, joint, colour_bulge])
def test_flagged_galaxies_make_every_distance_larger(module):
    """The same model, in which ever more galaxies cannot be measured: those that fit worst, and at random."""
    source, generated = morphologies(100, 0), morphologies(80, 1, 0.2)
    source.loc[:19, "flag"] = 2.0
    generated.loc[:31, "flag"] = 2.0
    for order in (np.argsort(-generated["gini"].to_numpy()), np.random.default_rng(0).permutation(80)):
        lost, before = generated.copy(), compared(module, source, generated)
        for some in np.array_split(order[:60], 3):
            lost.loc[some, "flag"] = 3.0
            after = compared(module, source, lost)
            distances = after.index.get_level_values("metric") != "classifier"
            assert (after["value"][distances] >= before["value"][distances] - 1e-12).all()
            before = after
        if module is joint:
            assert before["value"]["classifier", "all"] > 0.3


def test_bulges_of_unknown_galaxies_count_for_both_types():
    source, generated = morphologies(100, 0), morphologies(80, 1)
    generated.loc[:39, "flag"] = 2.0
    found = compared(colour_bulge, source, generated)
    for name, of in (("g_i_early", generated["gini_m20_bulge"] >= 0), ("g_i_late", generated["gini_m20_bulge"] < 0)):
        kept = int((of & (generated["flag"] < 2)).sum())
        row = found.loc["wasserstein", name]
        assert (row["share_source"], row["share_generated"]) == (1.0, kept / (kept + 40))
    share = found.loc["share_difference", "early_share"]
    real, made = ((each["gini_m20_bulge"] >= 0) for each in (source, generated))
    assert share["conditional"] == pytest.approx(abs(real.mean() - made[40:].mean()))
    # A half of the galaxies is early or late, whichever is farther.
    assert share["value"] == pytest.approx(0.5 * share["conditional"] + 0.5 * max(real.mean(), 1 - real.mean()))


def test_a_few_bad_stamps_count_in_the_power_spectrum():
    source, generated = morphologies(100, 0), morphologies(80, 1)
    alike = compared(power_spectrum, source, generated)
    np.testing.assert_allclose(alike["value"], alike["conditional"])
    generated.loc[:3, power_spectrum.MODES] = np.nan
    found = compared(power_spectrum, source, generated)
    assert (found["value"] > found["conditional"]).all()
    assert found["share_generated"].to_numpy() == pytest.approx(0.95)


@pytest.mark.parametrize("module", [morphology, photometry, power_spectrum, joint, colour_bulge])
@pytest.mark.parametrize(
    "bad", ["empty", "one", "unmeasured source", "unmeasured model", "constant", "equal", "single"]
)
def test_bad_input_is_blank_without_a_word(module, bad):
    source, generated = morphologies(40, 0), morphologies(30, 1)
    values = [name for name in source if name not in ("segmented", "flag")]
    match bad:
        case "empty":
            source, generated = source.iloc[:0], generated.iloc[:0]
        case "one":
            generated = generated.iloc[:1]
        case "unmeasured source":
            source[values] = np.nan
        case "unmeasured model":
            generated[values] = np.nan
        case "constant":
            source[values[3:5]], generated[values[3:5]] = 0.3, 0.3
        case "equal":
            source[values], generated[values] = 0.3, 0.3
        case "single":
            source.loc[1:, values] = np.nan
            generated.loc[1:, values] = np.nan
    for protocol in module.KIND.protocols:
        name = module.__name__.rsplit(".", 1)[1]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            table = module.compare(source, generated, FEW.of(name, protocol, False))
        assert set(COLUMNS) < set(table.columns)
        found = table[table["metric"] != "count"]["value"]
        if bad in ("empty", "one", "unmeasured source", "single"):
            assert found.isna().all()
        elif bad == "unmeasured model" and protocol == "corrected":
            assert (found > 0).all()
            assert np.isfinite(found).all()
        elif bad == "unmeasured model":
            assert found.isna().all()
