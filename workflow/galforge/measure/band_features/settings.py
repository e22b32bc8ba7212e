"""Settings of the features of single bands, from which FID and inception score of Li et al. 2024 are computed."""

from typing import Literal

from pydantic import Field

from galforge.measure.features.settings import BY_NETWORK as BY_NETWORK
from galforge.measure.features.settings import LIBRARIES as LIBRARIES
from galforge.measure.features.settings import STRETCHED as STRETCHED
from galforge.measure.features.settings import MeasureSettings as FeatureSettings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.


class MeasureSettings(FeatureSettings):
    """Which network sees the bands, and how they become its gray input images."""

    network: Literal["efficientnet-lite0", "inception-v3"] = "efficientnet-lite0"
    """as for features, of those that have class probabilities"""
    protocol: Literal["published", "corrected"] = "corrected"
    """published: band g only, divided by each stamp's own maximum, as in the authors' code for real and CVAE stamps;
    corrected: all bands, with one asinh stretch for all stamps, so that fluxes count"""
    bands: list[str] = Field([], json_schema_extra={"when": {"protocol": ["corrected"]}})
    """bands to use, in the order of the stamps; [] for all [names]"""
    splits: list[Literal["train", "validation", "test"]] = Field(["validation", "test"], min_length=1)
    """splits of the source to use; scores need no features of other splits"""
