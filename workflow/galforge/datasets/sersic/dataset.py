"""Builds the sersic stamps: galaxies of Holzschuh et al. (2022, MNRAS 515, 652), without PSF, sky or noise.

Pixels are electrons collected during the exposure. ``total_counts`` is the flux of the untruncated profile in the same
unit, t_exp 10^(0.4 (zero_point - magnitude)); the pixels of an image sum to the share of it that falls inside the
field. The published set labels its galaxies with that number times the area of a pixel in square arcseconds (252.767
for the defaults), and multiplies its images once more by t_exp, so that its units differ from these by a constant
factor.
"""

import math
from pathlib import Path

import numpy as np

from galforge import atomic
from galforge.datasets.sersic.render import render
from galforge.datasets.sersic.settings import DatasetSettings
from galforge.errors import GalforgeError
from galforge.logs import progress
from galforge.seeds import generator
from galforge.stamps.file import Header, StampsWriter, split_of


def build(settings: DatasetSettings, raw: list[Path], out: Path, rejected: Path) -> None:
    """Write the stamps file ``out`` and the list of rejected galaxies ``rejected``, which has only its header.

    Catalogue columns: name, split, x and y [arcsec from the middle of the field, along columns and rows], radius
    [arcsec, circularised half-light radius], n, q, PA [rad, from +x to +y], total_counts [electron].

    Raises:
        GalforgeError: raw files were given; this set is computed.
    """
    if raw:
        raise GalforgeError(f"the sersic data set is computed and reads no raw files, but got {raw[0]}; remove it")
    fractions = settings.splits.spec()
    flux = total_counts(settings)
    header = Header(
        bands=tuple(settings.bands),
        pixel_scale=settings.pixel_scale,
        pixel_unit="arcsec",
        unit="electron",
        zero_points=(settings.zero_point + 2.5 * math.log10(settings.exposure_time_s),),
        gain=1.0,
        origin="analytic",
    )
    with StampsWriter(out, (1, settings.size, settings.size), header, settings.count) as writer:
        for index in progress(range(settings.count), settings.count, "Sersic galaxies rendered"):
            parameters = galaxy(settings, index)
            writer.append(
                image_of(settings, parameters)[None],
                name=f"sersic-{index:06d}",
                split=split_of(settings.seed, index, fractions),
                total_counts=flux,
                **parameters,
            )
    atomic.write_text(rejected, "name,reason\n")


def total_counts(settings: DatasetSettings) -> float:
    """Flux of every galaxy's untruncated profile [electron]."""
    return settings.exposure_time_s * 10 ** (0.4 * (settings.zero_point - settings.magnitude))


def galaxy(settings: DatasetSettings, index: int) -> dict[str, float]:
    """The parameters of one galaxy, a pure function of the ranges, the seed and the index.

    Each parameter has its own random number, so that changing one range leaves the other parameters as they are.
    """
    draws = generator(settings.seed, "sersic", index).random(6)
    ranges = {
        "x": settings.centre,
        "y": settings.centre,
        "radius": settings.radius,
        "n": settings.index,
        "q": settings.axis_ratio,
        "PA": settings.position_angle,
    }
    # Rounding may carry lower + (upper - lower) draw past the upper limit by one bit.
    return {
        name: min(upper, lower + (upper - lower) * float(draw))
        for (name, (lower, upper)), draw in zip(ranges.items(), draws, strict=True)
    }


def image_of(settings: DatasetSettings, parameters: dict[str, float]) -> np.ndarray:
    """The image (size, size) of one galaxy [electron], float64."""
    lengths = (parameters[name] / settings.pixel_scale for name in ("x", "y", "radius"))
    return render(settings.size, *lengths, *(parameters[name] for name in ("n", "q", "PA")), total_counts(settings))
