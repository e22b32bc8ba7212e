"""Units of pixels: which are fluxes, and how they are put into one.

Counts and electrons keep their unit. Flux densities become nJy, so that none is lost in single precision: 1e-19
erg/s/cm2/Angstrom has a square that a float32 cannot hold.
"""

import math
import re
import warnings
from dataclasses import dataclass

from astropy import units

from galforge.errors import GalforgeError

DISPLAY = "display"
NJY, NJY_ZERO_POINT = "nJy", 31.4
"""AB magnitude of 1 nJy: -2.5 log10(1e-9 / 3631) = 31.40006, of which the field keeps 31.4 (Rubin's DPDD)."""
RATE, TOTAL, COUNT, COUNT_RATE = "electron/s", "electron", "adu", "adu/s"
COUNTS = (RATE, TOTAL, COUNT, COUNT_RATE)
"""Units of counts: electrons or others, in all or per second."""
_SPELT = {"electrons": "electron", "elec": "electron", "e-": "electron", "e": "electron", "counts": "adu",
          "count": "adu", "cts": "adu", "ct": "adu", "dn": "adu", "adus": "adu", "cps": "adu/s",
          "sec": "s", "second": "s", "seconds": "s"}  # fmt: skip
_ZERO_POINTS = {"maggy": 0.0, "maggies": 0.0, "nanomaggy": 22.5, "nanomaggies": 22.5, "nmgy": 22.5, "mgy": 0.0}
_CAPITALS = {"JY": "Jy", "MJY": "MJy", "UJY": "uJy", "NJY": "nJy", "ERG": "erg", "ERGS": "erg", "S": "s", "SEC": "s",
             "CM": "cm", "ANGSTROM": "Angstrom", "ANGSTROMS": "Angstrom", "A": "Angstrom", "HZ": "Hz", "SR": "sr",
             "ARCSEC": "arcsec", "M": "m", "NM": "nm", "UM": "um", "PIX": "pix", "PIXEL": "pix"}  # fmt: skip
_LAMBDA = units.erg / units.s / units.cm**2 / units.AA


@dataclass(frozen=True)
class Unit:
    """A unit of flux per pixel.

    Attributes:
        name: one of COUNTS, or nJy for flux densities.
        factor: pixels are multiplied by it to be in that unit; None where a zero point must tell it.
    """

    name: str
    factor: float | None


def unit_of(text: str, pixel_scale: float) -> Unit:
    """The unit that a text names.

    Args:
        text: as a header spells it, such as ``ELECTRONS/S``, ``MJy/sr`` or ``1e-19 erg/s/cm2/Angstrom``.
        pixel_scale: side of a pixel [arcsec], for brightness per solid angle.

    Raises:
        GalforgeError: it names no linear unit of flux.
    """
    plain = _plain(text)
    if plain in COUNTS:
        return Unit(plain, 1.0)
    if plain in _ZERO_POINTS:
        return Unit(NJY, factor_of(_ZERO_POINTS[plain]))
    if (found := _parsed(text)) is not None:
        for kind, size in ((found, 1.0), (found * units.arcsec**2, pixel_scale**2)):
            if kind.is_equivalent(units.nJy):
                if not 0 < (factor := float(size * kind.to(units.nJy))) < math.inf:
                    break
                return Unit(NJY, factor)
            if kind.is_equivalent(_LAMBDA):
                return Unit(NJY, None)
    raise GalforgeError(
        f"unit {text!r} is no linear unit of flux that is known: there are {', '.join(COUNTS)}, nJy, Jy, MJy/sr, "
        "nanomaggy, erg/s/cm2/Hz, erg/s/cm2/Angstrom and the like. Convert the pixels, or set `unit` of the data set"
    )


def factor_of(zero_point: float) -> float:
    """What fluxes of an AB zero point are multiplied by to be in nJy."""
    return math.pow(10.0, 0.4 * (NJY_ZERO_POINT - zero_point))


def same(one: str, other: str) -> bool:
    """Whether two texts name one unit; of prefixes the case counts (mJy is not MJy)."""
    plain = _plain(one)
    if plain != _plain(other):
        return (found := _parsed(one)) is not None and found == _parsed(other)
    if plain in COUNTS or plain in _ZERO_POINTS:
        return True
    return _parsed(one) == _parsed(other)


def _parsed(text: str) -> units.UnitBase | None:
    """A unit as astropy knows it; None where it knows none of this name."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = units.Unit(_cased(text))
    except (ValueError, TypeError):
        return None
    return found if isinstance(found, units.UnitBase) else None


def _plain(text: str) -> str:
    """Counts and maggies in one spelling."""
    words = re.sub(r"[\s.*]+s(?:ec(?:ond)?s?)?\s*(?:\*\*|\^)?\s*\(?-1\)?", "/s", text.strip().lower())
    parts = [part.strip(" []()") for part in words.split("/")]
    return "/".join(_SPELT.get(part, part) for part in parts)


def _cased(text: str) -> str:
    """A unit as astropy spells it, also where it was written in capitals throughout."""
    text = text.strip().strip("[]")
    if text != text.upper():
        text = text.replace("Angstroms", "Angstrom").replace("angstrom", "Angstrom")
        return re.sub(r"\bA\b", "Angstrom", text)  # nobody means amperes
    return re.sub(r"[A-Z]+", lambda word: _CAPITALS.get(word.group(), word.group()), text)
