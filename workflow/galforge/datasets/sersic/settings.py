"""Settings of the sersic data set: noiseless analytic galaxies, as in Holzschuh et al. (2022) by default."""

import math
from typing import Annotated, Self

from pydantic import Field, model_validator

from galforge.datasets.settings import Splits
from galforge.settings import Angle, Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("numpy", "numba", "h5py")
CONDITIONS = ("n", "q", "radius", "PA", "x", "y")
"""Catalogue columns of the stamps that models can be conditioned on."""
ORIENTED = ("PA", "x", "y")
"""The conditions that rotating or mirroring an image changes."""

Range = Annotated[list[float], Field(min_length=2, max_length=2)]
AngleRange = Annotated[list[Angle], Field(min_length=2, max_length=2)]


class DatasetSettings(Settings):
    """Sersic galaxies; every parameter is uniform in its range [lower, upper], and equal limits fix it.

    Ranges are angles on the sky: a smaller ``size`` shows the same galaxies when ``pixel_scale`` grows in
    proportion (64 px at 0.16 arcsec for the published 256 px at 0.04 arcsec).
    """

    seed: int = Field(2022, ge=0)
    """seed of the galaxies and of the splits"""
    count: int = Field(50000, ge=1)
    """number of galaxies; a larger one leaves the earlier ones as they are"""
    size: int = Field(256, ge=8)
    """side of the stamps [px]"""
    pixel_scale: Angle = Field(0.04, gt=0)
    """side of a pixel; size x pixel_scale is the field [arcsec]"""
    bands: list[str] = Field(["F606W"], min_length=1, max_length=1)
    """name of the one band"""
    centre: AngleRange = Field([-1.0, 1.0])
    """x and y of the centre from that of the field [arcsec]"""
    radius: AngleRange = Field([1.0, 4.0])
    """circularised effective (half-light) radius [arcsec]"""
    index: Range = Field([1.0, 4.0])
    """Sersic index n"""
    axis_ratio: Range = Field([0.4, 1.0])
    """minor over major axis q"""
    position_angle: Range = Field([0.0, math.pi])
    """major axis, from +x (columns) to +y (rows) [rad]"""
    magnitude: float = 22.0
    """total magnitude of every galaxy [AB mag]"""
    zero_point: float = 26.493
    """AB magnitude of one electron/s"""
    exposure_time_s: float = Field(2520.0, gt=0)
    """exposure time [s]"""
    splits: Splits = Splits()
    """shares of the splits"""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for name in ("centre", "radius", "index", "axis_ratio", "position_angle"):
            lower, upper = getattr(self, name)
            if lower > upper:
                raise ValueError(f"{name} [{lower:g}, {upper:g}]: the lower limit exceeds the upper one; swap them")
        if self.axis_ratio[0] <= 0 or self.axis_ratio[1] > 1:
            raise ValueError(f"axis_ratio {self.axis_ratio} must lie in (0, 1]: it is minor over major axis")
        if self.index[0] < 0.5 or self.index[1] > 6:
            raise ValueError(f"index {self.index} must lie in [0.5, 6], where the images are known to be accurate")
        if self.position_angle[1] - self.position_angle[0] > 2 * math.pi + 1e-6:
            raise ValueError(f"position_angle {self.position_angle} spans more than a turn; it is in radians")
        self._fits_the_field()
        return self

    def _fits_the_field(self) -> None:
        field = self.size * self.pixel_scale
        size = f"the field is {field:g} arcsec wide (size {self.size} x pixel_scale {self.pixel_scale:g} arcsec)"
        remedy = "change pixel_scale in inverse proportion to size (256 px at 0.04 arcsec, 64 px at 0.16)"
        if self.radius[0] < self.pixel_scale:
            raise ValueError(
                f"radius {self.radius} arcsec: galaxies smaller than a pixel ({self.pixel_scale:g} arcsec) "
                "cannot be told apart; raise the lower limit or lower pixel_scale"
            )
        if self.radius[1] > field / 2:
            raise ValueError(
                f"radius {self.radius} arcsec: {size}, too small to hold half of the light "
                f"of the largest galaxies; lower the upper limit to {field / 2:g} or less, or {remedy}"
            )
        if max(abs(limit) for limit in self.centre) > field / 2:
            raise ValueError(
                f"centre {self.centre} arcsec: {size}, so some centres would lie outside; "
                f"keep them within {field / 2:g} of the middle, or {remedy}"
            )
