"""The sersic settings: the published recipe by default, and readable refusals."""

import math

import pytest
from pydantic import ValidationError

from galforge.datasets.sersic.settings import DatasetSettings


def test_defaults_are_the_published_recipe():
    settings = DatasetSettings()
    assert (settings.count, settings.size, settings.pixel_scale) == (50000, 256, 0.04)
    assert settings.centre == [-1, 1]
    assert settings.radius == [1, 4]
    assert settings.index == [1, 4]
    assert settings.axis_ratio == [0.4, 1]
    assert settings.position_angle == [0, math.pi]
    assert (settings.magnitude, settings.zero_point, settings.exposure_time_s) == (22, 26.493, 2520)


def test_spec_returns_the_same_settings():
    settings = DatasetSettings(count=7, size=64, pixel_scale="160 mas")
    assert settings.pixel_scale == pytest.approx(0.16)
    assert DatasetSettings.from_spec(settings.spec()) == settings


def test_equal_limits_fix_a_parameter():
    assert DatasetSettings(index=[4.0, 4.0], centre=[0.0, 0.0]).index == [4, 4]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"radius": [4.0, 1.0]}, "radius .* lower limit exceeds"),
        ({"centre": [-1.0]}, "at least 2 items"),
        ({"radius": [1.0, math.inf]}, "finite"),
        ({"axis_ratio": [0.0, 1.0]}, r"axis_ratio .*\(0, 1\]"),
        ({"axis_ratio": [0.5, 1.1]}, r"axis_ratio .*\(0, 1\]"),
        ({"index": [0.3, 4.0]}, r"index .*\[0.5, 6\]"),
        ({"index": [1.0, 8.0]}, r"index .*\[0.5, 6\]"),
        ({"position_angle": [0.0, 180.0]}, "radians"),
        ({"radius": [0.01, 1.0]}, "smaller than a pixel"),
        ({"radius": [1.0, 6.0]}, "half of the light"),
        ({"size": 64}, "64 px at 0.16"),
        ({"centre": [-6.0, 1.0]}, "lie outside"),
        ({"pixel_scale": 0.0}, "greater than 0"),
        ({"count": 0}, "greater than or equal to 1"),
        ({"bands": ["g", "r"]}, "at most 1 item"),
        ({"splits": {"train": 0.9, "validation": 0.2, "test": 0.1}}, "add up to 1"),
        ({"psf": 0.1}, "Extra inputs"),
    ],
)
def test_impossible_settings_are_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        DatasetSettings(**changes)
