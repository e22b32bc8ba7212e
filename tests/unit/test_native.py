"""Galaxies that are stored at one size and measured at their own, and files that keep each as it is."""

import numpy as np
import pytest
from skimage.transform import resize

from galforge.errors import GalforgeError
from galforge.measure.images import blocks
from galforge.measure.photometry.measure import measure as photometry
from galforge.measure.photometry.settings import MeasureSettings
from galforge.measure.power_spectrum.measure import measure as spectra
from galforge.measure.power_spectrum.settings import MeasureSettings as SpectraSettings
from galforge.stamps import sizes
from galforge.stamps.file import Header, Stamps, StampsWriter
from galforge.stamps.galaxies import galaxy, side_of
from galforge.stamps.native_file import NativeWriter

SIDES = (2.0, 2516.0)
BANDS = ("g", "r", "i", "z")
FLUXES = np.array([1.0, 2.0, 3.0, 4.0])


def header(sides=()):
    return Header(BANDS, 0.394, "kpc", "electron/s", (25.0, 25.1, 25.2, 25.3), 750.0, "mock", sides)


def image(side, flux=100.0):
    """A round Gaussian that fits its image, in four bands (4, side, side)."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    profile = np.exp(-(x**2 + y**2) / (2 * (side / 12) ** 2))
    return flux * FLUXES[:, None, None] * profile / profile.sum()


@pytest.mark.parametrize("original", [64, 65, 66, 67, 128, 511, 1024, 2516])
def test_a_side_comes_back_from_its_code(original):
    channel = np.full((16, 16), sizes.code_of(original, SIDES), dtype=np.float32)
    assert sizes.side_of(channel, SIDES) == original // 2


def test_codes_run_from_0_to_1_and_generated_ones_are_averaged_and_held_to_what_exists():
    assert sizes.code_of(2, SIDES) == 0
    assert sizes.code_of(2516, SIDES) == 1
    noisy = sizes.code_of(100, SIDES) + np.array([[0.01, -0.01], [0.02, -0.02]])
    assert sizes.side_of(noisy, SIDES) == 50
    assert sizes.side_of(np.full((2, 2), -3.0), SIDES) == 2
    assert sizes.side_of(np.full((2, 2), 9.0), SIDES) == 2516


@pytest.mark.parametrize(("side", "kept"), [(64, 32), (66, 33), (67, 34)])
def test_the_central_half_is_cut_like_the_released_code(side, kept):
    row = np.tile(np.arange(side), (1, side, 1))
    half = sizes.central_half(row)
    assert half.shape == (1, kept, kept)
    assert half[0, 0, 0] == int(0.25 * side)


def test_storing_conserves_surface_brightness_and_decoding_undoes_the_size():
    galaxy_ = image(48)
    stamp = sizes.store(galaxy_, 96, 64, SIDES)
    assert stamp.shape == (5, 64, 64)
    assert stamp.dtype == np.float32
    assert stamp[:4].sum() == pytest.approx(galaxy_.sum() * (64 / 48) ** 2, rel=1e-3)
    decoded = sizes.decode(stamp, SIDES)
    assert decoded.shape == (4, 48, 48)
    assert decoded.sum() == pytest.approx(galaxy_.sum(), rel=2e-3)
    reference = np.stack([resize(band, (48, 48), order=1) for band in stamp[:4].astype(float)])
    assert np.array_equal(decoded, reference)
    assert np.array_equal(sizes.decode(stamp, SIDES, band=2), decoded[2:3])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The same galaxies of three sides, at their own size and stored at 64 px."""
    folder = tmp_path_factory.mktemp("native")
    with (
        NativeWriter(folder / "native.h5", header()) as own,
        StampsWriter(folder / "stamps.h5", (5, 64, 64), header(SIDES), 3) as one_size,
    ):
        for number, side in enumerate((64, 40, 30)):
            own.append(image(side), name=f"g{number}", split="train")
            one_size.append(sizes.store(image(side), 2 * side, 64, SIDES), name=f"g{number}", split="train")
    return folder


def test_galaxies_are_read_as_they_were_written(files):
    with Stamps(files / "native.h5") as stamps:
        assert len(stamps) == 3
        assert stamps.shape is None
        assert stamps.catalog("side").tolist() == [64, 40, 30]
        for number, side in enumerate((64, 40, 30)):
            assert np.array_equal(stamps.stamp(number), image(side).astype(np.float32))
        assert side_of(stamps) == 0
        found = [(low, images.shape) for low, images in blocks(stamps, 1, 3, 2)]
        assert found == [(1, (1, 40, 40)), (2, (1, 30, 30))]


def test_stamps_that_code_the_size_are_measured_at_it(files):
    with Stamps(files / "stamps.h5") as stamps:
        assert stamps.header.channels == 5
        assert side_of(stamps) == 0
        assert galaxy(stamps, 1).shape == (4, 40, 40)
        assert [images.shape for _, images in blocks(stamps, 0, 3, 0)] == [(1, 64, 64), (1, 40, 40), (1, 30, 30)]


def test_photometry_gives_the_magnitudes_of_every_band_either_way(files):
    expected = np.array([25.0, 25.1, 25.2, 25.3]) - 2.5 * np.log10(100 * FLUXES)
    for name, precision in (("native.h5", 1e-6), ("stamps.h5", 1e-2)):
        with Stamps(files / name) as stamps:
            table = photometry(stamps, 0, 3, MeasureSettings(), 1, 0.0, 0)
        found = table[[f"magnitude_{band}" for band in BANDS]].to_numpy()
        assert np.allclose(found, expected, atol=precision)
        assert np.allclose(table["log_flux"], np.log10(200), atol=precision)


def test_modes_of_the_spectrum_have_physical_scales_and_small_galaxies_none(files):
    with Stamps(files / "native.h5") as stamps:
        table = spectra(stamps, 0, 3, SpectraSettings(), 1, 0.0, 0)
    assert not [name for name in table.columns if name.startswith("bin_")]
    modes = table[[f"mode_{mode:02d}" for mode in range(15)]].to_numpy()
    assert np.isfinite(modes[:2]).all()
    assert np.isnan(modes[2]).all()
    # |FFT(0)| / side^2 is the mean.
    assert np.allclose(modes[:2, 0], [np.log10(200 / side**2) for side in (64, 40)])


def test_equal_galaxies_give_equal_digests_and_wrong_ones_are_refused(files, tmp_path):
    with NativeWriter(tmp_path / "again.h5", header()) as own:
        for number, side in enumerate((64, 40, 30)):
            own.append(image(side), name=f"g{number}", split="train")
    with Stamps(tmp_path / "again.h5") as again, Stamps(files / "native.h5") as first:
        assert again.digest == first.digest
    with pytest.raises(GalforgeError, match="shape"), NativeWriter(tmp_path / "bad.h5", header()) as own:
        own.append(image(20)[:3], name="three bands")
    with pytest.raises(GalforgeError, match="not finite"), NativeWriter(tmp_path / "bad.h5", header()) as own:
        own.append(np.full((4, 8, 8), np.nan), name="nan")
    with NativeWriter(tmp_path / "one.h5", header()) as own:
        own.append(image(20), name="one")
        with pytest.raises(GalforgeError, match="columns"):
            own.append(image(20), split="train")
    with pytest.raises(GalforgeError, match="no code"):
        NativeWriter(tmp_path / "bad.h5", header(SIDES))
    assert not (tmp_path / "bad.h5").exists()
