"""The skirt settings refuse what cannot work, and say what to fill in."""

import pytest
from pydantic import ValidationError

from galforge.datasets.skirt.settings import URL, DatasetSettings

SHA256, MD5 = "a" * 64, "b" * 32
KEY = "0123456789abcdef0123456789abcdef"


def test_spec_round_trip():
    settings = DatasetSettings(source="path", path="sdss", size=64, zero_points=[22.5] * 4)
    # Where the raw images are, and how they are fetched, is no part of the stage's spec.
    spec = settings.spec()
    assert {"path", "url", "api_key_variable", "mock"} & set(spec) == set()
    assert DatasetSettings.from_spec(spec).zero_points == [22.5] * 4
    assert DatasetSettings.from_spec(spec).splits == settings.splits


def test_the_paper_is_the_default():
    settings = DatasetSettings(source="download")
    assert settings.url == URL
    assert (settings.size, settings.smallest_side, settings.bands) == (256, 64, ["g", "r", "i", "z"])
    assert settings.splits.spec() == {"train": 0.6, "validation": 0.2, "test": 0.2}
    # The top edge of the paper's wave numbers, 1.2681 per kpc, is that of two pixels of 0.276 kpc/h.
    assert 1 / (2 * settings.pixel_scale) == pytest.approx(1.2681, rel=1e-3)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"source": "path"}, "needs `path`"),
        ({"source": "download", "url": "file:///a.tar"}, "neither http nor https"),
        ({"source": "download", "url": ""}, "neither http nor https"),
        ({"source": "download", "sha256": "abc"}, "64 hexadecimal"),
        ({"source": "download", "md5": SHA256}, "32 hexadecimal"),
        ({"mock": {"largest_side": 128}, "smallest_side": 129}, "smallest_side 129 exceeds mock.largest_side 128"),
        ({"mock": {"largest_side": 32}}, "greater than or equal to 64"),
        ({"mock": {"count": 2}}, "greater than or equal to 3"),
        ({"bands": ["g", "r", "i"]}, "bands"),
        ({"pixel_scale": 0.276}, "pixel_scale"),
        ({"zero_points": [22.5] * 4}, "zero_points"),
        ({"source": "path", "path": "x", "bands": ["g", "g"]}, "each name once"),
        ({"source": "path", "path": "x", "zero_points": [22.5]}, "one for each of 4 bands"),
        ({"source": "path", "path": "x", "sides": [2516.0, 2.0]}, "below the second"),
        ({"source": "path", "path": "x", "smallest_side": 8, "sides": [16.0, 99.0]}, "smallest of sides"),
        ({"source": "path", "path": "x", "origin": "mock"}, "observed"),
        ({"splits": {"train": 0.9}}, "add up to 1"),
        ({"seed": 2**32}, "seed"),
        ({"api_key": KEY}, "api_key"),
    ],
)
def test_impossible_settings_are_refused(given, said):
    with pytest.raises(ValidationError, match=said):
        DatasetSettings.model_validate(given)


@pytest.mark.parametrize("given", [KEY, "abcdef0123456789abcdef0123456789", "", "TNG API KEY"])
def test_a_key_in_place_of_its_variable_is_refused_and_not_repeated(given):
    with pytest.raises(ValidationError) as error:
        DatasetSettings(source="download", api_key_variable=given)
    (finding,) = error.value.errors()
    assert "such as TNG_API_KEY" in str(finding["ctx"]["error"])
    assert not given or given not in str(finding["ctx"]["error"])


def test_one_checksum_is_enough():
    DatasetSettings(source="download", md5=MD5)
    DatasetSettings(source="download", sha256=SHA256)
