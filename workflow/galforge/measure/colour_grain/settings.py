"""Settings of the measurement of colour grain."""

from pydantic import Field

from galforge.measure.settings import SkySettings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("numpy", "scipy")
FLUXES = True
SEVERAL_BANDS = True


class MeasureSettings(SkySettings):
    """Which pixels of a galaxy have a colour that is looked at."""

    significance: float = Field(10.0, ge=5)
    """signal-to-noise ratio, in the slightly smoothed image, of pixels that are taken, in both bands of a colour"""
    faintest: float = Field(0.02, gt=0, lt=1)
    """brightness of the faintest pixels that are taken, which counts where there is little noise or none [fraction of
    the brightest pixel of the band]"""
    reach: float = Field(0.4, gt=0, le=0.5)
    """the galaxy is about the brightest pixel within this distance of the stamp's centre [fraction of the side]"""
    fewest: int = Field(12, ge=5)
    """pixels that a colour needs; else it is left out [px]"""
