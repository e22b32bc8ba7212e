"""Walks through the latent space of each model, and source galaxies beside what models make of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from galforge.drawing.panels import Row, draw_rows, read
from galforge.drawing.style import figure, save
from galforge.papers.holzschuh2022.figures.stamps import check_alike, source_stretch
from galforge.stamps.file import Stamps


def draw(
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
        StampsError: a catalogue lacks a column.
    """
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
    with figure(9.0, 0.8) as empty:
        empty.text(
            0.02, 0.5, "No model of this data set has latent vectors alone, or reconstructs stamps.", va="center"
        )
        save(empty, png, pdf)
