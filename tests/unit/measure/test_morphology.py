"""Morphology against statmorph called directly, on pathological stamps and on real galaxies."""

import importlib
import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statmorph
from astropy.modeling.models import Sersic2D
from scipy import ndimage

from galforge.errors import GalforgeError
from galforge.measure.morphology import measure as morphology
from galforge.measure.morphology.segmentation import segment
from galforge.measure.morphology.settings import MeasureSettings
from galforge.provenance.digest import PACKAGE

PUBLISHED = MeasureSettings(protocol="published")
CORRECTED = MeasureSettings(protocol="corrected")


def galaxy(side: int = 64, x: float = 0.0, y: float = 0.0, n: float = 1.5, radius: float = 6.0) -> np.ndarray:
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    return Sersic2D(1.0, radius, n, x, y, 0.3, 0.5)(columns, rows)


def noisy(seed: int, sigma: float = 0.03, **shape: float) -> np.ndarray:
    image = galaxy(**shape)
    return (image + np.random.default_rng(seed).normal(0, sigma, image.shape)).astype(np.float32)


def assert_statmorphs_own(row: pd.Series, expected: object, engine: str) -> None:
    """statmorph's numbers in every column of the row: the same bits from statmorph, 1e-6 from the engine numba."""
    names = [name for name in row.index if name not in ("index", "segmented", "segment_area", "error")]
    assert len(names) == {"numba": 53, "statmorph": 56}[engine]
    for name in names:
        value = expected[name]
        close = value if engine == "statmorph" else pytest.approx(value, rel=1e-6, abs=1e-12)
        assert row[name] == close, name


@pytest.mark.parametrize("engine", ["numba", "statmorph"])
def test_every_quantity_is_statmorphs_own(stamps_of, engine):
    image = noisy(1)
    settings = MeasureSettings(engine=engine)
    table = morphology.measure(stamps_of([image], gain=500.0), 0, 1, settings, 0, 0.0, 1)
    image = image.astype(float)
    # The segment found another way: its threshold by plain iterated clipping.
    sky = image.ravel()
    for _ in range(50):
        sky = sky[np.abs(sky - np.median(sky)) <= 3 * sky.std()]
    labels, _ = ndimage.label(image > sky.mean() + 1.5 * sky.std(), structure=np.ones((3, 3)))
    largest = labels == np.argmax(np.bincount(labels.ravel())[1:]) + 1
    segmap = (ndimage.uniform_filter(largest.astype(float), 3) > 0.5).astype(int)
    expected = statmorph.source_morphology(image, segmap, gain=500.0)[0]
    assert table["segment_area"][0] == segmap.sum()
    assert expected.flag == 0
    assert_statmorphs_own(table.iloc[0], expected, engine)


def test_the_default_engine_measures_all_but_what_only_statmorph_does(stamps_of):
    stamps = stamps_of([noisy(1)])
    default, whole = (
        morphology.measure(stamps, 0, 1, settings, 0, 0.0, 1).columns
        for settings in (MeasureSettings(), MeasureSettings(engine="statmorph"))
    )
    assert MeasureSettings().engine == "numba"
    assert [name for name in whole if name not in default] == ["multimode", "intensity", "deviation"]
    assert [name for name in default if name not in whole] == []
    assert default[-3:].tolist() == ["flag", "flag_sersic", "error"]


def test_an_engine_that_was_not_chosen_is_not_imported():
    """statmorph takes seconds to import."""
    code = (
        "import sys\n"
        "from galforge.measure.morphology import measure\n"
        "from galforge.measure.morphology.settings import MeasureSettings\n"
        "measure._engine(MeasureSettings())\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & set(sys.argv[1:])))"
    )
    heavy = ["numba", "statmorph", "astropy", "photutils", "skimage", "torch"]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    command = [sys.executable, "-c", code, *heavy]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=120)
    assert done.stdout.strip() == "['numba']", done.stderr


@pytest.mark.parametrize("engine", ["numba", "statmorph"])
def test_published_recipe_uses_its_own_filter_and_gain(stamps_of, engine):
    image = noisy(2)
    published = MeasureSettings(protocol="published", engine=engine)
    row = morphology.measure(stamps_of([image], gain=500.0), 0, 1, published, 0, 0.0, 1).iloc[0]
    image = image.astype(float)
    expected = statmorph.source_morphology(image, segment(image, PUBLISHED).astype(int), gain=1.0)[0]
    assert_statmorphs_own(row, expected, engine)
    corrected = morphology.measure(stamps_of([image], gain=500.0), 0, 1, CORRECTED, 0, 0.0, 1).iloc[0]
    assert corrected["sn_per_pixel"] > 1.5 * row["sn_per_pixel"]


@pytest.mark.parametrize("engine", ["numba", "statmorph"])
def test_psf_is_convolved_and_known_to_the_fit(stamps_of, engine):
    settings = MeasureSettings(protocol="published", psf_fwhm=2.0, engine=engine)
    psf = morphology.gaussian_psf(2.0)
    assert psf.sum() == pytest.approx(1)
    assert psf[1, 0] / psf[1, 1] == pytest.approx(0.5)  # half maximum at half the FWHM
    image = noisy(3)
    row = morphology.measure(stamps_of([image]), 0, 1, settings, 0, 0.0, 1).iloc[0]
    blurred = ndimage.convolve(image.astype(float), psf, mode="constant")
    expected = statmorph.source_morphology(blurred, segment(blurred, settings).astype(int), gain=1.0, psf=psf)[0]
    assert_statmorphs_own(row, expected, engine)
    without = statmorph.source_morphology(blurred, segment(blurred, settings).astype(int), gain=1.0)[0]
    assert abs(row["sersic_n"] - without.sersic_n) > 0.01


def test_galaxy_across_the_edge_is_measured(stamps_of):
    image = noisy(4, x=-30.0)
    found = segment(image.astype(float), CORRECTED)
    assert found[:, 0].any()
    row = morphology.measure(stamps_of([image]), 0, 1, CORRECTED, 0, 0.0, 1).iloc[0]
    assert row["segmented"]
    assert row["error"] == ""
    assert row["xc_centroid"] < 8


def test_stamp_without_a_source_keeps_its_row(stamps_of):
    table = morphology.measure(stamps_of([np.zeros((64, 64)), noisy(5)]), 0, 2, CORRECTED, 0, 0.0, 1)
    assert table["index"].tolist() == [0, 1]
    assert table["segmented"].tolist() == [False, True]
    blank = table.drop(columns=["index", "segmented", "segment_area", "error"]).iloc[0]
    assert blank.isna().all()


@pytest.mark.parametrize("engine", ["numba", "statmorph"])
def test_sentinels_are_missing(stamps_of, engine):
    image = np.random.default_rng(6).normal(-10, 0.1, (64, 64))
    image[20:40, 20:40] += 5  # a detection whose light is negative: statmorph gives up with -99
    row = morphology.measure(stamps_of([image]), 0, 1, MeasureSettings(engine=engine), 0, 0.0, 1).iloc[0]
    assert row["segmented"]
    assert row["flag"] == 4
    assert np.isnan(row["gini"])
    assert np.isnan(row["sersic_n"])


@pytest.mark.parametrize("engine", ["numba", "statmorph"])
def test_an_engine_failing_on_one_stamp_is_told_and_harms_no_other(stamps_of, monkeypatch, caplog, engine):
    settings = MeasureSettings(engine=engine)
    images = np.stack([noisy(7), noisy(8), noisy(9)])
    stamps = stamps_of(images)
    expected = morphology.measure(stamps, 0, 3, settings, 0, 0.0, 1)
    module = importlib.import_module(settings.engine_module)
    true = module.quantities

    def failing(image: np.ndarray, *rest: object) -> object:
        if np.array_equal(image, images[1]):
            raise AssertionError("Root not found within range.")
        return true(image, *rest)

    monkeypatch.setattr(module, "quantities", failing)
    with caplog.at_level(logging.WARNING, "galforge"):
        table = morphology.measure(stamps, 0, 3, settings, 0, 0.0, 1)
    assert table["error"].tolist() == ["", "AssertionError: Root not found within range.", ""]
    assert np.isnan(table["flag"][1])
    pd.testing.assert_frame_equal(table.iloc[[0, 2]], expected.iloc[[0, 2]])
    assert f"{engine} failed on 1 stamps" in caplog.text


def test_gain_is_the_headers_unless_the_catalogue_has_one(stamps_of):
    images = np.zeros((2, 32, 32))
    assert morphology.gains_of(stamps_of(images, gain=100.0), 0, 2, CORRECTED).tolist() == [100, 100]
    listed = stamps_of(images, gain=100.0, catalog={"gain": np.array([7.0, 8.0])})
    assert morphology.gains_of(listed, 1, 2, CORRECTED).tolist() == [8]
    assert morphology.gains_of(listed, 0, 2, PUBLISHED).tolist() == [1, 1]
    wrong = stamps_of(images, catalog={"gain": np.array([7.0, 0.0])})
    with pytest.raises(GalforgeError, match=r"catalogue column gain: stamp 1 has a gain of 0"):
        morphology.measure(wrong, 0, 2, CORRECTED, 0, 0.0, 1)


def test_added_noise_depends_on_seed_and_index_alone(stamps_of):
    stamps = stamps_of(np.stack([galaxy(n=n) for n in (0.8, 1.0, 1.2)]))
    first = morphology.measure(stamps, 0, 3, CORRECTED, 0, 0.05, 1)
    pieces = [morphology.measure(stamps, i, i + 1, CORRECTED, 0, 0.05, 1) for i in range(3)]
    pd.testing.assert_frame_equal(first, pd.concat(pieces, ignore_index=True))
    assert first["sky_sigma"].to_numpy() == pytest.approx(0.05, rel=0.15)
    other = morphology.measure(stamps, 0, 1, CORRECTED, 0, 0.05, 2)
    assert other["sky_sigma"][0] != first["sky_sigma"][0]


def test_published_noise_is_a_setting(stamps_of):
    settings = MeasureSettings(protocol="published", noise=0.05)
    assert not settings.adds_noise
    table = morphology.measure(stamps_of([galaxy()]), 0, 1, settings, 0, 0.0, 1)
    assert table["sky_sigma"][0] == pytest.approx(0.05, rel=0.15)


def test_noise_of_source_and_generated_is_independent():
    def draw(seed: int, origin: str, index: int) -> np.ndarray:
        return morphology._noise(2.0, (64, 64), seed, origin, index).ravel()

    noise = draw(1, "observed", 5)
    assert noise.std() == pytest.approx(2.0, rel=0.05)
    for other in (draw(2, "observed", 5), draw(1, "generated", 5), draw(1, "observed", 6)):
        assert abs(np.corrcoef(noise, other)[0, 1]) < 5 / 64


def test_what_cannot_be_measured_is_refused_at_once(stamps_of):
    with pytest.raises(GalforgeError, match="32 x 48"):
        morphology.measure(stamps_of(np.zeros((1, 32, 48))), 0, 1, CORRECTED, 0, 0.0, 1)
    with pytest.raises(GalforgeError, match="band 3"):
        morphology.measure(stamps_of(np.zeros((1, 32, 32))), 0, 1, CORRECTED, 3, 0.0, 1)
    with pytest.raises(GalforgeError, match="stamps 0 to 2"):
        morphology.measure(stamps_of(np.zeros((1, 32, 32))), 0, 2, CORRECTED, 0, 0.0, 1)


def padded(image: np.ndarray, side: int, draws: np.random.Generator) -> np.ndarray:
    """Centre of `image` on `side` px, filled up with white noise of its border's rms."""
    cut = [slice(max(0, (size - side) // 2), max(0, (size - side) // 2) + side) for size in image.shape]
    image = image[tuple(cut)]
    border = np.concatenate([image[:2].ravel(), image[-2:].ravel(), image[:, :2].ravel(), image[:, -2:].ravel()])
    full = draws.normal(0, 1.4826 * np.median(np.abs(border - np.median(border))), (side, side))
    top, left = ((side - size) // 2 for size in image.shape)
    full[top : top + image.shape[0], left : left + image.shape[1]] = image
    return full


@pytest.mark.real
def test_published_recipe_on_real_galaxies(real_data: Path, stamps_of):
    """100 HST galaxies padded to 64 px: 9 without a segment, 87 with flag <= 1, 60 within the cuts."""
    galsim = pytest.importorskip("galsim")
    folder = str(real_data / "hst_cosmos_f814w")
    catalog = galsim.RealGalaxyCatalog("real_galaxy_catalog_26_extension_example.fits", dir=folder)
    draws = np.random.default_rng(1)
    images = [padded(catalog.getGalImage(i).array.astype(float), 64, draws) for i in range(catalog.nobjects)]
    table = morphology.measure(stamps_of(images), 0, 100, PUBLISHED, 0, 0.0, 1)
    kept = (
        (table["sersic_n"] <= 10)
        & (table["asymmetry"].abs() <= 1)
        & table["smoothness"].between(-0.05, 0.2)
        & (table["rhalf_circ"] <= 60)
    )
    assert abs((~table["segmented"]).sum() - 9) <= 4
    assert abs((table["flag"] <= 1).sum() - 87) <= 6
    assert abs(kept.sum() - 60) <= 6
    assert (table["error"] == "").all()
