"""Stamps.

Source stamps in the first row, generated ones below, picked by the seed and not by eye, all at one asinh stretch that
the source row sets; its numbers stand below the stamps. Of a model with several seeds the first is shown.

Grid of galaxy stamps of {dataset}: source above, models below
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galforge.papers.figure import Needs

if TYPE_CHECKING:
    from galforge.papers.figure import Files, Subject


def plot(
    source: tuple[str, str | Path],
    generated: Sequence[tuple[str, str | Path]],
    png: str | Path,
    pdf: str | Path,
    *,
    count: int,
    seed: int,
    band: int = 0,
) -> None:
    """A row of source stamps and one row per generated file; which stamps is decided by the seed alone.

    Galaxies whose stamps code their size are shown at their own. Sky, softening and white point of the stretch come
    from the source row and hold for all rows (``galforge.drawing.stretch``).

    Args:
        source: (label, stamps file).
        generated: (label, stamps file) of each row below.
        count: stamps per row; fewer where a file has fewer.
        band: the channel shown where stamps have fewer than three.

    Raises:
        StampsFigureError: a file has no stamps, or other bands or image sizes than the source.
    """
    from galforge.drawing.panels import Row, check_alike, chosen, draw_rows, read, source_stretch
    from galforge.stamps.file import Stamps

    stretch, header = source_stretch(source[1], count, seed, band)
    rows = []
    for label, path in (source, *generated):
        with Stamps(path) as stamps:
            check_alike(stamps, label, source[1])
            heading = label if stamps.header.origin in label else f"{label} ({stamps.header.origin})"
            rows.append(Row(heading, read(stamps, chosen(stamps, count, seed), stretch.bands)))
    draw_rows(rows, count, stretch, header, png, pdf)


def needs(subject: Subject) -> Needs | None:
    """Stamps of the source and of every training; sparse images have a figure of their own."""
    if subject.sweep or subject.scored:
        return None
    return Needs({"stamps": subject.stamps()}, subject.gallery(), *subject.decoding)


def draw(files: Files, told: dict[str, Any], out: dict[str, str]) -> None:
    """Read the files and plot them."""
    from galforge.drawing.stamped import stamped

    source, models = stamped(told, *files["stamps"])
    shown = {name: told[name] for name in ("count", "seed", "band")}
    plot(source, models, out["png"], out["pdf"], **shown)
