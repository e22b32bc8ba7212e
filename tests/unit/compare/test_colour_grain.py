"""The distance of colour grain and its ratio of medians, against scipy and simulations."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from galforge.compare.colour_grain import compare
from galforge.compare.settings import CompareSettings
from galforge.errors import GalforgeError

SETTINGS = CompareSettings().of("colour_grain", "corrected", False)


def table(values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"index": np.arange(len(values)), "colour_grain": values})


def rows(source: np.ndarray, generated: np.ndarray) -> pd.DataFrame:
    return compare(table(source), table(generated), SETTINGS).set_index("metric")


def test_distance_and_ratio_are_those_of_scipy_and_numpy():
    draws = np.random.default_rng(0)
    source, generated = draws.normal(0.05, 0.02, 300), draws.normal(0.12, 0.03, 200)
    found = rows(source, generated)
    assert found.loc["wasserstein", "value"] == pytest.approx(scipy.stats.wasserstein_distance(source, generated))
    ratio = np.median(generated) / np.median(source)
    assert found.loc["median_ratio", "value"] == pytest.approx(ratio)
    assert set(found["property"]) == {"colour_grain"}
    assert found.loc["wasserstein", "floor"] < 0.01 < found.loc["wasserstein", "value"]


def test_the_error_of_the_ratio_is_its_scatter():
    draws = np.random.default_rng(1)
    found = [rows(draws.normal(0.05, 0.02, 100), draws.normal(0.1, 0.04, 100)).loc["median_ratio"] for _ in range(40)]
    scatter = np.std([row["value"] for row in found], ddof=1)
    assert np.mean([row["standard_error"] for row in found]) == pytest.approx(scatter, rel=0.3)


def test_galaxies_without_a_value_count_in_the_distance_and_not_in_the_ratio():
    draws = np.random.default_rng(2)
    source = draws.normal(0.05, 0.02, 200)
    lacking = np.where(np.arange(200) < 100, source, np.nan)
    found, whole = rows(source, lacking), rows(source, source[:100])
    assert found.loc["wasserstein", "value"] > 5 * whole.loc["wasserstein", "value"]
    assert found.loc["median_ratio", "value"] == whole.loc["median_ratio", "value"]
    assert found["share_generated"].tolist() == [0.5, 0.5]


@pytest.mark.parametrize("source", [np.full(10, np.nan), np.full(10, -0.01), np.zeros(10)])
def test_without_grain_in_the_source_there_is_no_ratio(source):
    assert np.isnan(rows(source, np.full(10, 0.1)).loc["median_ratio", "value"])


def test_a_table_of_something_else_is_refused():
    with pytest.raises(GalforgeError, match="colour_grain"):
        compare(table(np.zeros(4)).drop(columns="colour_grain"), table(np.zeros(4)), SETTINGS)
