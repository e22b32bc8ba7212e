"""Settings of the comparison of source with generated measurements."""

from typing import Literal, Self

from pydantic import Field, model_validator

from galforge.settings import Settings


class CompareSettings(Settings):
    """Section `compare`: resampling, and what single comparisons need besides."""

    bootstrap: int = Field(200, ge=20, description="bootstrap resamplings of the images for standard errors [count]")
    halvings: int = Field(100, ge=1, description="random halvings of the source for the floor [count]")
    seed: int = Field(0, ge=0, description="seed of resamplings and halvings [any integer]")
    histogram_bins: int = Field(999, ge=2, description="published power spectrum: bins of the histograms [count]")
    histogram_low: float = Field(-5.0, description="published power spectrum: lower end of the histograms [dex]")
    histogram_high: float = Field(4.0, description="published power spectrum: upper end of the histograms [dex]")
    fid_bootstrap: int = Field(20, ge=2, description="FID: bootstrap resamplings of the images for its error [count]")
    fid_halvings: int = Field(10, ge=1, description="FID: random halvings of the source for its floor [count]")
    kid_subsets: int = Field(100, ge=1, description="published KID: random subsets of at most 1000 images [count]")
    neighbour_images: int = Field(
        10_000,
        ge=20,
        description="precision, recall, density, coverage, memorisation: images of a side at most; the time goes as "
        "their square [count]",
    )
    neighbour_halvings: int = Field(
        10, ge=2, description="precision, recall, density, coverage: random halvings for errors and floors [count]"
    )
    red_colour: float = Field(0.9, description="colour_bulge: galaxies of larger g - i are red [mag]")
    directions: int = Field(
        128, ge=1, description="joint: random directions of the sliced Wasserstein distance [count]"
    )
    permutations: int = Field(
        10, ge=1, description="joint: trainings of the classifier on permuted labels for its floor [count]"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.histogram_low >= self.histogram_high:
            raise ValueError(
                f"histogram_low {self.histogram_low:g} must lie below histogram_high {self.histogram_high:g}"
            )
        return self

    def for_group(self, group: str, protocol: str, published_cuts: bool) -> "ComparisonSettings":
        """What one comparison reads of this section: nothing that only other comparisons use."""
        own = {name: value for name, value in self.spec().items() if _reads(group, protocol, name)}
        cuts = published_cuts and protocol == "published" and group in ("morphology", "colour_bulge")
        return ComparisonSettings(protocol=protocol, published_cuts=cuts, **own)


_ONLY = {
    "bootstrap": ("morphology", "power_spectrum", "photometry", "colour_bulge", "joint"),
    "halvings": ("morphology", "power_spectrum", "photometry", "colour_bulge", "joint"),
    "histogram_bins": ("power_spectrum",),
    "histogram_low": ("power_spectrum",),
    "histogram_high": ("power_spectrum",),
    "fid_bootstrap": ("features",),
    "fid_halvings": ("features",),
    "kid_subsets": ("features",),
    "neighbour_images": ("features",),
    "neighbour_halvings": ("features",),
    "red_colour": ("colour_bulge",),
    "directions": ("joint",),
    "permutations": ("joint",),
}
"""Fields that not every comparison reads, and those that do."""
_PUBLISHED_ONLY = ("histogram_bins", "histogram_low", "histogram_high", "kid_subsets")


def _reads(comparison: str, protocol: str, name: str) -> bool:
    return comparison in _ONLY.get(name, (comparison,)) and (protocol == "published" or name not in _PUBLISHED_ONLY)


class ComparisonSettings(CompareSettings):
    """The settings of one comparison."""

    protocol: Literal["published", "corrected"] = Field(
        "corrected", description="protocol of the measurements that are compared"
    )
    published_cuts: bool = Field(
        False,
        description="published morphology, colour_bulge: apply the printed cuts on Sersic index, asymmetry, "
        "smoothness and half-light radius (they belong to skirt in native pixels)",
    )
