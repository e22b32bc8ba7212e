"""Settings of the cutouts data set: observed galaxies of any survey, in one to five bands, from any usual format."""

from typing import Literal, Self

from pydantic import Field, model_validator

from galforge.datasets.settings import FOLDS, Folds, Origin, Release, check_source
from galforge.settings import Angle

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("numpy", "scipy", "astropy", "h5py", "pyarrow", "pillow")
DISPLAY = "display"
FREE = ("relative", "normalised")
"""Units without a name: an unknown linear one, and stamps that were each scaled by themselves."""
OWN_COLUMNS = ("name", "split", "padded", "missing_share", "native_height", "native_width", "gain")
"""Columns of the catalogue that the family makes itself."""


class DatasetSettings(Release):
    """Cutouts of galaxies with what their files do not say."""

    source: Literal["path"] = "path"
    """path: the cutouts are where `path` says"""
    path: str = Field("", json_schema_extra={"stage": "raw input"})
    """a folder or tar of FITS, npz, npy, PNG or JPEG files; or one file with many galaxies: FITS, npz, npy, HDF5,
    Parquet, a GalSim RealGalaxy catalogue"""
    origin: Origin = "observed"
    pattern: str = Field("auto", min_length=1)
    """names of the files, such as '*_sci.fits'; '{band}' in it stands for a band's name ('*_{band}.fits'): each
    galaxy then has one file per band. auto: all files but those that are no science images by their names (weights,
    PSFs, masks)"""
    leave_out: list[str] = Field([])
    """patterns of files to leave out, such as ['*_wht.fits']"""
    extension: int | str = "auto"
    """number or name of the FITS HDU that holds the image; with several bands also a list with commas ('1,2,3') or a
    name with '{band}' in it. auto: SCI, or else the first image that is no mask, weight or
    error"""
    array: str = "auto"
    """name of the array, HDF5 data set or Parquet column that holds the images"""
    layout: Literal["auto", "nchw", "nhwc"] = "auto"
    """order of the axes of arrays: bands before (nchw) or behind (nhwc) rows and columns"""
    names: str = "auto"
    """name of the array or column that holds the galaxies' names"""
    bad_bits: int = Field(0, ge=0)
    """bits of a FITS mask that mean that a pixel is missing, as a sum; 0 for all (of masks of LSST and HSC: BAD, SAT,
    CR, NO_DATA, INTRP)"""
    catalogue: str = Field("", json_schema_extra={"stage": "raw input"})
    """a catalogue beside the images: CSV, ECSV, FITS table or Parquet; its rows are found by the galaxies' names"""
    catalogue_names: str = "auto"
    """column of the catalogue with the galaxies' names"""
    conditions: list[str] = Field([])
    """columns, of the catalogue or of the file with the images, that models can be conditioned on; galaxies without a
    value are rejected"""
    columns: list[str] = Field([])
    """more columns to copy; [all] for all that there are"""
    size: int = Field(64, ge=16)
    """side of the stamps; larger cutouts are cropped at the centre [px]"""
    min_size: int = Field(0, ge=0)
    """size cut: both native sides are at least this; 0 for no cut [px]"""
    pad: Literal["refuse", "noise"] = "refuse"
    """cutouts smaller than size: refuse them, or pad them with noise of the level, rms and correlation of their own
    sky"""
    bands: list[str] = Field(min_length=1, max_length=5)
    """names of the bands, in the order of the channels"""
    unit: str = ""
    """unit of the pixels, such as electron/s, adu, nJy, MJy/sr, 'erg/s/cm2/Angstrom'; display: 8-bit pictures,
    without any flux; relative: linear, but unknown (gains are 1 unless given); normalised: each cutout was scaled by
    itself. Empty: what the header says. Flux densities become nJy, other units stay"""
    rendering: str = Field("", json_schema_extra={"when": {"unit": ["display"]}})
    """how pictures were made of fluxes, in words that generated pictures repeat to be compared"""
    zero_points: list[float] = Field([])
    """AB magnitude of one unit, one per band. Empty: what the header, or a unit like nJy, says"""
    pixel_scale: Angle = Field(0.0, ge=0)
    """side of a pixel; 0: what the header says [arcsec]"""
    exposure_times_s: list[float] = Field([])
    """exposure, one per band or one for all: the gain of electron/s, and a factor of that of adu/s. Empty: the
    header's [s]"""
    gains: list[float] = Field([])
    """electrons per unit, one per band or one for all. Empty: from the exposure and the header"""
    gain_band: int = Field(0, ge=0)
    """band whose gain measures take, counted from 0: that of `measuring: band`"""
    psf_fwhm: list[float] = Field([])
    """full width at half maximum of the PSF, one per band; only copied to the catalogue [arcsec]"""
    depths: list[float] = Field([])
    """depth, one per band; only copied to the catalogue [AB mag]"""
    trust: Literal["settings", "header", "refuse"] = "settings"
    """which wins where header and settings say different things; refuse: such a cutout is rejected"""
    sky: Literal["keep", "subtract"] = "keep"
    """level of a cutout's sky: measures take it for 0, and the log says where it is not; subtract takes it off"""
    constant: Literal["missing", "data"] = "missing"
    """regions of exactly one value: pixels that are missing, or data (simulations without noise, single photons)"""
    max_missing_share: float = Field(0.1, ge=0, lt=1)
    """cutouts with a larger share of missing pixels in a band are rejected; others are filled with their own sky"""
    max_rejected_share: float = Field(0.1, ge=0, le=1)
    """stop if a larger share of the cutouts is faulty; what is left out by choice does not count"""
    seed: int = Field(2022, ge=0)
    """seed of the splits and of the noise that stamps are padded and filled with"""
    folds: Folds = FOLDS
    """a fold as the test split"""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        check_source(self, "a folder, a tar or a file of images", {})
        count = len(self.bands)
        if len(set(self.bands)) < count:
            raise ValueError(f"bands {self.bands}: name each band once")
        for name in ("zero_points", "psf_fwhm", "depths"):
            if len(found := getattr(self, name)) not in (0, count):
                raise ValueError(f"{name} {found}: one for each of {count} bands, or none ([])")
        for name in ("exposure_times_s", "gains"):
            if len(found := getattr(self, name)) not in (0, 1, count):
                raise ValueError(f"{name} {found}: one for each of {count} bands, one for all, or none ([])")
            if any(value <= 0 for value in found):
                raise ValueError(f"{name} {found}: must be above 0")
        if self.gain_band >= count:
            raise ValueError(f"gain_band {self.gain_band}: there are {count} bands, counted from 0")
        if "{band}" in self.pattern and self.pattern.count("{band}") > 1:
            raise ValueError(f"pattern {self.pattern!r}: {{band}} stands in it once")
        if self.unit == DISPLAY:
            given = [name for name in ("zero_points", "gains", "exposure_times_s", "depths") if getattr(self, name)]
            if given:
                raise ValueError(f"unit: display is of pictures, which have no flux: leave out {', '.join(given)}")
        if own := sorted(set(OWN_COLUMNS) & {*self.conditions, *self.columns}):
            raise ValueError(f"columns {', '.join(own)}: galforge makes columns of these names; rename those of yours")
        return self


def conditions_of(settings: DatasetSettings) -> tuple[str, ...]:
    """Catalogue columns of the stamps that models can be conditioned on."""
    return tuple(settings.conditions)


def check_measuring(settings: DatasetSettings, band: int) -> None:
    """Make sure that measures take the gain of the band that they measure.

    Raises:
        ValueError: they do not.
    """
    if len(settings.bands) > 1 and settings.gain_band != band and settings.unit != DISPLAY:
        raise ValueError(
            f"gain_band {settings.gain_band} is not the measured band (measuring: band is {band}), whose gain "
            "measures take: set both to one number"
        )
