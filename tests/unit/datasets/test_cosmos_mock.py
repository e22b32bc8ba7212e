"""The mock archive: of the survey's format, reproducible, and hard to tell from real HST galaxies."""

import warnings
from pathlib import Path

import galsim
import numpy as np
import pytest
import statmorph
from astropy.io import fits
from photutils.segmentation import detect_sources, detect_threshold
from scipy.ndimage import uniform_filter

from galforge.datasets.cosmos import mock
from galforge.datasets.cosmos.dataset import build
from galforge.datasets.cosmos.settings import DatasetSettings, MockSettings
from galforge.datasets.scene import Arms, Scene, Sersic, render
from galforge.stamps.file import Stamps

MORPHOLOGY = ("asymmetry", "smoothness", "gini", "m20")


def stamps_of(folder: Path, raw: Path, **given) -> Path:
    out = folder / "stamps.h5"
    build(DatasetSettings.model_validate(given), [raw], out, folder / "rejected.csv")
    return out


def test_archive_is_a_pure_function_of_the_settings(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        mock.write_raw(MockSettings(count=5, seed=seed), tmp_path / f"{name}.tar")
    first, again, other = ((tmp_path / f"{name}.tar").read_bytes() for name in "abc")
    assert first == again
    assert first != other
    settings = MockSettings(count=5, seed=1)
    np.testing.assert_array_equal(mock.stamp(settings, 3), mock.stamp(MockSettings(count=500, seed=1), 3))


def test_archive_enters_whole(tmp_path):
    """At the paper's size each stamp passes the size cut, is called a mock, and keeps its keywords."""
    settings = MockSettings(count=4, smallest_side=256)
    mock.write_raw(settings, tmp_path / "raw.tar")
    with Stamps(stamps_of(tmp_path, tmp_path / "raw.tar", mock=settings.spec())) as stamps:
        assert stamps.shape == (1, 256, 256)
        assert stamps.header.origin == "mock"
        assert list(stamps.catalog("gain")) == [2028.0] * 4
        assert list(stamps.catalog("name")) == [f"{i:06d}_mock_processed" for i in range(4)]
        side = mock.draw(settings, 1).side
        start = (side - 256) // 2
        expected = mock.stamp(settings, 1)[start : start + 256, start : start + 256]
        np.testing.assert_array_equal(stamps.images[1, 0], expected)


def test_render_keeps_flux_and_shape():
    """Against galsim: one profile through the same PSF, to 1 % of the peak; arms leave the flux as it is."""
    profile = Sersic(flux=100.0, radius=5.0, index=2.5, axis_ratio=0.6, angle=0.7)
    image = render(Scene([profile]), 64, 3.67)
    galaxy = galsim.Sersic(2.5, half_light_radius=5.0, flux=100).shear(q=0.6, beta=0.7 * galsim.radians)
    psf = galsim.Moffat(beta=2.5, fwhm=3.67)
    expected = galsim.Convolve(galaxy, psf).drawImage(nx=64, ny=64, scale=1).array
    assert np.abs(image - expected).max() < 0.01 * expected.max()
    assert image.sum() == pytest.approx(expected.sum(), rel=0.01)
    disc = Sersic(flux=100.0, radius=5.0, index=1.0, axis_ratio=0.6, angle=0.7)
    plain = render(Scene([disc]), 128, 3.67)
    spiral = render(Scene([disc], Arms(amplitude=0.5, pitch=0.3, phase=1.0), lopsided=0.3), 128, 3.67)
    assert plain.sum() == pytest.approx(100, rel=0.01)
    assert spiral.sum() == pytest.approx(100, rel=0.02)
    assert np.abs(spiral - plain).max() > 0.05 * plain.max()


def test_noise_is_that_of_cosmos():
    """Sky rms as set, and neighbours correlated as in galsim's model (0.48 at one pixel, 0.05 at two)."""
    settings = MockSettings(brightest_magnitude=39.0, faintest_magnitude=40.0, smallest_side=256)
    sky = np.stack([mock.stamp(settings, i) for i in range(8)]).astype(float)
    variance = sky.var()
    assert np.sqrt(variance) == pytest.approx(0.0026, rel=0.05)
    for lag, expected in ((1, 0.476), (2, 0.051), (5, 0.005)):
        assert (sky[:, :, lag:] * sky[:, :, :-lag]).mean() / variance == pytest.approx(expected, abs=0.02)


def test_draw_is_joint():
    """Bright galaxies are larger, in larger stamps; large discs have more knots and smaller bulges."""
    settings = MockSettings()
    galaxies = [mock.draw(settings, index) for index in range(2000)]
    columns = {name: np.array([getattr(g, name) for g in galaxies], float) for name in vars(galaxies[0])}
    late = columns["late"] == 1

    def correlation(one, other, where):
        return np.corrcoef(columns[one][where], columns[other][where])[0, 1]

    everything = np.ones_like(late)
    assert columns["magnitude"].min() >= 20
    assert columns["magnitude"].max() <= 25.2
    assert late.mean() == pytest.approx(0.7, abs=0.05)
    assert correlation("magnitude", "radius", everything) < -0.3
    assert correlation("radius", "side", everything) > 0.4
    assert correlation("radius", "knot_share", late) > 0.3
    assert correlation("bulge_share", "knot_share", late) < -0.3
    assert correlation("magnitude", "index", ~late) < -0.2
    assert late[columns["magnitude"] > 24.5].mean() > late[columns["magnitude"] < 23].mean() + 0.05
    assert columns["index"][~late].min() >= 2.5
    assert columns["index"][~late].max() <= 5
    assert columns["knot_share"][late].min() >= 0.02
    assert columns["knot_share"].max() <= 0.25


@pytest.mark.real
def test_magnitudes_and_sizes_are_those_of_the_real_sample(real_data):
    """Medians of magnitude and stamp side, and the side at given magnitude, as for the 100 real galaxies."""
    folder = real_data / "hst_cosmos_f814w"
    real = fits.getdata(folder / "real_galaxy_catalog_26_extension_example.fits")["MAG"]
    with fits.open(folder / "real_galaxy_images_extension.fits") as hdus:
        sides = np.array([hdu.shape[0] for hdu in hdus])
    settings = MockSettings(faintest_magnitude=26.0)
    drawn = [mock.draw(settings, index) for index in range(2000)]
    magnitude, side = np.array([g.magnitude for g in drawn]), np.array([g.side for g in drawn])
    assert np.median(magnitude) == pytest.approx(np.median(real), abs=0.2)
    assert np.log10(np.median(side) / np.median(sides)) == pytest.approx(0, abs=0.05)
    slope, offset = np.polyfit(real - 24, np.log10(sides), 1)
    mock_slope, mock_offset = np.polyfit(magnitude - 24, np.log10(side), 1)
    assert mock_slope == pytest.approx(slope, abs=0.03)
    assert mock_offset == pytest.approx(offset, abs=0.03)
    assert np.std(np.log10(side) - np.polyval([mock_slope, mock_offset], magnitude - 24)) == pytest.approx(
        np.std(np.log10(sides) - np.polyval([slope, offset], real - 24)), abs=0.04
    )


class Lean(statmorph.SourceMorphology):
    """Measures only what is asked for: the multimode statistics and the fits take half of the time."""

    def _calculate_morphology(self):
        pass


def morphology(path: Path) -> dict[str, np.ndarray]:
    """Asymmetry, smoothness, Gini and M20 of the stamps that statmorph can measure (flag <= 1)."""
    rows = []
    with Stamps(path) as stamps, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for image, gain in zip(stamps.images[:, 0], stamps.catalog("gain"), strict=True):
            sources = detect_sources(image, detect_threshold(image, 1.5), 5)
            if sources is None:
                continue
            largest = sources.data == sources.labels[np.argmax(sources.areas)]
            segmap = (uniform_filter(largest.astype(float), 5) > 0.5).astype(int)
            if segmap.any():
                measured = Lean(image, segmap, label=1, gain=gain)
                row = [getattr(measured, name) for name in MORPHOLOGY]
                if measured.flag <= 1:
                    rows.append(row)
    return dict(zip(MORPHOLOGY, np.array(rows).T, strict=True))


@pytest.mark.real
@pytest.mark.slow
def test_morphology_is_that_of_the_real_sample(tmp_path, real_data):
    """Medians of A, S, Gini and M20 within 0.3 of the real stamps' standard deviation, by the same path."""
    given = {"size": 64, "min_size": 0, "pad": "noise"}
    catalogue = real_data / "hst_cosmos_f814w" / "real_galaxy_catalog_26_extension_example.fits"
    (tmp_path / "real").mkdir()
    real = morphology(stamps_of(tmp_path / "real", catalogue, source="path", path=str(catalogue), **given))
    settings = MockSettings(count=100, faintest_magnitude=26.0)
    mock.write_raw(settings, tmp_path / "raw.tar")
    mocked = morphology(stamps_of(tmp_path, tmp_path / "raw.tar", mock=settings.spec(), **given))
    assert min(len(real["gini"]), len(mocked["gini"])) > 85
    for name in MORPHOLOGY:
        difference = np.median(mocked[name]) - np.median(real[name])
        assert abs(difference) < 0.3 * np.std(real[name]), (name, difference / np.std(real[name]))
