"""Typed settings: strictness, units, and specs that mean the same for ever."""

import pytest
from pydantic import Field, ValidationError

from galforge.settings import Angle, Settings, canonical


class Inner(Settings):
    depth: int = Field(1, description="")


class Example(Settings):
    rate: float = Field(1e-3, gt=0, description="")
    steps: int = Field(5, description="")
    label: str = Field("x", description="")
    values: list[float] = Field([1.0], description="")
    scale: Angle = Field(0.03, description="")
    inner: Inner = Field(Inner(), description="")
    source: str = Field("mock", description="")
    path: str = Field("", description="", json_schema_extra={"when": {"source": ["path"]}})
    added: float = Field(0.5, description="", json_schema_extra={"as_before": 0.0})
    elsewhere: int = Field(3, description="", json_schema_extra={"stage": "raw"})


def test_scientific_notation_of_yaml_is_a_number_but_text_stays_text():
    made = Example.model_validate({"rate": "1e-3", "values": ["2E5", 1], "label": "1e-3"})
    assert (made.rate, made.values, made.label) == (0.001, [2e5, 1.0], "1e-3")


@pytest.mark.parametrize(
    "data",
    [
        {"rate": "fast"},
        {"rate": -1.0},
        {"steps": 1.5},
        {"steps": "5"},
        {"steps": True},
        {"label": 5},
        {"unknown": 1},
        {"scale": "0.03 kpc"},
        {"scale": "two arcsec"},
        {"inner": {"deep": 1}},
    ],
)
def test_wrong_keys_values_and_units_are_refused(data):
    with pytest.raises(ValidationError):
        Example.model_validate(data)


@pytest.mark.parametrize(
    ("text", "arcseconds"), [("30 mas", 0.03), ("2arcmin", 120.0), ("1e-3 deg", 3.6), (7, 7.0), ("90", 90.0)]
)
def test_angles_are_arcseconds(text, arcseconds):
    assert Example.model_validate({"scale": text}).scale == pytest.approx(arcseconds)


def test_a_spec_holds_what_the_stage_reads():
    spec = Example().spec()
    assert "path" not in spec
    assert "elsewhere" not in spec
    assert spec["added"] == 0.5
    assert "added" not in Example(added=0.0).spec()
    assert Example(source="path", path="a").spec()["path"] == "a"
    assert spec["inner"] == {"depth": 1}


def test_an_old_spec_keeps_its_meaning_when_a_setting_is_added():
    spec = Example(added=0.0).spec()
    assert Example.from_spec(spec).added == 0.0, "the default (0.5) is for new configurations only"
    assert Example.from_spec(Example().spec()) == Example()


def test_a_spec_that_lacks_a_setting_is_refused():
    spec = Example().spec()
    del spec["steps"]
    with pytest.raises(ValueError, match="steps"):
        Example.from_spec(spec)


def test_canonical_text_does_not_depend_on_order_and_tells_swapped_values_apart():
    assert canonical({"a": 1, "b": 2}) == canonical({"b": 2, "a": 1})
    assert canonical({"a": 1, "b": 2}) != canonical({"a": 2, "b": 1})
    with pytest.raises(ValueError, match="JSON"):
        canonical({"a": float("nan")})
