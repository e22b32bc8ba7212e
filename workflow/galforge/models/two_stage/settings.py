"""Typed settings of the two-stage GAN: positions first, then a galaxy for each."""

from typing import Literal, Self

from pydantic import Field, model_validator

from galforge.models.settings import check_raw, check_view
from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("torch",)
GENERATOR = ("position_generator", "galaxy_generator")
VIEW = "parts"
TWO_STAGE = True
SHAPE = (3, 32, 32)


class ModelSettings(Settings):
    """A GAN of positions on a grid of 32-px cells, and a GAN of galaxies in patches of 32 px (Gantastic 4, 2020)."""

    size: int = Field(1000, ge=64, le=1024, description="side of the composed images, that of the data set [px]")
    conditional: bool = Field(
        False, description="positions have a size class each, and galaxies are drawn for it; else for any position"
    )
    thresholds: list[int] = Field(
        [50, 90],
        min_length=1,
        description="sizes of clusters between the size classes, rising [px]",
        json_schema_extra={"when": {"conditional": [True]}},
    )
    galaxy: Literal["conv", "began"] = Field(
        "conv",
        description="GAN of galaxies; conv: that of the authors' code, with a discriminator; began: the report's, "
        "whose discriminator is an auto-encoder (Berthelot et al. 2017)",
    )
    latent: int = Field(64, ge=1, description="length of the latent vector of a galaxy")
    width: int = Field(32, ge=4, multiple_of=4, description="channels at half the resolution of a patch; published: 64")
    position_latent: int = Field(100, ge=1, description="length of the latent vector of the positions")
    position_width: int = Field(
        16, ge=4, multiple_of=4, description="channels at half the resolution of the grid of positions"
    )
    discrete: bool = Field(
        True,
        description="cells are drawn as lit or not, also in training, by the straight-through Gumbel softmax (Jang et "
        "al. 2017); false: shares of them, as published, which a discriminator knows from whole ones",
    )
    stretch: Literal["root", "linear"] = Field(
        "root", description="networks see the root of the levels, or the levels, as published"
    )
    translate: float = Field(
        0.0, ge=0, le=0.5, description="training patches are moved by up to this share of their side; published: 0.2"
    )
    placing: Literal["anywhere", "centre"] = Field(
        "anywhere",
        description="where in its cell a galaxy is put; in the centre, as published, all lie on a lattice of 32 px",
    )
    quiet: int = Field(1, ge=0, le=254, description="levels of generated patches up to it become 0 [8-bit level]")
    smoothing: float = Field(0.9, gt=0.5, le=1, description="what discriminators are to say of real ones")
    r1: float = Field(
        1.0,
        ge=0,
        description="weight of the discriminators' squared gradients at real images (Mescheder et al. 2018), which "
        "keeps them from running away; published: 0",
    )
    position_generator_rate: float = Field(1e-4, gt=0, description="step size of Adam, GAN of positions")
    position_discriminator_rate: float = Field(2e-4, gt=0, description="step size of Adam, its discriminator")
    generator_rate: float = Field(1e-4, gt=0, description="step size of Adam, GAN of galaxies")
    discriminator_rate: float = Field(
        2e-4, gt=0, description="step size of Adam, its discriminator; published: 4e-4 for size classes"
    )
    error: Literal["absolute", "squared"] = Field(
        "squared",
        description="what the auto-encoder misses of a patch: its squared error, or the absolute one (Berthelot et al. "
        "allow both), for which patches that are nearly all black are best made black",
        json_schema_extra={"when": {"galaxy": ["began"]}},
    )
    gamma: float = Field(
        0.75,
        gt=0,
        le=1,
        description="error of generated over that of real patches that is kept up",
        json_schema_extra={"when": {"galaxy": ["began"]}},
    )
    lambda_k: float = Field(
        1e-3,
        gt=0,
        description="rate at which the weight of generated patches follows it",
        json_schema_extra={"when": {"galaxy": ["began"]}},
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.conditional and self.galaxy == "began":
            raise ValueError("galaxy: began draws no size classes; say conditional: false, or galaxy: conv")
        if sorted(set(self.thresholds)) != self.thresholds or self.thresholds[0] < 1:
            raise ValueError(f"thresholds {self.thresholds} must be rising and at least 1 px")
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
