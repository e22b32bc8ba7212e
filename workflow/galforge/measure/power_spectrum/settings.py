"""Settings of the power-spectrum measurements."""

from typing import Literal

from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("numpy", "scipy")


class MeasureSettings(Settings):
    """How the azimuthal spectrum of a stamp is grouped into 15 modes."""

    protocol: Literal["published", "corrected"] = "corrected"
    """published: the first 15 one-pixel rings, as the released code really does; corrected: the 15 ranges of wavenumber
    it intended, up to the Nyquist frequency"""
