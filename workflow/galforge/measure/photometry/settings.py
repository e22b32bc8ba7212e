"""Settings of the photometric measurements."""

from pydantic import Field

from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("numpy", "scipy", "astropy", "photutils")


class MeasureSettings(Settings):
    """Apertures and borders, as fractions of the stamp's side."""

    aperture: float = Field(
        0.4,
        gt=0,
        le=0.5,
        description="radius of the flux aperture about the stamp's centre [fraction of the side]",
    )
    border: float = Field(
        0.0625,
        gt=0,
        le=0.25,
        description="width of the frame in which the sky is measured [fraction of the side]",
    )
    clip: float = Field(3.0, gt=1, description="sigma clipping of the sky pixels [sigma]")
