"""Typed settings of the adversarial latent autoencoder."""

from pydantic import Field

from galforge.models.settings import StyleSettings, check_halving

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("torch",)
GENERATOR = ("mapping", "synthesis", "told")


class ModelSettings(StyleSettings):
    """Autoencoder that is trained adversarially and closes its circle in latent space (Pidhorskyi et al. 2020)."""

    discriminator_layers: int = Field(3, ge=1, le=16, description="fully connected layers from w to the verdict")
    encoder_rate: float = Field(2e-3, gt=0, description="step size of Adam for encoder and discriminator")
    generator_rate: float = Field(2e-3, gt=0, description="step size of Adam for generator and mapping")
    reciprocity_rate: float = Field(
        2e-3, gt=0, description="step size of Adam for encoder and generator where they are to give styles back"
    )
    r1: float = Field(
        10.0, ge=0, description="weight of the R1 penalty: half of it times the squared gradient on reals"
    )
    r1_interval: int = Field(
        16, ge=1, description="the R1 penalty is taken in every so manieth step, as much stronger; published: 1"
    )


def check_shape(settings: ModelSettings, shape: tuple[int, int, int]) -> None:
    """Refuse image shapes (C, H, W) that this family cannot make.

    Raises:
        GalforgeError: not square, side no power of two from 32 to 256, or not 1 to 5 channels.
    """
    check_halving("alae", (settings.width, settings.max_width), shape)
