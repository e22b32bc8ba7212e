"""Settings of the comparison of source with generated measurements."""

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from galforge.compare.kind import FOLDER, kinds
from galforge.errors import GalforgeError
from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.


class CompareSettings(Settings):
    """Section `compare`: resampling, and what single comparisons need besides."""

    bootstrap: int = Field(200, ge=20)
    """bootstrap resamplings of the images for standard errors, and random divisions of them for limits [count]"""
    halvings: int = Field(100, ge=1)
    """random halvings of the source for the floor [count]"""
    seed: int = Field(0, ge=0)
    """seed of resamplings and halvings [any integer]"""
    histogram_bins: int = Field(999, ge=2)
    """published power spectrum: bins of the histograms [count]"""
    histogram_low: float = -5.0
    """published power spectrum: lower end of the histograms [dex]"""
    histogram_high: float = 4.0
    """published power spectrum: upper end of the histograms [dex]"""
    fid_bootstrap: int = Field(200, ge=2)
    """FID, KID, inception score: bootstrap resamplings of the images [count]"""
    fid_halvings: int = Field(10, ge=1)
    """FID: random halvings of the source for its floor [count]"""
    kid_subsets: int = Field(100, ge=1)
    """published KID: random subsets of at most 1000 images [count]"""
    neighbour_images: int = Field(10_000, ge=20)
    """precision, recall, density, coverage, memorisation: images of a side at most; the time goes as their square
    [count]"""
    neighbour_halvings: int = Field(20, ge=2)
    """precision, recall, density, coverage: random halvings for errors and floors [count]"""
    red_colour: float = 0.9
    """colour_bulge: galaxies of larger g - i are red [mag]"""
    directions: int = Field(128, ge=1)
    """joint: random directions of the sliced Wasserstein distance [count]"""
    permutations: int = Field(10, ge=1)
    """joint: trainings of the classifier on permuted labels for its floor and limit [count]"""
    redshift_edges: list[float] = Field([0.01, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0], min_length=2)
    """fitting_loss, redshift_loss, successors, band_scores: edges of the bins of redshift"""
    kl_fewest: int = Field(100, ge=10)
    """galaxy_kl: values that a bin of redshift needs on both sides; else blank [count]"""
    uniform_images: int = Field(2000, ge=20)
    """band_scores: images of a side at most, as uniform in redshift as can be had [count]"""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if any(low >= high for low, high in zip(self.redshift_edges[:-1], self.redshift_edges[1:], strict=True)):
            raise ValueError(f"redshift_edges {self.redshift_edges} must rise from each to the next")
        if self.histogram_low >= self.histogram_high:
            raise ValueError(
                f"histogram_low {self.histogram_low:g} must lie below histogram_high {self.histogram_high:g}"
            )
        return self

    def of(self, comparison: str, protocol: str, published_cuts: bool) -> "ComparisonSettings":
        """What one comparison reads of this section under a protocol, as its ``KIND`` says.

        Raises:
            GalforgeError: its ``KIND`` names a field that there is not.
        """
        known, wanted = {**self.spec(), "published_cuts": published_cuts}, kinds()[comparison].fields(protocol)
        if unknown := sorted(set(wanted) - set(known)):
            raise GalforgeError(
                f"{FOLDER / comparison}.py: KIND reads {', '.join(unknown)}; the section compare has {', '.join(known)}"
            )
        return ComparisonSettings.from_spec({"protocol": protocol} | {name: known[name] for name in wanted})


class ComparisonSettings(CompareSettings):
    """The settings that one comparison reads. Those that its ``KIND`` does not name are not there."""

    PARTIAL: ClassVar[bool] = True

    protocol: Literal["published", "corrected"] = "corrected"
    """protocol of the measurements that are compared"""
    published_cuts: bool = False
    """published morphology, colour_bulge: apply the printed cuts on Sersic index, asymmetry, smoothness and half-light
    radius (they belong to skirt in native pixels)"""

    def spec(self) -> dict[str, Any]:
        """Plain data of the settings that are there: a field of another comparison changes nothing here."""
        return dict(self.__dict__)

    @classmethod
    def from_spec(cls, spec: dict[str, Any]) -> Self:
        """The settings that a spec was made from."""
        made = super().from_spec(spec)
        for name in set(cls.model_fields) - set(spec):
            del made.__dict__[name]
        return made

    def __getattr__(self, name: str) -> Any:
        """Reached for what is not there.

        Raises:
            GalforgeError: a setting; without this, a comparison would take its default whatever the user set.
        """
        if name in type(self).model_fields:
            raise GalforgeError(f"a comparison looks at the setting {name}, which its KIND does not name in `reads`")
        return super().__getattr__(name)
