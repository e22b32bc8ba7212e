"""Typed settings of the redshift network."""

from pydantic import Field

from galforge.errors import GalforgeError
from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("torch",)
PREDICTS = True
"""It tells a number of an image, and draws none."""


class ModelSettings(Settings):
    """Convolutional network that tells a galaxy's redshift from its stamp (Jones et al., used by Li et al. 2024)."""

    target: str = Field("redshift", description="column of the catalogue that it learns")
    width: int = Field(
        32,
        ge=4,
        multiple_of=4,
        description="channels of the first layer, to which all others are in proportion; published: 32",
    )
    loss_width: float = Field(0.15, gt=0, description="difference of redshift at which the loss is one half")
    relative: bool = Field(
        False, description="the loss takes differences over 1 + redshift; the printed formula takes them as they are"
    )
    warmup_images: int = Field(
        0,
        ge=0,
        description="for so many images the loss is Huber's, which is not flat far from the truth; 0: never, as "
        "published [images]",
    )
    learning_rate: float = Field(1e-4, gt=0, description="step size of Adam")


def check_shape(settings: ModelSettings, shape: tuple[int, int, int]) -> None:
    """Refuse image shapes (C, H, W) that the network cannot take.

    Raises:
        GalforgeError: not square, or the side no multiple of 32.
    """
    _, height, width = shape
    if height != width or height % 32:
        raise GalforgeError(
            f"model redshift_cnn: images are {height} x {width} pixels, but must be square with a side that is a "
            "multiple of 32; set the size of the data set accordingly"
        )
