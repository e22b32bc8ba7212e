"""Colour grain against known scatter of pixel colours, known noise, and a solver of another library."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.optimize
import scipy.stats

from galforge.errors import GalforgeError
from galforge.measure.colour_grain.measure import grain_of, measure, scatter
from galforge.measure.colour_grain.settings import MeasureSettings
from galforge.stamps.file import Header, Stamps, StampsWriter
from galforge.stamps.sizes import decode, store

SETTINGS = MeasureSettings()
SKY, GAIN, PEAK = 0.05, 100.0, 20.0  # image units; electrons per image unit: the galaxy's photons outdo the sky
COLOURS = (0.5, 1.0, 1.4)


def light(side: int = 40, sd: float = 4.0, x: float = 0.0, y: float = 0.0) -> np.ndarray:
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    return PEAK * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * sd**2))


def noisy(bands: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    """Sky noise, and that of photons as a normal number."""
    return bands + draws.normal(size=bands.shape) * np.sqrt(SKY**2 + bands / GAIN)


def galaxies(count: int, grain: float, seed: int) -> np.ndarray:
    """Noisy galaxies (count, 3, l, l) whose colours of neighbouring bands scatter by `grain` [mag]."""
    draws = np.random.default_rng(seed)
    magnitudes = grain / np.sqrt(2) * draws.normal(size=(count, len(COLOURS), 40, 40))
    flat = light() * np.array(COLOURS)[:, None, None]
    return noisy(flat * 10 ** (-0.4 * magnitudes), draws)


def grains(images: np.ndarray, gain: float = GAIN) -> np.ndarray:
    return np.array([grain_of(image, gain, SETTINGS) for image in images])


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Stamps]:
    """A function that writes images (n, C, H, W) as stamps and opens them."""

    def write(images: np.ndarray, gain: float = GAIN, sides: tuple = (), **catalogue) -> Stamps:
        bands = ("g", "r", "i")[: images.shape[1] - bool(sides)]
        header = Header(bands, 0.3, "arcsec", "count", (27.0,) * len(bands), gain, "mock", sides)
        path = tmp_path / f"stamps-{len(list(tmp_path.iterdir()))}.h5"
        with StampsWriter(path, images.shape[1:], header, len(images)) as writer:
            names = {"name": np.arange(len(images)).astype(str)}
            writer.append_block(images.astype(np.float32), names | catalogue)
        return Stamps(path)

    return write


def test_a_noiseless_image_of_one_colour_has_none(write):
    flat = light() * np.array(COLOURS)[:, None, None]
    table = measure(write(np.stack([flat, 1e-3 * flat])), 0, 2, SETTINGS, 0, 0.0, 0)
    assert list(table.columns) == ["index", "colour_grain"]
    assert table["colour_grain"].abs().max() < 1e-4


@pytest.mark.parametrize("grain", [0.06, 0.15, 0.3])
def test_known_grain_is_recovered(grain):
    found = grains(galaxies(100, grain, 1))
    assert np.median(found) == pytest.approx(grain, rel=0.1)


def test_noise_alone_gives_nothing_on_average():
    found = grains(galaxies(200, 0.0, 2))
    error = found.std(ddof=1) / np.sqrt(200)
    assert np.isfinite(found).all()
    assert error < 0.004
    assert abs(found.mean()) < 3 * error
    assert 0.3 < (found < 0).mean() < 0.7


def test_photons_are_what_is_taken_off():
    """With ten times the gain that the noise has, most of the noise is called grain."""
    images = galaxies(50, 0.0, 3)
    assert np.median(grains(images, 10 * GAIN)) > 0.02
    # An image whose sky is below one electron was not counted in photons.
    assert grains(images, 0.9 / SKY) == pytest.approx(grains(images, 1e-9), rel=1e-9)


def test_the_scale_of_fluxes_does_not_matter():
    images = galaxies(5, 0.1, 4)
    assert grains(1e4 * images, GAIN / 1e4) == pytest.approx(grains(images), rel=1e-6)


def test_a_neighbour_of_another_colour_does_not_count():
    image = galaxies(1, 0.1, 5)[0]
    neighbour = light(sd=2.0, x=14, y=13)
    assert grain_of(image + neighbour * np.array([3, 1, 0.2])[:, None, None], GAIN, SETTINGS) == pytest.approx(
        grain_of(image, GAIN, SETTINGS), rel=0.02
    )


def test_padding_is_never_read(write):
    draws = np.random.default_rng(6)
    images = galaxies(3, 0.1, 6)
    inside = images[:, :, 6:34, 6:34]
    noise = draws.normal(0, 30.0, images.shape)
    noise[:, :, 6:34, 6:34] = inside
    side = np.full(3, 28)
    said = {"padded": np.array([True, True, False]), "native_height": side, "native_width": side}
    first, other = (
        measure(write(each, **said), 0, 3, SETTINGS, 0, 0.0, 0)["colour_grain"].to_numpy() for each in (images, noise)
    )
    assert first[:2].tolist() == other[:2].tolist()
    assert first[:2] == pytest.approx(grains(inside.astype(np.float32)[:2].astype(float)), rel=1e-6)
    assert other[2] != pytest.approx(first[2], rel=0.1), "what is not padded is read whole"


def test_stamps_that_code_their_sizes_are_measured_at_their_own(write):
    sides = (16.0, 80.0)
    stored = np.stack([store(image, 2 * 40, 64, sides) for image in galaxies(2, 0.1, 7)])
    table = measure(write(stored, sides=sides), 0, 2, SETTINGS, 0, 0.0, 0)
    expected = grains(np.stack([decode(stamp, sides) for stamp in stored]))
    assert table["colour_grain"].to_numpy() == pytest.approx(expected, rel=1e-9)


def test_rows_do_not_depend_on_how_the_work_is_cut(write):
    stamps = write(galaxies(4, 0.1, 8))
    whole = measure(stamps, 0, 4, SETTINGS, 0, 0.0, 0)
    part = measure(stamps, 2, 4, SETTINGS, 0, 0.0, 0)
    assert part["index"].tolist() == [2, 3]
    assert part["colour_grain"].tolist() == whole["colour_grain"][2:].tolist()


def test_too_few_bright_pixels_and_dark_stamps_have_no_value(write):
    draws = np.random.default_rng(9)
    faint = noisy(0.03 * light() * np.array(COLOURS)[:, None, None], draws)
    empty = draws.normal(0, SKY, faint.shape)
    table = measure(write(np.stack([faint, empty, np.zeros_like(faint)])), 0, 3, SETTINGS, 0, 0.0, 0)
    assert table["colour_grain"].isna().all()
    assert np.isfinite(grain_of(faint, GAIN, MeasureSettings(significance=5)))


def test_one_band_is_refused_with_the_remedy(write):
    with pytest.raises(GalforgeError, match="leave colour_grain out"):
        measure(write(galaxies(1, 0.0, 10)[:, :1]), 0, 1, SETTINGS, 0, 0.0, 0)


@pytest.mark.parametrize("grain", [0.0, 0.1])
def test_the_scatter_is_where_half_of_the_residuals_are_within_their_sd(grain):
    draws = np.random.default_rng(11)
    noise = draws.uniform(0.001, 0.02, 801)
    residuals = draws.normal(size=801) * np.sqrt(grain**2 + noise)
    half = scipy.stats.chi2(1).median()

    def too_large(square: float) -> float:
        total = np.maximum(square + noise, 1e-12)
        return float(np.median(residuals**2 / total)) - half

    root = scipy.optimize.brentq(too_large, -np.median(noise), 1.0)
    assert scatter(residuals, noise) == pytest.approx(np.sign(root) * np.sqrt(abs(root)), abs=1e-6)


def test_a_fifth_of_the_pixels_may_be_anything():
    draws = np.random.default_rng(12)
    noise = np.full(2000, 0.01)
    residuals = draws.normal(size=2000) * np.sqrt(0.1**2 + noise)
    plain = scatter(residuals, noise)
    assert plain == pytest.approx(0.1, rel=0.1)
    residuals[:400] = 5.0
    assert scatter(residuals, noise) < 2 * plain
