"""Settings that model families share, those of normalisation and conditions, and checks of what suits a family."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from galforge.errors import GalforgeError
from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.
CORRECTED = {"when": {"variant": ["corrected"]}}
PUBLISHED = {"when": {"variant": ["published"]}}
UNIFORM = {"when": {"source": ["uniform"]}}
Positive = Annotated[int, Field(ge=1)]


class NormalisationSettings(Settings):
    """How pixel values become numbers of order one before a network sees them."""

    kind: Literal["asinh", "linear"] = "asinh"
    """asinh compresses bright cores but not the sky noise; linear only shifts and divides"""
    scale: float | None = Field(None, gt=0)
    """value that becomes one: where asinh turns logarithmic, or the divisor of linear; null measures it (and an offset)
    on the training split [image unit]"""


class ConditionSettings(Settings):
    """Where the conditions of generated images come from. The conditions of an image depend on its index only."""

    source: Literal["test", "uniform"] = "test"
    """test: conditions of galaxies of the test split, shuffled, reused once all were taken; uniform: between low and
    high, for a single condition"""
    low: float = Field(0.001, json_schema_extra=UNIFORM)
    """smallest condition, as a redshift [its unit]"""
    high: float = Field(4.0, json_schema_extra=UNIFORM)
    """largest condition, as a redshift [its unit]"""
    seed: int = Field(0, ge=0)
    """seed of the order or of the values; models with equal seeds get the same ones"""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.source == "uniform" and not self.low < self.high:
            raise ValueError(f"low ({self.low}) must be below high ({self.high})")
        return self


class ConditionedSettings(Settings):
    """What a model is told about each galaxy: nothing, unless catalogue columns are named."""

    conditions: list[str] = Field([], json_schema_extra={"as_before": []})
    """catalogue columns that the model is conditioned on"""
    condition_offset: float = Field(0.5, json_schema_extra={"as_before": 0.5})
    """log(1 + condition) that is encoded as zero"""
    condition_scale: float = Field(0.5, gt=0, json_schema_extra={"as_before": 0.5})
    """change of log(1 + condition) encoded as one"""

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        if len(set(self.conditions)) < len(self.conditions):
            raise ValueError(f"conditions {self.conditions}: name each column once")
        return self


class GuidedSettings(ConditionedSettings):
    """Conditions that are sometimes kept from a network in training, so that it can also draw without them."""

    condition_dropout: float = Field(0.0, ge=0, lt=1)
    """share of the training images whose conditions are kept from the network"""
    guidance: float = Field(1.0, ge=0)
    """images are drawn from the prediction without conditions plus this many times the difference that conditions make
    (Ho & Salimans 2022); 1 draws what was learned, and takes half the time; more exaggerates conditions"""

    @model_validator(mode="after")
    def _learned_without(self) -> Self:
        if self.guidance != 1 and not (self.conditions and self.condition_dropout):
            raise ValueError(
                f"guidance {self.guidance:g} needs a network that was also trained without conditions: name "
                "conditions and say condition_dropout: 0.1, or guidance: 1.0"
            )
        if self.condition_dropout and not self.conditions:
            raise ValueError(f"condition_dropout is {self.condition_dropout:g}, but there are no conditions to keep")
        return self


class UNetSettings(Settings):
    """The U-Net of the diffusion models (``galforge.models.unet``)."""

    dim: int = Field(64, ge=8, multiple_of=8)
    """channels at full resolution"""
    multipliers: list[Positive] = Field([1, 2, 4, 8], min_length=1)
    """channels per level over dim; each level has half the resolution"""
    patch: Literal[1, 2, 4] = 1
    """side of the square of image pixels that one pixel of the finest maps makes; 2 takes a quarter of the time [px]"""
    heads: int = Field(4, ge=1)
    """heads of the attention"""
    head_dim: int = Field(32, ge=4)
    """channels of a head"""
    linear_attention: bool = True
    """linear attention after the blocks of each level; the middle always has full attention"""
    condition_maps: int = Field(0, ge=0)
    """channels of a map that each block learns from the conditions and sees beside its input (Li et al.: 5); 0 adds
    the conditions to the embedding of the noise level, for far fewer weights"""


class RedshiftSettings(ConditionedSettings):
    """The redshift-conditioned models of Li et al. 2024: corrected, or as published with raw conditions and pixels."""

    variant: Literal["corrected", "published"] = "corrected"
    conditions: list[str] = Field(["redshift"])
    """catalogue columns that the model is conditioned on; [] for none"""
    condition_offset: float = Field(0.5, json_schema_extra=CORRECTED)
    """corrected: log(1 + condition) that is encoded as zero"""
    condition_scale: float = Field(0.5, gt=0, json_schema_extra=CORRECTED)
    """corrected: change of log(1 + condition) encoded as one"""


class StyleSettings(ConditionedSettings):
    """The mapping network and the style-based generator."""

    latent: int = Field(512, ge=2, le=4096)
    """length of the latent vector z and of the styles w"""
    mapping_layers: int = Field(8, ge=1, le=16)
    """fully connected layers from z to w"""
    width: int = Field(32, ge=4, multiple_of=4)
    """channels of the finest maps; doubled at each halving"""
    max_width: int = Field(512, ge=4, multiple_of=4)
    """most channels at any resolution"""
    patch: Literal[1, 2, 4] = 1
    """side of the square of image pixels that one pixel of the finest maps makes; 2 takes a third of the time, for
    images without detail finer than two pixels [px]"""
    detail: float = Field(0.3, ge=0, le=1)
    """with patch > 1: pixels of a patch are exchanged as their sum and differences, each divided by its spread in real
    images to this power; 0 does not scale them, 1 makes all equally large"""
    architecture: Literal["skip", "residual"] = "skip"
    """generator: sum the images of all levels (skip), or sum maps (residual)"""
    noise: bool = True
    """add noise of learned strength after each convolution of the generator"""
    grain: bool = Field(True, json_schema_extra={"as_before": False, "when": {"noise": [True]}})
    """noise of the finest level is of each pixel and channel alone, of a strength that depends on the place; false: one
    map for all channels, as published, which makes the skies of several bands alike"""
    truncation: float = Field(1.0, gt=0, le=1)
    """factor by which sampled styles are drawn towards their mean; 1 leaves them as they are, and is required with
    conditions"""
    generator_rate: float = Field(2e-3, gt=0)
    """step size of Adam for generator and mapping"""
    r1: float = Field(1.0, ge=0)
    """weight of the R1 penalty: half of it times the squared gradient at real images"""
    r1_interval: int = Field(16, ge=1)
    """steps from one R1 penalty to the next, which is as many times as strong; published for alae: 1"""

    @model_validator(mode="after")
    def _mean_of_all(self) -> Self:
        # The mean style is over all conditions: drawn to it, galaxies would no longer have the ones asked for.
        if self.truncation < 1 and self.conditions:
            raise ValueError(
                f"truncation {self.truncation:g} draws the styles of all conditions ({', '.join(self.conditions)}) to "
                "one mean; say truncation: 1.0, or conditions: []"
            )
        return self


class SparseSettings(Settings):
    """What the families of sparse images have in common."""

    size: int = Field(1000, ge=64, le=1024)
    """side of the images, that of the data set [px]"""


class SparseGanSettings(SparseSettings):
    """What the GANs of sparse images have in common."""

    width: int = Field(32, ge=4, multiple_of=4)
    """channels at half the resolution; published: 64"""
    stretch: Literal["root", "linear"] = "root"
    """networks see the square root of the levels, or the levels, as published"""
    quiet: int = Field(0, ge=0, le=254)
    """generated levels up to this one become 0 [8-bit level]"""
    smoothing: float = Field(0.9, gt=0.5, le=1)
    """label of real images for the discriminators"""


def check_square(
    family: str, shape: tuple[int, int, int], factor: int, least: int = 1, why: str = "", remedy: str = ""
) -> None:
    """Refuse images that are not square, or whose side is no multiple of a factor.

    Args:
        family: name of the family, for the message.
        shape: (C, H, W) of the images [px].
        factor, least: the side must be a multiple of ``factor`` and at least ``least`` times as long.
        why, remedy: added to the message; settings to change besides the size of the data set.

    Raises:
        GalforgeError: such images.
    """
    _, height, width = shape
    if height != width or height % factor or height < least * factor:
        raise GalforgeError(
            f"model {family}: images are {height} x {width} pixels, but must be square with a side that is a multiple "
            f"of {factor}{why}; set the size of the data set{remedy} accordingly"
        )


def check_halving(family: str, settings: Settings, shape: tuple[int, int, int]) -> None:
    """Refuse what a family cannot make that halves images down to 4 px, with more and more channels.

    Args:
        family: name of the family, for the message.
        settings: of its networks: ``width`` of the finest maps, and ``max_width``, the most channels of any.
        shape: (C, H, W) of the images [px].

    Raises:
        GalforgeError: not square, side no power of two from 32 to 256, not 1 to 5 channels, or max_width below width.
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
        family, view: names of both, for the message.
        wanted, shape: (C, H, W) of the view and of the images there are [px].

    Raises:
        GalforgeError: another shape.
    """
    if tuple(shape) != wanted:
        raise GalforgeError(
            f"model {family} is trained on {view} {wanted}, not on images {shape}; choose a sparse data set"
        )


def check_raw(family: str, values: str, kind: str, scale: float | None) -> None:
    """Refuse a normalisation that changes pixel values a family takes as they are.

    Args:
        family, values: its name and what it takes, for the message.
        kind, scale: of the normalisation.

    Raises:
        GalforgeError: any but the linear one of scale 1.
    """
    if (kind, scale) != ("linear", 1.0):
        raise GalforgeError(
            f"model {family} takes {values} as they are: say normalisation: {{kind: linear, scale: 1.0}}, not "
            f"{{kind: {kind}, scale: {scale}}}"
        )
