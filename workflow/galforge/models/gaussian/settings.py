"""Typed settings of the Gaussian."""

from pydantic import Field

from galforge.errors import GalforgeError
from galforge.models.settings import ConditionedSettings, check_square

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("torch",)
GENERATOR = ("gaussian",)


class ModelSettings(ConditionedSettings):
    """A Gaussian of the normalised images: the least that a generative model should beat."""

    components: int = Field(300, ge=1, le=4096)
    """most principal components; never more than images that it is fitted to"""
    images: int = Field(1200, ge=2)
    """most training images that it is fitted to, all at once before the first step [images]"""


def check_shape(settings: ModelSettings, shape: tuple[int, int, int]) -> None:
    """Refuse image shapes (C, H, W) that this family cannot make.

    Raises:
        GalforgeError: not square, an odd side, or a side outside of 16 to 256 px; not 1 to 5 channels.
    """
    check_square("gaussian", shape, 2, least=8)
    channels, side, _ = shape
    if side > 256:
        raise GalforgeError(
            f"model gaussian: images are {side} px wide, but must be at most 256 px; set the size of the data set "
            "accordingly"
        )
    if not 1 <= channels <= 5:
        raise GalforgeError(
            f"model gaussian: images have {channels} channels, but must have 1 to 5; choose fewer bands"
        )
