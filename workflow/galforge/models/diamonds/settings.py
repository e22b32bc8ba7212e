"""Typed settings of the baselines of sparse images: diamonds of drawn sizes at random positions."""

from typing import Literal, Self

from pydantic import Field, model_validator

from galforge.models.settings import SparseSettings, check_raw, check_view
from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("torch",)
GENERATOR = ("numbers",)
VIEW = "parts"
SHAPE = (3, 32, 32)
FITTED = {"when": {"fit": [True]}}
ONE_KIND, TWO_KINDS = {"when": {"statistics": ["normal"]}}, {"when": {"statistics": ["geometric"]}}


class Population(Settings):
    """One kind of galaxies of an image."""

    count: float = Field(gt=0)
    """mean of their number in an image, which is normal"""
    count_deviation: float = Field(gt=0)
    """standard deviation of that number"""
    size: float = Field(gt=0)
    """mean size [px]"""
    size_deviation: float = Field(0.0, ge=0)
    """standard deviation of a normal size; 0: geometric [px]"""
    smallest: int = Field(1, ge=1)
    """smallest geometric size [px]"""
    size_factor: float = Field(1.0, gt=0)
    """factor on a drawn geometric size"""
    peak: float = Field(255.0, gt=0, le=255)
    """mean level of the brightest pixel [8-bit level]"""
    peak_factor: float = Field(0.0, ge=0)
    """factor on a drawn geometric peak; 0: all have the mean peak"""
    one_pixel: bool = False
    """draw sizes from 1 to 4 as one pixel, of level 200 at size 2, of 150 at size 3 and of its peak else, and larger
    ones not at all: what the authors' code does with small galaxies"""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if not self.size_deviation and self.size < self.smallest:
            raise ValueError(
                f"size {self.size:g}: a geometric mean size is at least the smallest one, {self.smallest} px"
            )
        # Geometric peaks begin at 1.
        if self.peak_factor and self.peak < 1:
            raise ValueError(f"peak {self.peak:g}: a geometric mean peak is at least 1")
        return self


NORMAL = Population(count=20.0, count_deviation=10.0, size=50.0, size_deviation=40.0)
SMALL = Population(count=10.0, count_deviation=2.0, size=1 / 0.7, peak=1 / 0.8, peak_factor=1.0, one_pixel=True)
LARGE = Population(count=50.0, count_deviation=15.0, size=14.0, smallest=5, peak=20.0, peak_factor=1.0)


class ModelSettings(SparseSettings):
    """Galaxies with independent properties at uniform positions (Gantastic 4, 2020, section II-B1).

    Defaults are the numbers of the authors' code. Their visual heuristic, on unless it is switched off, makes large
    galaxies 2.3 times as large and twice as bright: ``size_factor`` and ``peak_factor`` of ``large_ones``.
    """

    statistics: Literal["normal", "geometric"] = "normal"
    """normal: one kind of galaxies with normal sizes (baseline 1); geometric: small and large ones with geometric sizes
    and peaks (baseline 2)"""
    fit: bool = False
    """find the numbers in the training images by maximum likelihood; false: the published ones"""
    learning_rate: float = Field(0.05, gt=0, json_schema_extra=FITTED)
    """step size of Adam"""
    large: int = Field(4, ge=1, json_schema_extra=FITTED)
    """galaxies of more pixels count as large [px]"""
    fall: int = Field(5, ge=0)
    """levels that a diamond loses per pixel from its middle [8-bit level]"""
    normal: Population = Field(NORMAL, json_schema_extra=ONE_KIND)
    """of statistics: normal"""
    small_ones: Population = Field(SMALL, json_schema_extra=TWO_KINDS)
    """of statistics: geometric"""
    large_ones: Population = Field(LARGE, json_schema_extra=TWO_KINDS)
    """of statistics: geometric"""


def check_shape(settings: ModelSettings, shape: tuple[int, int, int]) -> None:
    """Refuse anything but parts of sparse images.

    Raises:
        GalforgeError: another shape (C, H, W).
    """
    check_view("diamonds", "parts of sparse images", SHAPE, shape)


def check_normalisation(settings: ModelSettings, kind: str, scale: float | None) -> None:
    """Refuse a normalisation that changes parts of sparse images.

    Raises:
        GalforgeError: it does.
    """
    check_raw("diamonds", "levels and sizes", kind, scale)
