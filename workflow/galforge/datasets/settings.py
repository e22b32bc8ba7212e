"""Settings that data sets of every family share."""

from typing import Self

from pydantic import Field, model_validator

from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.


class Splits(Settings):
    """Shares of the stamps per split; each stamp's split follows from the seed and its index alone."""

    train: float = Field(0.8, gt=0, le=1, description="share of the stamps that models are trained on")
    validation: float = Field(0.1, ge=0, le=1, description="share that models are chosen by, and not trained on")
    test: float = Field(0.1, ge=0, le=1, description="share that nothing is trained on or chosen by")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-6:
            raise ValueError(f"train + validation + test is {total:g}; the shares must add up to 1")
        return self
