"""Typed settings of the redshift network."""

from pydantic import Field

from galforge.models.settings import check_square
from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("torch",)
PREDICTS = True
"""It predicts a number from an image and draws none."""


class ModelSettings(Settings):
    """Convolutional network that predicts a galaxy's redshift from its stamp (Jones et al., used by Li et al. 2024)."""

    target: str = "redshift"
    """catalogue column that it learns to predict"""
    width: int = Field(32, ge=4, multiple_of=4)
    """channels of the first layer; all others scale with it; published: 32"""
    loss_width: float = Field(0.15, gt=0)
    """difference of redshift at which the loss is one half"""
    relative: bool = False
    """divide differences by 1 + redshift in the loss; the printed formula does not"""
    warmup_images: int = Field(0, ge=0)
    """images for which the loss is at first Huber's, which is not flat far from the truth; 0 for none, as published
    [images]"""
    learning_rate: float = Field(1e-4, gt=0)
    """step size of Adam"""


def check_shape(settings: ModelSettings, shape: tuple[int, int, int]) -> None:
    """Refuse image shapes (C, H, W) that the network cannot take.

    Raises:
        GalforgeError: not square, or the side no multiple of 32.
    """
    check_square("redshift_cnn", shape, 32)
