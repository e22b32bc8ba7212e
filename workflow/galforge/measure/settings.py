"""How the stamps of one data set are measured: what belongs to the data set and not to the measure."""

from typing import Annotated, Any, Literal

from pydantic import Field

from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.


class Measuring(Settings):
    """Section `measuring` of a data set."""

    band: int = Field(0, ge=0, description="channel in which galaxies are measured [index, 0 = first band]")
    noise_sigma: Annotated[float, Field(ge=0)] | Literal["auto"] = Field(
        "auto",
        description="Gaussian noise added before a corrected measurement [image units]; auto: the smallest that gives "
        "flag <= 1 for 80 % of the source stamps (0 where they have noise of their own)",
    )
    calibration_stamps: int = Field(60, ge=10, description="source stamps used to find that noise [count]")
    calibration_target: float = Field(
        0.8, gt=0, le=1, description="share of them that must have flag <= 1 with that noise"
    )
    expected_count: int = Field(
        1000,
        ge=1,
        description="source stamps to expect [count]; only decides into how many jobs measuring is cut",
    )
    expected_scored: int = Field(
        12000,
        ge=1,
        description="images with scores and those beside them to expect, of a data set that has them [count]; only "
        "decides into how many jobs measuring is cut",
    )
    published_cuts: bool = Field(
        False,
        description="apply the published cuts in the published protocol; they belong to SKIRT in native pixels",
    )
    seed: int = Field(0, ge=0, description="seed of the added noise [any integer]")
    measures: list[str] | None = Field(
        None, description="measures that are taken of this data set and its models; null: all [keys of `measures`]"
    )
    overrides: dict[str, Any] = Field(
        default_factory=dict,
        description="keys of measures that differ for this data set, as a tree, such as {power_spectrum: {band: 1}}",
    )


class MeasureEntry(Settings):
    """Entries of a measure that are not its family's settings."""

    family: str = Field(description="folder of workflow/galforge/measure/")
    chunk: int = Field(1000, ge=1, description="stamps measured by one job, for minutes of work [count]")
    band: int | None = Field(
        None, ge=0, description="channel that is measured; null: that of the data set [index, 0 = first band]"
    )
