"""What FITS headers say of an image: bands, unit, zero points, pixel scale, exposure and gain, and where it stands."""

import math
import re

from astropy.io import fits

from galforge.raw.fits_image import DAMAGE
from galforge.raw.forms import Said
from galforge.raw.rejections import Rejected
from galforge.raw.units import same

BANDS = ("FILTER", "FILTER1", "FILTER2", "BAND")
UNIT = ("BUNIT",)
ZERO_POINT = ("MAGZERO", "MAGZP", "MAGZPT", "ZP_AB", "ABZP", "ZPAB", "PHOTZP", "ZEROPOINT", "ZEROPNT", "ZPT")
EXPOSURE = ("EXPTIME", "EXPOSURE", "TEXPTIME", "XPOSURE")
GAIN = ("GAIN", "EGAIN", "CCDGAIN")
SCALE = ("PIXSCALE", "PIXSCAL1", "PIXELSCL", "SECPIX", "SECPIX1", "D001SCAL")
ARCSEC = {"deg": 3600.0, "degree": 3600.0, "degrees": 3600.0, "arcsec": 1.0, "arcmin": 60.0}
"""Arcseconds of the units of world coordinates."""
SQUARE = 1.05
"""Ratio of the sides of a pixel up to which it is a square."""
_AB_OF_PHOTFLAM = -2.408
"""AB zero point = -2.5 log10 PHOTFLAM - 5 log10 PHOTPLAM - 2.408 (ACS Data Handbook, section 5.1.3)."""


class Headers:
    """The headers in which what is said of an image may stand, the most special first.

    Args:
        headers: header and what it is called in messages (``HDU 1``).
        file: what the file is called in messages.
    """

    def __init__(self, headers: list[tuple[fits.Header, str]], file: str):
        self._headers, self._file, self.odd = headers, file, ""

    def value(self, keywords: tuple[str, ...]) -> tuple[object, str] | None:
        """The first value that one of the keywords has, and where it stands; None where all are silent.

        Raises:
            Rejected: a card with one of the keywords cannot be parsed.
        """
        for header, name in self._headers:
            for keyword in keywords:
                try:
                    found = header.get(keyword)
                except DAMAGE as error:
                    # astropy parses a card when it is asked for, long after the file was opened.
                    raise Rejected("unreadable card", f"{keyword} in {name}: {error}; mend the card") from error
                if isinstance(found, str):
                    found = found.strip()
                if found is not None and found != "" and not isinstance(found, fits.card.Undefined):
                    return found, f"{keyword} in {name} of {self._file}"
        return None

    def number(self, keywords: tuple[str, ...]) -> tuple[float, str] | None:
        """The first finite number that one of the keywords has; raises as ``value``.

        ``odd`` is then what the keywords have that is none.
        """
        self.odd = ""
        for keyword in keywords:
            found = self.value((keyword,))
            if found is None:
                continue
            try:
                number = math.nan if isinstance(found[0], bool) else float(found[0])  # type: ignore[arg-type]
            except (TypeError, ValueError):
                number = math.nan
            if math.isfinite(number):
                return number, found[1]
            self.odd = f"{found[0]!r} ({found[1]})"
        return None

    def said_of_planes(self, count: int) -> list[Said]:
        """What is said of each plane of a cube, of which names and zero points may be numbered; raises as ``said``."""
        each = [self.said(plane) for plane in range(count)]
        for plane, said in enumerate(each if count > 1 else ()):
            # A filter's name without a number is not that of one plane.
            numbered = self.value((f"BAND{plane + 1}",))
            said.bands = (str(numbered[0]),) if numbered else None
        return each

    def said(self, plane: int = 0) -> Said:
        """What is said of the image, or of one of its planes (from 0).

        Tuples have one entry, but ``bands`` names all filters if there are several wheels.

        Raises:
            Rejected: a card that is read cannot be parsed.
        """
        said = Said()
        # galforge's own FITS numbers bands and zero points by plane; ACS has two filter wheels.
        if bands := self.bands(plane):
            said.bands, said.where["bands"] = bands
        if found := self.value(UNIT):
            said.unit, said.where["unit"] = str(found[0]), found[1]
        self.odd = ""
        if found := self._pixel_scale():
            said.pixel_scale, said.where["pixel_scale"] = found
        elif self.odd:
            said.odd["pixel_scale"] = self.odd
        keywords = {"zero_points": (f"MAGZP{plane + 1}", *ZERO_POINT), "exposure_time": EXPOSURE, "gain": GAIN}
        for name, words in keywords.items():
            found, odd = self.number(words), self.odd
            if found is None and name == "zero_points":
                found = self._flux_of_zero() or self._hst_zero_point(said.unit)
            if found:
                setattr(said, name, (found[0],))
                said.where[name] = found[1]
            elif odd:
                said.odd[name] = odd
        return said

    def bands(self, plane: int) -> tuple[tuple[str, ...], str] | None:
        """Names of the band, several where there are several filter wheels; raises as ``value``."""
        if found := self.value((f"BAND{plane + 1}",)):
            return (str(found[0]),), found[1]
        for header, name in self._headers:
            wheels = [Headers([(header, name)], self._file).value((keyword,)) for keyword in BANDS]
            # For a wheel that is not used the header says CLEAR.
            used = [each for each in wheels if each and not str(each[0]).upper().startswith("CLEAR")]
            if used:
                return tuple(str(value) for value, _ in used), used[0][1]
        return None

    def _flux_of_zero(self) -> tuple[float, str] | None:
        """HSC's zero point: the flux of magnitude 0."""
        flux = self.number(("FLUXMAG0",))
        return (2.5 * math.log10(flux[0]), flux[1]) if flux and flux[0] > 0 else None

    def _hst_zero_point(self, unit: str | None) -> tuple[float, str] | None:
        """HST's zero point, which is that of a rate."""
        flux, pivot = self.number(("PHOTFLAM",)), self.number(("PHOTPLAM",))
        rate = unit is None or re.search(r"/\s*s|s-1|s\^-1|s\*\*-1", unit.lower())
        if not (flux and pivot and rate and flux[0] > 0 and pivot[0] > 0):
            return None
        return -2.5 * math.log10(flux[0]) - 5 * math.log10(pivot[0]) + _AB_OF_PHOTFLAM, flux[1]

    def _pixel_scale(self) -> tuple[float, str] | None:
        """Side of a pixel [arcsec]: of the world coordinates, or else of a keyword."""
        for header, name in self._headers:
            here = Headers([(header, name)], self._file)
            kind = here.value(("CTYPE1",))
            unit = here.value(("CUNIT1",))
            if kind is None or not str(kind[0]).upper().startswith(("RA", "DEC", "GLON", "GLAT")):
                continue
            per = ARCSEC.get(str(unit[0]).lower() if unit else "deg")
            matrix = [here.number((f"CD{i}_{j}",)) for i in (1, 2) for j in (1, 2)]
            steps = [here.number((f"CDELT{axis}",)) for axis in (1, 2)]
            # Turned by 90 degrees, an image has no entries on the diagonal.
            if per and ((matrix[0] and matrix[3]) or (matrix[1] and matrix[2])):
                a, b, c, d = (each[0] if each else 0.0 for each in matrix)
                where = next(each for each in matrix if each)[1]
            elif per and steps[0] and steps[1]:
                turned = [here.number((f"PC{i}_{j}",)) for i in (1, 2) for j in (1, 2)]
                a, b, c, d = (e[0] if e else unity for e, unity in zip(turned, (1.0, 0.0, 0.0, 1.0), strict=True))
                a, b, c, d = steps[0][0] * a, steps[0][0] * b, steps[1][0] * c, steps[1][0] * d
                where = steps[0][1]
            else:
                continue
            if (area := abs(a * d - b * c)) > 0:
                sides = math.hypot(a, c) * per, math.hypot(b, d) * per
                if max(sides) > SQUARE * min(sides):
                    self.odd = f"{sides[0]:.4g} x {sides[1]:.4g} arcsec, no square ({where})"
                    return None
                return math.sqrt(area) * per, where
        unit = self.value(("PIXUNIT",))
        found = self.number(SCALE)
        return found if found and found[0] > 0 and (unit is None or str(unit[0]) == "arcsec") else None


def joined(each: list[Said]) -> Said:
    """What is said of several bands, from what is said of each; None where one is silent.

    Raises:
        Rejected: their units or pixel scales differ.
    """
    first = each[0]
    for other in each[1:]:
        if not same(first.unit or "", other.unit or ""):
            raise Rejected("other units", f"bands are in {first.unit} and {other.unit} ({other.where.get('unit')})")
        scales = first.pixel_scale, other.pixel_scale
        if all(scales) and abs(scales[0] / scales[1] - 1) > 0.02:
            raise Rejected("other pixel scales", f"{scales[0]:g} and {scales[1]:g} arcsec in two bands")

    def of_all(name: str) -> tuple | None:
        values = [getattr(said, name) for said in each]
        return None if None in values else tuple(value[0] for value in values)

    where = {key: place for said in reversed(each) for key, place in said.where.items()}
    bands = None if any(said.bands is None for said in each) else tuple("/".join(said.bands) for said in each)
    made = Said(bands, first.unit, pixel_scale=first.pixel_scale, where=where)
    for name in ("zero_points", "exposure_time", "gain"):
        setattr(made, name, of_all(name))
    for name in ("pixel_scale", "zero_points", "exposure_time", "gain"):
        made.odd |= next(({name: said.odd[name]} for said in each if name in said.odd), {})
    return made
