"""Finding the files of a data set: in folders, through links, or in a tar; what was passed over is known by name."""

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import translate
from functools import partial
from pathlib import Path, PurePosixPath

from galforge.errors import GalforgeError
from galforge.raw import archive
from galforge.raw.forms import Layout, some
from galforge.raw.walk import walked

ENDINGS = {
    "FITS": (".fits", ".fit", ".fts"),
    "numpy": (".npz", ".npy"),
    "HDF5": (".h5", ".hdf5", ".hdf", ".he5"),
    "Parquet": (".parquet", ".pq"),
    "pictures": (".png", ".jpg", ".jpeg", ".tif", ".tiff"),
}
"""Formats by the endings of their files, in lower case."""
COMPRESSED = (".gz", ".fz", ".bz2")
PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".joblib")
BAND = "{band}"
NO_SCIENCE = frozenset(
    {
        *("wht", "weight", "weights", "weightmap", "ctx", "con", "context", "rms", "psf", "psfs", "flag", "flags"),
        *("flg", "seg", "segm", "segmap", "segmentation", "mask", "masks", "dq", "bpm", "err", "error", "errors"),
        *("unc", "var", "variance", "ivar", "invvar", "exp", "expmap", "exposure", "coverage", "sigma", "noise"),
        *("bkg", "background", "badpix"),
    }
)
"""Words in names of files and of FITS extensions that hold no science image."""


@dataclass
class Chosen:
    """Files that hold images.

    Attributes:
        format: one of ENDINGS.
        files: name below the folder and how it is opened.
        groups: with one file per band, the files (None where there is none) of each galaxy by its name.
        passed_over: names of files that were left out, by why.
        single: the path is one file, which may hold many galaxies.
    """

    format: str
    files: list[archive.Entry]
    groups: dict[str, list[archive.Entry | None]] = field(default_factory=dict)
    passed_over: dict[str, list[str]] = field(default_factory=dict)
    single: bool = False

    def remark(self) -> str:
        """What was passed over, in words."""
        return "; ".join(
            f"{len(names)} file{'s' if len(names) > 1 else ''} passed over, {why}: {some(names)}"
            for why, names in self.passed_over.items()
        )


@contextmanager
def listed(path: Path) -> Iterator[list[archive.Entry]]:
    """All files at a path, in the order of their names or of the tar; names are those below the folder.

    Raises:
        GalforgeError: there is nothing there, or a damaged tar.
    """
    if path.is_dir():
        found = [(file.relative_to(path).as_posix(), file) for file in walked(path)]
        yield [archive.Entry(name, partial(open, file, "rb")) for name, file in found]
    elif not path.exists():
        raise GalforgeError(f"{path}: no such file or folder; set `path` of the data set to the images")
    elif format_of(path.name) or path.suffix.lower() in PICKLES:
        yield [archive.Entry(path.name, partial(open, path, "rb"))]
    else:
        with archive.opened(path, (("*",),), "Give images") as entries:
            # Members that would lie outside their folder are refused by name when they are read.
            yield [archive.Entry(entry.opener.args[1].name, entry.opener) for entry in entries]


def format_of(name: str) -> str:
    """The format of a file by its ending, case aside; empty for others."""
    suffix = PurePosixPath(_plain(name)).suffix
    return next((kind for kind, endings in ENDINGS.items() if suffix in endings), "")


def stem(name: str) -> str:
    """A galaxy's name from that of its file: without the ending, as text that every format can hold."""
    return _text(_bare(name))


def _bare(name: str) -> str:
    """A file's name without its ending and that of its compression."""
    for _ in range(2):
        ending = PurePosixPath(name).suffix
        if ending.lower() in COMPRESSED or any(ending.lower() in endings for endings in ENDINGS.values()):
            name = name.removesuffix(ending)
    return name


def _text(name: str) -> str:
    """A name as text in one form; what is no UTF-8 comes as lone surrogates, which nothing can be written with."""
    return unicodedata.normalize("NFC", os.fsencode(name).decode("utf-8", "backslashreplace"))


def chosen(path: Path, found: list[archive.Entry], settings: Layout) -> Chosen:
    """The files that hold images.

    Raises:
        GalforgeError: there are none, or the only ones are pickles.
    """
    single = path.is_file() and len(found) == 1 and found[0].name == path.name
    visible = [entry for entry in found if not PurePosixPath(entry.name).name.startswith(".")]
    if not visible:
        raise GalforgeError(f"{path}: is empty; set `path` of the data set to where the images are")
    passed: dict[str, list[str]] = {}

    def keep(entries: list[archive.Entry], kept: list[archive.Entry], why: str) -> list[archive.Entry]:
        names = {id(entry) for entry in kept}
        if out := [_text(entry.name) for entry in entries if id(entry) not in names]:
            passed.setdefault(why, []).extend(out)
        return kept

    known = keep(visible, [entry for entry in visible if format_of(entry.name)], "of no format that is read")
    if not known:
        names = [entry.name for entry in visible]
        pickled = [name for name in names if PurePosixPath(name).suffix.lower() in PICKLES]
        remedy = (
            "Pickles run code when they are read, so none is: save the arrays as npz, HDF5 or FITS"
            if pickled
            else "Give FITS, npz, npy, HDF5, Parquet, PNG or JPEG files"
        )
        raise GalforgeError(f"{path}: none of its {len(names)} files holds images; the first is {names[0]}. {remedy}")
    rest = keep(known, [e for e in known if not any(_matches(e.name, p) for p in settings.leave_out)], "by `leave_out`")
    pattern = settings.pattern
    if pattern == "auto" and settings.release and any(_matches(entry.name, settings.release) for entry in rest):
        pattern = settings.release
    if pattern != "auto" and not single:
        rest = keep(rest, [entry for entry in rest if _matches(entry.name, pattern, settings.bands)], "by `pattern`")
    if not rest:
        raise GalforgeError(
            f"{path}: none of its {len(known)} image files is taken by `pattern` {pattern!r} and `leave_out`; the "
            f"first is {known[0].name}. Set `pattern` of the data set to the names of its images"
        )
    kinds = Counter(format_of(entry.name) for entry in rest)
    # A picture or table beside FITS files is a preview or a catalogue of them.
    kind = next(kind for kind in ENDINGS if kinds[kind])
    rest = keep(rest, [e for e in rest if format_of(e.name) == kind], f"because the images are taken to be {kind}")
    if pattern == "auto" and not single and (science := [e for e in rest if not no_science(e.name)]):
        out = sorted({no_science(entry.name) for entry in rest} - {""})
        asked = ", ".join(map(repr, out))
        why = f"no science images by their names (the same as `leave_out: [{asked}]`; to take some, name a `pattern`)"
        rest = keep(rest, science, why)
    made = Chosen(kind, rest, passed_over=passed, single=single)
    if BAND in pattern and not single:
        made.groups = _by_galaxy(rest, pattern, settings.bands)
    return made


def no_science(name: str) -> str:
    """A pattern of files like this one, whose name says that it is a weight map, mask, PSF or the like; else empty."""
    folder, _, own = stem(name).lower().rpartition("/")
    for text, form in ((own, "*{}*"), (folder, "*{}*/*")):
        for word in re.split(r"[^a-z]+", text):
            if word in NO_SCIENCE:
                return form.format(word)
    return ""


def _plain(name: str) -> str:
    """A name in lower case, without the ending of a compression."""
    name = name.lower()
    for ending in COMPRESSED:
        name = name.removesuffix(ending)
    return name


def _matches(name: str, pattern: str, bands: tuple[str, ...] = ()) -> bool:
    return _compiled(pattern, bands).fullmatch(_subject(name, pattern)) is not None


def _subject(name: str, pattern: str) -> str:
    """What a pattern is held against: the file's own name, or with folders if the pattern has some."""
    return name if "/" in pattern else PurePosixPath(name).name


def _compiled(pattern: str, bands: tuple[str, ...]) -> re.Pattern[str]:
    """A pattern of file names, case aside; the first ``{band}`` is the group ``band``, and stars are kept short."""
    marked = pattern.replace(BAND, "\x00")
    text = translate(marked)
    choices = "|".join(re.escape(band) for band in sorted(bands, key=len, reverse=True))
    text = text.replace("\x00", f"(?P<band>{choices})", 1).replace("\x00", f"(?:{choices})")
    # Bands such as i and I differ in nothing but case.
    alike = len({band.lower() for band in bands}) < len(bands)
    return re.compile(text, 0 if alike else re.IGNORECASE)


def _by_galaxy(
    files: list[archive.Entry], pattern: str, bands: tuple[str, ...]
) -> dict[str, list[archive.Entry | None]]:
    """The files of each galaxy in the order of the bands; a galaxy's name is that of its files without the band."""
    compiled = _compiled(pattern, bands)
    groups: dict[str, list[archive.Entry | None]] = {}
    order = [band if not compiled.flags & re.IGNORECASE else band.lower() for band in bands]
    for entry in files:
        subject = _subject(entry.name, pattern)
        found = compiled.fullmatch(subject)
        start = len(entry.name) - len(subject)
        band = found["band"] if not compiled.flags & re.IGNORECASE else found["band"].lower()
        bare = _bare(entry.name)
        before, after = bare[: start + found.start("band")].rstrip("-_. "), bare[start + found.end("band") :]
        name = _text((before + after).replace("//", "/").strip("-_. /")) or stem(entry.name)
        place = groups.setdefault(name, [None] * len(bands))
        index = order.index(band)
        if place[index] is not None:
            raise GalforgeError(
                f"{entry.name} and {place[index].name} are both {bands[index]} of {name} by `pattern` {pattern!r}; "
                "write a pattern that takes one of them"
            )
        place[index] = entry
    return groups
