"""Typed settings of training, shared by all model families."""

from typing import Literal, Self

from pydantic import Field, model_validator

from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.


class StepSettings(Settings):
    """What a training step depends on, whatever the length of the training."""

    batch: int = Field(32, ge=1)
    """images per step"""
    micro_batch: int = Field(0, ge=0, json_schema_extra={"as_before": 0})
    """images of a batch that a process computes at once, for less memory and the same step but for rounding; 0: all of
    its share; groups of images whose spread a discriminator sees are not cut [images]"""
    ema_half_life_images: int = Field(10_000, ge=1)
    """half-life of the EMA of the weights, which is what is exported; shorter at first [images]"""
    decay_images: int = Field(0, ge=0, json_schema_extra={"as_before": 0})
    """from this many images on, step sizes fall as the inverse square root of the images seen (Karras et al. 2024,
    section 3.1; needs no length of the training); 0 for never [images]"""
    warmup_images: int = Field(0, ge=0, json_schema_extra={"as_before": 0})
    """step sizes grow in proportion to the images seen until that many were; 0 for full ones from the start [images]"""
    history_images: int = Field(2_000, ge=1)
    """losses are averaged over this many images for each row of history.csv [images]"""
    validation_images: int = Field(0, ge=0, json_schema_extra={"as_before": 0})
    """images of the validation split whose losses, of the averaged weights, stand in the history, too, under names that
    begin with validation; 0 for none [images]"""
    gradient_clip: float = Field(0.0, ge=0)
    """clip the gradient of an optimiser's weights to this norm; 0 does not clip"""
    augmentation: bool = True
    """rotate and mirror every training image at random (the sky has no preferred direction)"""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """arithmetic of the networks; auto: bfloat16 on GPUs and CPUs with matrix units, else float32, which convolutions
    on GPUs compute in TF32 (10 bits) where there is that"""
    layout: Literal["channels_last", "contiguous"] = "channels_last"
    """order of images in memory; it is faster with the channels of a pixel side by side"""
    compile: bool = Field(False, json_schema_extra={"as_before": False})
    """compile the networks with torch.compile: takes minutes per job and needs a C++ compiler; gradient penalties are
    computed without"""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto takes a GPU where there is one"""
    threads: int = Field(1, ge=1)
    """CPU threads of a training; another number gives other last digits"""
    splits: list[Literal["train", "validation", "test"]] = Field(["train"], min_length=1)
    """splits of the data set that are trained on"""


class TrainingSettings(StepSettings):
    """A whole training: its length, how it is cut into jobs, and what a step is."""

    images_total: int = Field(2_000_000, ge=1)
    """length of the training, counted in images seen [images]"""
    segment_images: int = Field(500_000, ge=1)
    """images per job; choose it once, for another value trains again from the start [images]"""

    @model_validator(mode="after")
    def _not_trained_on(self) -> Self:
        if self.validation_images and "validation" in self.splits:
            raise ValueError(
                f"validation_images is {self.validation_images}, but splits has validation: losses of images that are "
                "trained on say nothing; say validation_images: 0, or take validation out of splits"
            )
        return self

    @model_validator(mode="after")
    def _whole_steps(self) -> Self:
        if self.history_images > self.images_total:
            raise ValueError(
                f"history_images is {self.history_images}, more than images_total ({self.images_total}): the history "
                "would stay empty; choose a smaller one"
            )
        for name in ("images_total", "segment_images"):
            value = getattr(self, name)
            if value % self.batch:
                right = max(1, round(value / self.batch)) * self.batch
                raise ValueError(f"{name} is {value}, no multiple of batch ({self.batch}); {right} would be right")
        return self
