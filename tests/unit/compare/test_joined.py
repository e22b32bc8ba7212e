"""Measurements of the same stamps side by side."""

import pandas as pd
import pytest

from galforge.compare.joined import check_alike, joined
from galforge.errors import GalforgeError


def table(columns, **attrs):
    frame = pd.DataFrame(columns)
    frame.attrs = attrs
    return frame


def test_columns_stand_side_by_side_and_engines_are_named():
    morphology = table({"index": [0, 1], "gini": [0.5, 0.6], "error": ["", "x"]}, origin="mock", engine="numba")
    photometry = table({"index": [0, 1], "log_flux": [1.0, 2.0], "error": ["a", "b"]}, origin="mock", engine="")
    both = joined([morphology, photometry])
    assert list(both.columns) == ["index", "gini", "error", "log_flux"]
    assert both["error"].tolist() == ["", "x"]
    assert both.attrs == {"origin": "mock", "engine": "numba"}
    assert joined([morphology]) is morphology


def test_other_stamps_are_refused():
    first = table({"index": [0, 1]})
    for other in (table({"index": [0]}), table({"index": [1, 0]})):
        with pytest.raises(GalforgeError, match="cannot be joined"):
            joined([first, other])


def test_columns_that_both_tables_have_are_taken_once():
    whole = table({name: range(24) for name in ("index", "basic", "spectrum", "set", "score", "hog", "lbp")})
    own = ["hog", "lbp"]
    parts = [whole.drop(columns=own), whole[["index", "set", "score", *own]]]
    found = joined(parts)
    assert found[whole.columns].equals(whole)
    assert list(found.columns[: len(parts[0].columns)]) == list(parts[0].columns)
    assert not found.columns.duplicated().any()
    assert joined([whole]).equals(whole)
    for other in (whole.iloc[:-1], whole.iloc[::-1], whole.assign(index=whole["index"] + 1)):
        with pytest.raises(GalforgeError, match="cannot be joined"):
            joined([whole, other])


@pytest.mark.parametrize(
    ("source", "generated", "what"),
    [
        ({"bands": ["g", "r"], "side": 64}, {"bands": ["g", "i"], "side": 64}, "bands"),
        ({"bands": ["g"], "side": 64}, {"bands": ["g"], "side": 32}, "side"),
    ],
)
def test_stamps_of_other_bands_or_another_side_are_not_compared(source, generated, what):
    with pytest.raises(GalforgeError, match=what):
        check_alike(table({}, **source), table({}, **generated))


def test_galaxies_at_their_own_size_have_no_side_to_compare():
    check_alike(table({}, bands=["g"], side=0), table({}, bands=("g",), side=64))
