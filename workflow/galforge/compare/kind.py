"""What a comparison says of itself: ``KIND``, a constant of its module that planning reads without importing it."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from galforge.errors import GalforgeError

FOLDER = Path(__file__).resolve().parent
REAL = "real"
"""Stands for a model where real galaxies of one split are compared with those of another, by redshift."""
ROUNDTRIP = "roundtrip"
"""Stands for a model where galaxies that were stored at one size are compared with the same ones that never were."""
READINGS = ("distance", "unbiased", "score", "signed", "beside", "difference", "ratio", "number")
"""How values of a metric are read, see ``galforge.papers.readings.at_floor``."""


@dataclass(frozen=True)
class Kind:
    """A comparison, as its module declares it.

    Attributes:
        families: families of measures (folders of ``galforge/measure/``) whose tables it joins.
        metrics: the metrics of its rows, by how they are read (READINGS).
        group: comparisons of one group are one job and one file; empty for a job of its own.
        libraries: those behind its numbers besides numpy and pandas, as the lock names them.
        protocols: under which it can be made.
        from_one: it compares each measure under all of them; otherwise the protocol is that of the measure.
        by_redshift: it is made for data sets whose galaxies have redshifts.
        bands: it is made for data sets that have all of these.
        reads: fields of the section ``compare`` that it reads under every protocol.
        reads_published, reads_corrected: those that it reads under one protocol only. The published one has the field
            ``published_cuts`` too: whether the data set wants the cuts of Holzschuh et al. (2022).

    Raises:
        ValueError: there is no such reading.
    """

    families: tuple[str, ...]
    metrics: Mapping[str, tuple[str, ...]]
    group: str = ""
    libraries: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ("corrected", "published")
    from_one: bool = False
    by_redshift: bool = False
    bands: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    reads_published: tuple[str, ...] = ()
    reads_corrected: tuple[str, ...] = ()

    def __post_init__(self):
        if unknown := set(self.metrics) - set(READINGS):
            raise ValueError(f"metrics are read as {', '.join(READINGS)}, not as {', '.join(sorted(unknown))}")

    def fields(self, protocol: str) -> tuple[str, ...]:
        """Fields of the section ``compare`` that it reads under a protocol."""
        return self.reads + (self.reads_published if protocol == "published" else self.reads_corrected)

    @property
    def readings(self) -> dict[str, str]:
        """How each of its metrics is read."""
        return {metric: reading for reading, metrics in self.metrics.items() for metric in metrics}


@cache
def kinds() -> dict[str, Kind]:
    """All comparisons by name: the modules of this folder that have a ``KIND``, in the order of their names.

    Raises:
        GalforgeError: a ``KIND`` cannot be read, or two of them read a metric in different ways.
    """
    found: dict[str, Kind] = {}
    readings: dict[str, tuple[str, str]] = {}
    for file in sorted(FOLDER.glob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            match node:
                case ast.Assign(targets=[ast.Name("KIND")], value=ast.Call(args=[], keywords=given)):
                    try:
                        kind = Kind(**{each.arg: ast.literal_eval(each.value) for each in given})
                    except (TypeError, ValueError) as error:
                        raise GalforgeError(
                            f"{file}: KIND cannot be read: {error}. Write KIND = Kind(families=(...), ...) with text, "
                            "tuples and dictionaries written out, because planning reads it without running the file"
                        ) from error
                    for metric, reading in kind.readings.items():
                        other, known = readings.setdefault(metric, (file.stem, reading))
                        if known != reading:
                            raise GalforgeError(
                                f"comparisons {other} and {file.stem} (galforge/compare/): the metric {metric} is read "
                                f"as {known} and as {reading}; give one of the two another name"
                            )
                    found[file.stem] = kind
    return found


def readings() -> dict[str, str]:
    """How each metric of a comparison is read."""
    return {metric: reading for kind in kinds().values() for metric, reading in kind.readings.items()}
