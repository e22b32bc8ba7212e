"""The mock of GalaxiesML: of its layout, reproducible, and with what its recipe says."""

import tarfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy import ndimage

from galforge.datasets.galaxiesml import light, mock
from galforge.datasets.galaxiesml.dataset import build
from galforge.datasets.galaxiesml.settings import BANDS, DatasetSettings, MockSettings
from galforge.datasets.scene import Sersic
from galforge.stamps.file import Stamps

SETTINGS = MockSettings()
DRAWN = 3000
IN_G, IN_R, IN_I = 0, 1, 2


@pytest.fixture(scope="module")
def galaxies() -> list[mock.Galaxy]:
    return [mock.draw(SETTINGS, index) for index in range(DRAWN)]


@pytest.fixture(scope="module")
def redshifts(galaxies) -> np.ndarray:
    return np.array([galaxy.central.redshift for galaxy in galaxies])


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """The folder of a small mock: raw.tar, its files in release/, its stamps."""
    folder = tmp_path_factory.mktemp("galaxiesml")
    settings = MockSettings(count=140)
    mock.write_raw(settings, folder / "raw.tar")
    with tarfile.open(folder / "raw.tar") as archive:
        archive.extractall(folder / "release", filter="data")
    build(DatasetSettings(mock=settings), [folder / "raw.tar"], folder / "out.h5", folder / "rejected.csv")
    return folder


def test_the_release_is_a_pure_function_of_the_settings(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        mock.write_raw(MockSettings(count=7, seed=seed), tmp_path / f"{name}.tar")
    first, again, other = ((tmp_path / f"{name}.tar").read_bytes() for name in "abc")
    assert first == again
    assert first != other
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.tar", "b.tar", "c.tar"], "nothing is left beside it"
    few, many = MockSettings(count=7), MockSettings(count=700)
    np.testing.assert_array_equal(mock.image(few, 3), mock.image(many, 3))


def test_the_files_have_the_layout_of_the_release(made):
    counts = {}
    for part in ("training", "validation", "testing"):
        with h5py.File(made / "release" / f"5x64x64_{part}_with_morphology.hdf5") as file:
            counts[part] = file["image"].shape
            assert file["image"].dtype == np.float32
            assert {data.shape[0] for data in file.values()} == {file["image"].shape[0]}
            # 14 columns of each band; 12 of the galaxy and 6 of coordinates; the images.
            assert len(file) == 14 * len(BANDS) + 12 + 6 + 1
            assert "mock" in file.attrs["origin"]
    assert counts == {"training": (100, 5, 64, 64), "validation": (20, 5, 64, 64), "testing": (20, 5, 64, 64)}


def test_every_row_passes_the_cuts_of_the_release_and_is_called_a_mock(made):
    assert (made / "rejected.csv").read_text() == "name,reason\n"
    with Stamps(made / "out.h5") as stamps:
        assert stamps.header.origin == "mock"
        assert len(stamps) == 140
        with h5py.File(made / "release/5x64x64_testing_with_morphology.hdf5") as file:
            test = stamps.split("test")
            np.testing.assert_array_equal(stamps.images[test[0] : test[-1] + 1], file["image"])
            # Row 2 of the test file is galaxy 20.
            np.testing.assert_array_equal(file["image"][2], mock.image(MockSettings(count=140), 20))


def test_the_files_of_127_px(tmp_path):
    settings = MockSettings(count=7, image_side=127)
    mock.write_raw(settings, tmp_path / "raw.tar")
    chosen = DatasetSettings(image_side=127, size=63, bin=2, mock=settings)
    build(chosen, [tmp_path / "raw.tar"], tmp_path / "out.h5", tmp_path / "rejected.csv")
    with Stamps(tmp_path / "out.h5") as stamps:
        assert stamps.shape == (5, 63, 63)


def test_redshifts(redshifts):
    assert np.mean(redshifts > 1.5) == pytest.approx(0.07, abs=0.015)
    near = redshifts[redshifts <= 1.5]
    grid = np.linspace(0, 1.5, 2001)
    density = grid**2 * np.exp(-((grid / 0.45) ** 1.3))
    assert near.mean() == pytest.approx(np.average(grid, weights=density), abs=0.02)
    assert redshifts.max() < 4
    assert redshifts.min() > 0.01


def test_types_sizes_indices_and_magnitudes(galaxies, redshifts):
    early = np.array([galaxy.central.early for galaxy in galaxies])
    # 0.45 at redshift 0, 0.1 from 2 on.
    for low, high in ((0.2, 0.6), (0.8, 1.2), (2.0, 4.0)):
        chosen = (redshifts > low) & (redshifts < high)
        expected = np.mean([0.45 - 0.175 * min(redshift, 2) for redshift in redshifts[chosen]])
        assert early[chosen].mean() == pytest.approx(expected, abs=0.09)
    kpc = [g.central.profile.radius * light.PIXEL_ARCSEC * mock.kpc_per_arcsec(g.central.redshift) for g in galaxies]
    offset = np.log10(np.array(kpc) * (1 + redshifts) / 5)
    assert offset.mean() == pytest.approx(0, abs=0.01)
    assert offset.std() == pytest.approx(0.18, abs=0.01)
    index = np.array([galaxy.central.profile.index for galaxy in galaxies])
    assert (index[early].mean(), index[~early].mean()) == pytest.approx((3.5, 1.2), rel=0.05)
    i = np.array([galaxy.central.magnitudes[IN_I] for galaxy in galaxies])
    assert i.min() >= 18
    assert i.max() <= 24.5
    middle = (redshifts > 0.5) & (redshifts < 1.2)  # far from both limits
    residual = i[middle] - 18.5 - 5 * np.log10(redshifts[middle] / 0.2)
    assert residual.mean() == pytest.approx(0, abs=0.08)
    assert residual.std() == pytest.approx(0.8, abs=0.08)


def test_a_kpc_spans_the_right_angle():
    """Planck18: 3.40 kpc at redshift 0.2, 8.6 at 2 (from its tables, to 1 %)."""
    assert mock.kpc_per_arcsec(0.2) == pytest.approx(3.41, rel=0.01)
    assert mock.kpc_per_arcsec(2.0) == pytest.approx(8.58, rel=0.01)


def test_spectra_have_their_breaks():
    """The 4000 A break lies between g and r at redshift 0.375, and between r and i at 0.75; g drops out beyond 3."""
    flat = 0.1
    for early, step in ((True, 2.2), (False, 1.3)):
        fluxes = light.band_fluxes(0.375, early, flat)
        colour = fluxes[1:] / fluxes[:-1] / (np.array([625, 770, 890, 1000]) / np.array([475, 625, 770, 890])) ** flat
        assert colour == pytest.approx([step, 1, 1, 1], rel=0.01)
    assert light.band_fluxes(3.6, False, flat)[IN_G] / light.band_fluxes(3.6, False, flat)[IN_R] < 0.03
    assert light.band_fluxes(2.0, False, flat)[IN_G] / light.band_fluxes(2.0, False, flat)[IN_R] > 0.9


def test_fluxes_and_widths_of_galaxies():
    """All light of a galaxy is there, and a point is as wide as the PSF of its band."""
    point = Sersic(1.0, 0.4, 1.0, 1.0, 0.0)
    for side in (64, 127):
        seen = light.seen([point], np.full((1, 5), 1000.0), side)
        assert seen.sum(axis=(1, 2)) == pytest.approx([1000] * 5, rel=0.02)
        centre = (np.arange(side) * seen.sum(axis=1)).sum(axis=1) / seen.sum(axis=(1, 2))
        assert centre == pytest.approx([(side - 1) / 2] * 5, abs=1e-3)
        for channel, fwhm in enumerate(light.FWHM_ARCSEC):
            fine = ndimage.zoom(seen[channel, side // 2 - 8 : side // 2 + 8, side // 2 - 8 : side // 2 + 8], 8, order=3)
            wide = 2 * np.sqrt((fine > fine.max() / 2).sum() / np.pi) * 15 / 127 * light.PIXEL_ARCSEC
            # Pixels and the small disc add a little.
            assert fwhm < wide < fwhm + 0.08


def test_sky_has_the_rms_and_the_correlation_of_real_images():
    random = np.random.default_rng(1)
    sky = np.array([light.sky(64, random) for _ in range(150)])
    assert sky.std(axis=(0, 2, 3)) == pytest.approx(light.SKY_RMS, rel=0.01)
    variance = np.array(light.SKY_RMS) ** 2
    for lag in (1, 2, 3):
        wanted = [correlation[lag - 1] for correlation in light.SKY_CORRELATION]
        for shifted in (sky[:, :, lag:] * sky[:, :, :-lag], sky[:, :, :, lag:] * sky[:, :, :, :-lag]):
            assert shifted.mean(axis=(0, 2, 3)) / variance == pytest.approx(wanted, abs=0.01)
    assert (sky[:, :, :-5] * sky[:, :, 5:]).mean(axis=(0, 2, 3)) / variance == pytest.approx([0] * 5, abs=0.01)


def test_neighbours(galaxies):
    counts = [len(galaxy.neighbours) for galaxy in galaxies]
    assert np.mean(counts) == pytest.approx(2.5, abs=0.1)
    assert np.var(counts) == pytest.approx(2.5, abs=0.25)
    i = np.array([near.magnitudes[IN_I] for galaxy in galaxies for near in galaxy.neighbours])
    # A slope of 0.4 per magnitude: a factor of 2.5 each.
    assert np.mean(i < 25.5) == pytest.approx(10**-0.4, abs=0.02)
    assert np.mean(i < 24.5) == pytest.approx(10**-0.8, abs=0.02)
    x = np.array([near.profile.x for galaxy in galaxies for near in galaxy.neighbours])
    assert abs(x).max() <= 32
    assert x.std() == pytest.approx(64 / np.sqrt(12), rel=0.03)


def test_some_cores_are_negative_or_saturated(galaxies):
    bad = {galaxy.core: index for index, galaxy in enumerate(galaxies) if galaxy.core}
    share = sum(bool(galaxy.core) for galaxy in galaxies) / DRAWN
    assert share == pytest.approx(0.005, abs=0.004)
    index = bad["negative"]
    band = mock.image(SETTINGS, index)[galaxies[index].core_band]
    assert band[31:33, 31:33].max() <= -10
    index = bad["saturated"]
    band = mock.image(SETTINGS, index)[galaxies[index].core_band]
    assert (band == band.max()).sum() > 4


def test_isophotal_areas_fall_with_redshift(made):
    """The recipe's check: four times or more from redshift 0.2 to 2."""
    areas: dict[str, list[float]] = {"near": [], "far": []}
    found = {"near": (0.15, 0.25), "far": (1.7, 2.3)}
    for index in range(1500):
        galaxy = mock.draw(SETTINGS, index)
        for where, (low, high) in found.items():
            if low < galaxy.central.redshift < high and len(areas[where]) < 15:
                alone = light.seen([galaxy.central.profile], galaxy.central.fluxes[None], 64)
                areas[where].append(mock.row_of(SETTINGS, index, galaxy, alone)["g_isophotal_area"])
    assert len(areas["far"]) == 15
    assert np.median(areas["near"]) > 4 * np.median(areas["far"])


def test_the_catalogue_agrees_with_the_images(made):
    """Magnitudes are those of the light there is; areas are what is above the isophote, also in noise."""
    with Stamps(made / "out.h5") as stamps:
        images = stamps.images[:]
        for channel, band in enumerate(BANDS):
            magnitude = stamps.catalog(f"{band}_cmodel_mag")
            bright = magnitude < 21
            aperture = images[bright, channel, 16:48, 16:48].sum(axis=(1, 2))
            difference = 27 - 2.5 * np.log10(aperture) - magnitude[bright]
            assert abs(np.median(difference)) < 0.15
            listed = stamps.catalog(f"{band}_isophotal_area")
            measured = []
            for image in images[:, channel]:
                labels, _ = ndimage.label(image > 1.5 * light.SKY_RMS[channel])
                measured.append((labels == labels[32, 32]).sum() if labels[32, 32] else 0)
            large = listed > 100
            # Noise at the isophote makes its edge ragged, and neighbours run into it.
            ratio = np.array(measured)[large] / listed[large]
            assert 0.8 < np.median(ratio) < 1.5
        e, a, b = (stamps.catalog(f"g_{name}") for name in ("ellipticity", "major_axis", "minor_axis"))
        np.testing.assert_allclose(e, 1 - b / a, atol=1e-12)
        assert ((e >= 0) & (e < 1)).all()


def test_redshift_can_be_told_from_the_colours():
    """What conditional models have to learn is there: a plane fit of colours already beats guessing by far."""
    rows = [mock.draw(SETTINGS, index).central for index in range(2000)]
    z = np.array([row.redshift for row in rows])
    m = np.array([row.magnitudes for row in rows])
    near = z < 1.4
    z, m = z[near], m[near]
    features = np.column_stack([m[:, :-1] - m[:, 1:], m[:, IN_I]])
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    train, test = np.arange(len(z)) % 2 == 0, np.arange(len(z)) % 2 == 1
    distance = ((features[test][:, None] - features[train]) ** 2).sum(axis=2)
    nearest = np.argsort(distance, axis=1)[:, :5]
    error = (z[train][nearest].mean(axis=1) - z[test]) / (1 + z[test])
    assert 1.4826 * np.median(abs(error - np.median(error))) < 0.06


def test_real_sky_is_like_that_of_the_mock(real_data):
    """Blank pixels of real HSC cutouts: rms to 10 %, correlation of neighbours to 0.03."""
    files = sorted((real_data / "hsc_cosmos_grizy").glob("*.npz"))[::2]
    rms: list[list[float]] = [[] for _ in BANDS]
    product, squares = np.zeros(len(BANDS)), np.zeros(len(BANDS))
    for file in files:
        with np.load(file) as data:
            image, weight = data["images"].astype(float), data["weights"]
        sigma = 1 / np.sqrt(np.where(weight > 0, weight, np.nan))
        snr = np.nan_to_num(image / sigma)
        smooth = sum(ndimage.gaussian_filter(snr[channel], 1.5) for channel in range(4)) / 2
        # White noise of unit rms, smoothed so, has an rms of 1 / (2 sqrt(pi) 1.5).
        seen = ndimage.binary_dilation(smooth > 5 / (2 * np.sqrt(np.pi) * 1.5), iterations=3)
        blank = ~(seen | (abs(snr) > 4).any(axis=0) | (weight <= 0).any(axis=0))
        if blank.sum() < 300:
            continue
        both = blank[:, 1:] & blank[:, :-1]
        for channel in range(len(BANDS)):
            rms[channel].append(image[channel][blank].std())
            level = snr[channel] - np.median(snr[channel][blank])
            product[channel] += (level[:, 1:] * level[:, :-1])[both].sum() / both.sum() * blank.sum()
            squares[channel] += (level[blank] ** 2).sum()
    assert [np.median(each) for each in rms] == pytest.approx(light.SKY_RMS, rel=0.1)
    assert product / squares == pytest.approx([each[0] for each in light.SKY_CORRELATION], abs=0.03)
