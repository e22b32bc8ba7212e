"""Settings of the skirt data set: SKIRT images of TNG100 galaxies in the bands of SDSS, downloaded, given or mocked."""

import re
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from galforge.datasets.settings import Splits
from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("numpy", "astropy", "h5py", "scikit-image", "scikit-learn")
MOCK_LIBRARIES = ("numpy", "scipy", "astropy")
NATIVE = True
"""Galaxies differ in size: besides stamps of one size, a file keeps each at its own."""
URL = "https://www.tng-project.org/api/TNG100-1/files/skirt_images_sdss.99.tar"
BANDS = ["g", "r", "i", "z"]


class MockSettings(Settings):
    """A stand-in for the release, used with source: mock; never printed as if it were the simulation."""

    count: int = Field(1000, ge=3, description="galaxies in the mock archive")
    seed: int = Field(99, ge=0, description="seed of the mock galaxies")
    largest_side: int = Field(
        1024,
        ge=64,
        le=2516,
        description="images are at most this wide; galaxies that would need more are drawn smaller and fainter [px]",
    )


class DatasetSettings(Settings):
    """SKIRT images of TNG100 at z = 0 (Rodriguez-Gomez et al. 2019), prepared as by Holzschuh et al. (2022)."""

    source: Literal["download", "path", "mock"] = Field(
        "mock", description="download (needs an API key in the environment), path (needs path) or mock"
    )
    path: str = Field(
        "",
        description="with source: path. skirt_images_sdss.99.tar, or the folder it was extracted to",
        json_schema_extra={"stage": "raw input"},
    )
    url: str = Field(
        URL,
        description="with source: download. Where the TNG project has the archive",
        json_schema_extra={"stage": "download"},
    )
    api_key_variable: str = Field(
        "TNG_API_KEY",
        description="with source: download. Environment variable that holds your API key; the key itself belongs into "
        "no file",
        json_schema_extra={"stage": "download"},
    )
    sha256: str = Field(
        "",
        description="checksum of the archive at url. The project gives none: if empty, that of the first download is "
        "kept beside it, and later ones must have it too",
        json_schema_extra={"stage": "download"},
    )
    md5: str = Field(
        "",
        description="checksum of the archive at url, where its publisher gives MD5 only",
        json_schema_extra={"stage": "download"},
    )
    origin: Literal["observed", "simulated"] = Field(
        "simulated",
        description="what downloaded or given galaxies are; a mock is always called mock",
        json_schema_extra={"when": {"source": ["download", "path"]}},
    )
    size: int = Field(256, ge=16, description="side of the stamps that models are trained on [px]")
    smallest_side: int = Field(
        64, ge=8, description="size cut: the original image is at least this wide, before its central half is cut [px]"
    )
    largest_in_splits: int = Field(
        1024,
        ge=8,
        description="galaxies whose central half is wider are in no split, as in the released code (6 of 11,961) [px]",
    )
    bands: list[str] = Field(
        BANDS, min_length=1, description="names of the bands, in the order in which the files hold them"
    )
    pixel_scale: float = Field(
        0.394,
        gt=0,
        description="side of a pixel [kpc]. 0.276 kpc in Holzschuh et al. are kpc/h: their code divides by h = 0.7; "
        "an SDSS pixel, 0.396 arcsec, is as large near z = 0.05",
    )
    zero_points: list[float] = Field(
        [],
        description="AB magnitude of one electron/s per band. Neither paper nor code gives them: without, colours are "
        "instrumental",
    )
    gain: float = Field(750.0, gt=0, description="electrons per image unit, as in the released code")
    sides: list[float] = Field(
        [2.0, 2516.0],
        min_length=2,
        max_length=2,
        description="sides of the original image that the size channel codes as 0 and 1 [px]",
    )
    max_rejected_share: float = Field(
        0.05,
        ge=0,
        le=1,
        description="stop if a larger share of the galaxies is faulty (the size cut does not count)",
    )
    seed: int = Field(2021, ge=0, le=2**32 - 1, description="seed of the splits, the published random_state")
    splits: Splits = Field(
        Splits(train=0.6, validation=0.2, test=0.2),
        description="shares of the splits. Published generators were trained on train and validation",
    )
    mock: MockSettings = Field(MockSettings(), description="with source: mock", json_schema_extra={"stage": "raw_mock"})

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
        # Never shown: who mistakes the key for the name of its variable has it in the log otherwise.
        if not re.fullmatch(r"[A-Za-z_]\w*", self.api_key_variable) or re.fullmatch(
            r"[0-9a-fA-F]{24,}", self.api_key_variable
        ):
            raise ValueError("api_key_variable is no name of an environment variable, such as TNG_API_KEY")
        if self.source == "path" and not self.path:
            raise ValueError("source: path needs `path`: skirt_images_sdss.99.tar, or the folder it was extracted to")
        if self.source == "download":
            self._downloadable()
        if self.source == "mock":
            self._mockable()
        return self

    def _mockable(self) -> None:
        fixed = {"bands": BANDS, "pixel_scale": 0.394, "zero_points": []}
        for name, value in fixed.items():
            if getattr(self, name) != value:
                raise ValueError(
                    f"{name} {getattr(self, name)}: source: mock imitates the release, where it is {value}"
                )
        if self.smallest_side > self.mock.largest_side:
            raise ValueError(
                f"smallest_side {self.smallest_side} exceeds mock.largest_side {self.mock.largest_side}: no mock "
                "galaxy would enter"
            )

    def _downloadable(self) -> None:
        if urlsplit(self.url).scheme not in ("http", "https"):
            raise ValueError(f"url {self.url!r} is neither http nor https; a local file is given with source: path")
        for name, value, length in (("sha256", self.sha256, 64), ("md5", self.md5, 32)):
            if value and not re.fullmatch(rf"[0-9a-fA-F]{{{length}}}", value):
                raise ValueError(f"{name} must be {length} hexadecimal digits, found {value!r}")
