"""Settings of the skirt data set: SKIRT images of TNG100 galaxies in the bands of SDSS, downloaded, given or mocked."""

import re
from typing import Literal, Self

from pydantic import Field, model_validator

from galforge.datasets.settings import Md5, Origin, Release, Sha256, Splits, check_source
from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("numpy", "astropy", "h5py", "scikit-image", "scikit-learn")
MOCK_LIBRARIES = ("numpy", "scipy", "astropy")
PIXEL_UNIT = "kpc"
NATIVE = True
"""Galaxies differ in size: besides the stamps of one size there is a file of galaxies at their own size."""
URL = "https://www.tng-project.org/api/TNG100-1/files/skirt_images_sdss.99.tar"
BANDS = ["g", "r", "i", "z"]


class MockSettings(Settings):
    """A stand-in for the release, used with source: mock; never printed as if it were the simulation."""

    count: int = Field(1000, ge=3)
    """galaxies in the mock archive"""
    seed: int = Field(99, ge=0)
    """seed of the mock galaxies"""
    largest_side: int = Field(1024, ge=64, le=2516)
    """images are at most this wide; galaxies that would need more are drawn smaller and fainter [px]"""


class DatasetSettings(Release):
    """SKIRT images of TNG100 at z = 0 (Rodriguez-Gomez et al. 2019), prepared as by Holzschuh et al. (2022)."""

    source: Literal["download", "path", "mock"] = "mock"
    """download (needs an API key in the environment), path (needs path) or mock"""
    path: str = Field("", json_schema_extra={"stage": "raw input"})
    """with source: path. skirt_images_sdss.99.tar, or the folder it was extracted to"""
    url: str = Field(URL, json_schema_extra={"stage": "download"})
    """with source: download. Where the TNG project has the archive"""
    api_key_variable: str = Field("TNG_API_KEY", json_schema_extra={"stage": "download"})
    """with source: download. Name of the environment variable that holds your API key; never write the key itself into
    a file"""
    sha256: Sha256 = ""
    md5: Md5 = ""
    origin: Origin = "simulated"
    size: int = Field(256, ge=16)
    """side of the stamps that models are trained on [px]"""
    smallest_side: int = Field(64, ge=8)
    """size cut: original images must be this wide, before their central half is cut [px]"""
    largest_in_splits: int = Field(1024, ge=8)
    """galaxies whose central half is wider are in no split, as in the released code (6 of 11,961) [px]"""
    bands: list[str] = Field(BANDS, min_length=1)
    """names of the bands, in the order in which the files hold them"""
    pixel_scale: float = Field(0.394, gt=0)
    """side of a pixel [kpc]. 0.276 kpc in Holzschuh et al. are kpc/h: their code divides by h = 0.7; an SDSS pixel,
    0.396 arcsec, is as large near z = 0.05"""
    zero_points: list[float] = Field([])
    """AB magnitude of one electron/s per band. Neither paper nor code gives them; without them, colours are
    instrumental"""
    gain: float = Field(750.0, gt=0)
    """electrons per image unit, as in the released code"""
    sides: list[float] = Field([2.0, 2516.0], min_length=2, max_length=2)
    """sides of the original image that the size channel codes as 0 and 1 [px]"""
    seed: int = Field(2021, ge=0, le=2**32 - 1)
    """seed of the splits, the published random_state"""
    splits: Splits = Splits(train=0.6, validation=0.2, test=0.2)
    """shares of the splits. Published generators were trained on train and validation"""
    mock: MockSettings = Field(MockSettings(), json_schema_extra={"stage": "mock"})
    """with source: mock"""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        low, high = self.sides
        if not 0 < low < high:
            raise ValueError(f"sides {self.sides}: the first must be above 0 and below the second")
        if len(set(self.bands)) < len(self.bands):
            raise ValueError(f"bands {self.bands}: each name once")
        if self.zero_points and len(self.zero_points) != len(self.bands):
            raise ValueError(f"zero_points {self.zero_points}: one for each of {len(self.bands)} bands, or none ([])")
        if self.smallest_side < low:
            raise ValueError(f"smallest_side {self.smallest_side} is below the smallest of sides, {low:g}")
        # The value is never shown: somebody who gives the key itself here would find it in the log.
        if not re.fullmatch(r"[A-Za-z_]\w*", self.api_key_variable) or re.fullmatch(
            r"[0-9a-fA-F]{24,}", self.api_key_variable
        ):
            raise ValueError("api_key_variable must be the name of an environment variable, such as TNG_API_KEY")
        mocked = {"bands": BANDS, "pixel_scale": 0.394, "zero_points": []}
        check_source(self, "skirt_images_sdss.99.tar, or the folder it was extracted to", mocked)
        if self.source == "mock" and self.smallest_side > self.mock.largest_side:
            raise ValueError(
                f"smallest_side {self.smallest_side} exceeds mock.largest_side {self.mock.largest_side}: no mock "
                "galaxy would enter"
            )
        return self
