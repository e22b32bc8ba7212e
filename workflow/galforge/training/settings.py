"""Typed settings of normalisation, training and sampling, shared by all model families."""

from typing import Literal, Self

from pydantic import Field, model_validator

from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.


class NormalisationSettings(Settings):
    """How pixel values are brought to numbers of order one before a network sees them."""

    kind: Literal["asinh", "linear"] = Field(
        "asinh",
        description="asinh compresses bright cores but not the sky noise; linear only shifts and divides",
    )
    scale: float | None = Field(
        None,
        gt=0,
        description="value that becomes one: where asinh turns logarithmic, or the divisor of linear; "
        "null measures it (and an offset) on the training split [image unit]",
    )


class StepSettings(Settings):
    """What a training step depends on, however long the whole training is."""

    batch: int = Field(32, ge=1, description="images per step")
    ema_half_life_images: int = Field(
        10_000,
        ge=1,
        description="half-life of the average of the weights, which is exported; shorter at first [images]",
    )
    decay_images: int = Field(
        0,
        ge=0,
        json_schema_extra={"as_before": 0},
        description="after so many images, step sizes fall as the inverse root of images seen (Karras et al. 2024, "
        "section 3.1, without a length of training to fix); 0 for never [images]",
    )
    history_images: int = Field(
        2_000,
        ge=1,
        description="losses are averaged over this many images for each row of history.csv [images]",
    )
    gradient_clip: float = Field(
        0.0, ge=0, description="largest norm of the gradient of an optimiser's weights; 0 does not clip"
    )
    augmentation: bool = Field(
        True,
        description="turn and mirror every training image at random (the sky has no preferred direction)",
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description="arithmetic of the networks; auto: bfloat16 on GPUs and CPUs with matrix units, else float32",
    )
    layout: Literal["channels_last", "contiguous"] = Field(
        "channels_last", description="order of images in memory; with the channels of a pixel side by side it is faster"
    )
    compile: bool = Field(
        False,
        json_schema_extra={"as_before": False},
        description="compile the networks with torch.compile: minutes at the start of each job, needs a C++ compiler",
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto takes a GPU where there is one")
    threads: int = Field(1, ge=1, description="CPU threads of a training; another number gives other last digits")
    splits: list[Literal["train", "validation", "test"]] = Field(
        ["train"], min_length=1, description="splits of the data set that are trained on"
    )


class TrainingSettings(StepSettings):
    """A whole training: how long, in which pieces, and what a step is."""

    images_total: int = Field(2_000_000, ge=1, description="length of the training, counted in images seen [images]")
    segment_images: int = Field(
        500_000,
        ge=1,
        description="length of one job; choose it once, another length trains again from zero [images]",
    )

    @model_validator(mode="after")
    def _whole_steps(self) -> Self:
        if self.history_images > self.images_total:
            raise ValueError(
                f"history_images is {self.history_images}, more than images_total ({self.images_total}): the history "
                "would stay empty"
            )
        for name in ("images_total", "segment_images"):
            value = getattr(self, name)
            if value % self.batch:
                right = max(1, round(value / self.batch)) * self.batch
                raise ValueError(f"{name} is {value}, no multiple of batch ({self.batch}); {right} would be right")
        return self


class ConditionSettings(Settings):
    """Where the conditions of the images that a conditional model draws come from; an image's follow from its index."""

    source: Literal["test", "uniform"] = Field(
        "test",
        description="test: those of galaxies of the test split, in an order of their own, again from the first when "
        "all were used; uniform: between low and high, for a single condition",
    )
    low: float = Field(
        0.001,
        description="smallest condition; the default is a redshift [its unit]",
        json_schema_extra={"when": {"source": ["uniform"]}},
    )
    high: float = Field(
        4.0,
        description="largest condition; the default is a redshift [its unit]",
        json_schema_extra={"when": {"source": ["uniform"]}},
    )
    seed: int = Field(0, ge=0, description="of the order, or of the values; models of equal seeds draw the same ones")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.source == "uniform" and not self.low < self.high:
            raise ValueError(f"low ({self.low}) must be below high ({self.high})")
        return self


class SamplingSettings(Settings):
    """How many images are drawn from each trained model, and how."""

    count: int = Field(10_000, ge=1, description="images drawn from each trained model [images]")
    sparse_count: int = Field(
        1_000, ge=1, description="sparse images drawn from each model of them, which are much larger [images]"
    )
    chunk: int = Field(25_000, ge=1, description="images drawn by one job; changes no image [images]")
    batch: int = Field(
        64, ge=1, description="images evaluated together; another number gives other last digits [images]"
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto takes a GPU where there is one")
    threads: int = Field(1, ge=1, description="CPU threads of a sampling job; another number gives other last digits")
