"""Typed settings of the style-based generative adversarial network."""

from typing import Literal

from pydantic import Field

from galforge.models.settings import StyleSettings, check_halving

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("torch",)
GENERATOR = ("mapping", "synthesis", "told")


class ModelSettings(StyleSettings):
    """Style-based generator against a residual discriminator (Karras et al. 2020a), in plain PyTorch."""

    style_mixing: float = Field(
        0.9, ge=0, le=1, description="share of generated training images that get a second style from some layer on"
    )
    generator_rate: float = Field(2e-3, gt=0, description="step size of Adam for generator and mapping")
    discriminator_rate: float = Field(2e-3, gt=0, description="step size of Adam for the discriminator")
    r1: float = Field(1.0, ge=0, description="weight of the R1 penalty: half of it times the squared gradient on reals")
    r1_interval: int = Field(16, ge=1, description="the R1 penalty is taken in every so manieth step, as much stronger")
    path_length: float = Field(0.0, ge=0, description="weight of the path-length penalty of the generator; 0 for none")
    path_length_interval: int = Field(8, ge=1, description="it is taken in every so manieth step, as much stronger")
    group: Literal[1, 2, 4, 8] = Field(
        4, description="images whose spread the discriminator sees together; 1 does not look at it [images]"
    )
    ada_target: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="adaptive augmentation for small data sets (Karras et al. 2020b): share by which more real images "
        "than not are taken for real, above which all images that the discriminator sees are turned, moved and scaled "
        "more often; 0 for none, 0.6 is theirs",
    )
    ada_images: int = Field(
        500_000, ge=1, description="images in which the probability of that can go from none to always [images]"
    )


def check_shape(settings: ModelSettings, shape: tuple[int, int, int]) -> None:
    """Refuse image shapes (C, H, W) that this family cannot make.

    Raises:
        GalforgeError: not square, side no power of two from 32 to 256, or not 1 to 5 channels.
    """
    check_halving("stylegan", (settings.width, settings.max_width), shape)
