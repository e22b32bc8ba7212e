"""What headers and settings say of a cutout, compared: unit, zero points, pixel scale, exposure and gain.

Each contradiction is counted; ``trust`` of the settings says which counts.
"""

import math
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from galforge.datasets.cutouts.settings import DISPLAY, FREE, DatasetSettings
from galforge.errors import GalforgeError
from galforge.logs import log
from galforge.raw.forms import Said, are_bands
from galforge.raw.rejections import Rejected
from galforge.raw.units import COUNT_RATE, NJY, NJY_ZERO_POINT, RATE, TOTAL, Unit, factor_of, same, unit_of

MAGNITUDES, RELATIVE = 0.02, 0.01  # differences that do not count: zero points [mag]; scales, exposures and gains


@dataclass(frozen=True)
class Agreed:
    """What counts for one cutout.

    Attributes:
        unit: of the stamps' pixels.
        zero_points: AB magnitude of one such unit, one per band; empty without any.
        pixel_scale: [arcsec].
        factors: (C,), what the cutout's pixels are multiplied by to be in that unit.
        gains: (C,) electrons per such unit.
    """

    unit: str
    zero_points: tuple[float, ...]
    pixel_scale: float
    factors: np.ndarray
    gains: np.ndarray


@dataclass
class Comparison:
    """Compares one cutout after the other. The first one that is accepted sets unit, zero points and scale of all.

    Attributes:
        settings: what was configured.
        first: what counted for the first cutout that was accepted; None before.
        contradictions: by subject, how many cutouts, and an example.
    """

    settings: DatasetSettings
    first: Agreed | None = None
    contradictions: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def agreed(self, said: Said, name: str) -> Agreed:
        """What counts for a cutout of which its file says ``said``.

        Raises:
            Rejected: neither settings nor file say what is needed, both contradict each other and ``trust`` is refuse,
                or unit or pixel scale are not those of the other stamps.
        """
        settings = self.settings
        said = _spread(said, len(settings.bands))
        self._check_bands(said)
        scale = self._one("pixel_scale", settings.pixel_scale or None, said.pixel_scale, said, name, RELATIVE * 2)
        if scale is None or not scale > 0:
            odd = f", but {said.odd['pixel_scale']} is no such number" if "pixel_scale" in said.odd else ""
            raise Rejected("no pixel scale", f"neither settings nor file say it{odd}: set `pixel_scale`")
        if settings.unit == DISPLAY:
            ones = np.ones(len(settings.bands))
            return self._like_first(Agreed(DISPLAY, (), scale, ones, ones))
        if settings.unit in FREE:
            gains = _each(settings.gains, len(settings.bands)) or (1.0,) * len(settings.bands)
            ones = np.ones(len(settings.bands))
            return self._like_first(Agreed(settings.unit, tuple(settings.zero_points), scale, ones, np.array(gains)))
        text, own = self._unit(said, name)
        try:
            unit = unit_of(text, scale)
        except GalforgeError as error:
            raise Rejected("no unit of flux", str(error)) from error
        zero_points, factors = self._zero_points(unit, text, own, said, name)
        gains = self._gains(unit, own, said, name)
        return self._like_first(Agreed(unit.name, zero_points, scale, factors, gains / factors))

    def accept(self, agreed: Agreed) -> None:
        """The cutout became a stamp."""
        self.first = self.first or agreed

    def log(self, path: Path) -> None:
        """Say what contradicted each other, with counts."""
        wins = {"settings": "the settings count", "header": "the files count", "refuse": "they were rejected"}
        for subject, count in self.contradictions.items():
            log.warning(
                "%s: for %d cutouts files and settings contradict each other in %s (%s); by `trust: %s` %s",
                path, count, subject, self.examples[subject], self.settings.trust, wins[self.settings.trust],
            )  # fmt: skip

    def _check_bands(self, said: Said) -> None:
        """Raises Rejected where a file names other bands."""
        wanted = self.settings.bands
        if said.bands is None:
            return
        if not are_bands(wanted, said.bands):
            raise Rejected("wrong band", f"{'/'.join(said.bands)}, expected {', '.join(wanted)}")

    def _unit(self, said: Said, name: str) -> tuple[str, bool]:
        """The unit that counts, and whether it is the file's against another one that is configured."""
        configured, found = self.settings.unit, said.unit
        if not configured and not found:
            raise Rejected("no unit of flux", "neither settings nor header (BUNIT) say it: set `unit`")
        if not configured or not found or same(configured, found):
            return configured or found or "", False
        self._contradicts("unit", f"{name}: {found} ({said.where.get('unit', 'file')}), settings {configured}")
        wins = self.settings.trust == "header"
        return (found if wins else configured), wins

    def _zero_points(
        self, unit: Unit, text: str, own: bool, said: Said, name: str
    ) -> tuple[tuple[float, ...], np.ndarray]:
        """Zero points of the stamps' unit, and the factors (C,) that bring the pixels into it.

        Configured ones are of the configured unit, so they do not count where the file's ``own`` unit does.
        """
        count = len(self.settings.bands)
        given = () if own else tuple(self.settings.zero_points)
        exact = None
        if unit.name == NJY and unit.factor is not None:
            exact = (NJY_ZERO_POINT - 2.5 * math.log10(unit.factor),) * count
        configured = given or exact
        if exact and given and _differ(configured, exact, MAGNITUDES):
            raise GalforgeError(
                f"zero_points {list(configured)} contradict unit {text!r}, whose zero point is {exact[0]:.4f}: leave "
                "zero_points out, or set the right unit"
            )
        found = said.zero_points
        chosen = self._one("zero_points", configured, found, said, name, MAGNITUDES)
        if unit.name == NJY:
            if chosen is None:
                raise Rejected("no zero point", f"the AB magnitude of one {text} turns it into nJy: set `zero_points`")
            factors = [factor_of(each) for each in chosen]
            if unit.factor is not None and chosen == exact:
                factors = [unit.factor] * count
            return (NJY_ZERO_POINT,) * count, np.array(factors)
        if self.first and not self.first.zero_points and chosen is not None:
            where = said.where.get("zero_points", "file")
            raise Rejected("other zero points", f"{where} has one, cutouts before it have none: set `zero_points`")
        common = given or (self.first.zero_points if self.first else chosen) or ()
        if chosen is None or not common:
            if common or (self.first and self.first.zero_points):
                raise Rejected("no zero point", "other cutouts have one: set `zero_points`")
            return (), np.ones(count)
        if not _differ(chosen, common, MAGNITUDES):
            return common, np.ones(count)
        return common, np.array([10 ** (0.4 * (all_ - own)) for all_, own in zip(common, chosen, strict=True)])

    def _gains(self, unit: Unit, own: bool, said: Said, name: str) -> np.ndarray:
        """Electrons per unit of the file, (C,).

        Raises:
            Rejected: they cannot be told, or are not above 0.
        """
        settings, count = self.settings, len(self.settings.bands)
        gains = None if own else _each(settings.gains, count)
        exposures = _each(settings.exposure_times_s, count)
        if unit.name == RATE:
            chosen = self._one("exposure_time", gains or exposures, said.exposure_time, said, name, RELATIVE)
            remedy = "set `exposure_times_s`"
        elif unit.name == TOTAL:
            chosen, remedy = gains or (1.0,) * count, ""
        else:
            chosen = self._one("gain", gains, said.gain, said, name, RELATIVE)
            remedy = "set `gains` (electrons per unit)"
            if unit.name == COUNT_RATE and not gains and chosen is not None:
                times = self._one("exposure_time", exposures, said.exposure_time, said, name, RELATIVE)
                chosen = None if times is None else tuple(g * t for g, t in zip(chosen, times, strict=True))
                remedy = "set `exposure_times_s`, or `gains` (electrons per unit)"
        if chosen is None:
            odd = "".join(f", but {value} is no number" for value in said.odd.values())
            raise Rejected("no gain", f"neither settings nor file say it{odd}: {remedy}")
        if not all(math.isfinite(each) and each > 0 for each in chosen):
            raise Rejected("no gain", f"{chosen[0]:g} ({said.where.get('gain') or said.where.get('exposure_time')}) is "
                           f"not above 0: {remedy}, with `trust: settings`")  # fmt: skip
        return np.array(chosen)

    def _one(self, subject: str, configured: Any, found: Any, said: Said, name: str, tolerance: float) -> Any:
        """What counts of two numbers or tuples of them, of which each may be None."""
        if configured and not found and subject in said.odd:
            self._contradicts(subject.replace("_", " "), f"{name}: {said.odd[subject]}, which is no number")
        if not configured or not found:
            return configured or found or None
        one = configured if isinstance(configured, tuple) else (configured,)
        other = found if isinstance(found, tuple) else (found,)
        if not _differ(one, other, tolerance, relative=subject != "zero_points"):
            return configured
        where = said.where.get(subject, "file")
        shown = ", ".join(f"{each:.6g}" for each in other), ", ".join(f"{each:.6g}" for each in one)
        self._contradicts(subject.replace("_", " "), f"{name}: {shown[0]} ({where}), settings {shown[1]}")
        usable = subject == "zero_points" or all(each > 0 for each in other)
        return found if self.settings.trust == "header" and usable else configured

    def _contradicts(self, subject: str, example: str) -> None:
        self.contradictions[subject] += 1
        self.examples.setdefault(subject, example)
        if self.settings.trust == "refuse":
            raise Rejected(f"contradictory {subject}", example)

    def _like_first(self, agreed: Agreed) -> Agreed:
        """The cutout's own, if its stamps can stand beside those of the first one; raises Rejected otherwise."""
        first = self.first
        if first is None:
            return agreed
        if agreed.unit != first.unit:
            raise Rejected("other units", f"{agreed.unit}, but stamps before it are in {first.unit}")
        if abs(agreed.pixel_scale / first.pixel_scale - 1) > 2 * RELATIVE:
            raise Rejected(
                "other pixel scale", f"{agreed.pixel_scale:g} arcsec, but stamps before it have {first.pixel_scale:g}"
            )
        return agreed


def _spread(said: Said, count: int) -> Said:
    """What is said, with numbers that are said once repeated for every band.

    Raises:
        Rejected: they are said of another number of bands.
    """
    spread = {}
    for name in ("zero_points", "exposure_time", "gain"):
        values = getattr(said, name)
        if values is not None and len(values) not in (1, count):
            raise Rejected("other bands", f"{len(values)} values of {name.replace('_', ' ')} for {count} bands")
        spread[name] = values * count if values is not None and len(values) == 1 else values
    return Said(**{**vars(said), **spread})


def _each(values: list[float], count: int) -> tuple[float, ...] | None:
    """One value per band; None without any."""
    return tuple(values * count if len(values) == 1 else values) or None


def _differ(one: tuple, other: tuple, tolerance: float, relative: bool = False) -> bool:
    """Whether two tuples of numbers differ by more than a tolerance."""
    if len(one) != len(other):
        return True
    pairs = zip(one, other, strict=True)
    return any(not abs(a - b) <= tolerance * (abs(a) if relative else 1.0) for a, b in pairs)
