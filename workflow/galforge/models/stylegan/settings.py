"""Typed settings of the style-based generative adversarial network."""

from typing import Literal

from pydantic import Field

from galforge.errors import GalforgeError
from galforge.settings import Settings

LIBRARIES = ("torch",)
GENERATOR = ("mapping", "synthesis")


class ModelSettings(Settings):
    """Style-based generator against a residual discriminator (Karras et al. 2020a), in plain PyTorch."""

    latent: int = Field(512, ge=2, le=4096, description="length of the latent vector z and of the styles w")
    mapping_layers: int = Field(8, ge=1, le=16, description="fully connected layers from z to w")
    width: int = Field(32, ge=4, multiple_of=4, description="channels of the finest maps; doubled at each halving")
    max_width: int = Field(512, ge=4, multiple_of=4, description="most channels at any resolution")
    patch: Literal[1, 2, 4] = Field(
        1,
        description="side of the image pixels that one pixel of the finest maps makes; 2 takes a third of the time, "
        "for images whose detail is coarser than two pixels [px]",
    )
    detail: float = Field(
        0.5,
        ge=0,
        le=1,
        description="with patch > 1: pixels of a patch are exchanged as their sum and differences, each divided by its "
        "spread in real images to this power; 0 leaves them, 1 makes all equally large",
    )
    architecture: Literal["skip", "residual"] = Field(
        "skip", description="generator: sum the images of all levels (skip), or sum maps (residual)"
    )
    noise: bool = Field(True, description="noise of learned strength behind each convolution of the generator")
    style_mixing: float = Field(
        0.9, ge=0, le=1, description="share of generated training images that get a second style from some layer on"
    )
    truncation: float = Field(
        1.0, gt=0, le=1, description="sampled styles are drawn to their mean by this factor; 1 leaves them as they are"
    )
    generator_rate: float = Field(2e-3, gt=0, description="step size of Adam for generator and mapping")
    discriminator_rate: float = Field(2e-3, gt=0, description="step size of Adam for the discriminator")
    r1: float = Field(1.0, ge=0, description="weight of the R1 penalty: half of it times the squared gradient on reals")
    r1_interval: int = Field(16, ge=1, description="the R1 penalty is taken in every so manieth step, as much stronger")
    path_length: float = Field(0.0, ge=0, description="weight of the path-length penalty of the generator; 0 for none")
    path_length_interval: int = Field(8, ge=1, description="it is taken in every so manieth step, as much stronger")
    group: Literal[1, 2, 4, 8] = Field(
        4, description="images whose spread the discriminator sees together; 1 does not look at it [images]"
    )
    ada_target: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="adaptive augmentation for small data sets (Karras et al. 2020b): share by which more real images "
        "than not are taken for real, above which all images that the discriminator sees are turned, moved and scaled "
        "more often; 0 for none, 0.6 is theirs",
    )
    ada_images: int = Field(
        500_000, ge=1, description="images in which the probability of that can go from none to always [images]"
    )


def check_shape(settings: ModelSettings, shape: tuple[int, int, int]) -> None:
    """Refuse image shapes (C, H, W) that this family cannot make.

    Raises:
        GalforgeError: not square, side no power of two from 32 to 256, or not 1 to 5 channels.
    """
    channels, height, width = shape
    if height != width or height not in (32, 64, 128, 256):
        raise GalforgeError(
            f"model stylegan: images are {height} x {width} pixels, but must be square with a side of 32, 64, "
            "128 or 256; set the size of the data set accordingly"
        )
    if not 1 <= channels <= 5:
        raise GalforgeError(
            f"model stylegan: images have {channels} channels, but must have 1 to 5; choose fewer bands"
        )
    if settings.max_width < settings.width:
        raise GalforgeError(
            f"model stylegan: max_width ({settings.max_width}) is below width ({settings.width}); it must be at least "
            "that"
        )
