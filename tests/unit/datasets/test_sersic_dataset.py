"""The sersic stamps: every galaxy a pure function of (seed, index), drawn and scaled as the recipe says."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kstest

from galforge.datasets.sersic import dataset
from galforge.datasets.sersic.settings import CONDITIONS, ORIENTED, DatasetSettings
from galforge.errors import GalforgeError
from galforge.stamps.file import Stamps

SMALL = DatasetSettings(count=6, size=32, pixel_scale=0.32)
LIMITS = {"x": [-1, 1], "y": [-1, 1], "radius": [1, 4], "n": [1, 4], "q": [0.4, 1], "PA": [0, math.pi]}


def changed(**changes) -> DatasetSettings:
    return DatasetSettings.from_spec({**SMALL.spec(), **changes})


def built(settings: DatasetSettings, folder: Path, name: str = "stamps") -> Path:
    path = folder / f"{name}.h5"
    dataset.build(settings, [], path, folder / f"{name}.rejected.csv")
    return path


def content(path: Path) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    with Stamps(path) as stamps:
        return stamps.images[:], {column: stamps.catalog(column) for column in stamps.columns}


def test_file_says_what_it_is(tmp_path):
    path = built(SMALL, tmp_path)
    with Stamps(path) as stamps:
        assert stamps.images.shape == (6, 1, 32, 32)
        assert stamps.header.origin == "analytic"
        assert stamps.header.bands == ("F606W",)
        assert (stamps.header.pixel_scale, stamps.header.pixel_unit) == (0.32, "arcsec")
        assert set(stamps.columns) == {"name", "split", "total_counts", *LIMITS}
        assert set(CONDITIONS) == set(LIMITS), "what models can be conditioned on is what galaxies differ in"
        assert list(stamps.catalog("name")[:2]) == ["sersic-000000", "sersic-000001"]
        assert set(stamps.catalog("split")) <= {"train", "validation", "test"}
        # The header's zero point turns the catalogue's counts back into the magnitude that was asked for.
        magnitudes = stamps.header.zero_points[0] - 2.5 * np.log10(stamps.catalog("total_counts"))
        np.testing.assert_allclose(magnitudes, 22.0, atol=1e-9)
    assert (tmp_path / "stamps.rejected.csv").read_text() == "name,reason\n"


def test_what_turning_an_image_changes_is_named():
    """A transposed image is that of the galaxy with other values of these, and with the same ones of the rest."""
    parameters = dataset.galaxy(SMALL, 0)
    turned = {**parameters, "x": parameters["y"], "y": parameters["x"], "PA": np.pi / 2 - parameters["PA"]}
    image = dataset.image_of(SMALL, parameters)
    np.testing.assert_allclose(image.T, dataset.image_of(SMALL, turned), rtol=1e-6)
    assert not np.allclose(image.T, image, rtol=0.01)
    assert set(ORIENTED) == {name for name in CONDITIONS if turned[name] != parameters[name]}


def test_counts_are_the_published_ones():
    assert dataset.total_counts(DatasetSettings()) * 0.04**2 == pytest.approx(252.767, abs=5e-4)


def test_same_settings_give_the_same_bytes(tmp_path):
    assert built(SMALL, tmp_path, "one").read_bytes() == built(SMALL, tmp_path, "two").read_bytes()


def test_more_galaxies_leave_the_earlier_ones_as_they_are(tmp_path):
    images, catalog = content(built(SMALL, tmp_path, "few"))
    more_images, more_catalog = content(built(changed(count=9), tmp_path, "more"))
    np.testing.assert_array_equal(more_images[:6], images)
    for column, values in catalog.items():
        np.testing.assert_array_equal(more_catalog[column][:6], values)


def test_another_seed_gives_other_galaxies():
    here = dataset.galaxy(SMALL, 3)
    there = dataset.galaxy(changed(seed=SMALL.seed + 1), 3)
    assert all(here[name] != there[name] for name in here)
    assert dataset.galaxy(SMALL, 4) != here


def test_changing_one_range_moves_no_other_parameter():
    here, there = dataset.galaxy(SMALL, 3), dataset.galaxy(changed(radius=[1.0, 2.0]), 3)
    assert there["radius"] == pytest.approx(1 + (here["radius"] - 1) / 3)
    assert {**here, "radius": 0} == {**there, "radius": 0}


def test_parameters_are_uniform_and_independent():
    galaxies = [dataset.galaxy(DatasetSettings(), index) for index in range(2000)]
    values = np.array([[galaxy[name] for name in LIMITS] for galaxy in galaxies])
    for column, (lower, upper) in zip(values.T, LIMITS.values(), strict=True):
        assert lower <= column.min()
        assert column.max() <= upper
        assert kstest(column, "uniform", (lower, upper - lower)).pvalue > 1e-3
    correlation = np.corrcoef(values.T) - np.eye(len(LIMITS))
    assert np.abs(correlation).max() < 4 / math.sqrt(len(galaxies))


def test_a_coarser_pixel_shows_the_same_galaxies(tmp_path):
    coarse, _ = content(built(changed(count=3), tmp_path, "coarse"))
    fine, _ = content(built(changed(count=3, size=128, pixel_scale=0.08), tmp_path, "fine"))
    summed = fine.reshape(3, 1, 32, 4, 32, 4).sum(axis=(3, 5), dtype=float)
    assert np.abs(coarse - summed).max() <= 1e-5 * summed.max()


def test_images_sum_to_the_counts_of_galaxies_well_inside_the_field():
    settings = DatasetSettings(radius=[0.4, 0.4], index=[1.0, 1.0])
    image = dataset.image_of(settings, dataset.galaxy(settings, 0))
    assert image.sum() == pytest.approx(dataset.total_counts(settings), rel=1e-4)


def test_published_galaxies_lose_light_outside_the_field_only():
    settings = DatasetSettings()
    share = [
        dataset.image_of(settings, dataset.galaxy(settings, index)).sum() / dataset.total_counts(settings)
        for index in range(20)
    ]
    assert max(share) <= 1 + 1e-6
    assert min(share) > 0.4


def test_raw_files_are_refused(tmp_path):
    with pytest.raises(GalforgeError, match="reads no raw files"):
        dataset.build(SMALL, [tmp_path / "stamps.tar"], tmp_path / "out.h5", tmp_path / "rejected.csv")
    assert not (tmp_path / "out.h5").exists()
