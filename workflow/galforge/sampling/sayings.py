"""What the files of given images say of them, compared with what the settings say."""

import numpy as np

from galforge.errors import GalforgeError
from galforge.models.given.settings import ModelSettings
from galforge.raw.forms import Said, are_bands
from galforge.raw.rejections import Rejected
from galforge.raw.units import COUNTS, NJY, unit_of
from galforge.stamps.file import Header

NEAR = 0.02
"""Relative difference of scales and factors that does not count."""


def check_said(said: Said, settings: ModelSettings, source: Header, factors: np.ndarray) -> None:
    """Make sure that what a file says of an image is what the settings say.

    Args:
        said: by the file.
        settings: of the images.
        source: header of the source's stamps.
        factors: by which pixels are multiplied by the settings to be in the source's unit, in the order of its bands.

    Raises:
        Rejected: bands, pixel scale or unit of the file are others.
    """
    bands = settings.bands
    if said.bands is not None and not are_bands(bands, said.bands):
        raise Rejected("wrong band", f"{'/'.join(said.bands)} ({_where(said, 'bands')}), `bands` are {bands}")
    scale = said.pixel_scale
    if scale and source.pixel_unit == "arcsec" and not abs(scale / settings.pixel_scale - 1) <= NEAR:
        raise Rejected(
            "another pixel scale",
            f"{scale:g} arcsec ({_where(said, 'pixel_scale')}), `pixel_scale` is {settings.pixel_scale:g}; nothing is "
            "resampled here",
        )
    implied, where = _implied(said, settings, source)
    if implied is not None and np.any(np.abs(implied / factors[: len(implied)] - 1) > NEAR):
        raise Rejected(
            "another unit",
            f"by {where} its pixels times {_shown(implied)} are in the source's unit {source.unit}, by the settings "
            f"times {_shown(factors[: len(implied)])}: mend `zero_points`, `pixel_unit` or `factor`, or the file",
        )


def _implied(said: Said, settings: ModelSettings, source: Header) -> tuple[np.ndarray | None, str]:
    """Factors from a file's pixels to the source's unit, in the order of its bands; None where the file is silent.

    Raises:
        Rejected: the file's unit is of another kind.
    """
    if settings.unit not in ("flux", "relative") or source.unit not in (*COUNTS, NJY):
        return None, ""
    count = len(settings.bands)
    if said.zero_points and source.zero_points and len(said.zero_points) in (1, count):
        own = said.zero_points * (count if len(said.zero_points) == 1 else 1)
        found = np.array([own[settings.bands.index(band)] for band in source.bands])
        return 10 ** (0.4 * (np.array(source.zero_points) - found)), _where(said, "zero_points")
    try:
        unit = unit_of(said.unit or "", settings.pixel_scale)
    except GalforgeError:
        return None, ""
    if unit.name != source.unit:
        raise Rejected("another unit", f"{said.unit} ({_where(said, 'unit')}), the source's is {source.unit}")
    return None if unit.factor is None else np.full(len(source.bands), unit.factor), _where(said, "unit")


def _where(said: Said, name: str) -> str:
    return said.where.get(name, "its file")


def _shown(factors: np.ndarray) -> str:
    return ", ".join(f"{each:.6g}" for each in dict.fromkeys(factors.tolist()))
