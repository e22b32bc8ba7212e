"""Stamps as FITS: what astropy reads back are the same pixels, and fluxes and magnitudes are those that went in."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.stats import gaussian_fwhm_to_sigma

from galforge.errors import GalforgeError
from galforge.stamps import sizes
from galforge.stamps.file import Header, Stamps, StampsWriter
from galforge.stamps.fits import write_fits
from galforge.stamps.native_file import NativeWriter

SIDES = (2.0, 2516.0)
MAGNITUDE, ZERO_POINT = 20.0, 25.94
FLUX = 10 ** (0.4 * (ZERO_POINT - MAGNITUDE))


def gaussian(side: int, flux: float) -> np.ndarray:
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    profile = np.exp(-(x**2 + y**2) / (2 * (side * gaussian_fwhm_to_sigma / 4) ** 2))
    return flux * profile / profile.sum()


@pytest.fixture
def stamps(tmp_path: Path) -> Path:
    header = Header(("F814W",), 0.03, "arcsec", "electron/s", (ZERO_POINT,), 1.0, "generated")
    with StampsWriter(tmp_path / "vae.h5", (1, 32, 32), header, 70) as writer:
        for index in range(70):
            image = gaussian(32, FLUX * (index + 1))[None]
            writer.append(image, name=f"vae-{index}", index=index, redshift=0.1 * index, gain=2000.0 + index)
    return tmp_path / "vae.h5"


def test_photometry_of_a_known_flux(stamps: Path, tmp_path: Path) -> None:
    write_fits(stamps, tmp_path / "vae.fits", None)
    with fits.open(tmp_path / "vae.fits") as file, Stamps(stamps) as source:
        file.verify("exception")
        assert [hdu.name for hdu in file] == ["PRIMARY", "CATALOG", "IMAGES"]
        assert file[0].header["ORIGIN"] == "galforge, generated"
        assert file[0].header["STAMPSHA"] == source.digest
        header, images = file["IMAGES"].header, file["IMAGES"].data
        assert images.shape == (70, 1, 32, 32)
        assert np.array_equal(images, source.images[:])
        assert (header["BAND1"], header["BUNIT"], header["GAIN"]) == ("F814W", "electron/s", 2034.5)
        assert (header["PIXSCALE"], header["PIXUNIT"]) == (0.03, "arcsec")
        assert header["MAGZERO"] == header["MAGZP1"]
        magnitude = header["MAGZERO"] - 2.5 * np.log10(images[0, 0].sum())
        assert magnitude == pytest.approx(MAGNITUDE, abs=1e-4)
        table = file["CATALOG"].data
        assert table["name"][69] == "vae-69"
        assert table["redshift"][3] == pytest.approx(0.3)
        assert table["index"].tolist() == list(range(70))


def test_the_first_stamps_alone_and_equal_bytes(stamps: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_fits(stamps, tmp_path / f"{name}.fits", 3)
    assert (tmp_path / "a.fits").read_bytes() == (tmp_path / "b.fits").read_bytes()
    with fits.open(tmp_path / "a.fits") as file:
        assert (file[0].header["NSTAMPS"], len(file["CATALOG"].data), len(file["IMAGES"].data)) == (3, 3, 3)
    assert (tmp_path / "a.fits").stat().st_size % 2880 == 0


@pytest.mark.parametrize("kept", ["coded", "native"])
def test_galaxies_come_at_their_own_size(tmp_path: Path, kept: str) -> None:
    bands, zero_points = ("g", "r", "i"), (25.0, 25.5, 26.0)
    path, sides, gains = tmp_path / "skirt.h5", (24, 40), (750.0, 800.0)
    galaxies = [np.stack([gaussian(side, FLUX * factor) for factor in (1, 2, 3)]) for side in sides]
    if kept == "coded":
        header = Header(bands, 0.394, "kpc", "electron/s", zero_points, 750.0, "mock", SIDES)
        with StampsWriter(path, (4, 64, 64), header, 2) as writer:
            for side, image, gain in zip(sides, galaxies, gains, strict=True):
                writer.append(sizes.store(image, 2 * side, 64, SIDES), name=f"tng-{side}", gain=gain)
    else:
        header = Header(bands, 0.394, "kpc", "electron/s", zero_points, 750.0, "mock")
        with NativeWriter(path, header) as writer:
            for side, image, gain in zip(sides, galaxies, gains, strict=True):
                writer.append(image, name=f"tng-{side}", gain=gain)
    write_fits(path, tmp_path / "skirt.fits", None)
    with fits.open(tmp_path / "skirt.fits") as file:
        file.verify("exception")
        assert [hdu.name for hdu in file[2:]] == ["TNG-24", "TNG-40"]
        assert file["CATALOG"].data["extname"].tolist() == ["TNG-24", "TNG-40"]
        for side, image, gain in zip(sides, galaxies, gains, strict=True):
            hdu = file[f"TNG-{side}"]
            assert hdu.data.shape == (3, side, side)
            assert [hdu.header[f"BAND{number}"] for number in (1, 2, 3)] == list(bands)
            assert [hdu.header[f"MAGZP{number}"] for number in (1, 2, 3)] == list(zero_points)
            assert (hdu.header["GAIN"], hdu.header["PIXUNIT"], "MAGZERO" in hdu.header) == (gain, "kpc", False)
            # Resizing there and back moves light between pixels, and none out of the galaxy.
            tolerance = 1e-6 if kept == "native" else 0.01
            assert hdu.data.sum(axis=(1, 2)) == pytest.approx(image.sum(axis=(1, 2)), rel=tolerance)


def test_what_cannot_be_exported_leaves_no_file(tmp_path: Path) -> None:
    header = Header(("g",), 0.394, "kpc", "electron/s", (), 750.0, "mock")
    with NativeWriter(tmp_path / "twice.h5", header) as writer:
        for name in ("a", "A"):
            writer.append(gaussian(16, 1.0)[None], name=name)
    with pytest.raises(GalforgeError, match=r"twice\.h5: two galaxies are called A"):
        write_fits(tmp_path / "twice.h5", tmp_path / "out.fits", None)
    with StampsWriter(tmp_path / "none.h5", (1, 16, 16), header, 4):
        pass
    with pytest.raises(GalforgeError, match=r"none\.h5: no stamps to export"):
        write_fits(tmp_path / "none.h5", tmp_path / "out.fits", None)
    assert not (tmp_path / "out.fits").exists()
