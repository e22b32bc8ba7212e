"""The cosmos settings refuse what cannot work, and say what to fill in."""

import pytest
from pydantic import ValidationError

from galforge.datasets.cosmos.settings import DatasetSettings

SHA256, MD5 = "a" * 64, "b" * 32


def test_spec_round_trip():
    settings = DatasetSettings(source="path", path="stamps", size=64, min_size=0, pad="noise", pixel_scale="30 mas")
    assert settings.pixel_scale == 0.03
    # Where the raw stamps are is an input of the stage and no part of its spec.
    assert DatasetSettings.from_spec(settings.spec()) == settings.model_copy(update={"path": ""})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"source": "path"}, "needs `path`"),
        ({"source": "download", "sha256": SHA256}, "lacks `url`"),
        ({"source": "download"}, "cosmos_galaxy_postage_stamps.tar"),
        ({"source": "download", "url": "file:///a.tar", "sha256": SHA256}, "neither http nor https"),
        ({"source": "download", "url": "https://example.org/a.tar", "sha256": "abc"}, "64 hexadecimal"),
        ({"source": "download", "url": "https://example.org/a.tar", "md5": SHA256}, "32 hexadecimal"),
        ({"mock": {"largest_side": 128}}, "min_size 256 exceeds mock.largest_side 128"),
        ({"mock": {"largest_side": 128}, "min_size": 0}, "size 256 exceeds mock.largest_side 128"),
        ({"bands": ["F606W"]}, "bands"),
        ({"pixel_scale": 0.05}, "pixel_scale"),
        ({"extension": 1}, "extension"),
        ({"mock": {"brightest_magnitude": 26.0}}, "bright is small"),
        ({"mock": {"smallest_side": 600}}, "exceeds largest_side"),
        ({"splits": {"train": 0.9}}, "add up to 1"),
        ({"bands": ["F814W", "F606W"]}, "at most 1"),
        ({"path": "x", "source": "path", "origin": "mock"}, "observed"),
    ],
)
def test_impossible_settings_are_refused(given, said):
    with pytest.raises(ValidationError, match=said):
        DatasetSettings.model_validate(given)


def test_one_checksum_is_enough():
    url = "https://example.org/cosmos_galaxy_postage_stamps.tar"
    DatasetSettings(source="download", url=url, md5=MD5)
    DatasetSettings(source="download", url=url, sha256=SHA256)
