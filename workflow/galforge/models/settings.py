"""Settings that the style-based families share, and checks that the families of sparse images share."""

from typing import Literal

from pydantic import Field

from galforge.errors import GalforgeError
from galforge.settings import Settings


class StyleSettings(Settings):
    """The mapping network and the style-based generator."""

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
    truncation: float = Field(
        1.0, gt=0, le=1, description="sampled styles are drawn to their mean by this factor; 1 leaves them as they are"
    )


def check_style_shape(family: str, settings: StyleSettings, shape: tuple[int, int, int]) -> None:
    """Refuse image shapes (C, H, W) that a style-based family cannot make.

    Raises:
        GalforgeError: not square, side no power of two from 32 to 256, or not 1 to 5 channels.
    """
    channels, height, width = shape
    if height != width or height not in (32, 64, 128, 256):
        raise GalforgeError(
            f"model {family}: images are {height} x {width} pixels, but must be square with a side of 32, 64, "
            "128 or 256; set the size of the data set accordingly"
        )
    if not 1 <= channels <= 5:
        raise GalforgeError(
            f"model {family}: images have {channels} channels, but must have 1 to 5; choose fewer bands"
        )
    if settings.max_width < settings.width:
        raise GalforgeError(
            f"model {family}: max_width ({settings.max_width}) is below width ({settings.width}); it must be at least "
            "that"
        )


def check_view(family: str, view: str, wanted: tuple[int, int, int], shape: tuple[int, int, int]) -> None:
    """Refuse anything but the view of sparse images that a family is trained on.

    Args:
        view: what it is called, for the message. wanted: its shape (C, H, W). shape: that of what there is.

    Raises:
        GalforgeError: another shape.
    """
    if tuple(shape) != wanted:
        raise GalforgeError(f"model {family} is trained on {view} {wanted}, not on images {shape}")


def check_raw(family: str, values: str, kind: str, scale: float | None) -> None:
    """Refuse a normalisation that changes what a family takes as it is.

    Args:
        values: what it takes, for the message. kind, scale: of the normalisation.

    Raises:
        GalforgeError: it does.
    """
    if kind != "linear" or scale != 1.0:
        raise GalforgeError(f"model {family} takes {values} as they are: say {{kind: linear, scale: 1.0}}")
