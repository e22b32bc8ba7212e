"""Settings of the features of single bands, which FID and inception score of Li et al. 2024 are taken from."""

from typing import Literal

from pydantic import Field

from galforge.measure.features.settings import BY_NETWORK as BY_NETWORK
from galforge.measure.features.settings import LIBRARIES as LIBRARIES
from galforge.measure.features.settings import STRETCHED as STRETCHED
from galforge.measure.features.settings import MeasureSettings as FeatureSettings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.


class MeasureSettings(FeatureSettings):
    """Which network sees the bands, and how they are made into the gray images that it takes."""

    protocol: Literal["published", "corrected"] = Field(
        "corrected",
        description="published: band g alone, divided by each stamp's own maximum, as the authors' code did for its "
        "real and CVAE stamps; corrected: every band, with one asinh stretch for all stamps, so that fluxes are seen",
    )
    bands: list[str] = Field(
        [],
        description="bands that are seen, in the stamps' order; [] for all [names]",
        json_schema_extra={"when": {"protocol": ["corrected"]}},
    )
    splits: list[Literal["train", "validation", "test"]] = Field(
        ["validation", "test"],
        min_length=1,
        description="splits of the source whose stamps are seen; no score needs the features of others",
    )
