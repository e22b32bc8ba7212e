"""Typed settings of the conditional variational autoencoder."""

from typing import Literal

from pydantic import Field

from galforge.models.settings import CORRECTED, PUBLISHED, RedshiftSettings, check_raw, check_square

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("torch",)
GENERATOR = ("decoder", "observation", "conditioning", "latents")


class ModelSettings(RedshiftSettings):
    """Variational autoencoder of Li et al. 2024: the maps of all its convolutions make the code; full covariance."""

    variant: Literal["corrected", "published"] = "corrected"
    """published: as in the code of Li et al. 2024, with raw conditions, a mean squared error, and images that cannot be
    negative; it needs normalisation: {kind: linear, scale: 1}"""
    latent: int = Field(64, ge=1, le=512)
    """length of the latent vector"""
    width: int = Field(32, ge=4)
    """channels at half the resolution of the images; twice and four times as many at a quarter"""
    hidden: int = Field(256, ge=2, multiple_of=2)
    """length of the first dense layer; the second has half of it"""
    divergence: float = Field(1e-3, ge=0, json_schema_extra=PUBLISHED)
    """published: weight of the Kullback-Leibler divergence [per nat] beside the mean squared error"""
    beta: float = Field(1.0, gt=0, json_schema_extra=CORRECTED)
    """corrected: weight of the Kullback-Leibler term; 1 is the evidence lower bound"""
    sky_noise: bool = Field(True, json_schema_extra=CORRECTED)
    """corrected: add sky noise of the learned strength to sampled images, as real stamps have it"""
    learning_rate: float = Field(1e-3, gt=0)
    """step size of Adam"""
    prior: Literal["fitted", "normal"] = Field("fitted", json_schema_extra=CORRECTED | {"as_before": "normal"})
    """corrected: what latent vectors are drawn from: a Gaussian with the mean and covariance of encoded training
    galaxies given the conditions (Ghosh et al. 2020), or the standard normal of the training's bound, as published"""


def check_shape(settings: ModelSettings, shape: tuple[int, int, int]) -> None:
    """Refuse image shapes (C, H, W) that this family cannot make.

    Raises:
        GalforgeError: not square, or a side that is no multiple of four.
    """
    check_square("cvae", shape, 4)


def check_normalisation(settings: ModelSettings, kind: str, scale: float | None) -> None:
    """Refuse pixel values that the variant is not meant for.

    Raises:
        GalforgeError: the published variant with other than raw pixels.
    """
    if settings.variant == "published":
        check_raw("cvae: variant: published", "raw pixels", kind, scale)
