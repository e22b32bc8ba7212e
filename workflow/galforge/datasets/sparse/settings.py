"""Settings of the sparse data set: 8-bit images of mostly empty sky with scores of their realism, given or mocked."""

from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from galforge.datasets.settings import Origin, Release, check_source
from galforge.settings import Angle, Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("numpy", "scipy", "pillow", "h5py")
MOCK_LIBRARIES = ("numpy", "pillow")
SCORED = True
"""Besides the stamps for generators there is a file of all images with their scores, for scorers."""
VIEWS = {"parts": (3, 32, 32), "thumbnails": (1, 64, 64)}
"""Further stamps files that are made from the same images, and the shapes of their stamps."""
SMALLEST, LARGEST = 64, 1024
"""Sides that images may have: thumbnails are 64 px wide, and the grid of positions covers 1024 px."""
Corruption = Literal["counts", "sizes", "intensities", "shapes", "noise", "background", "positions"]


class MockSettings(Settings):
    """A stand-in for the release, used with source: mock; never printed as if it were the release."""

    labeled: int = Field(1200, ge=1, le=1_000_000)
    """images labelled real or not; five of six are real"""
    scored: int = Field(9600, ge=1, le=1_000_000)
    """images with a score"""
    query: int = Field(1200, ge=0, le=1_000_000)
    """images without label and score"""
    size: int = Field(1000, ge=SMALLEST, le=LARGEST)
    """side of the images [px]"""
    clusters: float = Field(12.5, gt=0, le=500)
    """median number of bright clusters in an image of 1000 x 1000 px; smaller images have fewer, in proportion to their
    area, so give more where size is a few hundred px or less"""
    seed: int = Field(170429, ge=0)
    """seed of the mock images"""
    held_out: Corruption | Literal["none"] = "shapes"
    """kind of corruption that no labelled or scored image has, only images of the query; or none"""
    held_out_share: float = Field(
        0.25, ge=0, le=1, json_schema_extra={"when": {"held_out": list(get_args(Corruption))}}
    )
    """share of the images of the query that have the corruption held out"""

    @property
    def count(self) -> int:
        """Images of all kinds."""
        return self.labeled + self.scored + self.query


class DatasetSettings(Release):
    """Sparse 8-bit sky images with labels and scores, chosen as by Gantastic 4 (ETH Zurich, 2020)."""

    source: Literal["path", "mock"] = "mock"
    """path (needs path) or mock. There is no download: the release was given to the students of a course, and no public
    copy is known"""
    path: str = Field("", json_schema_extra={"stage": "raw input"})
    """with source: path. A folder or zip with labeled/, scored/, query/, labeled.csv and scored.csv; they may be in a
    top folder of any name"""
    origin: Origin = "observed"
    size: int = Field(1000, ge=SMALLEST, le=LARGEST)
    """side of the images; others are rejected [px]"""
    bands: list[str] = Field(["intensity"], min_length=1, max_length=1)
    """name of the one band"""
    pixel_scale: Angle = Field(1.0, gt=0)
    """side of a pixel [arcsec]. The release gives none: with 1, arcseconds are pixels"""
    background: int | None = Field(0, ge=0, le=254)
    """generators learn from images with this background, which is the most frequent level of an image [8-bit level];
    null for any background. Scorers see all images"""
    threshold: int = Field(5, ge=0, le=254)
    """clusters of the parts are pixels above this that touch [8-bit level]"""
    positions_score: float = Field(2.0, ge=0)
    """generators learn from images labelled real and from those with at least this score. The report says above 3, but
    gives the number of images with at least 2"""
    patches_score: float = Field(3.0, ge=0)
    """of these, galaxies are cut out of images labelled real or with at least this score. The report's conditional
    model uses other galaxies: of scores above 4 and with peaks of 30 or more"""
    largest_score: float = Field(8.0, gt=0)
    """a score above this, or a negative one, is refused"""
    seed: int = Field(2020, ge=0)
    """seed of the splits and of the order of the parts"""
    mock: MockSettings = Field(MockSettings(), json_schema_extra={"stage": "mock"})
    """with source: mock"""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        given = "the folder or zip that holds labeled/, scored/, query/, labeled.csv and scored.csv"
        check_source(self, given, {"size": self.mock.size})
        if self.background is not None and self.threshold < self.background:
            raise ValueError(
                f"threshold {self.threshold} is below background {self.background}: whole images would be one cluster"
            )
        if not self.positions_score <= self.patches_score <= self.largest_score:
            raise ValueError(
                f"positions_score {self.positions_score:g}, patches_score {self.patches_score:g} and largest_score "
                f"{self.largest_score:g} must ascend: galaxies are cut out of images that generators learn from"
            )
        return self
