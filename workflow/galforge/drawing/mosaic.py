"""Squares of grey beside each other, in rows with headings: images that are shown pixel by pixel."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from galforge.drawing.style import figure, save

_GAP, _HEADING, _NOTE = 0.05, 0.3, 0.3  # [inches]
_WIDTH = 9.0
_EDGE = "#888888"


@dataclass(frozen=True)
class Row:
    """Squares (side, side) of grey from 0, black, to 1, white; and what is written above them."""

    heading: str
    squares: list[np.ndarray]


def draw_rows(rows: Sequence[Row], across: int, words: str, png: str | Path, pdf: str | Path) -> None:
    """Draw rows of squares with thin edges, black being no border on white paper.

    Args:
        across: squares that fit beside each other.
        words: what grey means, written below.
    """
    panel = (_WIDTH - (across + 1) * _GAP) / across
    heights = [_HEADING + (panel + _GAP if row.squares else 0) for row in rows]
    height = sum(heights) + _GAP + _NOTE
    with figure(_WIDTH, height) as made:
        # Placed by hand: a layout engine would widen the column that holds the heading.
        made.set_layout_engine("none")
        bottom = height
        for row, own in zip(rows, heights, strict=True):
            top = bottom - 0.22
            bottom -= own
            made.text(_GAP / _WIDTH, top / height, row.heading, fontsize=11, fontweight="bold", va="baseline")
            for column, square in enumerate(row.squares):
                left = _GAP + column * (panel + _GAP)
                axis = made.add_axes((left / _WIDTH, bottom / height, panel / _WIDTH, panel / height))
                axis.imshow(square, cmap="gray", vmin=0.0, vmax=1.0, interpolation="nearest")
                axis.set_xticks([])
                axis.set_yticks([])
                for spine in axis.spines.values():
                    spine.set(visible=True, color=_EDGE, linewidth=0.6)
        made.text(_GAP / _WIDTH, 0.08 / height, words, fontsize=8.5, color="#444444", va="bottom")
        save(made, png, pdf)
