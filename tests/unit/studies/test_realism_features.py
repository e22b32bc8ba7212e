"""Sets of features, tables side by side, and which images have scores."""

import numpy as np
import pandas as pd
import pytest

from galforge.errors import GalforgeError
from galforge.measure.realism import measure
from galforge.measure.realism.settings import MeasureSettings
from galforge.studies.realism.features import BLOCKS, columns_of, scored
from galforge.studies.realism.settings import SCORERS
from toys import realism as toys


@pytest.fixture
def table():
    return toys.table(20, others=4, texture=True)


def test_every_scorer_has_its_features():
    asked = {name.partition("-")[2] for name in SCORERS} - {"none", "image"}
    assert asked == set(BLOCKS)
    assert set().union(*BLOCKS.values()) == set(measure.BLOCKS)


@pytest.mark.parametrize("features", BLOCKS)
def test_columns_are_those_of_the_blocks(table, features):
    expected = [name for name in table if name.rpartition("_")[0] in BLOCKS[features]]
    assert sorted(columns_of(table, features)) == sorted(expected)


def test_columns_of_the_measure_are_found_in_its_order():
    settings = MeasureSettings(size=64, blocks=["histogram", "spectrum"])
    names = ["index", *measure.columns(settings), "set", "score"]
    found = columns_of(pd.DataFrame(columns=names), "histogram_power_spectrum")
    assert found == [name for name in names if name.startswith(("histogram", "spectrum"))]


@pytest.mark.parametrize(("features", "block"), [("individual_interaction", "interaction"), ("fourier", "fourier")])
def test_an_absent_block_is_named(table, features, block):
    less = table.drop(columns=[name for name in table if name.startswith(f"{block}_")])
    with pytest.raises(GalforgeError, match=rf"features {features}: .* {block}_\.\.\.; add {block} to the blocks"):
        columns_of(less, features)


def test_rows_with_a_score_are_of_the_scored_set(table):
    given = table.assign(score=np.where(table["set"] == "query", 5.0, table["score"]))
    given.loc[3, "score"] = np.nan
    assert list(scored(given)["index"]) == [number for number in range(20) if number != 3]


def test_no_scores_are_an_error(table):
    with pytest.raises(GalforgeError, match="no images with a score"):
        scored(table[table["set"] != "scored"])
