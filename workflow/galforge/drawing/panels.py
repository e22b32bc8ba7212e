"""Galaxies side by side, in rows with headings, each with a bar that tells its scale."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from galforge.drawing.stretch import Stretch, bands_shown, stretch_of
from galforge.drawing.style import DPI, figure, save
from galforge.errors import GalforgeError
from galforge.seeds import generator
from galforge.stamps.file import Header, Stamps
from galforge.stamps.galaxies import galaxy

_GAP, _HEADING, _NOTE = 0.05, 0.28, 0.3  # [inches]
_WIDTH = 9.0
_NICE = (1.0, 2.0, 5.0)
_DARKEST = -0.15  # of the grey scale: what is fainter than the sky is shown too


class StampsFigureError(GalforgeError):
    """The stamps to be shown do not belong in one figure."""


@dataclass(frozen=True)
class Row:
    """Galaxies (bands, l, l), each of its own side l where they differ, and what is written above them."""

    heading: str
    galaxies: list[np.ndarray]


def read(stamps: Stamps, indices: Sequence[int], bands: tuple[int, ...]) -> list[np.ndarray]:
    """Galaxies (bands, l, l) float64 at the side at which they are measured."""
    if len(bands) == 1:
        return [galaxy(stamps, int(index), bands[0]) for index in indices]
    return [galaxy(stamps, int(index))[list(bands)] for index in indices]


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


def draw_rows(
    rows: Sequence[Row], across: int, stretch: Stretch, header: Header, png: str | Path, pdf: str | Path
) -> None:
    """Draw rows of galaxies, every panel as large as its galaxy's own side, and the stretch in words below.

    Args:
        across: panels that fit beside each other.
        header: of the stamps; its pixel scale makes the bars, one per row, or one per panel where sides differ.
    """
    panel = (_WIDTH - (across + 1) * _GAP) / across
    heights = [panel + _GAP + (_HEADING if row.heading else 0) for row in rows]
    height = sum(heights) + _GAP + _NOTE
    with figure(_WIDTH, height) as made:
        # Placed by hand: a layout engine would widen the column that holds the heading and the scale bar.
        made.set_layout_engine("none")
        bottom = height
        for row, own in zip(rows, heights, strict=True):
            bottom -= own
            several = len({each.shape[-1] for each in row.galaxies}) > 1
            for column, each in enumerate(row.galaxies):
                left = _GAP + column * (panel + _GAP)
                axis = made.add_axes((left / _WIDTH, bottom / height, panel / _WIDTH, panel / height))
                _show(axis, each, stretch, panel)
                if column == 0 and row.heading:
                    axis.set_title(row.heading, loc="left", fontweight="bold", fontsize=11)
                if several or column == 0:
                    _scale_bar(axis, header, each.shape[-1], "#FFD166" if len(stretch.bands) > 1 else "#B3261E")
        made.text(_GAP / _WIDTH, 0.08 / height, stretch.words(header), fontsize=8.5, color="#444444", va="bottom")
        save(made, png, pdf)


def _show(axis: Axes, each: np.ndarray, stretch: Stretch, panel: float) -> None:
    axis.set_axis_off()
    # A pixel of the galaxy is a square, unless it is smaller than one of the figure.
    smooth = "nearest" if each.shape[-1] <= panel * DPI else "hanning"
    shown = stretch.apply(each)
    grey = {"cmap": "gray_r", "vmin": _DARKEST, "vmax": 1.0} if shown.ndim == 2 else {}
    axis.imshow(shown, origin="lower", interpolation=smooth, **grey)


def _scale_bar(axis: Axes, header: Header, side: int, colour: str) -> None:
    """A bar of about a third of the stamp, of a round length, with its length written above it."""
    third = side * header.pixel_scale / 3
    power = 10.0 ** np.floor(np.log10(third))
    length = max(step * power for step in _NICE if step * power <= third)
    pixels = length / header.pixel_scale
    unit = "″" if header.pixel_unit == "arcsec" else " kpc"
    left = low = 0.06 * side
    axis.plot([left, left + pixels], [low, low], color=colour, linewidth=2.2, solid_capstyle="butt")
    axis.text(
        left,
        low + 0.04 * side,
        f"{length:g}{unit}",
        color=colour,
        fontsize=9,
        va="bottom",
        fontweight="bold",
    )
