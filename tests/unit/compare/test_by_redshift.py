"""Comparisons by redshift: KL, fitting and redshift losses, ratios, each against something independent."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from galforge.compare import band_scores, fitting_loss, galaxy_kl, redshift_loss, successors
from galforge.compare.frechet import frechet
from galforge.compare.redshift_bins import in_bins, pair, uniform
from galforge.compare.relabelled import orders
from galforge.compare.scores import resampled
from galforge.compare.settings import CompareSettings, ComparisonSettings
from galforge.errors import GalforgeError
from galforge.measure.vectors import rows_of, vector_columns, with_vectors
from galforge.seeds import generator

EDGES = [0.0, 0.5, 1.0, 2.0]


def settings(comparison, protocol="corrected", **changes):
    given = CompareSettings(**{"redshift_edges": EDGES, "bootstrap": 100, "halvings": 2, **changes})
    return given.of(comparison, protocol, False)


def galaxies(draws, redshift, split="", size_at=lambda z: 200 / (1 + z)):
    """Measurements of galaxies whose sizes follow a relation with redshift."""
    n = len(redshift)
    return pd.DataFrame(
        {
            "index": np.arange(n),
            "split": [split] * n if isinstance(split, str) else split,
            "redshift": redshift,
            "isophotal_area": size_at(redshift) * np.exp(draws.normal(0, 0.3, n)),
            "semi_major_axis": np.sqrt(size_at(redshift)) * np.exp(draws.normal(0, 0.1, n)),
            "ellipticity": draws.uniform(0, 0.7, n),
            "sersic_index": np.exp(draws.normal(0.3, 0.4, n)),
            "errcxy": draws.normal(0, 1, n) * np.exp(5 - redshift),
            "sky_rms_g": draws.normal(2, 0.1, n),
            "redshift_cnn": redshift + draws.normal(0.02, 0.03, n) * (1 + redshift),
        }
    )


@pytest.fixture
def draws():
    return np.random.default_rng(8)


@pytest.fixture
def source(draws):
    split = np.array(["train", "validation", "test", "test"])[np.arange(4000) % 4]
    return galaxies(draws, draws.uniform(0, 2, 4000), split)


def value(table, metric, name="all"):
    row = table[(table["metric"] == metric) & (table["property"] == name)]
    assert len(row) == 1, f"{metric} {name}"
    return row.iloc[0]


# Who is compared


def test_the_source_is_its_test_split_and_real_galaxies_stand_in_for_a_model(draws, source):
    made = galaxies(draws, draws.uniform(0, 2, 50))
    real, generated = pair(source, made)
    assert set(real["split"]) == {"test"}
    assert generated is made
    assert set(pair(source, source)[1]["split"]) == {"validation"}


@pytest.mark.parametrize("column", ["redshift", "split"])
def test_a_missing_column_is_named(draws, source, column):
    with pytest.raises(GalforgeError, match=f"generated measurements lack {column}"):
        pair(source, galaxies(draws, np.full(30, 0.4)).drop(columns=column))


def test_a_missing_redshift_is_named_with_its_row(draws, source):
    redshift = np.full(30, 0.4)
    redshift[7] = np.nan
    with pytest.raises(GalforgeError, match="no redshift for 1 of 30 stamps, the first at index 7"):
        pair(source, galaxies(draws, redshift))


def test_no_test_split_is_refused(draws, source):
    with pytest.raises(GalforgeError, match="no stamps of the split test"):
        pair(source[source["split"] != "test"], galaxies(draws, np.full(30, 0.4)))


def test_bins_are_half_open_and_the_last_one_closed(draws):
    table = galaxies(draws, np.array([-0.1, 0.0, 0.5, 1.99, 2.0, 2.1]))
    assert in_bins(table, table, EDGES).source.tolist() == [-1, 0, 1, 2, 2, -1]


# KL


def test_kl_is_that_of_the_counts():
    counts = np.array([5, 0, 30, 65]), np.array([20, 3, 30, 0])
    p, q = ((c + 0.5) / (c.sum() + 2) for c in counts)
    assert galaxy_kl.kl(*counts) == pytest.approx(scipy.stats.entropy(p, q), rel=1e-12)


def divergence(first: np.ndarray, second: np.ndarray, chosen: ComparisonSettings, draws: np.random.Generator):
    """The divergence of two samples."""
    values = (first, second)
    counts = [resampled(draws, len(side), chosen.bootstrap).astype(np.float32) for side in values]
    return galaxy_kl.divergence(values, counts, orders(draws, len(first) + len(second)), chosen)


def test_kl_of_two_normal_distributions_in_many_numbers(draws):
    """Binned: the divergence between the bins' probabilities, to which half a count adds nothing here."""
    first, second = draws.normal(0, 1, 400_000), draws.normal(0.5, 1.2, 400_000)
    values, counts = (first, second), [np.ones((2, len(side))) for side in (first, second)]
    order = orders(draws, 800_000, 2)
    score = galaxy_kl.divergence(values, counts, order, settings("galaxy_kl")).score()
    edges = np.concatenate([[-np.inf], scipy.stats.norm.ppf(np.arange(1, 10) / 10), [np.inf]])
    p, q = np.full(10, 0.1), np.diff(scipy.stats.norm.cdf(edges, 0.5, 1.2))
    assert score.value == pytest.approx(scipy.stats.entropy(p, q), abs=0.003)


@pytest.mark.parametrize("protocol", ["corrected", "published"])
def test_floor_and_limit_are_those_of_samples_of_one_distribution(draws, protocol):
    """Of long tails, and 5 % of pairs are beyond the limit."""
    chosen = settings("galaxy_kl", protocol, bootstrap=20)
    scores = [
        divergence(draws.lognormal(0, 1.2, 200), draws.lognormal(0, 1.2, 150), chosen, draws).score()
        for _ in range(300)
    ]
    values, floors, limits = np.array([[score.value, score.floor, score.limit] for score in scores]).T
    assert values.mean() == pytest.approx(floors.mean(), rel=0.08)
    assert scipy.stats.binom.ppf(0.001, 300, 0.05) <= np.sum(values > limits) <= scipy.stats.binom.ppf(0.999, 300, 0.05)


@pytest.mark.parametrize("protocol", ["corrected", "published"])
def test_error_is_the_scatter_between_different_distributions(draws, protocol):
    chosen = settings("galaxy_kl", protocol)
    scores = [
        divergence(draws.lognormal(0, 1, 300), draws.lognormal(0.7, 1, 200), chosen, draws).score() for _ in range(200)
    ]
    values, errors, limits = np.array([[score.value, score.standard_error, score.limit] for score in scores]).T
    assert 0.65 < np.var((values - values.mean()) / errors) < 1.45
    assert np.mean(values > limits) > 0.9


def test_a_resampling_scores_what_its_galaxies_score(draws):
    """Counts of galaxies, missing values among them, beside the galaxies themselves, drawn as often."""
    first, second = draws.normal(0, 1, 300), draws.normal(0.3, 1, 200)
    first[::7], second[::3] = np.nan, np.nan
    counts = [resampled(draws, len(side), 20).astype(np.float32) for side in (first, second)]
    order = orders(draws, 500)
    for protocol in ("corrected", "published"):
        found = galaxy_kl.divergence((first, second), counts, order, settings("galaxy_kl", protocol))
        edges = galaxy_kl.edges_of(first, second, "corrected")
        for r, value in enumerate(found.drawn):
            again = [np.repeat(side, own[r].astype(int)) for side, own in zip((first, second), counts, strict=True)]
            own = edges if protocol == "corrected" else galaxy_kl.edges_of(*again, "published")
            binned = [galaxy_kl.histogram(side, own) for side in again]
            assert value[1 if protocol == "corrected" else 0] == pytest.approx(galaxy_kl.kl(*binned))
            if protocol == "corrected":
                assert value[0] == pytest.approx(galaxy_kl.complete(*binned, (300, 200)))
                shares = [np.isfinite(side).mean() for side in again]
                assert value[2] == pytest.approx(shares[0] - shares[1])
    assert all(own.sum(axis=1).tolist() == [own.shape[1]] * 20 for own in counts)


@pytest.mark.parametrize("protocol", ["corrected", "published"])
@pytest.mark.parametrize("tied", [False, True])
def test_a_relabelling_scores_what_its_galaxies_score(draws, protocol, tied):
    first, second = draws.normal(0, 1, 150), draws.normal(0.3, 1, 120)
    if tied:  # fits that end at a limit: several deciles are one value, and the extremes are shared
        first, second = np.clip(first, -0.5, 0.9), np.clip(second, -0.5, 0.9)
    first[::7], second[::3] = np.nan, np.nan
    order, pooled = orders(draws, 270, 30), np.concatenate([first, second])
    counts = [np.ones((2, 150)), np.ones((2, 120))]
    found = galaxy_kl.divergence((first, second), counts, order, settings("galaxy_kl", protocol, kl_fewest=50))
    measured = np.isfinite(pooled)
    for scored, ranks in zip(found.null, order, strict=True):
        # Of all galaxies, and with as many measured ones as there were.
        alone = measured & (ranks <= np.sort(ranks[measured])[np.isfinite(first).sum() - 1])
        for called, column in ((ranks < 150, 0), (alone, 1))[:: 1 if protocol == "corrected" else -1]:
            sides = pooled[called & measured], pooled[~called & measured]
            edges = galaxy_kl.edges_of(*sides, protocol)
            binned = [galaxy_kl.histogram(side, edges) for side in sides]
            if protocol == "published":
                assert scored[0] == pytest.approx(galaxy_kl.kl(*binned))
                break
            expected = galaxy_kl.complete(*binned, (150, 120)) if column == 0 else galaxy_kl.kl(*binned)
            assert scored[column] == pytest.approx(expected)


# Galaxies without a value


def test_the_complete_divergence_counts_the_surplus_of_galaxies_without_a_value():
    real, made = np.array([30, 40, 50]), np.array([40, 20, 30])
    assert galaxy_kl.complete(real, made, (150, 112.5)) == pytest.approx(galaxy_kl.kl(real, made))  # 80 % of both
    # 120 of 150 galaxies of the source have a value, 90 of 150 generated ones: 30 are where the source has none.
    p, q = (real + 0.5) / 121.5, np.append(made + 0.5, 30) / 121.5
    assert galaxy_kl.complete(real, made, (150, 150)) == pytest.approx(scipy.stats.entropy(np.append(p, 0), q))
    # 90 of 100 generated ones: the source lacks 15 galaxies where the model has none.
    p, q = np.append(real + 0.5, 15) / 136.5, np.append(made + 0.5, 0.5) / 92
    assert galaxy_kl.complete(real, made, (150, 100)) == pytest.approx(scipy.stats.entropy(p, q))


def test_losing_galaxies_never_helps_a_model_that_is_measured_no_more_often_than_the_source():
    """Adversarial: the galaxies of the bins with too many of them, at random, greedily, and all of them."""
    draws, chosen = np.random.default_rng(4), settings("galaxy_kl", bootstrap=20, kl_fewest=10)

    def score(first: np.ndarray, second: np.ndarray) -> float:
        counts = [np.ones((2, len(side))) for side in (first, second)]
        return galaxy_kl.divergence((first, second), counts, order, chosen).values[0]

    for trial in range(60):
        n, m = draws.integers(40, 200, 2)
        order = orders(draws, n + m, 2)
        first, second = draws.normal(size=n), draws.normal(draws.normal(), draws.uniform(0.3, 2), m)
        if trial % 3 == 0:
            first, second = np.clip(first, -0.8, 0.8), np.clip(second, -0.8, 0.8)
        first[draws.random(n) < draws.choice([0, 0.2, 0.5])] = np.nan
        share = np.isfinite(first).mean()
        second[draws.permutation(m)[: m - int(share * m)]] = np.nan
        before = score(first, second)
        edges = galaxy_kl.edges_of(first[np.isfinite(first)], second[np.isfinite(second)], "corrected")
        crowded = np.argmax(galaxy_kl.histogram(second, edges))
        there = np.flatnonzero(np.isfinite(second))
        inside = there[galaxy_kl.places(second[there], edges) == crowded]
        for lost in (inside, inside[:1], draws.choice(there, len(there) // 2, False), there[second[there] > 0]):
            after = second.copy()
            after[lost] = np.nan
            if np.isfinite(after).any():
                assert score(first, after) >= before - 1e-12


def test_halves_of_one_sample_are_at_the_floor_also_where_values_are_missing(draws):
    chosen, found = settings("galaxy_kl", bootstrap=20, kl_fewest=50), []
    for _ in range(200):
        sides = [np.where(draws.random(150) < 0.2, np.nan, draws.normal(size=150)) for _ in range(2)]
        found.append(divergence(*sides, chosen, draws).score())
    assert np.mean([score.value / score.floor for score in found]) == pytest.approx(1, abs=0.08)
    apart = [
        score.conditional > score.conditional_limit
        or abs(score.share_source - score.share_generated) > score.share_limit
        for score in found
    ]
    assert sum(apart) <= scipy.stats.binom.ppf(0.999, 200, 0.05)


def test_galaxies_without_values_are_told_and_bad_input_is_blank(draws, source):
    made = galaxies(draws, draws.uniform(0, 2, 600))
    made.loc[:239, galaxy_kl.PROPERTIES] = np.nan
    row = value(galaxy_kl.compare(source, made, settings("galaxy_kl")), "galaxy_kl", "ellipticity")
    assert (row["share_source"], row["share_generated"]) == (1, 0.6)
    assert row["value"] == pytest.approx(row["conditional"] + np.log(1 / 0.6), abs=0.01)
    assert row["conditional"] < row["conditional_limit"]
    assert row["value"] > row["limit"]
    assert row["share_error"] == pytest.approx(np.sqrt(0.24 / 600), rel=0.2)
    assert 0 < row["share_limit"] < 0.4
    published = value(galaxy_kl.compare(source, made, settings("galaxy_kl", "published")), "galaxy_kl", "ellipticity")
    assert np.isnan([published["conditional"], published["share_source"]]).all()

    nothing = made.assign(**dict.fromkeys(galaxy_kl.PROPERTIES, np.nan))
    constant = galaxies(draws, draws.uniform(0, 2, 600)).assign(ellipticity=0.3)
    same = source.assign(ellipticity=0.3)
    one = made.iloc[[300]]
    alike = pd.concat([made.iloc[[300]]] * 300, ignore_index=True)
    for protocol in ("corrected", "published"):
        chosen = settings("galaxy_kl", protocol)
        blank = [(source, nothing), (source.assign(ellipticity=np.nan), made), (same, constant), (source, one)]
        for first, second in blank:
            row = value(galaxy_kl.compare(first, second, chosen), "galaxy_kl", "ellipticity")
            assert np.isnan([row["value"], row["limit"]]).all()
        assert value(galaxy_kl.compare(source, alike, chosen), "galaxy_kl", "ellipticity")["value"] > 1


def test_error_of_the_mean_of_properties_knows_that_they_are_of_the_same_galaxies(draws, source):
    """One property three times over: its mean is as uncertain as itself."""
    made = galaxies(draws, draws.uniform(0, 2, 1000))
    alike = [table.assign(**dict.fromkeys(galaxy_kl.PROPERTIES, table["ellipticity"])) for table in (source, made)]
    table = galaxy_kl.compare(*alike, settings("galaxy_kl", kl_fewest=20))
    for metric in ("galaxy_kl", "galaxy_kl_redshift_bins"):
        one, whole = value(table, metric, "ellipticity"), value(table, metric, "all")
        assert whole["value"] == pytest.approx(one["value"])
        assert whole["standard_error"] == pytest.approx(one["standard_error"])
    bins = table[(table["metric"] == "galaxy_kl_bin") & table["property"].str.startswith("ellipticity@")]
    independent = np.sqrt((bins["standard_error"] ** 2).sum()) / len(bins)
    assert value(table, "galaxy_kl_redshift_bins", "ellipticity")["standard_error"] == pytest.approx(
        independent, rel=0.25
    ), "bins of redshift hold different galaxies"


def test_a_long_tail_does_not_make_it_infinite(draws):
    first, second = draws.lognormal(0, 1.5, 2000), draws.lognormal(0, 1.5, 250)
    for protocol in ("published", "corrected"):
        edges = galaxy_kl.edges_of(first, second, protocol)
        assert len(edges) == 11
        counts = galaxy_kl.histogram(first, edges)
        assert counts.sum() == 2000
        # Most of them lie in one of ten equal bins.
        assert (counts.max() > 1600) == (protocol == "published")
        assert np.isfinite(divergence(first, second, settings("galaxy_kl", protocol), draws).score().value)


def test_kl_by_redshift_finds_what_all_together_hides(draws, source):
    """Sizes at random, whatever the redshift: the whole distribution is right, that of each bin is not."""
    redshift = draws.uniform(0, 2, 4000)
    made = galaxies(draws, redshift)
    shuffled = made.assign(isophotal_area=draws.permutation(made["isophotal_area"]))
    for protocol in ("published", "corrected"):
        right, wrong = (
            galaxy_kl.compare(source, table, settings("galaxy_kl", protocol, kl_fewest=50))
            for table in (made, shuffled)
        )
        name = "isophotal_area"
        whole, binned = (value(wrong, metric, name) for metric in ("galaxy_kl", "galaxy_kl_redshift_bins"))
        assert whole["value"] < 2 * value(right, "galaxy_kl", name)["value"] + 0.01
        assert binned["value"] > 5 * value(right, "galaxy_kl_redshift_bins", name)["value"]
        bins = wrong[(wrong["metric"] == "galaxy_kl_bin") & wrong["property"].str.startswith(f"{name}@")]
        assert len(bins) == 10
        assert binned["value"] == pytest.approx(bins["value"].mean())


def test_bins_of_few_galaxies_are_blank(draws, source):
    made = galaxies(draws, draws.uniform(0, 1, 300))
    table = galaxy_kl.compare(source, made, settings("galaxy_kl", kl_fewest=20))
    rows = table[(table["metric"] == "galaxy_kl_bin") & table["property"].str.startswith("ellipticity@")]
    assert rows["value"].notna().tolist() == [row.n_generated >= 20 for row in rows.itertuples()]
    assert rows["value"].isna().sum() == 5
    assert rows[rows["value"].isna()]["n_generated"].max() < 20


# Fitting loss


def test_fitting_loss_is_the_mean_logarithm_without_sign(draws, source):
    made = galaxies(draws, draws.uniform(0, 2, 500))
    made.loc[3, "errcxy"], made.loc[4, "errcxy"] = 0.0, np.nan
    row = value(fitting_loss.compare(source, made, settings("fitting_loss", "published")), "fitting_loss")
    logarithms = np.log(np.abs(made["errcxy"].drop([3, 4])))
    assert row["value"] == pytest.approx(logarithms.mean())
    assert row["standard_error"] == pytest.approx(scipy.stats.sem(logarithms))
    assert row["n_generated"] == 498
    assert np.isnan(row["floor"])


def test_another_distribution_of_redshifts_is_no_difference(draws, source):
    """Corrected: at matched redshift. The published means differ by what redshifts differ."""
    redshift = 2 * draws.beta(1, 4, 6000)
    made = galaxies(draws, redshift)
    row = value(fitting_loss.compare(source, made, settings("fitting_loss", redshift_edges=list(np.arange(21) / 10))),
                "fitting_loss_difference")  # fmt: skip
    assert abs(row["value"]) < 4 * row["standard_error"]
    published = [
        value(fitting_loss.compare(source, table, settings("fitting_loss", "published")), "fitting_loss")
        for table in (made, source)
    ]
    apart = published[0]["value"] - published[1]["value"]
    assert apart > 10 * row["standard_error"]


def test_galaxies_without_a_value_are_counted(draws, source):
    made = galaxies(draws, draws.uniform(0, 2, 500))
    made.loc[:99, "errcxy"] = np.nan
    row = value(fitting_loss.compare(source, made, settings("fitting_loss")), "fitting_missing")
    assert row["value"] == pytest.approx(0.2)
    assert len(row["replicates"]) == 100
    assert np.std(row["replicates"]) == pytest.approx(row["standard_error"], rel=0.3)
    beside = value(fitting_loss.compare(source, made, settings("fitting_loss")), "fitting_loss_difference")
    assert (beside["share_source"], beside["share_generated"]) == (1, 0.8)
    assert beside["share_limit"] < 1 - 0.8


# Redshift loss


def test_redshift_numbers_are_those_of_scipy(draws, source):
    made = galaxies(draws, draws.uniform(0, 2, 2000))
    apart = (made["redshift_cnn"] - made["redshift"]).to_numpy()
    published = redshift_loss.compare(source, made, settings("redshift_loss", "published"))
    assert value(published, "redshift_loss")["value"] == pytest.approx(np.mean(1 - 1 / (1 + (apart / 0.15) ** 2)))
    table, apart = redshift_loss.compare(source, made, settings("redshift_loss")), apart / (1 + made["redshift"])
    assert value(table, "redshift_bias")["value"] == pytest.approx(np.median(apart))
    mad = scipy.stats.median_abs_deviation(apart, scale="normal")
    assert value(table, "redshift_scatter")["value"] == pytest.approx(mad, rel=1e-4)
    assert value(table, "redshift_outliers")["value"] == pytest.approx(np.mean(np.abs(apart) > 0.15))
    # Of a normal distribution: sd of the median and of the scaled MAD.
    assert value(table, "redshift_bias")["standard_error"] == pytest.approx(1.2533 * 0.03 / 2000**0.5, rel=0.4)
    assert value(table, "redshift_scatter")["standard_error"] == pytest.approx(1.167 * 0.03 / 2000**0.5, rel=0.4)


def test_a_galaxy_without_conditioning_is_at_the_far_end_of_the_loss(draws, source):
    made = galaxies(draws, draws.uniform(0, 2, 1000))
    made["redshift_cnn"] = draws.permutation(made["redshift"])
    row = value(redshift_loss.compare(source, made, settings("redshift_loss", "published")), "redshift_loss")
    real = value(redshift_loss.compare(source, source, settings("redshift_loss", "published")), "redshift_loss")
    assert row["value"] > 0.7
    assert real["value"] < 0.2
    assert real["n_generated"] == 2000


def test_a_galaxy_without_a_redshift_is_at_the_far_end_of_the_loss(draws, source):
    made = galaxies(draws, draws.uniform(0, 2, 400))
    whole = redshift_loss.compare(source, made, settings("redshift_loss"))
    apart = ((made["redshift_cnn"] - made["redshift"]) / (1 + made["redshift"])).abs()
    worst = np.argsort(-apart.to_numpy())[:100]
    made.loc[worst, "redshift_cnn"] = np.nan
    found = redshift_loss.compare(source, made, settings("redshift_loss"))
    for metric, of_missing in (("redshift_loss_normalised", 1), ("redshift_outliers", 1)):
        row = value(found, metric)
        assert row["value"] == pytest.approx(0.75 * row["conditional"] + 0.25 * of_missing)
        assert row["value"] > value(whole, metric)["value"]
        assert (row["share_source"], row["share_generated"]) == (1, 0.75)
    kept = made["redshift_cnn"].dropna().index
    middle = ((made["redshift_cnn"] - made["redshift"]) / (1 + made["redshift"]))[kept]
    farther = np.append(np.abs(middle - middle.median()), np.full(100, np.inf))
    assert value(found, "redshift_scatter")["value"] == pytest.approx(1.4826 * np.median(farther))
    assert value(found, "redshift_bias")["value"] == pytest.approx(middle.median())
    published = redshift_loss.compare(source, made, settings("redshift_loss", "published"))
    assert value(published, "redshift_loss")["n_generated"] == 300
    made["redshift_cnn"] = np.nan
    nothing = redshift_loss.compare(source, made, settings("redshift_loss"))
    assert value(nothing, "redshift_loss_normalised")["value"] == 1
    assert np.isnan(value(nothing, "redshift_scatter")["value"])


# Ratios

AREA = ("generated_over_real", "isophotal_area")


def test_ratios_at_matched_redshift(draws, source):
    """Galaxies ten per cent too large, most of them near: plain means are far off, matched ones tell the ten."""
    redshift = 2 * draws.beta(1, 3, 8000)
    made = galaxies(draws, redshift, size_at=lambda z: 220 / (1 + z))
    fine = {"redshift_edges": list(np.arange(21) / 10)}
    matched = value(
        successors.compare(source, made, settings("successors", **fine)), "generated_over_real", "isophotal_area"
    )
    plain = value(
        successors.compare(source, made, settings("successors", "published", **fine)),
        "generated_over_real",
        "isophotal_area",
    )
    assert matched["value"] == pytest.approx(1.1, abs=4 * matched["standard_error"])
    assert matched["standard_error"] < 0.02
    assert plain["value"] > 1.2


def test_error_of_a_ratio_is_that_of_repetitions(draws):
    scores = [successors.ratio(draws.normal(10, 2, 300), draws.normal(11, 3, 200)) for _ in range(400)]
    assert np.mean([score.value for score in scores]) == pytest.approx(1.1, abs=0.005)
    assert np.std([score.value for score in scores]) == pytest.approx(scores[0].standard_error, rel=0.15)


def test_values_that_are_missing_at_some_redshifts_are_no_difference(draws, source):
    """The same galaxies, whose areas are lost far away on one side and near by on the other."""
    made = galaxies(draws, draws.uniform(0, 2, 4000))
    edges = {"redshift_edges": list(np.arange(21) / 10)}
    for table, kept in ((source, 1 - 0.45 * source["redshift"]), (made, 0.1 + 0.45 * made["redshift"])):
        table.loc[draws.uniform(0, 1, len(table)) > kept, "isophotal_area"] = np.nan
    row = value(successors.compare(source, made, settings("successors", **edges)), *AREA)
    assert row["value"] == pytest.approx(1, abs=3 * row["standard_error"])
    assert row["standard_error"] < 0.02
    assert row["n_source"] + row["n_generated"] < 0.6 * 6000
    assert row["share_source"] == np.isfinite(source.loc[source["split"] == "test", "isophotal_area"]).mean()
    plain = value(successors.compare(source, made, settings("successors", "published", **edges)), *AREA)
    assert abs(plain["value"] - 1) > 0.15


def test_error_at_matched_redshift_is_that_of_repetitions(draws):
    """Areas that differ much more between bins than within them: of that the error says nothing."""

    def drawn():
        real, made = (
            galaxies(draws, draws.uniform(0, 2, n), split, lambda z: 200 / (1 + 5 * z))
            for n, split in ((1200, "test"), (900, ""))
        )
        chosen = settings("successors", redshift_edges=list(np.arange(21) / 10))
        return value(successors.compare(real, made, chosen), *AREA)

    rows = pd.DataFrame([drawn() for _ in range(150)])
    assert rows["value"].astype(float).std() == pytest.approx(rows["standard_error"].mean(), rel=0.2)
    assert rows["value"].mean() == pytest.approx(1, abs=0.005)


def test_bins_of_few_values_count_on_neither_side(draws, source):
    """Galaxies as in the source, and 19 huge ones in a bin of their own."""
    redshift = np.concatenate([draws.uniform(0, 1, 900), draws.uniform(1, 2, 19)])
    made = galaxies(draws, redshift, size_at=lambda z: np.where(z < 1, 200 / (1 + z), 1e6))
    row = value(successors.compare(source, made, settings("successors")), *AREA)
    assert row["value"] == pytest.approx(1, abs=4 * row["standard_error"])
    assert row["n_generated"] == 900
    beyond = galaxies(draws, np.full(50, 3.0))
    assert np.isnan(value(successors.compare(source, beyond, settings("successors")), *AREA)["value"])


def test_sky_and_bins_have_their_ratios(draws, source):
    made = galaxies(draws, draws.uniform(0, 2, 1000)).assign(sky_rms_g=3.0)
    table = successors.compare(source, made, settings("successors"))
    assert value(table, "generated_over_real", "sky_rms_g")["value"] == pytest.approx(1.5, rel=0.01)
    names = [name for name in table["property"] if name.startswith("isophotal_area@")]
    assert names == ["isophotal_area@0-0.5", "isophotal_area@0.5-1", "isophotal_area@1-2"]


@pytest.mark.parametrize("module", [galaxy_kl, fitting_loss, redshift_loss, successors])
def test_real_galaxies_are_at_home_among_themselves_and_twice_the_same(source, module):
    name = module.__name__.rpartition(".")[2]
    first, second = (module.compare(source, source, settings(name)) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    assert first["value"].notna().any()


# Scores of bands


def test_galaxies_are_spread_evenly_over_redshift_as_far_as_they_go(draws):
    real = galaxies(draws, np.repeat([0.2, 0.7, 1.5], [50, 10, 40]))
    made = galaxies(draws, np.repeat([0.2, 0.7, 1.5], [100, 30, 5]))
    bins = in_bins(real, made, EDGES)
    first, second = uniform(bins, 36, draws)
    assert np.bincount(bins.source[first]).tolist() == np.bincount(bins.generated[second]).tolist() == [21, 10, 5]
    assert len(uniform(bins, 1000, draws)[0]) == 65


def features(draws, redshift, split, centre=0.0, classes=10, bands="gr"):
    n = len(redshift)
    columns = {"index": np.arange(n), "split": [split] * n, "redshift": redshift}
    vectors = {}
    for band in bands:
        vectors[f"features_{band}"] = draws.normal(centre, 1, (6, n)).T.astype(np.float32)
        vectors[f"classes_{band}"] = draws.dirichlet(np.full(classes, 0.3), n).astype(np.float32)
    table = with_vectors(pd.DataFrame(columns), vectors)
    table.attrs["engine"] = "inception-v3"
    return table


def test_band_scores_are_those_of_frechet_and_of_the_definition(draws):
    parts = [features(draws, draws.uniform(0, 2, 300), split) for split in ("test", "validation", "train")]
    source = pd.concat(parts, ignore_index=True)
    source.attrs = parts[0].attrs
    made = features(draws, draws.uniform(0, 2, 300), "", centre=1.0)
    few = {"fid_bootstrap": 4, "fid_halvings": 3, "uniform_images": 10_000}
    for protocol, own in (("corrected", parts[1]), ("published", parts[0])):
        chosen = settings("band_scores", protocol, **few)
        table = band_scores.compare(source, made, chosen)
        bins = in_bins(own, made, EDGES)
        first, second = uniform(bins, 10_000, generator(0, "uniform"))
        sides = [rows_of(each, "features_g")[rows] for each, rows in ((own, first), (made, second))]
        expected = frechet(*sides, ddof=protocol == "corrected")
        assert value(table, "fid", "g")["value"] == pytest.approx(expected, rel=1e-5)
        p = rows_of(made, "classes_r")[second].astype(float)
        direct = np.exp(np.mean([scipy.stats.entropy(row, p.mean(axis=0)) for row in p]))
        assert value(table, "inception_score", "r")["value"] == pytest.approx(direct, rel=1e-5)
        assert value(table, "fid")["value"] == pytest.approx(table[table["metric"] == "fid"]["value"][:2].mean())
    assert value(band_scores.compare(source, source, chosen), "fid")["value"] < 0.3


def test_scores_of_another_network_have_another_name(draws):
    source = pd.concat([features(draws, draws.uniform(0, 2, 60), split) for split in ("test", "validation")])
    source.attrs["engine"] = "efficientnet-lite0"
    chosen = settings("band_scores", fid_bootstrap=2, fid_halvings=2)
    assert set(band_scores.compare(source, source, chosen)["metric"]) == {"fid", "class_entropy_score"}


def test_a_network_that_is_sure_of_ten_kinds_scores_ten(draws):
    classes = np.eye(10)[np.arange(500) % 10]
    score, _ = band_scores.inception_score(classes, settings("band_scores"), draws)
    assert score.value == pytest.approx(10)
    assert band_scores.inception_score(classes * 0 + 0.1, settings("band_scores"), draws)[0].value == pytest.approx(1)


@pytest.mark.parametrize("alike", [True, False])
def test_the_error_of_a_mean_over_bands_knows_that_their_galaxies_are_the_same(draws, alike):
    """Five bands that are alike have the error of one, five of independent numbers less than half of it."""
    bands = "grizy"
    parts = [features(draws, draws.uniform(0, 2, 400), split, bands=bands) for split in ("validation", "test")]
    for table in parts if alike else ():
        for band in bands[1:]:
            for kind in ("features", "classes"):
                table[f"{kind}_{band}"] = table[f"{kind}_g"]
    source = pd.concat(parts, ignore_index=True)
    source.attrs = parts[0].attrs
    table = band_scores.compare(source, source, settings("band_scores", fid_bootstrap=100, fid_halvings=2))
    for metric in ("fid", "inception_score"):
        rows = table[table["metric"] == metric].set_index("property")
        error, errors = rows["standard_error"]["all"], rows["standard_error"][list(bands)]
        assert rows["value"]["all"] == pytest.approx(rows["value"][list(bands)].mean())
        if alike:
            assert error == pytest.approx(errors.mean(), rel=1e-6)
        else:
            assert error == pytest.approx(np.sqrt((errors**2).sum()) / 5, rel=0.3)


def test_band_scores_have_limits_and_replicates_of_one_source(draws):
    """The mean over bands of independent numbers has a lower limit above its floor than the bands have."""
    parts = [features(draws, draws.uniform(0, 2, 200), split) for split in ("validation", "test")]
    source = pd.concat(parts, ignore_index=True)
    source.attrs = parts[0].attrs
    chosen = settings("band_scores", fid_bootstrap=30, fid_halvings=2)
    tables = [
        band_scores.compare(source, features(draws, draws.uniform(0, 2, 200), "", centre=centre), chosen)
        for centre in (0.0, 0.6)
    ]
    for table, beyond in zip(tables, (False, True), strict=True):
        rows = table[table["metric"] == "fid"].set_index("property")
        assert (rows["value"] > rows["limit"]).tolist() == [beyond] * 3
        assert rows["limit"]["all"] < rows["limit"][["g", "r"]].max()
        expected = np.mean([rows["replicates"][band] for band in "gr"], axis=0)
        np.testing.assert_allclose(rows["replicates"]["all"], expected)


def test_bands_without_a_distance_are_blank(draws):
    parts = [features(draws, draws.uniform(0, 2, 60), split) for split in ("validation", "test")]
    source = pd.concat(parts, ignore_index=True)
    source.attrs = parts[0].attrs
    made = features(draws, draws.uniform(0, 2, 60), "")
    widths = {name: rows_of(made, name).shape[1] for name in vector_columns(made)}
    same = with_vectors(source, {name: np.ones((120, width), np.float32) for name, width in widths.items()})
    blank = with_vectors(made, {name: np.full((60, width), np.nan, np.float32) for name, width in widths.items()})
    cases = [(source, blank), (source, made[:1]), (same, made), (same, same)]
    for protocol in ("corrected", "published"):
        for first, second in cases:
            first.attrs["engine"] = "inception-v3"
            table = band_scores.compare(first, second, settings("band_scores", protocol, fid_bootstrap=2))
            assert table.loc[table["metric"] == "fid", "value"].isna().all()
            assert len(table) == 6


def test_missing_band_features_are_named(draws, source):
    made = features(draws, draws.uniform(0, 2, 60), "")
    with pytest.raises(GalforgeError, match="the source measurements have no band features"):
        band_scores.compare(source, made, settings("band_scores"))
