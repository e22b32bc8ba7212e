"""Settings of measuring that belong to a data set, and those that all measures have."""

from typing import Annotated, Any, Literal

from pydantic import Field

from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.


class Measuring(Settings):
    """Section `measuring` of a data set."""

    band: int = Field(0, ge=0)
    """channel in which galaxies are measured [index, 0 = first band]"""
    noise_sigma: Annotated[float, Field(ge=0)] | Literal["auto"] = "auto"
    """sd of Gaussian noise added before corrected morphology [image units]; auto: the smallest that gives flag <= 1 for
    80 % of the source stamps (0 where the stamps are noisy already)"""
    calibration_stamps: int = Field(60, ge=10)
    """source stamps used to find that noise [count]"""
    calibration_target: float = Field(0.8, gt=0, le=1)
    """share of these stamps that must have flag <= 1 with the noise"""
    expected_count: int = Field(1000, ge=1)
    """expected number of source stamps, only used to split measuring into jobs [count]"""
    expected_scored: int = Field(12000, ge=1)
    """expected number of scored and accompanying images, for data sets with scores; only used to split measuring into
    jobs [count]"""
    published_cuts: bool = False
    """apply the published cuts in the published protocol; they are for SKIRT in native pixels"""
    seed: int = Field(0, ge=0)
    """seed of the added noise [any integer]"""
    measures: list[str] | None = None
    """measures for this data set and its models; null: all [keys of `measures`]"""
    psf_fwhm: list[Annotated[float, Field(ge=0)]] = Field([], json_schema_extra={"stage": "export"})
    """FWHM of the point spread function (a Moffat profile, before pixels integrate it) in each band, or one for all; 0
    for none. Only a catalogue for GalSim reads it; empty: that of the mock, where the data set is one [arcsec]"""
    psf_beta: float = Field(2.5, gt=1, json_schema_extra={"stage": "export"})
    """exponent of the wings of that profile; 2.5 is that of HST's ACS"""
    overrides: dict[str, Any] = Field(default_factory=dict)
    """settings of measures that differ for this data set, as a tree: {power_spectrum: {band: 1}}"""


class MeasureEntry(Settings):
    """Settings of a measure besides those of its family."""

    family: str
    """folder of workflow/galforge/measure/"""
    chunk: int = Field(1000, ge=1)
    """stamps measured by one job, enough for some minutes; of variants that are measured together the smallest counts
    [count]"""
    band: int | None = Field(None, ge=0)
    """channel to measure; null: that of the data set [index, 0 = first band]"""


class SkySettings(Settings):
    """How the sky in a frame along the edges of a stamp is measured."""

    border: float = Field(0.0625, gt=0, le=0.25)
    """width of the frame in which the sky is measured [fraction of the side]"""
    clip: float = Field(3.0, gt=1)
    """sigma clipping of the sky pixels [sigma]"""
