"""Typed settings of the end-to-end GAN of sparse images."""

from typing import Literal

from pydantic import Field

from galforge.models.settings import check_raw, check_view
from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("torch",)
GENERATOR = ("generator",)
VIEW = "thumbnails"
SHAPE = (1, 64, 64)


class ModelSettings(Settings):
    """A GAN of whole images, reduced to 64 px and enlarged again (Gantastic 4, 2020, section II-B2)."""

    size: int = Field(1000, ge=64, le=1024, description="side of the images, that of the data set [px]")
    latent: int = Field(100, ge=1, description="length of the latent vector")
    width: int = Field(32, ge=4, multiple_of=4, description="channels at half the resolution; published: 64")
    stretch: Literal["root", "linear"] = Field(
        "root", description="networks see the root of the levels, or the levels, as published"
    )
    quiet: int = Field(0, ge=0, le=254, description="levels of generated images up to it become 0 [8-bit level]")
    smoothing: float = Field(0.9, gt=0.5, le=1, description="what the discriminator is to say of real images")
    generator_rate: float = Field(1e-4, gt=0, description="step size of Adam, generator")
    discriminator_rate: float = Field(2e-4, gt=0, description="step size of Adam, discriminator")


def check_shape(settings: ModelSettings, shape: tuple[int, int, int]) -> None:
    """Refuse anything but reduced sparse images.

    Raises:
        GalforgeError: another shape (C, H, W).
    """
    check_view("full_image_gan", "reduced sparse images", SHAPE, shape)


def check_normalisation(settings: ModelSettings, kind: str, scale: float | None) -> None:
    """Refuse a normalisation that changes levels.

    Raises:
        GalforgeError: it does.
    """
    check_raw("full_image_gan", "levels", kind, scale)
