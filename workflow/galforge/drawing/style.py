"""How figures look: colours, dashes and type."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from galforge.atomic import replacing

# The palette of Okabe and Ito, told apart with every common colour vision; black is kept for the source.
SOURCE_COLOUR = "#000000"
FILL = "#D5D5D5"  # of areas that the source covers
MODEL_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
# Lines differ in their dashes too, for print without colour.
MODEL_DASHES = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.2, 1.2, 1.2)))

_RC = {
    "font.family": ["DejaVu Sans"],
    "font.size": 10,
    "axes.titlesize": 10.5,
    "axes.labelsize": 10,
    "axes.linewidth": 0.8,
    "axes.edgecolor": "#444444",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "legend.fontsize": 9.5,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "pdf.fonttype": 42,
}
DPI = 150


def model_look(index: int) -> dict[str, object]:
    """Colour and dashes of the index-th model of a figure, as keywords of a line."""
    return {
        "color": MODEL_COLOURS[index % len(MODEL_COLOURS)],
        "linestyle": MODEL_DASHES[index % len(MODEL_DASHES)],
    }


def look(index: int) -> dict[str, object]:
    """Colour and dashes of the index-th sample of a figure, as keywords of a line; the source is the first."""
    return {"color": SOURCE_COLOUR, "linestyle": "-"} if index == 0 else model_look(index - 1)


@contextmanager
def figure(width: float, height: float) -> Iterator[Figure]:
    """A figure of (width, height) inches in the house style; draw on it inside the block.

    No pyplot: nothing global is left behind and no display is needed.
    """
    with matplotlib.rc_context(_RC):
        made = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(made)
        yield made


def save(made: Figure, png: str | Path, pdf: str | Path) -> None:
    """Write a figure as PNG and PDF; call it inside the ``figure`` block. Equal drawings give equal bytes."""
    with replacing(png) as temporary:
        made.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})
    with replacing(pdf) as temporary:
        made.savefig(temporary, format="pdf", metadata={"CreationDate": None, "Creator": None, "Producer": None})
