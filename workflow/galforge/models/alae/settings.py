"""Typed settings of the adversarial latent autoencoder."""

from typing import Literal

from pydantic import Field

from galforge.models.settings import StyleSettings, check_halving

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("torch",)
GENERATOR = ("mapping", "synthesis", "told")


class ModelSettings(StyleSettings):
    """Adversarially trained autoencoder with its reconstruction loss in latent space (Pidhorskyi et al. 2020)."""

    discriminator_layers: int = Field(3, ge=1, le=16)
    """fully connected layers from w to the logit"""
    discriminator: Literal["linear", "leaky"] = Field("linear", json_schema_extra={"as_before": "leaky"})
    """linear: these layers are linear and learn at a tenth of the step size, as in the authors' code; leaky: with leaky
    ReLUs between them, and at the whole step size"""
    mapping_rate: float = Field(0.1, gt=0, le=1, json_schema_extra={"as_before": 0.01})
    """step size of the layers from z to w, relative to the others; 0.1 as in the authors' code"""
    style_mixing: float = Field(0.9, ge=0, le=1, json_schema_extra={"as_before": 0.0})
    """share of generated images with a second style from some layer on, where they are judged; 0.9 as in the authors'
    code"""
    reciprocity: Literal["shared", "own"] = Field("shared", json_schema_extra={"as_before": "own"})
    """optimisers with which encoder and generator learn to give styles back: shared, those of the other two steps, as
    in the authors' code; or one of its own, whose steps are then 6 to 50 times as strong for the encoder"""
    encoder_rate: float = Field(2e-3, gt=0)
    """step size of Adam for encoder and discriminator"""
    reciprocity_rate: float = Field(2e-3, gt=0, json_schema_extra={"when": {"reciprocity": ["own"]}})
    """step size of Adam for encoder and generator when they learn to give styles back"""
    r1: float = Field(10.0, ge=0)
    """weight of the R1 penalty: half of it times the squared gradient at real images"""


def check_shape(settings: ModelSettings, shape: tuple[int, int, int]) -> None:
    """Refuse image shapes (C, H, W) that this family cannot make.

    Raises:
        GalforgeError: see ``check_halving``.
    """
    check_halving("alae", settings, shape)
