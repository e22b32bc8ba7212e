"""Typed settings of EDM."""

from typing import Literal, Self

from pydantic import Field, model_validator

from galforge.errors import GalforgeError
from galforge.models.settings import GuidedSettings, Positive, UNetSettings, check_square

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("torch",)
GENERATOR = ("unet", "conditioning", "known")
GAUSSIAN = {"when": {"known": ["gaussian"]}}
_SIDES = (16, 256)
_CHANNELS = 5


class ModelSettings(UNetSettings, GuidedSettings):
    """Diffusion with the preconditioning, noise levels and samplers of Karras et al. 2022 (EDM), and a U-Net of pixels.

    The defaults draw galaxies of 64 px after minutes on one core; on a GPU, dim 64 and more levels.
    """

    known: Literal["gaussian", "white", "flow"] = "gaussian"
    """what the network need not learn, because a formula predicts it: the best for a gaussian with the mean, principal
    components and noise of the images; white, for pixels of white noise (EDM); flow, a straight path (flow matching,
    Lipman et al. 2023)"""
    components: int = Field(150, ge=1, le=4096, json_schema_extra=GAUSSIAN)
    """most principal components of that gaussian"""
    fitted_images: int = Field(1200, ge=2, json_schema_extra=GAUSSIAN)
    """most training images that it is fitted to, before the first step [images]"""
    detail: float = Field(0.5, ge=0, le=1, json_schema_extra=GAUSSIAN)
    """weight of the differences between pixels of a patch: from 0, that of their squared errors, to 1, as large as
    that of their sum, for the scales below it, in smooth galaxies"""
    local_noise: bool = Field(False, json_schema_extra={**GAUSSIAN, "as_before": False})
    """let the network say how much noise each pixel has: bright pixels of stretched images have less than the sky, and
    bands that do not agree there make galaxies of coloured speckle"""
    colours: bool = Field(False, json_schema_extra={**GAUSSIAN, "as_before": False})
    """let the network work with sums and differences of bands in place of bands; ``detail`` then weighs those, so that
    errors of colours, which are small, count"""
    pixel_sd: float = Field(1.0, gt=0, json_schema_extra={"when": {"known": ["white"]}})
    """standard deviation of the pixels; 1 unless the normalisation has a given scale [normalised unit]"""
    dim: int = Field(16, ge=8, multiple_of=8)
    """channels at full resolution; at least as many as a patch has numbers, 24 for five bands and patch 2"""
    multipliers: list[Positive] = Field([1, 2, 4], min_length=1)
    """channels per level over dim; each level has half the resolution"""
    patch: Literal[1, 2, 4] = 2
    """side of the square of image pixels that one pixel of the finest maps makes; 2 takes a quarter of the time [px]"""
    heads: int = Field(2, ge=1)
    """heads of the attention"""
    head_dim: int = Field(16, ge=4)
    """channels of a head"""
    radius: bool = True
    """show the network the distance of each pixel from the centre, where galaxies are"""
    log_sigma_mean: float = -0.3
    """mean of the logarithm of the noise levels in training; -1.2 in Karras et al. 2022, for pixels of sd 0.5"""
    log_sigma_sd: float = Field(1.8, gt=0)
    """standard deviation of that logarithm; 1.2 in Karras et al.; flow matching with uniform times has 0 and 1.8"""
    weighting: Literal["levels", "learned"] = "levels"
    """weights of the losses of noise levels and coefficients: those that make all count alike that the known part
    leaves (Karras et al. 2022), or learned ones that make what the network leaves count alike (Karras et al. 2024),
    which is better in trainings of minutes"""
    sigma_max: float = Field(80.0, gt=0)
    """noise level that images are drawn from [normalised unit]"""
    sigma_min: float = Field(0.002, gt=0)
    """last noise level before the image; 0.01 to 0.03 for images with a sky of noise [normalised unit]"""
    sampler: Literal["dpm_solver", "heun"] = "dpm_solver"
    """dpm_solver: DPM-Solver++(2M) of Lu et al. 2022; heun: of Karras et al. 2022, twice the evaluations"""
    steps: int = Field(18, ge=2)
    """steps from sigma_max to the image; where nothing is known, 28 keep the spread of images within 1 %"""
    spacing: Literal["karras", "exponential"] = "exponential"
    """noise levels between them: even seventh roots (Karras et al. 2022), or even logarithms, which dpm_solver needs
    half as many of"""
    learning_rate: float = Field(4e-3, gt=0)
    """step size of Adam; 2e-3 with learned weights, 3e-4 for dim 64, which 4e-3 makes diverge"""

    @model_validator(mode="after")
    def _levels(self) -> Self:
        if not self.sigma_min < self.sigma_max:
            raise ValueError(f"sigma_min ({self.sigma_min:g}) must be below sigma_max ({self.sigma_max:g})")
        return self


def check_shape(settings: ModelSettings, shape: tuple[int, int, int]) -> None:
    """Refuse image shapes (C, H, W) that this family cannot make.

    Raises:
        GalforgeError: not square, not 16 to 256 px, a side that the levels cannot halve to at least two pixels, or not
            1 to 5 channels.
    """
    levels = len(settings.multipliers)
    why = f", at least twice that, for {levels} levels with patch {settings.patch}"
    # The Gaussian needs an even side for its orientations.
    factor = max(settings.patch * 2 ** (levels - 1), 2 if settings.known == "gaussian" else 1)
    check_square("edm", shape, factor, 2, why, ", multipliers or patch")
    low, high = _SIDES
    if not low <= shape[1] <= high:
        raise GalforgeError(
            f"model edm: images have a side of {shape[1]} pixels, but must have {low} to {high}; set the size of the "
            "data set accordingly"
        )
    if not 1 <= shape[0] <= _CHANNELS:
        raise GalforgeError(
            f"model edm: images have {shape[0]} channels, but must have 1 to {_CHANNELS}; choose fewer bands"
        )
