"""Typed settings of the end-to-end GAN of sparse images."""

from pydantic import Field

from galforge.models.settings import SparseGanSettings, check_raw, check_view

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("torch",)
GENERATOR = ("generator",)
VIEW = "thumbnails"
SHAPE = (1, 64, 64)


class ModelSettings(SparseGanSettings):
    """A GAN of whole images, reduced to 64 px and enlarged again (Gantastic 4, 2020, section II-B2)."""

    latent: int = Field(100, ge=1)
    """length of the latent vector"""
    generator_rate: float = Field(1e-4, gt=0)
    """step size of Adam, generator"""
    discriminator_rate: float = Field(2e-4, gt=0)
    """step size of Adam, discriminator"""


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
