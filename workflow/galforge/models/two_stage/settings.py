"""Typed settings of the two-stage GAN: positions first, then a galaxy for each."""

from typing import Literal, Self

from pydantic import Field, model_validator

from galforge.models.settings import SparseGanSettings, check_raw, check_view

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("torch",)
GENERATOR = ("position_generator", "galaxy_generator")
VIEW = "parts"
TWO_STAGE = True
SHAPE = (3, 32, 32)
BEGAN = {"when": {"galaxy": ["began"]}}


class ModelSettings(SparseGanSettings):
    """A GAN of positions on a grid of 32-px cells, and a GAN of galaxies in patches of 32 px (Gantastic 4, 2020)."""

    conditional: bool = False
    """positions have size classes, and galaxies are drawn for the class of theirs"""
    thresholds: list[int] = Field([50, 90], min_length=1, json_schema_extra={"when": {"conditional": [True]}})
    """cluster sizes that separate the size classes, rising [px]"""
    galaxy: Literal["conv", "began"] = "conv"
    """GAN of galaxies; conv: as in the authors' code; began: as in their report, with a discriminator that is an
    autoencoder (Berthelot et al. 2017)"""
    latent: int = Field(64, ge=1)
    """length of the latent vector of a galaxy"""
    position_latent: int = Field(100, ge=1)
    """length of the latent vector of the positions"""
    position_width: int = Field(16, ge=4, multiple_of=4)
    """channels at half the resolution of the grid of positions"""
    discrete: bool = True
    """draw cells as lit or not, in training too, by the straight-through Gumbel softmax (Jang et al. 2017); false:
    fractions, as published, which a discriminator can tell from real cells"""
    translate: float = Field(0.0, ge=0, le=0.5)
    """shift training patches by up to this share of their side; published: 0.2"""
    placing: Literal["anywhere", "centre"] = "anywhere"
    """where in its cell a galaxy is placed; centre, as published, puts all on a grid of 32 px"""
    quiet: int = Field(1, ge=0, le=254)
    """generated levels up to this one become 0 [8-bit level]"""
    r1: float = Field(1.0, ge=0)
    """weight of the discriminators' R1 penalty (Mescheder et al. 2018); published: 0"""
    position_generator_rate: float = Field(1e-4, gt=0)
    """step size of Adam, GAN of positions"""
    position_discriminator_rate: float = Field(2e-4, gt=0)
    """step size of Adam, its discriminator"""
    generator_rate: float = Field(1e-4, gt=0)
    """step size of Adam, GAN of galaxies"""
    discriminator_rate: float = Field(2e-4, gt=0)
    """step size of Adam, its discriminator; published: 4e-4 for size classes"""
    error: Literal["absolute", "squared"] = Field("squared", json_schema_extra=BEGAN)
    """reconstruction error of the autoencoder: squared, or absolute (Berthelot et al. allow both), for which the best
    reconstruction of a nearly black patch is black"""
    gamma: float = Field(1.0, gt=0, le=1, json_schema_extra=BEGAN)
    """ratio of the errors of generated and real patches that the balance aims at; below 1 (Berthelot et al.: 0.3 to
    0.7) it asks for patches that are easier than real ones, and the easiest are all alike"""
    lambda_k: float = Field(1.0, gt=0, json_schema_extra=BEGAN)
    """rate at which the weight of generated patches follows it; Berthelot et al.: 0.001, for absolute errors"""
    normalised: bool = Field(False, json_schema_extra=BEGAN | {"as_before": True})
    """divide the maps of generator and autoencoder by their spread within each patch, and the brightness away"""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.conditional and self.galaxy == "began":
            raise ValueError("galaxy: began draws no size classes; say conditional: false, or galaxy: conv")
        if sorted(set(self.thresholds)) != self.thresholds or self.thresholds[0] < 1:
            raise ValueError(f"thresholds {self.thresholds} must be rising, and at least 1 px")
        return self


def check_shape(settings: ModelSettings, shape: tuple[int, int, int]) -> None:
    """Refuse anything but parts of sparse images.

    Raises:
        GalforgeError: another shape (C, H, W).
    """
    check_view("two_stage", "parts of sparse images", SHAPE, shape)


def check_normalisation(settings: ModelSettings, kind: str, scale: float | None) -> None:
    """Refuse a normalisation that changes parts of sparse images.

    Raises:
        GalforgeError: it does.
    """
    check_raw("two_stage", "levels and sizes", kind, scale)
