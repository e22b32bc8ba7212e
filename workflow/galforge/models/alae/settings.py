"""Typed settings of the adversarial latent autoencoder."""

from typing import Literal

from pydantic import Field

from galforge.errors import GalforgeError
from galforge.settings import Settings

LIBRARIES = ("torch",)
GENERATOR = ("mapping", "synthesis")


class ModelSettings(Settings):
    """Autoencoder that is trained adversarially and closes its circle in latent space (Pidhorskyi et al. 2020)."""

    latent: int = Field(512, ge=2, le=4096, description="length of the latent vector z and of the styles w")
    mapping_layers: int = Field(8, ge=1, le=16, description="fully connected layers from z to w")
    discriminator_layers: int = Field(3, ge=1, le=16, description="fully connected layers from w to the verdict")
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
    truncation: float = Field(
        1.0, gt=0, le=1, description="sampled styles are drawn to their mean by this factor; 1 leaves them as they are"
    )
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
    channels, height, width = shape
    if height != width or height not in (32, 64, 128, 256):
        raise GalforgeError(
            f"model alae: images are {height} x {width} pixels, but must be square with a side of 32, 64, "
            "128 or 256; set the size of the data set accordingly"
        )
    if not 1 <= channels <= 5:
        raise GalforgeError(f"model alae: images have {channels} channels, but must have 1 to 5; choose fewer bands")
    if settings.max_width < settings.width:
        raise GalforgeError(
            f"model alae: max_width ({settings.max_width}) is below width ({settings.width}); it must be at least that"
        )
