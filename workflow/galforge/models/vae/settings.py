"""Typed settings of the variational autoencoder."""

from typing import Literal

from pydantic import Field

from galforge.models.settings import ConditionedSettings, check_halving

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("torch",)
GENERATOR = ("decoder", "observation", "latents")


class ModelSettings(ConditionedSettings):
    """Convolutional variational autoencoder whose likelihood is sky noise plus a relative error."""

    latent: int = Field(64, ge=1, le=4096)
    """length of the latent vector"""
    width: int = Field(32, ge=4, multiple_of=4)
    """channels at half the resolution of the images; doubled at each halving"""
    max_width: int = Field(256, ge=4, multiple_of=4)
    """most channels at any resolution"""
    blocks: int = Field(1, ge=1)
    """residual blocks per resolution, in encoder and decoder each"""
    beta: float = Field(1.0, gt=0)
    """weight of the Kullback-Leibler term; 1 is the evidence lower bound"""
    kl_warmup_images: int = Field(0, ge=0)
    """images over which the weight of the Kullback-Leibler term rises from zero [images]"""
    learning_rate: float = Field(1e-3, gt=0)
    """step size of Adam"""
    sky_noise: bool = True
    """add sky noise of the learned strength to sampled images, as real stamps have it"""
    prior: Literal["fitted", "normal"] = Field("fitted", json_schema_extra={"as_before": "normal"})
    """what latent vectors are drawn from: a Gaussian with the mean and covariance of encoded training galaxies (Ghosh
    et al. 2020), given the conditions if there are any; or the standard normal of the training's bound"""


def check_shape(settings: ModelSettings, shape: tuple[int, int, int]) -> None:
    """Refuse image shapes (C, H, W) that this family cannot make.

    Raises:
        GalforgeError: see ``check_halving``.
    """
    check_halving("vae", settings, shape)
