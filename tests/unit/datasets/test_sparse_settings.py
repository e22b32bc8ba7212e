"""Settings of sparse images: what cannot go together is refused, and a spec holds what the stamps depend on."""

import pytest
from pydantic import ValidationError

from galforge.datasets.sparse.settings import DatasetSettings, MockSettings


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"source": "path"}, "labeled.csv"),
        ({"source": "download"}, "path"),
        ({"size": 512}, "size 512: that of the mock is 1000; set it to that, or change mock.size"),
        ({"size": 32, "source": "path", "path": "x"}, "64"),
        ({"size": 2000, "source": "path", "path": "x"}, "1024"),
        ({"background": 6}, "one cluster"),
        ({"positions_score": 3.5}, "must ascend"),
        ({"patches_score": 9.0}, "must ascend"),
        ({"bands": ["a", "b"]}, "bands"),
        ({"mock": {"held_out": "colours"}}, "held_out"),
    ],
)
def test_what_cannot_be_is_refused(given, words):
    with pytest.raises(ValidationError, match=words):
        DatasetSettings.model_validate(given)


def test_defaults_are_the_release():
    settings = DatasetSettings()
    assert (settings.size, settings.background, settings.threshold) == (1000, 0, 5)
    assert (settings.positions_score, settings.patches_score, settings.largest_score) == (2.0, 3.0, 8.0)
    assert (settings.mock.labeled, settings.mock.scored, settings.mock.query) == (1200, 9600, 1200)


def test_spec_holds_what_the_stamps_depend_on():
    settings = DatasetSettings.model_validate({"background": None, "mock": {"held_out": "none"}})
    spec = settings.spec()
    assert spec["background"] is None
    assert not {"path", "mock", "origin"} & set(spec)
    assert DatasetSettings.from_spec(spec).background is None
    assert "held_out_share" not in settings.mock.spec()
    assert MockSettings().spec()["held_out_share"] == 0.25
    given = DatasetSettings.model_validate({"source": "path", "path": "x", "origin": "simulated"})
    assert given.spec()["origin"] == "simulated"


def test_every_field_is_described():
    for model in (DatasetSettings, MockSettings):
        assert all(field.description for field in model.model_fields.values())
