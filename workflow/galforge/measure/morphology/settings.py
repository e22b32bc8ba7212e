"""Settings of the morphology measurements."""

from typing import Literal

from pydantic import Field

from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

LIBRARIES = ("numpy", "scipy", "numba")
ENGINE_LIBRARIES = {"numba": (), "statmorph": ("astropy", "photutils", "scikit-image", "statmorph")}


class MeasureSettings(Settings):
    """How a stamp is segmented, weighted and measured."""

    engine: Literal["numba", "statmorph"] = "numba"
    """numba: the compiled engine of this project, with statmorph's definitions and numbers, but without multimode,
    intensity and deviation; statmorph: all quantities by statmorph itself, much slower"""
    protocol: Literal["published", "corrected"] = "corrected"
    """published: as in the released code of Holzschuh et al. 2022 (fixed filter, gain and noise); corrected: filter
    scaled with the stamp, the stamps' own gain, calibrated noise"""
    detection_sigma: float = Field(1.5, gt=0)
    """detection threshold above the sigma-clipped mean [sigma]"""
    detection_pixels: int = Field(5, ge=1)
    """smallest number of connected pixels of a source [px]"""
    filter_size: int = Field(10, ge=1)
    """side of the uniform filter that smooths the segment [px]; corrected: at a side of 256 px, scaled in proportion
    for others and never below 3"""
    gain: float = Field(1.0, gt=0, json_schema_extra={"when": {"protocol": ["published"]}})
    """published: electrons per image unit (skirt 750, all others 1) [electrons/unit]"""
    noise: float = Field(0.0, ge=0, json_schema_extra={"when": {"protocol": ["published"]}})
    """published: sd of Gaussian noise added first (skirt 1/15, all others 0) [image units]"""
    psf_fwhm: float = Field(0.0, ge=0)
    """FWHM of a Gaussian PSF on 3 x 3 px that the stamp is convolved with and the Sersic fit uses (published skirt 3,
    all others 0: none) [px]"""

    @property
    def engine_module(self) -> str:
        """Dotted name of the module that measures."""
        return f"galforge.measure.morphology.by_{self.engine}"

    @property
    def engine_libraries(self) -> tuple[str, ...]:
        """Libraries behind the numbers of that module alone."""
        return ENGINE_LIBRARIES[self.engine]

    @property
    def adds_noise(self) -> bool:
        """Whether the data set's calibrated noise is added before measuring."""
        return self.protocol == "corrected"
