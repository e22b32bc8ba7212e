"""The comparison of features: its rows, its blanks and what it refuses."""

import numpy as np
import pandas as pd
import pytest

from galforge.compare import features, streams
from galforge.compare.frechet import frechet
from galforge.compare.settings import CompareSettings
from galforge.errors import GalforgeError
from galforge.measure import stored
from galforge.measure.stored import read, write
from galforge.measure.vectors import FileRows, rows_of, with_vectors

SETTINGS = CompareSettings(kid_subsets=5)
METRICS = ["fid", "fid_infinity", "kid", "precision", "recall", "density", "coverage", "memorisation"]


def measured(count: int, seed: int, shift: float = 0.0, network: str = "efficientnet-lite0") -> pd.DataFrame:
    draws = np.random.default_rng(seed)
    values = draws.normal(shift, 1, (count, 12)).astype(np.float32)
    table = pd.DataFrame({"index": np.arange(count), "split": draws.choice(["train", "validation", "test"], count)})
    table = with_vectors(table, {"features": values})
    table.attrs["engine"] = network
    return table


def changed(table: pd.DataFrame, values: np.ndarray) -> pd.DataFrame:
    """The table with other features."""
    other = with_vectors(table, {"features": values.astype(np.float32)})
    other.attrs = table.attrs
    return other


@pytest.mark.parametrize(("protocol", "ddof"), [("corrected", 1), ("published", 0)])
def test_rows_name_the_network(protocol, ddof):
    source, generated = measured(80, 0), measured(90, 1, 0.5)
    table = features.compare(source, generated, SETTINGS.of("features", protocol, False))
    assert list(table["metric"]) == METRICS
    assert set(table["property"]) == {"efficientnet-lite0"}
    numbers = ["value", "standard_error", "floor", "n_source", "n_generated", "limit"]
    assert table[numbers].notna().all(axis=None)
    assert [len(found) > 0 for found in table["replicates"]] == [True] * 3 + [False] * 5
    values = [rows_of(side, "features").astype(np.float64) for side in (source, generated)]
    assert table["value"][0] == pytest.approx(frechet(*values, ddof))
    assert tuple(table.loc[0, ["n_source", "n_generated"]]) == (80, 90)
    again = features.compare(source, generated, SETTINGS.of("features", protocol, False))
    pd.testing.assert_frame_equal(table, again)


def test_missing_features_are_left_out_and_a_source_without_splits_has_no_copies():
    source, generated = measured(80, 0), measured(90, 1, 0.5)
    source["split"] = ""
    values = rows_of(generated, "features").copy()
    values[3, 4] = np.nan
    generated = changed(generated, values)
    chosen = SETTINGS.of("features", "corrected", False)
    table = features.compare(source, generated, chosen).set_index("metric")
    assert table["n_generated"]["fid"] == 89
    assert table["value"].isna().to_dict() == {name: name == "memorisation" for name in METRICS}


def test_a_source_of_one_image_over_and_over_is_blank():
    chosen, same = SETTINGS.of("features", "corrected", False), measured(40, 0)
    same = changed(same, np.ones((40, 12)))
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
        features.compare(source, changed(source, np.ones((30, 11))), chosen)
    with pytest.raises(GalforgeError, match="0 features per image"):
        features.compare(source[["index", "split"]], source, chosen)
    with pytest.raises(GalforgeError, match="lack the column split"):
        features.compare(source.drop(columns="split"), source, chosen)


@pytest.mark.parametrize("protocol", ["corrected", "published"])
@pytest.mark.parametrize("count", [9, 4000])
def test_features_that_stay_in_a_file_give_the_same_numbers(protocol, count, tmp_path, monkeypatch):
    """Of so few images as span fewer directions than there are features, and of so many as are cut into blocks."""
    monkeypatch.setattr(streams, "BLOCK", 700)
    monkeypatch.setattr(streams, "AT_ONCE", 30_000)
    monkeypatch.setattr(stored, "GROUP_BYTES", 30_000)
    sides = [measured(count, 0), measured(count + 80, 1, 0.5)]
    chosen = CompareSettings(kid_subsets=5, neighbour_images=200).of("features", protocol, False)
    expected = features.compare(*sides, chosen)
    for name, side in zip("ab", sides, strict=True):
        write(side, tmp_path / f"{name}.parquet")
    filed = [read(tmp_path / f"{name}.parquet") for name in "ab"]
    assert isinstance(rows_of(filed[0], "features"), FileRows)
    pd.testing.assert_frame_equal(features.compare(*filed, chosen), expected)
