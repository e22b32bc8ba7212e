"""Typed settings of the adversarial latent autoencoder."""

from pydantic import Field

from galforge.models.settings import StyleSettings, check_halving

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("torch",)
GENERATOR = ("mapping", "synthesis", "told")


class ModelSettings(StyleSettings):
    """Adversarially trained autoencoder with its reconstruction loss in latent space (Pidhorskyi et al. 2020)."""

    discriminator_layers: int = Field(3, ge=1, le=16)
    """fully connected layers from w to the logit"""
    encoder_rate: float = Field(2e-3, gt=0)
    """step size of Adam for encoder and discriminator"""
    reciprocity_rate: float = Field(2e-3, gt=0)
    """step size of Adam for encoder and generator when they learn to give styles back"""
    r1: float = Field(10.0, ge=0)
    """weight of the R1 penalty: half of it times the squared gradient at real images"""


def check_shape(settings: ModelSettings, shape: tuple[int, int, int]) -> None:
    """Refuse image shapes (C, H, W) that this family cannot make.

    Raises:
        GalforgeError: see ``check_halving``.
    """
    check_halving("alae", settings, shape)
