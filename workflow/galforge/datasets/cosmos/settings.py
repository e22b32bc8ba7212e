"""Settings of the cosmos data set: HST/ACS F814W postage stamps, downloaded, given or mocked."""

from typing import Literal, Self

from pydantic import Field, model_validator

from galforge.datasets.settings import FOLDS, Folds, Md5, Origin, Release, Sha256, check_source
from galforge.settings import Angle, Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("numpy", "scipy", "astropy", "h5py")
MOCK_LIBRARIES = ("numpy", "astropy", "galsim")


class MockSettings(Settings):
    """A stand-in for the survey's archive, used with source: mock; never printed as if it were the survey."""

    count: int = Field(1000, ge=1)
    """stamps in the mock archive"""
    seed: int = Field(814, ge=0)
    """seed of the mock galaxies and of their noise"""
    brightest_magnitude: float = 20.0
    """bright end of the number counts [AB mag]"""
    faintest_magnitude: float = 25.2
    """faint end of the number counts [AB mag]"""
    late_share: float = Field(0.7, ge=0, le=1)
    """share of disc galaxies at magnitude 24 (+0.08 per mag); the others are early types"""
    companion_share: float = Field(0.08, ge=0, le=1)
    """share with a companion at 0.5-2" """
    tidal_share: float = Field(0.05, ge=0, le=1)
    """share with a lopsided disc and a tidal tail"""
    psf_fwhm: Angle = Field(0.11, gt=0)
    """full width at half maximum of the PSF [arcsec]"""
    noise_rms: float = Field(0.0026, ge=0)
    """median sky noise per pixel [electron/s]"""
    smallest_side: int = Field(16, ge=8)
    """stamps are at least this wide; set it to the size cut [px]"""
    largest_side: int = Field(512, ge=8)
    """stamps are at most this wide [px]"""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.brightest_magnitude >= self.faintest_magnitude:
            raise ValueError(
                f"brightest_magnitude {self.brightest_magnitude:g} must be below "
                f"faintest_magnitude {self.faintest_magnitude:g} (bright is small)"
            )
        if self.smallest_side > self.largest_side:
            raise ValueError(f"smallest_side {self.smallest_side} exceeds largest_side {self.largest_side}")
        return self


class DatasetSettings(Release):
    """HST F814W postage stamps, cut and cropped as by Holzschuh et al. (2022)."""

    source: Literal["download", "path", "mock"] = "mock"
    """download (needs url), path (needs path) or mock"""
    path: str = Field("", json_schema_extra={"stage": "raw input"})
    """with source: path. A tar or tar.gz, a folder of FITS stamps, or a RealGalaxy catalogue"""
    url: str = Field("", json_schema_extra={"stage": "download"})
    """with source: download. URL of cosmos_galaxy_postage_stamps.tar (COSMOS 'shera', IRSA)"""
    sha256: Sha256 = ""
    md5: Md5 = ""
    origin: Origin = "observed"
    pattern: str = Field("auto", min_length=1)
    """names of the stamp files, such as '*_i.fits'. auto: *_processed.fits.gz if there are any (the survey's release
    has other files beside them), otherwise *.fits and *.fits.gz"""
    extension: int = Field(0, ge=0)
    """number of the FITS HDU that holds the image"""
    size: int = Field(256, ge=16)
    """side of the stamps after the central crop [px]"""
    min_size: int = Field(256, ge=0)
    """size cut: both native sides are at least this; 0 for no cut [px]"""
    pad: Literal["refuse", "noise"] = "refuse"
    """stamps smaller than size: refuse them, or pad them with noise of the level, rms and correlation of their own
    sky"""
    bands: list[str] = Field(["F814W"], min_length=1, max_length=1)
    """name of the one band; stamps whose header names another are rejected"""
    pixel_scale: Angle = Field(0.03, gt=0)
    """side of a pixel [arcsec]"""
    zero_point: float = 25.94
    """AB magnitude of one electron/s"""
    exposure_time_s: float = Field(2028.0, gt=0)
    """gain of stamps without the keyword EXPTIME: electrons per (electron/s) [s]"""
    trust: Literal["settings", "header", "refuse"] = Field("header", json_schema_extra={"as_before": "header"})
    """which wins where header and settings say different things; refuse: such a stamp is rejected"""
    seed: int = Field(2022, ge=0)
    """seed of the splits and of the noise that stamps are padded with"""
    folds: Folds = FOLDS
    """a fold as the test split"""
    mock: MockSettings = Field(MockSettings(), json_schema_extra={"stage": "mock"})
    """with source: mock"""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.source == "download" and not self.url:
            raise ValueError(
                "source: download lacks `url`. Find cosmos_galaxy_postage_stamps.tar among the COSMOS 'shera' "
                "products at IRSA and give its address, or give the file itself with source: path"
            )
        mocked = {"bands": ["F814W"], "pixel_scale": 0.03, "zero_point": 25.94, "extension": 0}
        check_source(self, "a tar, a folder of FITS stamps, or a RealGalaxy catalogue", mocked)
        if self.source == "mock":
            largest = self.mock.largest_side
            for name, needed in (("min_size", self.min_size), ("size", self.size if self.pad == "refuse" else 0)):
                if needed > largest:
                    raise ValueError(f"{name} {needed} exceeds mock.largest_side {largest}: no mock stamp would enter")
        return self
