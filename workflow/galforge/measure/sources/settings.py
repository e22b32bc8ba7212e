"""Settings of source extraction."""

from typing import Self

from pydantic import Field, model_validator

from galforge.measure.settings import SkySettings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("numpy", "scipy", "numba", "sep")


class MeasureSettings(SkySettings):
    """Source extraction as Li et al. 2024 set SExtractor up, and a Sersic fit of the central galaxy."""

    detect_threshold: float = Field(3.0, gt=0)
    """threshold of detection, in the smoothed image [sky rms]"""
    analysis_threshold: float = Field(1.5, gt=0)
    """threshold of the isophotal area, in the image that is not smoothed [sky rms]"""
    min_area: int = Field(5, ge=1)
    """smallest number of pixels of a source [px]"""
    deblend_levels: int = Field(32, ge=1)
    """number of thresholds for deblending [count]"""
    deblend_contrast: float = Field(0.005, ge=0, le=1)
    """smallest share of the light of a deblended source [fraction]"""
    clean: float = Field(1.0, ge=0)
    """efficiency of removing false sources in wings of others; 0: none"""
    mesh: int = Field(64, ge=8)
    """side of the cells of the sky mesh [px]"""
    central: float = Field(5 / 64, gt=0, le=0.5)
    """largest distance of the central galaxy from the middle; 5 px of 64 [fraction of the side]"""
    sersic: bool = True
    """fit a Sersic model, which takes most of the time"""
    psf_fwhm: list[float] = Field([0.79, 0.75, 0.61, 0.68, 0.68], min_length=1)
    """FWHM of the point spread function (a Moffat profile) in each band, by default the medians of HSC in g, r, i, z,
    y; a single value is for all bands [arcsec]"""
    psf_beta: float = Field(3.0, gt=1)
    """exponent of the wings of the Moffat profile"""
    free_sky: bool = True
    """fit a constant sky together with the Sersic model; without it, light of 0.1 sky rms that is not the galaxy's
    raises the index by 2 to 7 % at a signal-to-noise ratio of 1000, and by 13 to 60 % at 150"""

    @model_validator(mode="after")
    def _positive(self) -> Self:
        if min(self.psf_fwhm) <= 0:
            raise ValueError(f"psf_fwhm {self.psf_fwhm} must be above 0")
        return self
