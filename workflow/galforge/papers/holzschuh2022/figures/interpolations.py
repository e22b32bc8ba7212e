"""Walks through the latent space, and reconstructions.

Above, held-out galaxies and what each model with an encoder makes of them; below, rows of galaxies on the way between
two random latent vectors. A model that knows its galaxies only by heart jumps from one to the next. The stretch is
that of the stamps.

Rows of galaxies of {dataset} that models reconstruct, and that change step by step
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from galforge.papers.figure import Needs

if TYPE_CHECKING:
    from galforge.drawing.panels import Row
    from galforge.papers.figure import Files, Subject


def plot(
    source: tuple[str, str | Path],
    latents: Sequence[tuple[str, str | Path]],
    png: str | Path,
    pdf: str | Path,
    *,
    count: int,
    seed: int,
    band: int = 0,
) -> None:
    """Source stamps with the reconstructions of each model that encodes, then the walks of each model row by row.

    Models that reconstruct the same stamps share one row of them. Of the reconstructions the first row is shown. Where
    no model has either, the figure says so.

    Args:
        source: (label, stamps file); it sets the stretch, as in the stamps figure of the same count and seed.
        latents: (label, stamps file) of each model, whose catalogue has ``kind`` (walk, truth or reconstruction),
            ``row``, ``step`` and ``name`` (``galforge.sampling.latents``).
        count: stamps of a row that are shown at most.
        seed: of the stamps figure.
        band: the channel shown where stamps have fewer than three.

    Raises:
        StampsFigureError: a file has other bands or image sizes than the source.
        GalforgeError: a catalogue lacks a column.
    """
    import numpy as np

    from galforge.drawing.panels import Row, check_alike, draw_rows, read, source_stretch
    from galforge.stamps.file import Stamps

    stretch, header = source_stretch(source[1], count, seed, band)
    with Stamps(source[1]) as stamps:
        splits = dict(zip(stamps.catalog("name"), stamps.catalog("split"), strict=True))
    truths: dict[tuple[str, ...], Row] = {}
    made: dict[tuple[str, ...], list[Row]] = {}
    walks = []
    for label, path in latents:
        with Stamps(path) as stamps:
            if not len(stamps):
                continue
            check_alike(stamps, label, source[1])
            kind, row, step = (stamps.catalog(name) for name in ("kind", "row", "step"))
            names = stamps.catalog("name")
            first = {name: np.flatnonzero((kind == name) & (row == 0))[:count] for name in ("truth", "reconstruction")}
            key = tuple(names[first["truth"]])
            if key:
                heading = f"{source[0]}, {splits.get(key[0], 'unknown')} split"
                truths.setdefault(key, Row(heading, read(stamps, first["truth"], stretch.bands)))
                reconstructed = read(stamps, first["reconstruction"], stretch.bands)
                made.setdefault(key, []).append(Row(f"{label}, reconstructed", reconstructed))
            for number in np.unique(row[kind == "walk"]):
                here = np.flatnonzero((kind == "walk") & (row == number))
                here = here[np.argsort(step[here], kind="stable")][:count]
                heading = f"{label}, from one random galaxy to another" if number == 0 else ""
                walks.append(Row(heading, read(stamps, here, stretch.bands)))
    rows = [row for key, truth in truths.items() for row in (truth, *made[key])] + walks
    if rows:
        across = max(len(row.galaxies) for row in rows)
        draw_rows(rows, across, stretch, header, png, pdf)
    else:
        _draw_none(png, pdf)


def _draw_none(png: str | Path, pdf: str | Path) -> None:
    from galforge.drawing.style import figure, save

    with figure(9.0, 0.8) as empty:
        empty.text(
            0.02, 0.5, "No model of this data set has latent vectors alone, or reconstructs stamps.", va="center"
        )
        save(empty, png, pdf)


def needs(subject: Subject) -> Needs | None:
    """Walks of every training; models that are asked for a redshift would need one for each walk."""
    if subject.sweep or subject.scored or subject.has_redshifts or not subject.latents():
        return None
    files = {"stamps": subject.stamps()[0], "latents": subject.latents()}
    return Needs(files, subject.gallery() | subject.trained_labels(), *subject.decoding)


def draw(files: Files, told: dict[str, Any], out: dict[str, str]) -> None:
    """Read the files and plot them."""
    from galforge.drawing.stamped import stamped

    source, models = stamped(told, files["stamps"], *files["latents"])
    shown = {name: told[name] for name in ("count", "seed", "band")}
    plot(source, models, out["png"], out["pdf"], **shown)
