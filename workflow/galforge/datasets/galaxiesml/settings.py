"""Settings of the galaxiesml data set: Hyper Suprime-Cam galaxies with spectroscopic redshifts, in five bands."""

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from galforge.datasets.settings import Release, Splits, check_source
from galforge.settings import Angle, Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("numpy", "h5py")
MOCK_LIBRARIES = ("numpy", "scipy", "astropy", "h5py")
BANDS = ["g", "r", "i", "z", "y"]
PARTS = {"training": "train", "validation": "validation", "testing": "test"}
"""Words in the names of the release's files, and the split to which their rows belong."""
CONDITIONS = (
    "redshift",
    "redshift_error",
    "ra",
    "dec",
    *(
        f"{band}_{subject}"
        for band in BANDS
        for subject in ("isophotal_area", "ellipticity", "major_axis", "minor_axis", "sersic_index", "cmodel_mag")
    ),
)
"""Catalogue columns of the stamps, with all bands, that are numbers: models can be conditioned on them."""
URLS = [f"https://zenodo.org/records/11117528/files/5x64x64_{part}_with_morphology.hdf5?download=1" for part in PARTS]


class MockSettings(Settings):
    """A stand-in for the release, used with source: mock; never printed as if it were the survey."""

    count: int = Field(1400, ge=7)
    """galaxies in the three mock files, 5 in 7 of them for training as in the release"""
    seed: int = Field(27, ge=0)
    """seed of the mock galaxies, of their neighbours and of the noise"""
    image_side: Literal[64, 127] = 64
    """side of the images, of the two that the release has [px]"""


class DatasetSettings(Release):
    """GalaxiesML (Do et al. 2024): 286,401 galaxies of HSC PDR2 in g, r, i, z, y, cut as by its authors."""

    source: Literal["download", "path", "mock"] = "mock"
    """download, path (needs path) or mock"""
    path: str = Field("", json_schema_extra={"stage": "raw input"})
    """with source: path. A folder or a plain tar with the three HDF5 files, or one such file, whose rows are then
    divided by splits"""
    url: list[str] = Field(URLS, json_schema_extra={"stage": "download"})
    """with source: download. Where the three files are; by default those of 64 px, 24 GB together"""
    sha256: list[str] = Field([], json_schema_extra={"stage": "download"})
    """checksums of the files, in the order of url. If empty, those of the first download are kept beside the files, and
    later ones must have them too"""
    md5: list[str] = Field([], json_schema_extra={"stage": "download"})
    """checksums of the files, in the order of url, as Zenodo shows them"""
    image_side: int = Field(64, ge=16)
    """side of the images to read, 64 or 127 in the release; files of another are ignored [px]"""
    size: int = Field(64, ge=16)
    """side of the stamps [px]; pixels farther from the centre are cut away"""
    bin: int = Field(1, ge=1)
    """blocks of so many pixels a side are summed into one pixel of the stamp: size 32 and bin 2 give the central 64 px
    at half the resolution. Sums keep fluxes, magnitudes and zero_point"""
    bands: list[str] = Field(BANDS, min_length=1)
    """bands to keep, in the order of the release: g, r, i, z, y"""
    pixel_scale: Angle = Field(0.168, gt=0)
    """side of a pixel of the images, before bin [arcsec]"""
    zero_point: float = 27.0
    """AB magnitude of one image unit, in all bands of HSC's coadds"""
    gain: float = Field(3000.0, gt=0)
    """electrons per image unit. The release does not give it; this is about that of 20 minutes in i, the depth of the
    Wide layer"""
    redshift: list[float] = Field([0.01, 4.0], min_length=2, max_length=2)
    """galaxies between these redshifts are kept, as in the authors' code (their paper says 0.1 to 4)"""
    max_redshift_error: float = Field(0.005, gt=0)
    """galaxies are kept whose error is below this times 1 + redshift, as in that code"""
    seed: int = Field(2024, ge=0, json_schema_extra={"when": {"source": ["path"]}})
    """with a single file: seed of the splits; otherwise the files are the splits"""
    splits: Splits = Field(
        Splits(train=0.714286, validation=0.142857, test=0.142857), json_schema_extra={"when": {"source": ["path"]}}
    )
    """with a single file: shares of the splits, by default those of the release"""
    mock: MockSettings = Field(MockSettings(), json_schema_extra={"stage": "mock"})
    """with source: mock"""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.bands != [band for band in BANDS if band in self.bands]:
            raise ValueError(
                f"bands {self.bands}: the images hold {', '.join(BANDS)} in this order, and stamps keep it; name each "
                "band once and in this order"
            )
        if self.size * self.bin > self.image_side:
            raise ValueError(
                f"size {self.size} of {self.bin} x {self.bin} px needs images of {self.size * self.bin} px, "
                f"more than image_side {self.image_side}: lower size or bin, or take the files of 127 px"
            )
        low, high = self.redshift
        if not 0 <= low < high:
            raise ValueError(f"redshift {self.redshift}: the first must be at least 0 and below the second")
        mocked = {"pixel_scale": 0.168, "zero_point": 27.0, "image_side": self.mock.image_side}
        check_source(self, "a folder or a tar with the three HDF5 files, or one file", mocked)
        if self.source == "download":
            files = [urlsplit(url).path.rsplit("/", 1)[-1] for url in self.url]
            if len(files) != len(PARTS) or any(sum(part in file for file in files) != 1 for part in PARTS):
                raise ValueError(
                    f"url needs one file of each of {', '.join(PARTS)}, with that word in its name; found {self.url}"
                )
            for name in ("sha256", "md5"):
                if len(getattr(self, name)) not in (0, len(self.url)):
                    raise ValueError(f"{name} needs one checksum for each of {len(self.url)} files, or none ([])")
        return self


def conditions_of(settings: DatasetSettings) -> tuple[str, ...]:
    """Those of CONDITIONS that the stamps have: columns of bands that are left out are missing."""
    gone = tuple(f"{band}_" for band in BANDS if band not in settings.bands)
    return tuple(name for name in CONDITIONS if not name.startswith(gone))
