"""Settings of the features for scorers of realism."""

from typing import Literal, Self

from pydantic import Field, model_validator

from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("numpy", "scipy", "scikit-image")
BY_NETWORK = True
STRETCHED = "unscored"
Block = Literal["basic", "individual", "interaction", "histogram", "spectrum", "hog", "lbp", "fourier"]


class MeasureSettings(Settings):
    """Which features of sparse 8-bit images are measured, and in which field."""

    size: int = Field(1000, ge=64, le=1024)
    """side of the field that is measured; smaller stamps are put into the middle of a black field, larger ones are
    refused [px]"""
    blocks: list[Block] = Field(["basic", "individual", "interaction", "histogram", "spectrum"], min_length=1)
    """features to measure; basic, individual and interaction: of the clusters of lit pixels; histogram: of the levels;
    spectrum: power over radius; hog: oriented gradients; lbp: local binary patterns; fourier: one row of the
    transform [names]"""
    share: float = Field(0.8, gt=0, lt=1)
    """clusters are pixels above the smallest level that more than this share of pixels does not exceed"""
    threshold: int = Field(5, ge=0, le=254)
    """clusters with a pixel above this level count as bright; patches and positions are cut out with it [8-bit
    level]"""
    smoothing: int = Field(5, ge=1, le=32)
    """width of the moving window over radii of the power spectrum [count]"""
    hog_cell: int = Field(32, ge=8)
    """side of the cells of the oriented gradients [px]"""
    hog_block: int = Field(3, ge=1)
    """side of the overlapping blocks in which gradients are normalised; scikit-image's default, as in the authors'
    code [cells]"""
    lbp_points: int = Field(24, ge=4, le=64)
    """neighbours of a local binary pattern, on a circle [count]"""
    lbp_radius: float = Field(8.0, ge=1)
    """radius of that circle [px]"""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(set(self.blocks)) < len(self.blocks):
            raise ValueError(f"blocks names one twice: {', '.join(self.blocks)}")
        if self.hog_cell > self.size:
            raise ValueError(f"hog_cell is {self.hog_cell} px, larger than the field of {self.size} px")
        if "hog" in self.blocks and self.hog_block * self.hog_cell > self.size:
            raise ValueError(
                f"hog_block: {self.hog_block} cells of {self.hog_cell} px (hog_cell) are larger than the field of "
                f"{self.size} px"
            )
        if 2 * self.lbp_radius > self.size:
            raise ValueError(f"lbp_radius is {self.lbp_radius:g} px, too large for a field of {self.size} px")
        return self
