"""Source stamps beside generated ones, drawn at random and shown at one stretch."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from galforge.drawing.panels import Row, draw_rows, read
from galforge.drawing.stretch import Stretch, bands_shown, stretch_of
from galforge.errors import GalforgeError
from galforge.seeds import generator
from galforge.stamps.file import Header, Stamps


class StampsFigureError(GalforgeError):
    """The stamps to be shown do not belong in one figure."""


def draw(
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
    stretch, header = source_stretch(source[1], count, seed, band)
    rows = []
    for label, path in (source, *generated):
        with Stamps(path) as stamps:
            check_alike(stamps, label, source[1])
            heading = label if stamps.header.origin in label else f"{label} ({stamps.header.origin})"
            rows.append(Row(heading, read(stamps, chosen(stamps, count, seed), stretch.bands)))
    draw_rows(rows, count, stretch, header, png, pdf)


def source_stretch(path: str | Path, count: int, seed: int, band: int) -> tuple[Stretch, Header]:
    """The stretch that the source stamps of a stamps figure set, and the header of their file.

    Raises:
        StampsFigureError: there are no stamps.
    """
    with Stamps(path) as stamps:
        check_alike(stamps, "source", path)
        bands = bands_shown(stamps.header, band)
        # As they are stored, all at one size: a large galaxy counts no more than a small one.
        images = stamps.images[chosen(stamps, count, seed)][:, list(bands)]
        return stretch_of(images.astype(np.float64), bands), stamps.header


def chosen(stamps: Stamps, count: int, seed: int) -> np.ndarray:
    """Which stamps of a file are shown, ascending."""
    return np.sort(generator(seed, "stamps figure").permutation(len(stamps))[:count])


def check_alike(stamps: Stamps, label: str, source: str | Path) -> None:
    """Make sure that stamps can be shown beside the source's.

    Raises:
        StampsFigureError: they are of another shape or have other bands, or there are none.
    """
    with Stamps(source) as other:
        alike = (stamps.shape, stamps.header.bands) == (other.shape, other.header.bands)
        if not alike or not len(stamps):
            raise StampsFigureError(
                f"{stamps.path} ({label}): {len(stamps)} stamps of {stamps.shape} in {', '.join(stamps.header.bands)} "
                f"beside source stamps of {other.shape} in {', '.join(other.header.bands)}; sample the model again"
            )
