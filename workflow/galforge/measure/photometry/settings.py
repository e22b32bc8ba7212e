"""Settings of the photometric measurements."""

from pydantic import Field

from galforge.measure.settings import SkySettings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("numpy", "scipy", "astropy", "photutils")
FLUXES = True


class MeasureSettings(SkySettings):
    """Apertures and borders, as fractions of the stamp's side."""

    aperture: float = Field(0.4, gt=0, le=0.5)
    """radius of the flux aperture about the stamp's centre [fraction of the side]"""
