"""Typed settings of the choice of a snapshot, shared by all model families."""

from typing import Literal, Self

from pydantic import Field, model_validator

from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.


class SnapshotSettings(Settings):
    """Which of the averaged weights is sampled, of those that the segments of a training leave."""

    choose: Literal["last", "best"] = "last"
    """last: those at the end of the training; best: those whose images are nearest to the validation split; a segment
    that diverges then costs no other"""
    by: str = ""
    """measure that scores the weights of every segment, such as power_spectrum; empty for no scores"""
    count: int = Field(1_000, ge=20)
    """images drawn from the weights of a segment to score them [images]"""

    @model_validator(mode="after")
    def _measured(self) -> Self:
        if self.choose == "best" and not self.by:
            raise ValueError("choose: best needs a measure to choose by, such as by: power_spectrum")
        return self
