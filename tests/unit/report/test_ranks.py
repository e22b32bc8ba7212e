"""Ranks of models: who is better beyond the error of the difference, and who is not."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from galforge.papers import registry
from galforge.papers.ranks import difference, holm, ranked
from galforge.seeds import generator

TABLE = registry.table("holzschuh2022/morphology")


def row(model, value, error=0.01, seeds=np.nan, at_floor=False, replicates=(), metric="wasserstein", dataset="cosmos"):
    return {
        "dataset": dataset,
        "origin": "mock",
        "model": model,
        "metric": metric,
        "property": "average",
        "protocol": "corrected",
        "value": value,
        "error_images": error,
        "error_seeds": seeds,
        "at_floor": at_floor,
        "replicates": replicates,
    }


def ranks(*rows):
    return [None if pd.isna(rank) else int(rank) for rank in ranked(TABLE, pd.DataFrame(rows))["rank"]]


def test_models_that_cannot_be_told_apart_have_one_rank():
    assert ranks(row("a", 0.5), row("b", 0.3), row("c", 0.31), row("d", 0.8)) == [3, 1, 1, 4]


def test_one_between_two_that_differ_is_worse_than_neither():
    # b lies within the error of both; c is better than a alone.
    assert ranks(row("a", 0.40), row("b", 0.37), row("c", 0.34)) == [2, 1, 1]


def test_nobody_is_worse_at_the_floor():
    assert ranks(row("a", 0.3, at_floor=True), row("b", 0.1, at_floor=True)) == [1, 1]
    assert ranks(row("a", 0.3), row("b", 0.1, at_floor=True)) == [2, 1]


def test_galaxies_without_a_model_missing_values_and_one_model_alone_are_not_ranked():
    assert ranks(row("real", 0.1), row("roundtrip", 0.1), row("a", 0.3), row("b", np.nan), row("c", 0.5)) == [
        *(None, None, 1, None, 2)
    ]
    assert ranks(row("a", 0.3), row("b", 0.1, dataset="skirt")) == [None, None]
    assert ranks(row("a", 0.3, metric="count"), row("b", 0.1, metric="count")) == [None, None], "no distance"
    assert ranks(row("a", 0.3, np.nan), row("b", 0.1)) == [1, 1], "without an error nothing is known"


def test_scatter_of_trainings_is_part_of_the_error():
    assert ranks(row("a", 0.5), row("b", 0.3)) == [2, 1]
    assert ranks(row("a", 0.5, seeds=0.1), row("b", 0.3, seeds=0.1)) == [1, 1]


def test_the_same_source_in_each_resampling_makes_differences_surer():
    draws = generator(3, "ranks")
    shared = draws.normal(0, 0.05, 400)
    first, second = (value + shared + draws.normal(0, 0.005, 400) for value in (0.5, 0.45))
    value, error = difference(*(pd.Series(row(*each)) for each in (("a", 0.5, 0.05), ("b", 0.45, 0.05))))
    assert (value, error) == (pytest.approx(0.05), pytest.approx(0.05 * np.sqrt(2)))
    paired = [pd.Series(row("a", 0.5, 0.05, replicates=first)), pd.Series(row("b", 0.45, 0.05, replicates=second))]
    assert difference(*paired)[1] == pytest.approx(0.005 * np.sqrt(2), rel=0.1)
    assert ranks(*(each.to_dict() for each in paired)) == [2, 1]


def test_equal_models_are_told_apart_in_five_per_cent_of_tables():
    draws, tables, wrong = generator(5, "ranks"), 400, 0
    for _ in range(tables):
        models = zip("abcd", draws.normal(0.5, 0.01, 4), strict=True)
        wrong += set(ranks(*(row(*model) for model in models))) != {1}
    # Holm's correction keeps the chance of any wrong order; three sd of a binomial distribution above it.
    assert 0 < wrong <= 0.05 * tables + 3 * np.sqrt(0.05 * 0.95 * tables)


def test_holm_by_hand():
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])).tolist() == [True, False, False, True]
    assert holm(np.array([0.01, 0.02, 0.03, 0.005])).tolist() == [True, True, True, True]
    assert holm(np.array([np.nan, 0.001])).tolist() == [False, True]
    assert holm(np.array([])).tolist() == []
    assert 2 * norm.sf(3) < 0.05 / 6, "six pairs of four models"
