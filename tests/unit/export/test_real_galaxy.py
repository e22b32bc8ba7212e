"""Catalogues for GalSim: GalSim itself loads them, and draws the stamps, and the galaxies behind the PSF."""

import re
from pathlib import Path

import galsim
import numpy as np
import pytest
from astropy.io import fits

from galforge.datasets.cosmos.dataset import build
from galforge.datasets.cosmos.settings import DatasetSettings
from galforge.errors import GalforgeError
from galforge.export.light import LAGS, SkyCorrelation, psf_image
from galforge.export.real_galaxy import FILES, write_catalogue
from galforge.measure.photometry.measure import measure, sky_border
from galforge.measure.photometry.settings import MeasureSettings
from galforge.stamps import sizes
from galforge.stamps.file import Header, Stamps, StampsWriter
from galforge.stamps.npz import write_npz

SCALE, ZERO_POINT, PSF, SIDE = 0.03, 25.94, (0.11, 2.5), 64
HEADER = Header(("F606W", "F814W"), SCALE, "arcsec", "electron/s", (26.5, ZERO_POINT), 2000.0, "generated")
NOISE = 2e-4
PHOTOMETRY = MeasureSettings()


def galaxy(index: int) -> galsim.GSObject:
    """A galaxy before the PSF; the last has no flux to speak of."""
    flux = [40.0, 90.0, 20.0, -5.0][index]
    return galsim.Exponential(flux=flux, half_light_radius=0.12 + 0.03 * index).shear(g1=0.25, g2=0.1 * index)


def files(folder: Path, band: str = "F814W") -> dict[str, Path]:
    names = (f"{band}.fits", *(f"{band}_{each}.fits" for each in FILES[1:]))
    return {kind: folder / name for kind, name in zip(FILES, names, strict=True)}


@pytest.fixture(scope="module")
def stamps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stamps that GalSim drew with the PSF of the second band; the first band is empty sky."""
    path, random = tmp_path_factory.mktemp("stamps") / "edm.h5", np.random.default_rng(5)
    psf = galsim.Moffat(beta=PSF[1], fwhm=PSF[0])
    with StampsWriter(path, (2, SIDE, SIDE), HEADER, 4) as writer:
        for index in range(4):
            drawn = galsim.Convolve(galaxy(index), psf).drawImage(nx=SIDE, ny=SIDE, scale=SCALE).array
            noise = random.normal(0, NOISE, (2, SIDE, SIDE))
            image = np.stack([noise[0], drawn + noise[1]])
            writer.append(image, name=f"edm-{index}", redshift=0.1 * index, padded=index == 1, ra=150.0 + index)
    return path


@pytest.fixture(scope="module")
def folder(stamps: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("catalogue")
    write_catalogue(stamps, files(out), "F814W", PSF, PHOTOMETRY, None)
    return out


def test_galsim_draws_each_stamp_with_its_own_psf_at_its_own_scale(stamps: Path, folder: Path) -> None:
    catalogue = galsim.RealGalaxyCatalog("F814W.fits", dir=str(folder))
    assert len(catalogue) == 4
    with Stamps(stamps) as source:
        for index in range(3):
            real = galsim.RealGalaxy(catalogue, index=index)
            drawn = galsim.Convolve(real, real.original_psf)
            drawn = drawn.drawImage(nx=SIDE, ny=SIDE, scale=catalogue.pixel_scale[index], method="no_pixel")
            stamp = galsim.Image(source.images[index, 1].astype(float), scale=SCALE)
            assert drawn.array.sum() == pytest.approx(stamp.array.sum(), rel=2e-3)
            # Noise finer than the PSF is gone: what stays is the light.
            assert np.abs(drawn.array - stamp.array).max() < 6 * NOISE
            before, after = stamp.FindAdaptiveMom(), drawn.FindAdaptiveMom()
            assert after.observed_shape.g1 == pytest.approx(before.observed_shape.g1, abs=2e-3)
            assert after.observed_shape.g2 == pytest.approx(before.observed_shape.g2, abs=2e-3)
            assert after.moments_sigma == pytest.approx(before.moments_sigma, rel=2e-3)


def test_another_telescope_sees_the_galaxy_that_is_behind_the_psf(folder: Path) -> None:
    catalogue, wider = (
        galsim.COSMOSCatalog(str(folder / "F814W.fits"), exclusion_level="none"),
        galsim.Gaussian(fwhm=0.4),
    )
    for index in range(3):
        real = catalogue.makeGalaxy(index, gal_type="real", noise_pad_size=0)
        drawn = galsim.Convolve(real, wider).drawImage(nx=24, ny=24, scale=0.1).array
        truth = galsim.Convolve(galaxy(index), wider).drawImage(nx=24, ny=24, scale=0.1).array
        # Wings that the stamp cuts off, and its noise.
        assert np.abs(drawn - truth).max() < 0.003 * truth.max()


def test_the_psf_is_that_of_galsim_with_its_pixel() -> None:
    for fwhm, beta, scale in ((0.11, 2.5, SCALE), (0.05, 3.5, SCALE), (0.7, 3.0, 0.168)):
        found = psf_image(fwhm / scale, beta)
        side = len(found)
        drawn = galsim.Moffat(beta=beta, fwhm=fwhm).drawImage(nx=side, ny=side, scale=scale).array
        assert found.sum() == pytest.approx(1)
        assert np.abs(found - drawn / drawn.sum()).max() < 2e-3 * found.max()
    none = psf_image(0.0, 2.5)
    assert (none.sum(), none[7, 7], none.shape) == (1.0, 1.0, (15, 15))


def test_magnitudes_and_radii_are_those_of_photometry(stamps: Path, folder: Path) -> None:
    main, beside = (fits.getdata(folder / name, 1) for name in ("F814W.fits", "F814W_fits.fits"))
    with Stamps(stamps) as source:
        table = measure(source, 0, 4, PHOTOMETRY, 1, 0.0, 0)
    assert np.isnan(main["MAG"]).tolist() == np.isnan(table["log_flux"]).tolist() == [False, False, False, True]
    assert main["MAG"] == pytest.approx(table["magnitude_F814W"].to_numpy(), nan_ok=True)
    assert np.array_equal(main["MAG"], beside["mag_auto"], equal_nan=True)
    # The mean of half of the flux within the radius is the surface brightness.
    half = 10 ** (0.4 * (ZERO_POINT - main["MAG"])) / 2
    brightness = ZERO_POINT - 2.5 * np.log10(half / (np.pi * (beside["flux_radius"] * SCALE) ** 2))
    assert brightness == pytest.approx(table["surface_brightness"].to_numpy(), nan_ok=True)
    assert main["NOISE_VARIANCE"] == pytest.approx(table["sky_rms"].to_numpy() ** 2)
    assert beside["flux_radius"][:3] * SCALE == pytest.approx([0.14, 0.17, 0.2], abs=0.02)


def test_tables_say_whose_galaxies_they_are(folder: Path) -> None:
    with fits.open(folder / "F814W.fits") as file:
        assert file[0].header["ORIGIN"] == "galforge, generated"
        table = file[1].data
        assert table["NAME"].tolist() == [f"edm-{index}" for index in range(4)]
        assert table["IDENT"].tolist() == [0, 1, 2, 3]
        assert table["RA"].tolist() == [150.0, 151.0, 152.0, 153.0]
        assert set(table["BAND"]) == {"F814W"}
        assert "DEC" not in table.names
    beside = fits.getdata(folder / "F814W_fits.fits", 1)
    assert beside["zphot"] == pytest.approx([0.0, 0.1, 0.2, 0.3])
    assert np.array(beside, copy=True)["padded"].tolist() == [0, 1, 0, 0]


def test_galforge_reads_back_equal_stamps(stamps: Path, folder: Path, tmp_path: Path) -> None:
    settings = DatasetSettings(source="path", path=str(folder / "F814W.fits"), size=SIDE, min_size=0)
    build(settings, [folder / "F814W.fits"], tmp_path / "back.h5", tmp_path / "rejected.csv")
    with Stamps(stamps) as source, Stamps(tmp_path / "back.h5") as back:
        assert np.array_equal(back.images[:, 0], source.images[:, 1])
        assert back.catalog("name").tolist() == ["0", "1", "2", "3"]
        assert np.isfinite(back.catalog("noise_variance")).all()


def test_the_noise_is_that_of_the_sky(tmp_path: Path) -> None:
    """White noise smoothed by a kernel has the kernel's own correlation."""
    random, kernel = np.random.default_rng(3), np.array([[0.0, 0.5, 0.1], [0.5, 1.0, 0.5], [0.0, 0.5, 0.0]])
    header, count = Header(("i",), 0.2, "arcsec", "count", (27.0,), 3.0, "mock"), 300
    white = random.normal(size=(count, 80, 80))
    noise = sum(kernel[y, x] * np.roll(white, (y - 1, x - 1), axis=(1, 2)) for y in range(3) for x in range(3))[
        :, 8:72, 8:72
    ]
    noise *= np.linspace(0.5, 2.0, count)[:, None, None]
    with StampsWriter(tmp_path / "sky.h5", (1, 64, 64), header, count) as writer:
        writer.append_block(noise[:, None], {})
    write_catalogue(tmp_path / "sky.h5", files(tmp_path, "i"), "i", (0.6, 3.0), PHOTOMETRY, None)
    found = fits.getdata(tmp_path / "i_noise.fits")
    truth = np.zeros((2 * LAGS + 1, 2 * LAGS + 1))
    for lag_y in range(-2, 3):
        for lag_x in range(-2, 3):
            pairs = [
                kernel[y, x] * kernel[y + lag_y, x + lag_x]
                for y in range(3)
                for x in range(3)
                if 0 <= y + lag_y < 3 and 0 <= x + lag_x < 3
            ]
            truth[LAGS + lag_y, LAGS + lag_x] = sum(pairs) / (kernel**2).sum()
    # The surface that is taken from the sky takes up to this with it.
    assert np.abs(found - truth).max() < 0.06
    assert found[LAGS, LAGS] == 1
    assert found[LAGS, LAGS + 1] > found[LAGS, LAGS + 2] + 0.2
    catalogue = galsim.RealGalaxyCatalog(str(tmp_path / "i.fits"))
    variances = [catalogue.getNoise(index).getVariance() for index in (0, count - 1)]
    expected = (kernel**2).sum() * np.array([0.25, 4.0])
    assert variances == pytest.approx(expected, rel=0.3)


def test_stamps_without_noise_are_drawn_too(tmp_path: Path) -> None:
    """GalSim refuses a variance of nothing: that of single precision stands there."""
    header = Header(("i",), SCALE, "arcsec", "electron", (34.0,), 1.0, "analytic")
    with StampsWriter(tmp_path / "sersic.h5", (1, 48, 48), header, 2) as writer:
        for index in (123, 45):
            image = galsim.Gaussian(sigma=0.15, flux=1000.0).shear(g1=0.2).drawImage(nx=48, ny=48, scale=SCALE).array
            writer.append(image[None], name=f"{index:06d}")
    write_catalogue(tmp_path / "sersic.h5", files(tmp_path, "i"), "i", (0.0, 2.5), PHOTOMETRY, 1)
    catalogue = galsim.COSMOSCatalog(str(tmp_path / "i.fits"), exclusion_level="none")
    assert len(catalogue) == 1
    assert catalogue.real_cat.ident == ["123"]
    assert 0 < catalogue.real_cat.variance[0] < 1e-10
    assert np.count_nonzero(fits.getdata(tmp_path / "i_noise.fits")) == 1
    real = catalogue.makeGalaxy(0, gal_type="real")
    assert real.flux == pytest.approx(1000, rel=2e-3)


def test_one_sky_alone_has_no_lag_without_pairs() -> None:
    images = np.random.default_rng(0).normal(size=(1, 16, 16))
    border = sky_border(16, 0.0625, 3.0)
    sky = SkyCorrelation()
    sky.add(images, border, np.array([1.0]))
    assert np.isfinite(sky.image()).all()


def test_what_cannot_be_exported_leaves_no_file(stamps: Path, tmp_path: Path) -> None:
    def refused(path: Path, band: str, match: str) -> None:
        with pytest.raises(GalforgeError, match=match):
            write_catalogue(path, files(tmp_path / "out"), band, PSF, PHOTOMETRY, None)
        assert not list((tmp_path / "out").glob("*"))

    refused(stamps, "g", r"edm\.h5: no band g; there are F606W, F814W")
    kpc = Header(("g",), 0.394, "kpc", "electron/s", (25.0,), 750.0, "mock", (2.0, 2516.0))
    with StampsWriter(tmp_path / "skirt.h5", (2, 32, 32), kpc, 1) as writer:
        writer.append(sizes.store(np.ones((1, 24, 24)), 48, 32, kpc.sides))
    refused(tmp_path / "skirt.h5", "g", r"skirt\.h5: pixels are 0\.394 kpc wide.*take them as FITS or npz")
    levels = Header(("grey",), 0.1, "arcsec", "8-bit level", (), 1.0, "mock")
    with StampsWriter(tmp_path / "sparse.h5", (1, 32, 32), levels, 1) as writer:
        writer.append(np.ones((1, 32, 32)))
    refused(tmp_path / "sparse.h5", "grey", r"sparse\.h5: 8-bit level has no zero point")
    with StampsWriter(tmp_path / "none.h5", (2, 32, 32), HEADER, 1):
        pass
    refused(tmp_path / "none.h5", "F814W", r"none\.h5: no stamps to export")
    with StampsWriter(tmp_path / "wide.h5", (2, 16, 32), HEADER, 1) as writer:
        writer.append(np.ones((2, 16, 32)))
    refused(tmp_path / "wide.h5", "F814W", r"wide\.h5: stamps must be square")


def test_galaxies_come_at_their_own_size_and_equal_bytes(tmp_path: Path) -> None:
    coded = Header(("g",), 0.4, "arcsec", "electron/s", (25.0,), 750.0, "mock", (2.0, 2516.0))
    with StampsWriter(tmp_path / "coded.h5", (2, 64, 64), coded, 2) as writer:
        for side in (24, 40):
            image = galsim.Gaussian(sigma=side / 8).drawImage(nx=side, ny=side, scale=1.0).array[None]
            writer.append(sizes.store(image, 2 * side, 64, coded.sides), name=f"tng-{side}")
    for name in ("a", "b"):
        write_catalogue(tmp_path / "coded.h5", files(tmp_path / name, "g"), "g", (1.0, 2.5), PHOTOMETRY, None)
    with fits.open(tmp_path / "a" / "g_images.fits") as file:
        file.verify("exception")
        assert [hdu.data.shape for hdu in file] == [(24, 24), (40, 40)]
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


@pytest.mark.real
def test_real_galaxies_have_the_noise_and_radii_of_their_own_catalogue(real_data: Path, tmp_path: Path) -> None:
    """HST's galaxies of the RealGalaxy sample, whose noise and radii others measured."""
    folder, name = real_data / "hst_cosmos_f814w", "real_galaxy_catalog_26_extension_example"
    settings = DatasetSettings(
        source="path", path=str(folder / f"{name}.fits"), size=48, min_size=48, max_rejected_share=1.0
    )
    build(settings, [folder / f"{name}.fits"], tmp_path / "hst.h5", tmp_path / "rejected.csv")
    write_catalogue(tmp_path / "hst.h5", files(tmp_path), "F814W", (0.103, 2.35), PHOTOMETRY, None)
    main, beside = (fits.getdata(tmp_path / each, 1) for each in ("F814W.fits", "F814W_fits.fits"))
    theirs = {row["IDENT"]: row for row in fits.getdata(folder / f"{name}.fits", 1)}
    radii = {row["IDENT"]: row["flux_radius"] for row in fits.getdata(folder / f"{name}_fits.fits", 1)}
    assert len(main) == 38
    ratio = [row["NOISE_VARIANCE"] / theirs[row["IDENT"]]["NOISE_VARIANCE"] for row in main]
    assert np.median(ratio) == pytest.approx(0.92, abs=0.05)
    # Ours ends at the aperture, theirs is SExtractor's.
    ratio = [row["flux_radius"] / radii[row["IDENT"]] for row in beside]
    assert np.nanmedian(ratio) == pytest.approx(0.9, abs=0.05)
    found, known = fits.getdata(tmp_path / "F814W_noise.fits"), fits.getdata(folder / "acs_I_unrot_sci_20_cf.fits")
    known = known[40 - LAGS : 41 + LAGS, 40 - LAGS : 41 + LAGS] / known[40, 40]
    assert np.abs(found - known).max() < 0.1
    assert found[LAGS, LAGS + 1] == pytest.approx(known[LAGS, LAGS + 1], abs=0.05)
    assert found[LAGS + 1, LAGS + 1] == pytest.approx(known[LAGS + 1, LAGS + 1], abs=0.05)


def test_the_lines_of_the_page_draw_a_galaxy(
    stamps: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).parents[3] / "docs" / "your-own-galaxies.md").read_text(encoding="utf-8")
    drawing, reading = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len([line for line in drawing.splitlines() if line]) == 5
    asked = tmp_path / re.search(r'"(results/.*)/F814W\.fits"', drawing)[1]
    asked.parent.mkdir(parents=True)
    asked.symlink_to(folder)
    archive = tmp_path / re.search(r'"(results/.*\.npz)"', reading)[1]
    write_npz(stamps, archive, None)
    monkeypatch.chdir(tmp_path)
    done: dict = {}
    exec(drawing + reading, done)
    # Through a wider PSF, in wider pixels, it has the flux of the galaxy.
    assert done["image"].array.sum() == pytest.approx(40.0, rel=0.02)
    assert done["images"].shape == (4, 2, SIDE, SIDE)
    assert done["names"][1] == "edm-1"
