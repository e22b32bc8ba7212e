"""Typed settings of the denoising diffusion model."""

import math
from typing import Literal, Self

from pydantic import Field, model_validator

from galforge.models.settings import CORRECTED, GuidedSettings, RedshiftSettings, UNetSettings, check_raw, check_square

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("torch",)
GENERATOR = ("unet", "conditioning")
FEW_STEPS = {"when": {"sampler": ["dpm_solver", "ddim"]}}
_LEAST_LEFT = -70.0
"""Logarithm to base 10 of the least share of the image's variance whose root single precision can divide by."""
_MOST_LEFT = 0.05
"""Largest share that may be left where samples begin, which have nothing of an image."""
_ENOUGH = 1e-3
"""Share that the remedy leaves, or less."""


class ModelSettings(UNetSettings, RedshiftSettings, GuidedSettings):
    """Denoising diffusion (Ho et al. 2020) with a U-Net, conditioned on columns of the catalogue."""

    variant: Literal["corrected", "published"] = "corrected"
    """published: as in the code of Li et al. 2024, with raw conditions and noise levels that lag by one step; it needs
    normalisation: {kind: linear, scale: 1}, sampler: ancestral and prediction: noise"""
    condition_dropout: float = Field(0.0, ge=0, lt=1, json_schema_extra=CORRECTED | {"as_before": 0.0})
    """corrected: share of the training images whose conditions are kept from the network"""
    guidance: float = Field(1.0, ge=0, json_schema_extra=CORRECTED | {"as_before": 1.0})
    """corrected: images are drawn from the prediction without conditions plus this many times the difference that
    conditions make (Ho & Salimans 2022); 1 draws what was learned, in half the time; more exaggerates conditions"""
    timesteps: int = Field(1000, ge=2)
    """noise levels"""
    beta_first: float = Field(1e-4, gt=0, lt=1)
    """variance of the noise that the first step adds"""
    beta_last: float = Field(0.02, gt=0, lt=1)
    """that of the last step; it grows linearly between them"""
    prediction: Literal["v", "noise"] = "v"
    """what the network predicts: the noise, or v = sqrt(a) noise - sqrt(1 - a) image (Salimans & Ho 2022), which gives
    the image at any noise level"""
    sampler: Literal["dpm_solver", "ddim", "ancestral"] = "dpm_solver"
    """dpm_solver (DPM-Solver++ of second order, Lu et al. 2022), ddim (Song et al. 2021, eta 0), which is of first
    order and makes skies too quiet, or ancestral: all levels, with new noise at each"""
    steps: int = Field(50, ge=1, json_schema_extra=FEW_STEPS)
    """evaluations of the network per image"""
    spacing: Literal["quadratic", "uniform"] = Field("quadratic", json_schema_extra=FEW_STEPS)
    """noise levels of these steps: quadratic, most of them at little noise, or uniform, with which 50 steps of ddim
    draw skies a tenth too quiet"""
    learning_rate: float = Field(2e-4, gt=0)
    """step size of Adam"""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.variant == "published" and (self.sampler, self.prediction) != ("ancestral", "noise"):
            raise ValueError(
                f"variant: published needs sampler: ancestral and prediction: noise, not {self.sampler} and "
                f"{self.prediction}"
            )
        if self.variant == "published" and self.condition_dropout:
            raise ValueError("variant: published was trained with all conditions; say condition_dropout: 0.0")
        if self.sampler != "ancestral" and self.timesteps % self.steps:
            raise ValueError(f"steps is {self.steps}, but must divide timesteps ({self.timesteps})")
        if not self.beta_first < self.beta_last:
            raise ValueError(f"beta_first ({self.beta_first}) must be below beta_last ({self.beta_last})")
        left = self._left()
        if self.sampler != "ancestral" and left < _LEAST_LEFT:
            raise ValueError(
                f"beta_last ({self.beta_last}) leaves no image after {self.timesteps} timesteps (10^{left:.0f} "
                f"of its variance), where sampler: {self.sampler} begins; say a smaller beta_last, fewer timesteps, or "
                "sampler: ancestral"
            )
        if 10**left > _MOST_LEFT:
            right = self.beta_last * math.log10(_ENOUGH) / min(left, -1e-9)
            remedy = f"beta_last: {right:.2g}, or more timesteps" if right < 0.99 else "more timesteps"
            raise ValueError(
                f"beta_last ({self.beta_last}) leaves {10**left:.0%} of the image's variance after {self.timesteps} "
                f"timesteps, but images are drawn from noise alone; say {remedy}"
            )
        return self

    def _left(self) -> float:
        """Logarithm to base 10 of the share of the image's variance that is left at the last level."""
        rise = (self.beta_last - self.beta_first) / (self.timesteps - 1)
        return sum(math.log10(1 - self.beta_first - rise * level) for level in range(self.timesteps))


def check_shape(settings: ModelSettings, shape: tuple[int, int, int]) -> None:
    """Refuse image shapes (C, H, W) that this family cannot make.

    Raises:
        GalforgeError: not square, or a side that the levels cannot halve to at least two pixels.
    """
    levels = len(settings.multipliers)
    why = f", at least twice that, for {levels} levels with patch {settings.patch}"
    check_square("ddpm", shape, settings.patch * 2 ** (levels - 1), 2, why, ", multipliers or patch")


def check_normalisation(settings: ModelSettings, kind: str, scale: float | None) -> None:
    """Refuse pixel values that the variant is not meant for.

    Raises:
        GalforgeError: the published variant with other than raw pixels.
    """
    if settings.variant == "published":
        check_raw("ddpm: variant: published", "raw pixels", kind, scale)
