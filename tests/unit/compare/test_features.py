"""The comparison of features: its rows, its blanks and what it refuses."""

import numpy as np
import pandas as pd
import pytest

from galforge.compare import features
from galforge.compare.frechet import frechet
from galforge.compare.settings import CompareSettings
from galforge.errors import GalforgeError

SETTINGS = CompareSettings(kid_subsets=5)
METRICS = ["fid", "fid_infinity", "kid", "precision", "recall", "density", "coverage", "memorisation"]


def measured(count: int, seed: int, shift: float = 0.0, network: str = "efficientnet-lite0") -> pd.DataFrame:
    draws = np.random.default_rng(seed)
    values = draws.normal(shift, 1, (count, 12)).astype(np.float32)
    table = pd.DataFrame(values, columns=[f"f{number:04d}" for number in range(12)])
    table.insert(0, "index", np.arange(count))
    table.insert(1, "split", draws.choice(["train", "validation", "test"], count))
    table.attrs["engine"] = network
    return table


@pytest.mark.parametrize(("protocol", "ddof"), [("corrected", 1), ("published", 0)])
def test_rows_name_the_network(protocol, ddof):
    source, generated = measured(80, 0), measured(90, 1, 0.5)
    table = features.compare(source, generated, SETTINGS.of("features", protocol, False))
    assert list(table["metric"]) == METRICS
    assert set(table["property"]) == {"efficientnet-lite0"}
    numbers = ["value", "standard_error", "floor", "n_source", "n_generated", "limit"]
    assert table[numbers].notna().all(axis=None)
    assert [len(found) > 0 for found in table["replicates"]] == [True] * 3 + [False] * 5
    values = [side.iloc[:, 2:].to_numpy(np.float64) for side in (source, generated)]
    assert table["value"][0] == pytest.approx(frechet(*values, ddof))
    assert tuple(table.loc[0, ["n_source", "n_generated"]]) == (80, 90)
    again = features.compare(source, generated, SETTINGS.of("features", protocol, False))
    pd.testing.assert_frame_equal(table, again)


def test_missing_features_are_left_out_and_a_source_without_splits_has_no_copies():
    source, generated = measured(80, 0), measured(90, 1, 0.5)
    source["split"] = ""
    generated.loc[3, "f0004"] = np.nan
    chosen = SETTINGS.of("features", "corrected", False)
    table = features.compare(source, generated, chosen).set_index("metric")
    assert table["n_generated"]["fid"] == 89
    assert table["value"].isna().to_dict() == {name: name == "memorisation" for name in METRICS}


def test_a_source_of_one_image_over_and_over_is_blank():
    chosen, same = SETTINGS.of("features", "corrected", False), measured(40, 0)
    same.loc[:, same.columns[2:]] = 1.0
    table = features.compare(same, measured(40, 1), chosen)
    assert list(table["metric"]) == METRICS
    assert table["value"].isna().all()
    assert (table["n_source"] == 40).all()
    collapsed = features.compare(measured(40, 1), same, chosen).set_index("metric")["value"]
    assert collapsed["fid"] > 5  # a model that makes one image is a bad one, not one without a value


def test_too_few_stamps_are_blank():
    chosen = SETTINGS.of("features", "corrected", False)
    table = features.compare(measured(0, 0), measured(5, 1), chosen)
    assert table["value"].isna().all()
    assert len(table) == len(METRICS)


def test_other_tables_are_refused():
    source, chosen = measured(30, 0), SETTINGS.of("features", "corrected", False)
    with pytest.raises(GalforgeError, match="12 features per image, the generated stamps 11: measure both"):
        features.compare(source, source.drop(columns="f0011"), chosen)
    with pytest.raises(GalforgeError, match="0 features per image"):
        features.compare(source[["index", "split"]], source, chosen)
    with pytest.raises(GalforgeError, match="lack the column split"):
        features.compare(source.drop(columns="split"), source, chosen)
