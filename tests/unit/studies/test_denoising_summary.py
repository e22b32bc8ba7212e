"""The summary of a sweep: errors that cover, gains that are found again, what may be claimed, and what is refused."""

import dataclasses
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from galforge.compare.morphology import PROPERTIES, compare
from galforge.compare.settings import ComparisonSettings
from galforge.compare.wasserstein import circular_wasserstein, wasserstein
from galforge.errors import GalforgeError
from galforge.studies.denoising import errors, structure
from galforge.studies.denoising.errors import Error, Mean
from galforge.studies.denoising.summary import COLUMNS, summarise
from toys import denoising as toy

FEW = {name: toy.CASES[name] for name in ("in_domain", "noise_shift")}


@cache
def summary(replicates: int = 5, alphas: tuple[float, ...] = (0.0, 0.5, 0.8, 1.0)) -> pd.DataFrame:
    runs = toy.sweep(alphas, replicates, galaxies=60, cases=FEW)
    return summarise(runs[::-1], toy.references(60, FEW).sample(frac=1, random_state=1), bootstrap=40)


def one(
    frame: pd.DataFrame, metric: str, case: str = "noise_shift", method: str = "network", **more: float
) -> pd.Series:
    rows = frame[(frame["metric"] == metric) & (frame["property"] == case) & (frame["method"] == method)]
    for name, value in more.items():
        rows = rows[rows[name] == value]
    assert len(rows) == 1
    return rows.iloc[0]


@pytest.mark.parametrize("sizes", [(0.3, 1.0, 1.0), (1.0, 1.0, 1.0)])
def test_an_interval_covers_as_often_as_it_says(sizes: tuple[float, float, float]) -> None:
    random = np.random.default_rng(4)
    replicates, galaxies, trials = 5, 100, 1500
    covered = 0
    for _ in range(trials):
        values = sizes[0] * random.standard_normal((replicates, 1)) + sizes[1] * random.standard_normal((1, galaxies))
        mean = errors.crossed(values + sizes[2] * random.standard_normal((replicates, galaxies)) + 3.0)
        covered += abs(mean.value - 3.0) <= stats.t.ppf(0.975, mean.freedom) * mean.error.total
    assert 0.92 <= covered / trials <= 0.985


def test_error_of_a_crossed_mean_by_hand() -> None:
    # Means of galaxies 1 and 3 (variance 2), of replicates 1 and 3 (variance 2): 2 / 2 + 2 / 2, from 1 and 1 degrees.
    found = errors.crossed(np.array([[0.0, 2.0], [2.0, 4.0]]))
    assert (found.value, found.freedom) == pytest.approx((2.0, 2.0))
    assert found.error == pytest.approx((np.sqrt(2.0), 1.0, 1.0))
    galaxies_only = errors.crossed(np.array([[1.0, 2.0, 6.0], [1.0, 2.0, 6.0]]))
    assert (galaxies_only.value, galaxies_only.freedom) == pytest.approx((3.0, 2.0))
    assert galaxies_only.error == pytest.approx((np.sqrt(7.0 / 3), np.sqrt(7.0 / 3), 0.0))
    once = errors.crossed(np.array([[1.0, 2.0, 6.0]]))
    assert (once.value, once.freedom) == pytest.approx((3.0, 2.0))
    assert once.error == pytest.approx((np.sqrt(7.0 / 3), np.sqrt(7.0 / 3), np.nan), nan_ok=True)
    assert np.isnan(errors.crossed(np.array([[5.0]])).error).all()
    nothing = errors.crossed(np.empty((2, 0)))
    assert np.isnan([nothing.value, *nothing.error, nothing.freedom]).all()


def test_a_claim_needs_replicates_and_more_where_more_was_tried() -> None:
    error = Error(0.10, 0.08, 0.06)
    mean = Mean(0.30, error, 20.0)  # two-sided p = 0.0071
    assert errors.beyond(mean, 5, 1)
    assert errors.beyond(Mean(-0.30, error, 20.0), 5, 7)
    assert not errors.beyond(mean, 5, 8)
    assert not errors.beyond(mean, 1, 1)
    assert not errors.beyond(Mean(np.nan, error, 20.0), 5, 1)


def test_median_and_its_error() -> None:
    random = np.random.default_rng(0)
    values = random.standard_normal((1, 400))
    counts = errors.resamplings(400, 300, 0, "test")
    assert (counts.sum(axis=0) == 400).all()
    value, error = errors.median(values, counts)
    assert value == np.median(values)
    by_hand = [np.median(np.repeat(values[0], column.astype(int))) for column in counts.T]
    galaxies = np.std(by_hand, ddof=1)
    assert error == pytest.approx((galaxies, galaxies, np.nan), nan_ok=True)
    twice, wider = errors.median(np.concatenate([values, values + 1.0]), counts)
    assert twice == pytest.approx(value + 0.5)
    assert wider == pytest.approx((np.hypot(galaxies, 0.5), galaxies, 0.5))


def measured(count: int, shift: float, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({column: random.standard_normal(count) + shift for column in PROPERTIES.values()})
    frame["orientation_centroid"] = random.uniform(0, np.pi, count) ** 1.2 % np.pi
    return frame.assign(segmented=np.arange(count) % 9 != 0, flag=np.where(np.arange(count) % 7 == 0, 2.0, 0.0))


def test_distances_are_those_of_the_comparison() -> None:
    truth, denoised = measured(80, 0.0, 1), [measured(80, 0.2, 2), measured(80, 0.3, 3)]
    denoised[1].loc[3, "gini"] = np.nan
    found = structure.distances(truth, denoised, errors.resamplings(80, 20, 0, "test"))
    settings = ComparisonSettings(bootstrap=20, halvings=1)
    tables = [compare(truth, table, settings).query("metric == 'wasserstein'") for table in denoised]
    assert found.values == pytest.approx(np.mean([table["conditional"] for table in tables], axis=0))
    assert (found.n_source, found.n_generated) == (
        tables[0]["n_source"].iloc[0],
        min(table["n_generated"].iloc[0] for table in tables),
    )
    assert found.n_generated < found.n_source


def test_a_resampling_draws_the_same_galaxies_on_both_sides() -> None:
    truth = measured(60, 0.0, 1).assign(segmented=True, flag=0.0)
    moved = truth.copy()
    moved[["gini", "m20"]] += 0.5
    counts = errors.resamplings(60, 40, 0, "test")
    found = structure.distances(truth, [moved], counts)
    names = list(PROPERTIES)
    # What moves as a whole is as far away in every resampling; drawn apart, it would scatter.
    assert found.values[names.index("gini")] == pytest.approx(0.5 / np.std(truth["gini"]))
    assert found.errors[[names.index("gini"), names.index("m20")], :2] == pytest.approx(0.0, abs=1e-12)
    assert np.isnan(found.errors[:, 2]).all(), "one network"
    other = measured(60, 0.2, 2).assign(segmented=True, flag=0.0)
    found = structure.distances(truth, [other], counts)
    for name, column, period in (("gini", "gini", 0.0), ("orientation", "orientation_centroid", np.pi)):
        drawn = []
        for each in counts.astype(int).T:
            one_side, other_side = np.repeat(truth[column], each), np.repeat(other[column], each)
            distance = circular_wasserstein(one_side.to_numpy(), other_side.to_numpy(), period) if period else None
            drawn.append(wasserstein(one_side.to_numpy(), other_side.to_numpy()) if distance is None else distance)
        angles = np.exp(2j * truth[column])
        around = (truth[column] - np.angle(angles.mean()) / 2 + np.pi / 2) % np.pi - np.pi / 2
        sd = np.sqrt(np.mean(around**2)) if period else np.std(truth[column])
        assert found.errors[names.index(name), 0] == pytest.approx(np.std(drawn, ddof=1) / sd)


def test_distances_are_missing_where_nothing_was_measured() -> None:
    truth = measured(30, 0.0, 1)
    blank = truth.assign(segmented=False, flag=np.nan, **dict.fromkeys(PROPERTIES.values(), np.nan))
    counts = errors.resamplings(30, 5, 0, "test")
    for sides in ((truth, [truth, blank]), (blank, [truth])):
        found = structure.distances(*sides, counts)
        assert np.isnan(found.values).all()
        assert np.isnan(found.errors).all()


def test_known_gains_are_found_again() -> None:
    frame = summary()
    assert list(frame.columns) == list(COLUMNS)
    for alpha in (0.5, 0.8, 1.0):
        row = one(frame, "gain", alpha=alpha)
        assert abs(row["value"] - toy.gain("noise_shift", alpha)) < 4 * row["standard_error"]
        assert 0.001 < row["standard_error"] < 0.03
        assert row["supported"]
        assert not one(frame, "gain", "in_domain", alpha=alpha)["supported"]
    best = one(frame, "best_alpha")
    assert best["value"] == 0.8
    assert best["supported"]
    assert one(frame, "improvement")["value"] == one(frame, "gain", alpha=0.8)["value"]
    assert not frame.loc[
        ~frame["metric"].isin(["gain", "improvement", "best_alpha", "relative_error"]), "supported"
    ].any()


def test_numbers_are_those_of_the_tables() -> None:
    frame = summary()
    networks = np.stack([toy.evaluation(0.8, r, 60, FEW).query("case == 'noise_shift'")["mse"] for r in range(5)])
    plain = np.stack([toy.evaluation(0.0, r, 60, FEW).query("case == 'noise_shift'")["mse"] for r in range(5)])
    own = toy.references(60, FEW).query("case == 'noise_shift'")
    by_method = {method: rows["mse"].to_numpy() for method, rows in own.groupby("method")}
    wanted = {
        "mse": networks.mean(),
        "mse_median": np.median(networks.mean(axis=0)),
        "mse_to_identity": networks.mean() / by_method["identity"].mean(),
        "gain": 1 - stats.gmean((networks / plain).ravel()),
    }
    for metric, value in wanted.items():
        assert one(frame, metric, alpha=0.8)["value"] == pytest.approx(value)
    advantage = one(frame, "advantage", method="wiener", alpha=0.8)
    assert advantage["value"] == pytest.approx(1 - stats.gmean((networks / by_method["wiener"]).ravel()))
    wiener = one(frame, "mse", method="wiener")
    assert wiener["value"] == pytest.approx(by_method["wiener"].mean())
    assert wiener["standard_error"] == pytest.approx(stats.sem(by_method["wiener"]))
    assert (wiener["n_source"], wiener["replicates"]) == (60, 1)
    assert np.isnan(wiener["alpha"])
    assert "truth" not in set(frame["method"])


def test_errors_of_rows_are_their_parts_in_quadrature() -> None:
    frame = summary()
    networks = np.stack([toy.evaluation(0.8, r, 60, FEW).query("case == 'noise_shift'")["mse"] for r in range(5)])
    mse = one(frame, "mse", alpha=0.8)
    assert mse["error_images"] == pytest.approx(stats.sem(networks.mean(axis=0)))
    assert mse["error_seeds"] == pytest.approx(stats.sem(networks.mean(axis=1)))
    several = frame[(frame["replicates"] > 1) & frame["standard_error"].notna()]
    parts = np.hypot(several["error_images"], several["error_seeds"])
    assert several["standard_error"].to_numpy() == pytest.approx(parts.to_numpy())
    single = summary(1)
    assert single["error_seeds"].isna().all()
    known = single["standard_error"].notna()
    assert known.any()
    assert (single["error_images"] == single["standard_error"])[known].all()


def test_errors_of_ratios_are_those_of_resampled_galaxies() -> None:
    runs = toy.sweep((0.0, 0.5), 1, galaxies=200, cases=FEW, curves=False)
    references = toy.references(200, FEW, False).query("case == 'noise_shift'").set_index("method")
    frame = summarise(runs, toy.references(200, FEW, False), bootstrap=2)
    plain, mse = (
        toy.evaluation(alpha, 0, 200, FEW, False).query("case == 'noise_shift'")["mse"].to_numpy() for alpha in (0, 0.5)
    )
    identity, wiener = (references.loc[name, "mse"].to_numpy() for name in ("identity", "wiener"))
    each = np.random.default_rng(0).integers(200, size=(3000, 200))
    for row, drawn in (
        (one(frame, "mse_to_identity", alpha=0.5), mse[each].mean(axis=1) / identity[each].mean(axis=1)),
        (one(frame, "gain", alpha=0.5), 1 - stats.gmean(mse[each] / plain[each], axis=1)),
        (one(frame, "advantage", method="wiener", alpha=0.5), 1 - stats.gmean(mse[each] / wiener[each], axis=1)),
    ):
        assert row["standard_error"] == pytest.approx(np.std(drawn), rel=0.06)


def test_error_of_a_ratio_knows_that_both_means_are_of_the_same_galaxies() -> None:
    cases = {"in_domain": (1.0, 0.05)}  # hardly any noise: galaxies differ much
    runs = toy.sweep((0.0, 0.5), 1, galaxies=200, cases=cases, curves=False)
    frame = summarise(runs, toy.references(200, cases, False), bootstrap=2)
    mse = runs[1].table["mse"].to_numpy()
    identity = toy.references(200, cases, False).query("method == 'identity'")["mse"].to_numpy()
    each = np.random.default_rng(0).integers(200, size=(3000, 200))
    drawn = mse[each].mean(axis=1) / identity[each].mean(axis=1)
    row = one(frame, "mse_to_identity", "in_domain", alpha=0.5)
    assert row["standard_error"] == pytest.approx(np.std(drawn), rel=0.1)
    assert row["standard_error"] < stats.sem(mse) / identity.mean() / 4


def test_alpha_1_is_compared_with_the_best_mixed_alpha() -> None:
    frame = summary()
    row = one(frame, "relative_error", "alpha_1_vs_mixed_noise_shift")
    assert row["alpha"] == 0.8
    wanted = (1 - toy.gain("noise_shift", 1.0)) / (1 - toy.gain("noise_shift", 0.8)) - 1
    assert abs(row["value"] - wanted) < 4 * row["standard_error"]
    assert len(frame.query("property == 'alpha_1_vs_mixed'")) == 1
    assert "relative_error" not in set(summary(2, (0.0, 1.0))["metric"])


def test_no_alpha_is_best_where_none_gains() -> None:
    cases = {"in_domain": (1.0, 1.0)}
    runs = toy.sweep((0.0, 0.5, 1.0), 3, galaxies=30, cases=cases, gains={("in_domain", a): -0.3 for a in (0.5, 1.0)})
    frame = summarise(runs, toy.references(30, cases), bootstrap=5)
    assert one(frame, "best_alpha", "in_domain")["value"] == 0.0
    improvement = one(frame, "improvement", "in_domain")
    assert (improvement["value"], improvement["alpha"], improvement["supported"]) == (0.0, 0.0, False)
    assert one(frame, "gain", "in_domain", alpha=0.5)["supported"], "a loss can be claimed as well"


def test_one_replicate_supports_nothing() -> None:
    frame = summary(1)
    assert one(frame, "gain", alpha=0.8)["value"] > 0.4
    assert not frame["supported"].any()


def test_curves_have_a_point_each() -> None:
    frame = summary()
    own = frame[frame["kind"] == "noise_curve"]
    assert set(own["metric"]) == {"mse_to_identity", "gain"}
    assert sorted(set(own["noise"])) == sorted(toy.NOISE_CURVE)
    assert set(own["method"]) == {"network", "wiener", "richardson_lucy", "non_local_means"}
    assert one(frame, "gain", "noise-10", alpha=0.8)["value"] > 0.4


def test_galaxies_without_a_value_are_left_out() -> None:
    runs = toy.sweep((0.0, 0.5), 2, galaxies=20, cases=FEW, curves=False)
    runs[2].table.loc[(runs[2].table["case"] == "noise_shift") & (runs[2].table["index"] == 4), "ssim"] = np.nan
    frame = summarise(runs, toy.references(20, FEW, False), bootstrap=5)
    assert one(frame, "ssim", alpha=0.5)["n_source"] == 19
    assert one(frame, "ssim", alpha=0.0)["n_source"] == 20
    assert np.isfinite(one(frame, "ssim", alpha=0.5)["value"])


def test_refuses_tables_that_do_not_belong_together() -> None:
    runs = toy.sweep((0.0, 0.5), 2, galaxies=10, cases=FEW, curves=False)
    references = toy.references(10, FEW, False)
    other = dataclasses.replace
    short = other(runs[3], table=runs[3].table[runs[3].table["index"] != 4])
    fewer = other(runs[3], table=runs[3].table[runs[3].table["case"] != "noise_shift"])
    for given, table, message in (
        ([*runs[:3], short], references, r"alpha 0.5, replicate 1, in_domain: its 9 galaxies"),
        ([*runs[:3], fewer], references, "differ by noise_shift"),
        (runs, references[references["index"] != 4], r"alpha 0, replicate 0, in_domain: its 10 galaxies"),
        (runs, references[references["method"] != "identity"], "identity is missing"),
        (runs[2:], references, "needs networks of alpha 0"),
        (runs[:3], references, r"replicates \[0\], alpha 0 has \[0, 1\]"),
        ([*runs, runs[3]], references, "was given twice"),
        ([*runs[:3], other(runs[3], model="vae")], references, "saw galaxies of stylegan and vae"),
        ([*runs[:3], other(runs[3], dataset="cosmos")], references, "several sweeps"),
        ([*runs[:3], other(runs[3], table=references)], references, "other methods than network"),
    ):
        with pytest.raises(GalforgeError, match=message):
            summarise(given, table, bootstrap=2)


def test_same_inputs_give_the_same_numbers() -> None:
    runs = toy.sweep((0.0, 0.5), 2, galaxies=15, cases=FEW, curves=False)
    first, again = (summarise(order, toy.references(15, FEW, False), 10) for order in (runs, runs[::-1]))
    pd.testing.assert_frame_equal(first, again)
