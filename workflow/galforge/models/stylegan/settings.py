"""Typed settings of the style-based generative adversarial network."""

from typing import Literal

from pydantic import Field

from galforge.models.settings import StyleSettings, check_halving

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("torch",)
GENERATOR = ("mapping", "synthesis", "told")


class ModelSettings(StyleSettings):
    """Style-based generator against a residual discriminator (Karras et al. 2020a), in plain PyTorch."""

    style_mixing: float = Field(0.0, ge=0, le=1)
    """share of generated training images with a second style from some layer on; published: 0.9, which did not help
    galaxies (docs/benchmarks.md), nor faces later (Karras et al. 2021)"""
    discriminator_rate: float = Field(2e-3, gt=0)
    """step size of Adam for the discriminator"""
    path_length: float = Field(0.0, ge=0)
    """weight of the path-length penalty of the generator; 0 for none"""
    path_length_interval: int = Field(8, ge=1)
    """steps from one path-length penalty to the next, which is as many times as strong"""
    group: Literal[1, 2, 4, 8] = 4
    """images whose spread the discriminator sees; 1 shows it none [images]"""
    ada_target: float = Field(0.0, ge=0, lt=1)
    """adaptive augmentation for small data sets (Karras et al. 2020b): mean sign of the discriminator's logits of real
    images, above which all images that it sees are rotated and shifted more often; 0 for none, published: 0.6"""
    ada_images: int = Field(500_000, ge=1)
    """images over which the probability of augmentation can rise from 0 to 1 [images]"""


def check_shape(settings: ModelSettings, shape: tuple[int, int, int]) -> None:
    """Refuse image shapes (C, H, W) that this family cannot make.

    Raises:
        GalforgeError: see ``check_halving``.
    """
    check_halving("stylegan", settings, shape)
