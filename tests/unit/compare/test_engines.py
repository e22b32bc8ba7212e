"""Two samples are compared only where one engine measured both."""

import pandas as pd
import pytest

from galforge.compare.engines import common_engine
from galforge.errors import GalforgeError


def measured_by(engine: str) -> pd.DataFrame:
    table = pd.DataFrame({"gini": [0.5]})
    table.attrs["engine"] = engine
    return table


@pytest.mark.parametrize("engine", ["numba", "statmorph", ""])
def test_the_engine_of_both_is_said(engine):
    assert common_engine(measured_by(engine), measured_by(engine)) == engine


@pytest.mark.parametrize(("first", "second"), [("numba", "statmorph"), ("statmorph", "numba"), ("numba", "")])
def test_two_engines_are_not_compared(first, second):
    with pytest.raises(GalforgeError, match=rf"source was measured by engine {first}, .* by {second or 'none'}"):
        common_engine(measured_by(first), measured_by(second))


def test_table_without_its_engine_is_refused():
    with pytest.raises(GalforgeError, match="the generated measurements do not say which engine made them: measure"):
        common_engine(measured_by("numba"), pd.DataFrame({"gini": [0.5]}))
