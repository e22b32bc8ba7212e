"""Settings that families share, and checks of what a family is for."""

from typing import Literal, Self

from pydantic import Field, model_validator

from galforge.errors import GalforgeError
from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.


class ConditionedSettings(Settings):
    """What a model is told of each galaxy: nothing, unless columns of the catalogue are named."""

    conditions: list[str] = Field(
        [],
        description="columns of the catalogue that the model is conditioned on; [] for none",
        json_schema_extra={"as_before": []},
    )
    condition_offset: float = Field(
        0.5,
        description="value of log(1 + condition) that becomes zero",
        json_schema_extra={"as_before": 0.5},
    )
    condition_scale: float = Field(
        0.5,
        gt=0,
        description="change of log(1 + condition) that becomes one",
        json_schema_extra={"as_before": 0.5},
    )

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        if len(set(self.conditions)) < len(self.conditions):
            raise ValueError(f"conditions {self.conditions}: name each column once")
        return self


class RedshiftSettings(ConditionedSettings):
    """The models of Li et al. 2024, of redshift: corrected, or as published with raw conditions and pixels."""

    variant: Literal["corrected", "published"] = "corrected"
    conditions: list[str] = Field(
        ["redshift"], description="columns of the catalogue that the model is conditioned on; [] for none"
    )
    condition_offset: float = Field(
        0.5,
        description="corrected: value of log(1 + condition) that becomes zero",
        json_schema_extra={"when": {"variant": ["corrected"]}},
    )
    condition_scale: float = Field(
        0.5,
        gt=0,
        description="corrected: change of log(1 + condition) that becomes one",
        json_schema_extra={"when": {"variant": ["corrected"]}},
    )


class StyleSettings(ConditionedSettings):
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
        1.0,
        gt=0,
        le=1,
        description="sampled styles are drawn to their mean by this factor; 1 leaves them as they are, as it has to be "
        "with conditions",
    )

    @model_validator(mode="after")
    def _mean_of_all(self) -> Self:
        # The mean of styles is over all conditions: drawn to it, galaxies would leave what they were asked for.
        if self.truncation < 1 and self.conditions:
            raise ValueError(
                f"truncation {self.truncation:g} draws the styles of all conditions ({', '.join(self.conditions)}) to "
                "one mean; say truncation: 1.0, or conditions: []"
            )
        return self


def check_halving(family: str, widths: tuple[int, int], shape: tuple[int, int, int]) -> None:
    """Refuse what a family cannot make that halves images again and again, with more and more channels.

    Args:
        widths: channels of the finest maps, and the most that any have. shape: (C, H, W) of the images.

    Raises:
        GalforgeError: not square, side no power of two from 32 to 256, not 1 to 5 channels, or widths that contradict.
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
    finest, most = widths
    if most < finest:
        raise GalforgeError(f"model {family}: max_width ({most}) is below width ({finest}); it must be at least that")


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


def check_published(family: str, variant: str, kind: str, scale: float | None) -> None:
    """Refuse a normalisation that the published variants of Li et al. 2024 are not meant for.

    Args:
        kind, scale: of the normalisation.

    Raises:
        GalforgeError: the published variant with other than raw pixels.
    """
    if variant == "published" and (kind, scale) != ("linear", 1.0):
        raise GalforgeError(
            f"model {family}: variant: published takes raw pixels, normalisation: {{kind: linear, scale: 1.0}}, not "
            f"{{kind: {kind}, scale: {scale}}}"
        )
