"""Settings of source extraction."""

from typing import Self

from pydantic import Field, model_validator

from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("numpy", "scipy", "numba", "astropy", "photutils", "sep")


class MeasureSettings(Settings):
    """Source extraction as Li et al. 2024 set SExtractor up, and a Sersic fit of the central galaxy."""

    detect_threshold: float = Field(3.0, gt=0, description="smoothed pixels above it are sources [sky rms]")
    analysis_threshold: float = Field(
        1.5, gt=0, description="pixels of a source above it, unsmoothed, are its isophotal area [sky rms]"
    )
    min_area: int = Field(5, ge=1, description="pixels that a source needs [px]")
    deblend_levels: int = Field(32, ge=1, description="thresholds at which touching sources are separated [count]")
    deblend_contrast: float = Field(
        0.005, ge=0, le=1, description="share of the light that a separated source needs [fraction]"
    )
    clean: float = Field(1.0, ge=0, description="efficiency of the removal of sources in others' wings; 0: none")
    mesh: int = Field(64, ge=8, description="side of the cells in which the sky is estimated [px]")
    central: float = Field(
        5 / 64,
        gt=0,
        le=0.5,
        description="the central galaxy lies within this of the middle; 5 px of 64 [fraction of the side]",
    )
    border: float = Field(
        0.0625,
        gt=0,
        le=0.25,
        description="width of the frame in which each band's sky is measured [fraction of the side]",
    )
    clip: float = Field(3.0, gt=1, description="sigma clipping of the sky pixels [sigma]")
    sersic: bool = Field(True, description="fit a Sersic model; most of the time goes into it")
    psf_fwhm: list[float] = Field(
        [0.79, 0.75, 0.61, 0.68, 0.68],
        min_length=1,
        description="FWHM of the point spread function in each band, a Moffat profile; by default the medians of HSC "
        "in g, r, i, z, y; a single one holds for all bands [arcsec]",
    )
    psf_beta: float = Field(3.0, gt=1, description="exponent of its wings")

    @model_validator(mode="after")
    def _positive(self) -> Self:
        if min(self.psf_fwhm) <= 0:
            raise ValueError(f"psf_fwhm {self.psf_fwhm} must be above 0")
        return self
