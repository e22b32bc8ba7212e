"""Builds the stamps of observed cutouts of any survey: any usual format, one to five bands, catalogue or not."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from galforge.datasets.cutouts.compared import Agreed, Comparison
from galforge.datasets.cutouts.settings import DISPLAY, OWN_COLUMNS, DatasetSettings
from galforge.datasets.cutouts.stamp import Stamp, judged, stamp_of
from galforge.errors import GalforgeError
from galforge.logs import log, progress
from galforge.raw import catalogue
from galforge.raw.forms import Entry, Image, Layout, some
from galforge.raw.images import opened
from galforge.raw.rejections import Rejected, Tally
from galforge.stamps.file import Header, StampsWriter, split_of


def build(settings: DatasetSettings, raw: list[Path], out: Path, rejected: Path, release: str = "") -> None:
    """Write the stamps file ``out`` and the list ``rejected`` (name, reason) of cutouts that did not become stamps.

    Catalogue columns: name; split (of the seed and the galaxy's own name, or its pixels where it has none); padded;
    missing_share; native_height and native_width [px]; gain [electrons per unit] of the band ``gain_band``, and with
    several bands ``gain_<band>``; ``psf_fwhm_<band>`` [arcsec] and ``depth_<band>`` [mag] where they are said; and
    those that ``conditions`` and ``columns`` ask for.

    Args:
        settings: what files do not say, and what is done with them.
        raw: the images, and the catalogue if there is one.
        out, rejected: the files to write. Where the build fails, the list is kept as ``*.failed.csv`` beside ``out``.
        release: a pattern that ``pattern: auto`` means where any file matches.

    Raises:
        GalforgeError: nothing there that can be read, a catalogue that does not fit, none of the cutouts usable, or
        more
            than ``max_rejected_share`` of them faulty.
    """
    if len(raw) not in (1, 2):
        raise GalforgeError(f"cutouts are built from one folder, archive or file, but got {len(raw)}")
    layout = Layout(
        tuple(settings.bands),
        settings.pattern,
        release,
        tuple(settings.leave_out),
        str(settings.extension),
        settings.array,
        settings.layout,
        settings.names,
        settings.bad_bits,
    )
    with ExitStack() as stack:
        entries = stack.enter_context(opened(raw[0], layout))
        beside = catalogue.read(raw[1], settings.catalogue_names) if len(raw) == 2 else None
        if beside and not all(entry.own_name for entry in entries):
            raise GalforgeError(
                f"{raw[0]}: its images have no names, by which the rows of {beside.path} are found: set `names` to the "
                "array or column that holds them, or put the catalogue's columns beside the images"
            )
        lonely = beside.without_image([entry.own_name for entry in entries]) if beside else []
        stack.enter_context(_kept(rejected, out))
        tally = stack.enter_context(
            Tally(raw[0], len(entries) + len(lonely), settings.max_rejected_share, rejected, "cutouts")
        )
        if lonely:
            log.warning("%s: %d rows without an image: %s", beside.path, len(lonely), some(lonely))
        for name in lonely:
            tally.reject(name, Rejected("a row of the catalogue without an image", selection=True))
        _Build(settings, raw[0], out, tally, beside, len(entries)).run(entries)
        if not tally.accepted:
            raise tally.nothing(
                f". If they are smaller than asked for, lower `min_size` (now {settings.min_size}) and `size` (now "
                f"{settings.size}), or set `pad: noise`"
            )


UNIT_SUM = 0.01
"""Sums this near to 1 are those of a PSF."""


@contextmanager
def _kept(rejected: Path, out: Path) -> Iterator[None]:
    """Keep the list of rejected cutouts of a build that fails, of which the workflow removes all that it knows."""
    kept = out.with_suffix(".failed.csv")
    kept.unlink(missing_ok=True)
    try:
        yield
    except GalforgeError as error:
        if not rejected.exists():
            raise
        shutil.copyfile(rejected, kept)
        raise GalforgeError(f"{error}\nAll that was rejected, with the reasons: {kept}") from error


@dataclass
class _Build:
    """One build: what has been seen of the cutouts so far."""

    settings: DatasetSettings
    path: Path
    out: Path
    tally: Tally
    beside: catalogue.Catalogue | None
    count: int
    names: set[str] = field(default_factory=set)
    rows: dict[str, str] = field(default_factory=dict)
    whole: list[str] = field(default_factory=list)
    fractional: int = 0
    dark: list[str] = field(default_factory=list)
    pedestals: list[str] = field(default_factory=list)
    sunken: list[str] = field(default_factory=list)
    point_like: list[str] = field(default_factory=list)
    columns: list[str] | None = None

    def run(self, entries: list[Entry]) -> None:
        """Write the stamps of all entries that can become some, and say what was remarkable."""
        comparison = Comparison(self.settings)
        with ExitStack() as stack:
            # Also where the build fails: a contradiction may be the reason.
            stack.callback(comparison.log, self.path)
            writer = None
            for entry in progress(entries, self.count, "cutouts read"):
                with self.tally.judging(entry.name):
                    image, agreed, stamp, row = self._read(entry, comparison)
                    if writer is None:
                        writer = stack.enter_context(self._writer(agreed))
                    comparison.accept(agreed)
                    writer.append(stamp.pixels, **row)
                    self._note(entry.name, image, agreed, stamp)
            self._say()

    def _read(self, entry: Entry, comparison: Comparison) -> tuple[Image, Agreed, Stamp, dict]:
        """A cutout, what counts for it, its stamp and its row of the catalogue; raises Rejected."""
        settings = self.settings
        if entry.name in self.names:
            raise Rejected("duplicate name", "a cutout of this name came before")
        image = entry.read()
        agreed = comparison.agreed(image.said, entry.name)
        stamp = stamp_of(image, agreed.factors, agreed.unit, settings, entry.name)
        row = self._values(entry, image)
        with np.errstate(over="ignore"):
            content = np.ascontiguousarray(image.pixels, np.float32)
        self.tally.check_new(entry.name, content)
        self.names.add(entry.name)
        key = entry.own_name or hashlib.sha256(content.tobytes()).hexdigest()
        own = {
            "name": entry.name,
            # A galaxy keeps its split whatever lies beside it.
            "split": split_of(settings.seed, key, settings.splits.spec()),  # type: ignore[arg-type]
            "padded": stamp.padded,
            "missing_share": stamp.missing_share,
            "native_height": np.int32(stamp.height),
            "native_width": np.int32(stamp.width),
        }
        if agreed.unit != DISPLAY:
            own["gain"] = float(agreed.gains[settings.gain_band])
            if len(settings.bands) > 1:
                own |= {f"gain_{band}": float(gain) for band, gain in zip(settings.bands, agreed.gains, strict=True)}
        for name, values in (("psf_fwhm", settings.psf_fwhm), ("depth", settings.depths)):
            own |= {f"{name}_{band}": value for band, value in zip(settings.bands, values, strict=False)}
        return image, agreed, stamp, row | own

    def _values(self, entry: Entry, image: Image) -> dict[str, float | str]:
        """Columns of the catalogue and of the image's file that were asked for.

        Raises:
            Rejected: a row, or the value of a condition, is missing.
        """
        known = dict(image.columns)
        if self.beside is not None:
            row = self.beside.row(entry.own_name)
            if row is None:
                raise Rejected("no row in the catalogue", f"{self.beside.path} has none of this name")
            if (other := self.rows.setdefault(catalogue.key(entry.own_name), entry.name)) != entry.name:
                raise Rejected("the row of another cutout", f"{entry.own_name} in {self.beside.path} is {other}'s too")
            known |= row
        asked = self.settings.columns
        if self.columns is None:
            everything = [name for name in known if name not in OWN_COLUMNS]
            wanted = everything if asked == ["all"] else asked
            widths = [name for name in known if name.startswith("psf_fwhm_") and not self.settings.psf_fwhm]
            self.columns = list(dict.fromkeys([*self.settings.conditions, *wanted, *widths]))
            if slashed := [name for name in self.columns if "/" in name]:
                raise GalforgeError(f"{self.path}: no column may have / in its name: rename {', '.join(slashed)}")
        if absent := [name for name in self.columns if name not in known]:
            raise Rejected("no such column", f"{', '.join(absent)}; there are {', '.join(known) or 'none'}")
        for name in self.settings.conditions:
            value = known[name]
            if isinstance(value, str) or not np.isfinite(value):
                raise Rejected("no value of a condition", f"{name} is {value!r}, not a finite number", selection=True)
        return {name: known[name] for name in self.columns}

    def _writer(self, agreed: Agreed) -> StampsWriter:
        settings = self.settings
        header = Header(
            bands=tuple(settings.bands),
            pixel_scale=agreed.pixel_scale,
            pixel_unit="arcsec",
            unit=agreed.unit,
            zero_points=agreed.zero_points,
            gain=float(agreed.gains[settings.gain_band]),
            origin=settings.origin,
        )
        if not agreed.zero_points and agreed.unit != DISPLAY:
            log.warning("%s: no zero points are known, so magnitudes and colours are instrumental", self.path)
        return StampsWriter(self.out, (len(settings.bands), settings.size, settings.size), header, self.count)

    def _note(self, name: str, image: Image, agreed: Agreed, stamp: Stamp) -> None:
        """Count an accepted cutout, and what is remarkable about it."""
        self.tally.accepted += 1
        self.tally.among["padded with noise"] += stamp.padded
        if stamp.missing_share:
            self.tally.among["with missing pixels that were filled"] += 1
        if agreed.unit == DISPLAY:
            return
        if image.pixels.dtype.kind in "iu":
            self.whole.append(name)
        else:
            self.fractional += 1
        if (image.pixels >= 0).all() and abs(float(image.pixels[0].sum()) - 1) < UNIT_SUM:
            self.point_like.append(name)
        band = self.settings.gain_band
        pedestal, dark, sunken = judged(stamp.pixels[band].astype(float), float(agreed.gains[band]))
        if pedestal:
            self.pedestals.append(name)
        if sunken:
            self.sunken.append(name)
        if dark and self.settings.origin != "simulated" and not stamp.padded:
            self.dark.append(name)

    def _say(self) -> None:
        if self.dark:
            log.warning(
                "%s: the gain of %d of %d cutouts contradicts their noise: photons alone would give far more (%s). "
                "Check `exposure_times_s`, `gains` and `unit`",
                self.path, len(self.dark), self.tally.accepted, some(self.dark),
            )  # fmt: skip
        if self.pedestals:
            log.warning(
                "%s: the sky of %d of %d cutouts is not 0 but more than 3 times its rms: %s. Measures take it for "
                "light of the galaxy; subtract it, or set `sky: subtract`",
                self.path, len(self.pedestals), self.tally.accepted, some(self.pedestals),
            )  # fmt: skip
        if self.sunken:
            log.warning(
                "%s: pixels of %d of %d cutouts are far below their sky: %s. If they stand for pixels that are missing "
                "(-99, -999), make them NaN",
                self.path, len(self.sunken), self.tally.accepted, some(self.sunken),
            )  # fmt: skip
        if self.point_like:
            log.warning(
                "%s: %d cutouts add up to 1 and have no negative pixel, as PSFs do: %s. Leave them out by `leave_out`",
                self.path, len(self.point_like), some(self.point_like),
            )  # fmt: skip
        if self.whole and self.fractional:
            log.warning(
                "%s: %d cutouts have whole numbers where %d others have fractions: %s. If they are counts of "
                "exposures, flags or segments and no science images, leave them out with `leave_out: [%r]` or the like",
                self.path, len(self.whole), self.fractional, some(self.whole), f"{self.whole[0]}*",
            )  # fmt: skip
