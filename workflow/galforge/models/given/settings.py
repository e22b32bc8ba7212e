"""Typed settings of generated images that are given as files."""

from typing import Literal, Self

from pydantic import Field, model_validator

from galforge.settings import Angle, Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

GIVEN = True
LIBRARIES = ("numpy", "h5py", "astropy", "pyarrow", "pillow", "pandas")
SAID = {
    "flux": "pixels are fluxes of a stated unit",
    "relative": "pixels times the declared factor {factor:g} are compared",
    "display": "pixels are levels of pictures (rendering: {rendering}); nothing is said of fluxes, colours or the sky",
    "normalised": "each stamp is scaled by itself, so nothing is said of fluxes, colours or the sky",
}
"""What tables say of the unit of the pixels."""


class ModelSettings(Settings):
    """Images that somebody generated, and what one must know to compare them with a data set.

    Nothing is rescaled in silence: what is said here is compared with the data set, converted where that is exact, and
    refused where the two cannot agree.
    """

    path: str = Field(min_length=1, json_schema_extra={"stage": "raw input"})
    """the images: npz, npy, HDF5, Parquet, FITS or a folder of FITS files [path from the working directory]"""
    unit: Literal["flux", "relative", "display", "normalised"]
    """what a pixel value is; flux: linear, in the unit that zero_points or pixel_unit say; relative: linear, and
    `factor` times it is in the data set's unit; display: 8-bit levels of pictures that were rendered as those of the
    data set; normalised: each stamp was scaled by itself, as those of the data set were"""
    pixel_scale: Angle = Field(gt=0)
    """side of a pixel, as the data set's header says it [arcsec, or kpc where the data set is in kpc]"""
    bands: list[str] = Field(min_length=1)
    """names of the channels, in their order"""
    zero_points: list[float] = Field(default_factory=list, json_schema_extra={"when": {"unit": ["flux"]}})
    """AB magnitude of one unit, per band; where the data set has zero points"""
    pixel_unit: str = Field("", json_schema_extra={"when": {"unit": ["flux"]}})
    """name of the unit, which must be the data set's; where that has no zero points"""
    factor: float = Field(1.0, gt=0, json_schema_extra={"when": {"unit": ["relative"]}})
    """the one number that all pixels are multiplied by to come to the data set's unit"""
    rendering: str = Field("", json_schema_extra={"when": {"unit": ["display"]}})
    """how the pictures were made of fluxes; the data set must say the same text"""
    sides: list[float] = Field(default_factory=list)
    """where the last channel codes the galaxies' sizes, as the data set's does: the sides that have the codes 0 and 1
    [px]"""
    array: str = "auto"
    """name of the array, data set or column that holds the images, where the file has several"""
    layout: Literal["auto", "nchw", "nhwc"] = "auto"
    """order of the axes of arrays: channels before rows and columns, or after; auto: as their lengths tell"""
    catalogue: str = Field("", json_schema_extra={"stage": "raw input"})
    """table of what each image was generated for: CSV, ECSV, FITS or Parquet; rows go by `name`, or in the order of the
    images where it has no such column"""
    columns: list[str] = Field(default_factory=list)
    """columns of the catalogue that go along with the images, such as redshift"""
    count: int = Field(0, ge=0)
    """take so many images from the beginning; 0: all [images]"""
    max_rejected_share: float = Field(0.0, ge=0, lt=1)
    """stop if a larger share of the images cannot be used"""
    title: str = Field("", json_schema_extra={"stage": "tables"})
    """what tables call the model, such as its name in a paper"""
    authors: str = Field("", json_schema_extra={"stage": "tables"})
    """who generated the images"""
    address: str = Field("", json_schema_extra={"stage": "tables"})
    """where the images or the paper can be found [URL]"""
    licence: str = Field("", json_schema_extra={"stage": "tables"})
    """licence of the images"""

    @model_validator(mode="after")
    def _unit_is_said(self) -> Self:
        if self.unit == "flux" and bool(self.zero_points) == bool(self.pixel_unit):
            raise ValueError(
                "unit: flux needs either zero_points (AB magnitude of one unit, per band) or pixel_unit (its name); "
                "with an unknown scale say unit: relative and a factor"
            )
        if self.zero_points and len(self.zero_points) != len(self.bands):
            raise ValueError(f"{len(self.zero_points)} zero_points for {len(self.bands)} bands; give one for each")
        if len(set(self.bands)) < len(self.bands):
            raise ValueError(f"bands {', '.join(self.bands)}: each once")
        if self.columns and not self.catalogue:
            raise ValueError(f"columns {', '.join(self.columns)} need a catalogue that has them")
        return self

    @property
    def sentence(self) -> str:
        """What is known of the images, for the notes of tables; without a full stop."""
        unit = SAID[self.unit].format(factor=self.factor, rendering=self.rendering or "not stated")
        authors = f"by {self.authors}" if self.authors else ""
        licence = f"licence {self.licence}" if self.licence else "licence not stated"
        return ", ".join(filter(None, (self.title, authors, self.address, licence, unit)))
