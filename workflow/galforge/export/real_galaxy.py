"""Stamps of one band as a catalogue for GalSim's ``RealGalaxyCatalog`` and ``COSMOSCatalog`` (GalSim 2.8).

    <band>.fits          table: IDENT, NAME, MAG, BAND, WEIGHT, files and HDUs of image and PSF, PIXEL_SCALE, noise
    <band>_fits.fits     table: IDENT, mag_auto, flux_radius, zphot where there are redshifts, columns of the stamps
    <band>_images.fits   one HDU per galaxy, at its own size
    <band>_psf.fits      the PSF of all of them
    <band>_noise.fits    the correlation function of their sky

The layout is that of the COSMOS training sample (Mandelbaum et al. 2012, MNRAS 420, 1518). The second table has no
parametric fits, so GalSim draws real galaxies of it (``gal_type='real'``, ``exclusion_level='none'``), and no models.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from galforge.atomic import replacing
from galforge.errors import GalforgeError
from galforge.export.light import SkyCorrelation, psf_image
from galforge.measure.images import blocks
from galforge.measure.photometry.measure import ROUNDING, aperture_weights, half_light_brightness, sky_border
from galforge.measure.photometry.settings import MeasureSettings
from galforge.stamps.file import Stamps

FILES = ("catalogue", "fits", "images", "psf", "noise")
TINY = float(np.finfo(np.float32).tiny)
"""The least sd of noise: GalSim refuses a variance of 0."""


def write_catalogue(
    stamps: Path,
    out: Mapping[str, Path],
    band: str,
    psf: tuple[float, float],
    photometry: MeasureSettings,
    count: int | None,
) -> None:
    """Write one band of the first stamps of a file for GalSim; equal stamps give equal bytes.

    MAG and mag_auto [AB mag] and flux_radius [px] follow photometry: the flux in the circle of ``log_flux``, and the
    radius of the circle of ``surface_brightness``, which holds half of it; NaN where photometry has no value.
    NOISE_VARIANCE [image units^2] is that of the stamp's own sky as photometry measures it, and where it finds no noise
    that of single precision. IDENT is the galaxy's name where all names are different whole numbers, and otherwise its
    number in the file from 0; NAME is the name.

    Args:
        stamps: a stamps file.
        out: the files to make (FILES), all in one folder.
        band: the name of the band.
        psf: FWHM [arcsec] and exponent of the PSF, a Moffat profile before it is integrated over pixels; a FWHM of 0
            for none besides the pixel.
        photometry: apertures and borders.
        count: the most stamps to write; None for all.

    Raises:
        GalforgeError: there are no stamps, no such band, pixels are not in arcsec or without zero points, or stamps are
            not square.
    """
    with Stamps(stamps) as source, ExitStack() as stack:
        index, number = _checked(source, band, count)
        written = {name: stack.enter_context(replacing(out[name])) for name in FILES}
        sky = SkyCorrelation()
        rows = list(_galaxies(source, number, index, photometry, sky, written["images"]))
        measured = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        columns = {name: source.catalog(name)[:number] for name in source.columns}
        measured |= _identities(columns, number)
        scale = source.header.pixel_scale
        fits.PrimaryHDU(psf_image(psf[0] / scale, psf[1])).writeto(written["psf"])
        fits.PrimaryHDU(sky.image()).writeto(written["noise"])
        main = {
            **{name: measured[name] for name in ("IDENT", "NAME", "MAG")},
            **{name.upper(): columns[name] for name in ("ra", "dec") if name in columns},
            "BAND": np.full(number, band),
            "WEIGHT": np.ones(number),
            "GAL_FILENAME": np.full(number, Path(out["images"]).name),
            "PSF_FILENAME": np.full(number, Path(out["psf"]).name),
            "GAL_HDU": np.arange(number, dtype=np.int32),
            "PSF_HDU": np.zeros(number, dtype=np.int32),
            "PIXEL_SCALE": np.full(number, scale),
            "NOISE_VARIANCE": measured["NOISE_VARIANCE"],
            "NOISE_FILENAME": np.full(number, Path(out["noise"]).name),
            "stamp_flux": measured["stamp_flux"],
        }
        _table(written["catalogue"], main, source)
        beside = {"IDENT": measured["IDENT"], "mag_auto": measured["MAG"], "flux_radius": measured["flux_radius"]}
        if "redshift" in columns:
            beside["zphot"] = columns["redshift"]
        known = {name.lower() for name in beside}
        _table(written["fits"], beside | {n: v for n, v in columns.items() if n.lower() not in known}, source)


def _checked(source: Stamps, band: str, count: int | None) -> tuple[int, int]:
    """Index of the band, and the number of stamps to write."""
    header, number = source.header, len(source) if count is None else min(count, len(source))
    if number == 0:
        raise GalforgeError(f"{source.path}: no stamps to export; sample the model, or make the data set, again")
    if band not in header.bands:
        raise GalforgeError(f"{source.path}: no band {band}; there are {', '.join(header.bands)}")
    if header.pixel_unit != "arcsec":
        raise GalforgeError(
            f"{source.path}: pixels are {header.pixel_scale:g} {header.pixel_unit} wide, and GalSim takes angles, for "
            "which these galaxies lack a distance; take them as FITS or npz"
        )
    if not header.zero_points:
        raise GalforgeError(
            f"{source.path}: {header.unit} has no zero point, so there are no magnitudes for a RealGalaxy catalogue; "
            "give the data set its zero points, or take the galaxies as FITS or npz"
        )
    return header.bands.index(band), number


def _galaxies(
    source: Stamps, number: int, band: int, photometry: MeasureSettings, sky: SkyCorrelation, images_file: Path
) -> Iterator[dict[str, float]]:
    """Write the images, an HDU each, and give what is measured on each; only a few of them are in memory."""
    zero_point = source.header.zero_points[band]
    for _, images in blocks(source, 0, number, band):
        aperture = aperture_weights(images.shape[-1], photometry.aperture)
        border = sky_border(images.shape[-1], photometry.border, photometry.clip)
        rms, _ = border.measure(images)
        sky.add(images, border, rms)
        flux = np.tensordot(images, aperture, axes=2)
        least = np.maximum(ROUNDING * np.abs(images).max(axis=(1, 2)), TINY)
        for image, total, noise in zip(images, flux, np.where(rms > 0, rms, least), strict=True):
            half = half_light_brightness(image, aperture, total)
            header = fits.Header([("SIMPLE", True), ("BITPIX", -32), ("NAXIS", 2)])
            header["NAXIS1"], header["NAXIS2"] = image.shape[::-1]
            hdu = fits.StreamingHDU(str(images_file), header)
            hdu.write(image.astype(np.float32))
            hdu.close()
            yield {
                "MAG": zero_point - 2.5 * np.log10(total) if total > 0 else np.nan,
                "flux_radius": np.sqrt(total / 2 / (np.pi * half)) if half > 0 else np.nan,
                "NOISE_VARIANCE": float(noise) ** 2,
                "stamp_flux": image.sum(),
            }


def _identities(columns: Mapping[str, np.ndarray], number: int) -> dict[str, np.ndarray]:
    """IDENT and NAME of each galaxy."""
    names = columns.get("name", np.arange(number).astype(str))
    whole = all(name.isdecimal() and len(name) < 18 for name in names) and len(set(map(int, names))) == number
    return {"IDENT": names.astype(np.int64) if whole else np.arange(number), "NAME": names}


def _table(out: Path, columns: Mapping[str, Any], source: Stamps) -> None:
    # FITS has logical values, but a plain array of them, which GalSim makes, holds letters.
    plain = {name: values.astype(np.int16) if values.dtype == bool else values for name, values in columns.items()}
    primary = fits.PrimaryHDU()
    primary.header["ORIGIN"] = (f"galforge, {source.header.origin}", "writer, and origin of the stamps")
    primary.header["BUNIT"] = (source.header.unit, "unit of a pixel value")
    primary.header["STAMPSHA"] = source.digest  # sha256; with a comment it would not fit
    table = fits.BinTableHDU(np.rec.fromarrays(list(plain.values()), names=list(plain)))
    fits.HDUList([primary, table]).writeto(out)
