"""Settings of the comparison of source with generated measurements."""

from typing import Literal, Self

from pydantic import Field, model_validator

from galforge.settings import Settings


class CompareSettings(Settings):
    """Section `compare`: resampling, and the histogram of the published power-spectrum distances."""

    bootstrap: int = Field(200, ge=20, description="bootstrap resamplings of the images for standard errors [count]")
    halvings: int = Field(100, ge=1, description="random halvings of the source for the floor [count]")
    seed: int = Field(0, ge=0, description="seed of resamplings and halvings [any integer]")
    histogram_bins: int = Field(999, ge=2, description="published power spectrum: bins of the histograms [count]")
    histogram_low: float = Field(-5.0, description="published power spectrum: lower end of the histograms [dex]")
    histogram_high: float = Field(4.0, description="published power spectrum: upper end of the histograms [dex]")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.histogram_low >= self.histogram_high:
            raise ValueError(
                f"histogram_low {self.histogram_low:g} must lie below histogram_high {self.histogram_high:g}"
            )
        return self

    def for_group(self, group: str, protocol: str, published_cuts: bool) -> "ComparisonSettings":
        """What one comparison reads of this section: nothing that only other comparisons use."""
        histogram = ("histogram_bins", "histogram_low", "histogram_high")
        left_out = () if (group, protocol) == ("power_spectrum", "published") else histogram
        own = {name: value for name, value in self.spec().items() if name not in left_out}
        cuts = published_cuts and (group, protocol) == ("morphology", "published")
        return ComparisonSettings(protocol=protocol, published_cuts=cuts, **own)


class ComparisonSettings(CompareSettings):
    """The settings of one comparison."""

    protocol: Literal["published", "corrected"] = Field(
        "corrected", description="protocol of the measurements that are compared"
    )
    published_cuts: bool = Field(
        False,
        description="published morphology: apply the printed cuts on Sersic index, asymmetry, "
        "smoothness and half-light radius (they belong to skirt in native pixels)",
    )
