"""Stamps as images of a feature network, and the features of galaxies that differ more and less."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib import colormaps
from scipy import ndimage
from skimage.transform import resize

from galforge.errors import GalforgeError
from galforge.measure.features import preparation
from galforge.measure.features.measure import measure
from galforge.measure.features.settings import MeasureSettings
from galforge.measure.vectors import rows_of
from galforge.seeds import generator
from galforge.stamps.file import Header, Stamps, StampsWriter
from galforge.stamps.sizes import code_of

PUBLISHED, CORRECTED = MeasureSettings(protocol="published"), MeasureSettings()
SIDES = (2.0, 2516.0)
PLAIN = {"bands": ["r"], "black": [0.0], "softening": [1.0], "white": [100.0]}


def galaxies(key: str, count: int, n: float, noise: float = 0.02) -> np.ndarray:
    """Sersic galaxies (count, 64, 64) of index n with drawn sizes, shapes and places, fluxes about 200."""
    rows, columns = np.mgrid[:64, :64] - 31.5
    images = []
    for index in range(count):
        draws = generator(0, key, index)
        axis_ratio, angle, half_light = draws.uniform(0.3, 1), draws.uniform(0, np.pi), draws.uniform(3, 9)
        x, y = columns - draws.uniform(-2, 2), rows - draws.uniform(-2, 2)
        along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        radius = np.hypot(along, across / axis_ratio) + 0.3
        image = np.exp(-(2 * n - 1 / 3) * (radius / half_light) ** (1 / n))
        image *= 200 * draws.lognormal(0, 0.4) / image.sum()
        images.append(image + noise * draws.standard_normal(image.shape))
    return np.array(images)


def values(table: pd.DataFrame) -> np.ndarray:
    return rows_of(table, "features").astype(np.float64)


def features_of(stamps: Stamps, settings: MeasureSettings, stretch: dict | None = None) -> np.ndarray:
    return values(measure(stamps, 0, len(stamps), settings, 0, 0.0, 0, stretch=stretch))


def in_bands(path: Path, images: np.ndarray, bands: tuple[str, ...], sides: tuple[float, ...] = ()) -> Stamps:
    header = Header(bands, 0.394, "kpc", "electron/s", (), 1.0, "mock", sides)
    with StampsWriter(path, images.shape[1:], header, max(len(images), 1)) as writer:
        for row in images:
            writer.append(row)
    return Stamps(path)


def test_table_has_a_row_per_stamp_and_the_split_of_the_catalogue(stamps_of):
    split = np.array(["train", "test", "validation", "test"])
    stamps = stamps_of(galaxies("table", 4, 1.0), catalog={"split": split})
    table = measure(stamps, 1, 4, PUBLISHED, 0, 0.0, 0)
    assert list(table.columns) == ["index", "split", "features"]
    assert table["index"].tolist() == [1, 2, 3]
    assert table["split"].tolist() == ["test", "validation", "test"]
    assert rows_of(table, "features").dtype == np.float32
    assert values(table).shape == (3, 1280)
    assert np.isfinite(values(table)).all()
    empty = measure(stamps_of(galaxies("table", 1, 1.0)), 0, 0, PUBLISHED, 0, 0.0, 0)
    assert values(empty).shape == (0, 1280)


def test_features_are_the_same_bits_again_and_do_not_depend_on_the_company(stamps_of):
    stamps = stamps_of(galaxies("company", 7, 1.0))
    together = measure(stamps, 0, 7, PUBLISHED, 0, 0.0, 0)
    again = measure(stamps, 0, 7, PUBLISHED, 0, 0.5, 3)
    assert together.equals(again)
    assert (together["split"] == "").all()
    alone = pd.concat([measure(stamps, i, i + 1, PUBLISHED, 0, 0.0, 0) for i in range(7)], ignore_index=True)
    threes = measure(stamps, 0, 7, PUBLISHED.model_copy(update={"batch": 3}), 0, 0.0, 0)
    for other in (alone, threes):
        np.testing.assert_allclose(values(other), values(together), atol=2e-5)
    assert torch.are_deterministic_algorithms_enabled() is False


def test_published_image_is_that_of_the_released_recipe():
    """scikit-image's resize, min-max, matplotlib's colour map, truncated to 8 bits."""
    galaxy = galaxies("published", 1, 4.0)[:1]
    large = resize(galaxy[0], (256, 256))
    scaled = (large - large.min()) / (large.max() - large.min())
    expected = (colormaps["magma"](scaled)[..., :3] * 255).astype(np.uint8).transpose(2, 0, 1)
    found = preparation.published(galaxy)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, expected)
    assert found[:, large.argmax() // 256, large.argmax() % 256].tolist() == [251, 252, 191]


def test_published_image_of_one_brightness_is_the_lowest_colour():
    lowest = (np.array(colormaps["magma"](0.0)[:3]) * 255).astype(np.uint8)
    for brightness in (0.0, 3.5, -1.0):
        image = preparation.published(np.full((1, 64, 64), brightness))
        assert (image == lowest[:, None, None]).all()


def test_published_features_are_blind_to_flux_and_corrected_ones_are_not(stamps_of):
    """Noiseless, so that nothing but the flux and the background is another."""
    images = galaxies("flux", 3, 1.0, noise=0.0)
    stamps, wrong = stamps_of(images), stamps_of(4 * images + 1)
    np.testing.assert_allclose(features_of(wrong, PUBLISHED), features_of(stamps, PUBLISHED), atol=0.02)
    stretch = preparation.stretch_of(stamps, (0,))
    right, off = (features_of(each, CORRECTED, stretch) for each in (stamps, wrong))
    assert (np.linalg.norm(off - right, axis=1) > 0.3 * np.linalg.norm(right, axis=1)).all()


def test_corrected_image_follows_its_equation():
    galaxy = np.array([-5.0, 0.0, 0.5, 2.0, 40.0, 1000.0])[None, :, None] * np.ones((1, 6, 6))
    image = preparation.corrected(galaxy, PLAIN | {"black": [-1.0], "softening": [2.0]})
    assert image.shape == (3, 256, 256)
    assert image.dtype == np.float32
    for row, value in ((10, -1.0), (64, 0.0), (106, 0.5), (150, 2.0), (192, 40.0), (245, 100.0)):
        seen = resize(galaxy[0], (256, 256))[row, 0] if value not in (-1.0, 100.0) else value
        expected = 255 * (np.log(seen / 2 + np.hypot(seen / 2, 1)) + np.arcsinh(0.5)) / np.arcsinh([50, 0.5]).sum()
        assert image[:, row] == pytest.approx(expected, abs=1e-3)


def test_stretch_is_taken_from_percentiles_of_the_source(stamps_of):
    noise = 0.5 * np.random.default_rng(0).standard_normal((300, 256, 256), dtype=np.float32)
    noise[:, 100, 100] = np.arange(300) + 10
    stretch = preparation.stretch_of(stamps_of(noise), (0,))
    assert stretch["bands"] == ["r"]
    assert stretch["black"] == pytest.approx([0.5 * -3.09], rel=0.01)  # quantile 0.001 of a normal distribution
    assert stretch["softening"] == pytest.approx([3 * 0.5], rel=0.02)
    assert stretch["white"] == pytest.approx([0.99 * 299 + 10], abs=2)


def test_stretch_of_an_empty_sky_reaches_over_three_decades(stamps_of):
    images = np.zeros((5, 64, 64))
    images[:, 20:30, 20:30] = 7.0
    stretch = preparation.stretch_of(stamps_of(images), (0,))
    assert stretch["black"] == [0.0]
    assert stretch["softening"] == pytest.approx([7e-3])


def test_stretch_needs_light(stamps_of, tmp_path):
    with pytest.raises(GalforgeError, match="band r is dark in all stamps looked at"):
        preparation.stretch_of(stamps_of(np.zeros((3, 32, 32))), (0,))
    with pytest.raises(GalforgeError, match="no stamps to measure a stretch on"):
        preparation.stretch_of(in_bands(tmp_path / "none.h5", np.zeros((0, 1, 32, 32)), ("r",)), (0,))


def test_settings_stand_in_place_of_the_source():
    stretch = preparation.with_settings(PLAIN, MeasureSettings(softening=0.25))
    assert stretch == PLAIN | {"softening": [0.25]}
    assert preparation.with_settings(PLAIN, MeasureSettings(white=7.0))["white"] == [7.0]
    with pytest.raises(GalforgeError, match=r"white is 0\.5, but black is 0\.6 in band r of the source"):
        preparation.with_settings(PLAIN | {"black": [0.6]}, MeasureSettings(white=0.5))


@pytest.mark.parametrize(
    ("bands", "published", "corrected"),
    [
        (("F814W",), (0,), (0,)),
        (("g", "r"), (1,), (0,)),
        (("g", "r", "i", "z"), (1,), (2, 1, 0)),
        (("y", "i", "r", "g"), (1,), (1, 2, 3)),
        (("F606W", "F814W", "F160W"), (1,), (2, 1, 0)),
        (("red", "green", "blue"), (1,), (0, 1, 2)),
        (("B", "G", "R"), (1,), (2, 1, 0)),
    ],
)
def test_bands_of_an_image(bands, published, corrected):
    header = Header(bands, 0.1, "arcsec", "electron/s", (), 1.0, "mock")
    assert preparation.channels_of(header, 0, "published") == published
    assert preparation.channels_of(header, 0, "corrected") == corrected


def test_i_r_g_are_red_green_blue_of_a_galaxy_at_its_own_size(tmp_path, monkeypatch):
    """A stamp of 64 px that codes 80 px is measured at 40 px, and its code is no part of the image."""
    stamp = np.empty((5, 64, 64))
    stamp[:] = np.array([10.0, 20.0, 30.0, 99.0, code_of(80, SIDES)])[:, None, None]
    stamps = in_bands(tmp_path / "sized.h5", stamp[None], ("g", "r", "i", "z"), SIDES)
    seen = []
    corrected = preparation.corrected

    def remember(galaxy, stretch):
        seen.append((galaxy.shape, corrected(galaxy, stretch)))
        return seen[-1][1]

    monkeypatch.setattr(preparation, "corrected", remember)
    stretch = {name: [value] * 3 for name, value in (("black", 0.0), ("softening", 1e6), ("white", 100.0))}
    features_of(stamps, CORRECTED, stretch | {"bands": ["i", "r", "g"]})
    ((shape, image),) = seen
    assert shape == (3, 40, 40)
    assert image.mean(axis=(1, 2)) == pytest.approx(2.55 * np.array([30, 20, 10]), rel=1e-4)


def test_what_cannot_be_measured_is_refused(stamps_of, tmp_path):
    stamps = stamps_of(galaxies("refused", 2, 1.0))
    with pytest.raises(GalforgeError, match="the corrected protocol needs the stretch of the source stamps"):
        measure(stamps, 0, 2, CORRECTED, 0, 0.0, 0)
    with pytest.raises(GalforgeError, match="images of bands r, but the stretch is of i, r, g"):
        measure(stamps, 0, 2, CORRECTED, 0, 0.0, 0, stretch=PLAIN | {"bands": ["i", "r", "g"]})
    with pytest.raises(GalforgeError, match="stamps 1 to 3 were asked for, but there are 2"):
        measure(stamps, 1, 3, PUBLISHED, 0, 0.0, 0)
    with pytest.raises(GalforgeError, match="band 1 was asked for, but there are 1"):
        measure(stamps, 0, 2, CORRECTED, 1, 0.0, 0, stretch=PLAIN)
    inception = MeasureSettings(network="inception-v3", weights="download", protocol="published")
    with pytest.raises(GalforgeError, match="inception-v3: no weights file was given: set weights to download or path"):
        measure(stamps, 0, 2, inception, 0, 0.0, 0)
    with pytest.raises(GalforgeError, match=r"missing.pth: cannot be read"):
        measure(stamps, 0, 2, inception, 0, 0.0, 0, weights=tmp_path / "missing.pth")


def frechet(one: np.ndarray, other: np.ndarray) -> float:
    """Frechet distance of two sets of features, of normal distributions with their moments."""
    means = one.mean(axis=0), other.mean(axis=0)
    first, second = ((x - m) / np.sqrt(len(x) - 1) for x, m in zip((one, other), means, strict=True))
    root = np.linalg.svd(first @ second.T, compute_uv=False).sum()
    return float(((means[0] - means[1]) ** 2).sum() + (first**2).sum() + (second**2).sum() - 2 * root)


@pytest.mark.parametrize("settings", [PUBLISHED, CORRECTED], ids=["published", "corrected"])
def test_features_rank_same_other_and_blurred_galaxies(stamps_of, settings):
    source = galaxies("source", 24, 1.0)
    kinds = {
        "source": source,
        "same": galaxies("same", 24, 1.0),
        "other": galaxies("other", 24, 4.0),
        "blurred": ndimage.gaussian_filter(source, (0, 2, 2)),
    }
    files = {name: stamps_of(images) for name, images in kinds.items()}
    stretch = preparation.stretch_of(files["source"], (0,))
    features = {name: features_of(file, settings, stretch) for name, file in files.items()}
    distance = {name: frechet(features["source"], found) for name, found in features.items()}
    assert distance["source"] == pytest.approx(0, abs=1e-3)
    assert 1.5 * distance["same"] < distance["other"]
    assert 1.2 * distance["other"] < distance["blurred"]
