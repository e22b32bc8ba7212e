"""The galaxiesml settings refuse what cannot work, and say what to fill in."""

import pytest
from pydantic import ValidationError

from galforge.datasets.galaxiesml.settings import CONDITIONS, URLS, DatasetSettings, conditions_of

MD5 = "b" * 32


def test_spec_round_trip():
    settings = DatasetSettings(source="path", path="files", size=32, bin=2, bands=["g", "i"])
    spec = settings.spec()
    assert {"path", "url", "md5", "mock"} & set(spec) == set()
    again = DatasetSettings.from_spec(spec)
    assert (again.size, again.bin, again.bands, again.splits) == (32, 2, ["g", "i"], settings.splits)


def test_shares_are_read_only_where_one_file_may_be_divided():
    assert {"seed", "splits"} <= set(DatasetSettings(source="path", path="files").spec())
    for source in ("download", "mock"):
        assert not {"seed", "splits"} & set(DatasetSettings(source=source).spec())


def test_the_release_is_the_default():
    settings = DatasetSettings(source="download", md5=[MD5] * 3)
    assert settings.url == URLS
    assert [url.rsplit("/")[-1].split("_")[1] for url in URLS] == ["training", "validation", "testing"]
    assert (settings.size, settings.bin, settings.bands) == (64, 1, ["g", "r", "i", "z", "y"])
    assert (settings.redshift, settings.max_redshift_error, settings.zero_point) == ([0.01, 4.0], 0.005, 27.0)


def test_conditions_are_those_of_the_bands_that_are_kept():
    assert conditions_of(DatasetSettings()) == CONDITIONS
    kept = conditions_of(DatasetSettings(bands=["g", "i"]))
    assert {"redshift", "redshift_error", "ra", "dec", "g_cmodel_mag", "i_ellipticity"} <= set(kept)
    assert {name[:2] for name in set(CONDITIONS) - set(kept)} == {"r_", "z_", "y_"}
    assert len(kept) == 4 + 2 * 6


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"source": "path"}, "needs `path`"),
        ({"source": "download", "url": URLS[:2]}, "one file of each of training, validation, testing"),
        ({"source": "download", "url": [URLS[0], URLS[0], URLS[2]]}, "one file of each of"),
        ({"source": "download", "url": [*URLS, "https://example.org/more.hdf5"]}, "one file of each of"),
        ({"source": "download", "url": ["file:///5x64x64_training.hdf5", *URLS[1:]]}, "neither http nor https"),
        ({"source": "download", "md5": [MD5]}, "one checksum for each of 3 files"),
        ({"source": "download", "md5": [MD5, MD5, "abc"]}, "32 hexadecimal digits, found 'abc'"),
        ({"source": "download", "md5": [MD5, MD5, ""]}, "32 hexadecimal digits, found ''"),
        ({"source": "download", "sha256": [MD5] * 3}, "64 hexadecimal digits"),
        ({"bands": ["r", "g"]}, "name each band once and in this order"),
        ({"bands": ["g", "g"]}, "name each band once"),
        ({"bands": ["g", "u"]}, "the images hold g, r, i, z, y in this order"),
        ({"size": 40, "bin": 2}, "needs images of 80 px, more than image_side 64"),
        ({"redshift": [1.0, 0.1]}, "the first must be at least 0 and below the second"),
        ({"image_side": 127}, "image_side 127: that of the mock is 64"),
        ({"pixel_scale": 0.2}, "pixel_scale 0.2: that of the mock is 0.168"),
        ({"mock": {"image_side": 100}}, "64 or 127"),
        ({"mock": {"count": 6}}, "greater than or equal to 7"),
    ],
)
def test_impossible_settings_are_refused(given, said):
    with pytest.raises(ValidationError, match=said):
        DatasetSettings.model_validate(given)
